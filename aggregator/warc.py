"""Captures → records of a WARC file (ISO 28500:2017, WARC 1.1), written with warcio."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from datetime import datetime
from hashlib import sha256
from io import BytesIO
from typing import Any, BinaryIO
from urllib.parse import quote
from uuid import NAMESPACE_URL, uuid5

from warcio.warcwriter import WARCWriter

from aggregator.model import Capture, CapturedSnapshot

SPECIFICATION = "https://iipc.github.io/warc-specifications/specifications/warc-format/warc-1.1/"


class CaptureWriter:
    """Writes captures to a file. `shown` takes the secrets out of a text or an address.

    A whole body is a `resource`; an entry's own bytes, and what stood around them, were cut out
    of one and are `conversion`s: no replay may take them for what the address answered.
    """

    def __init__(self, file: BinaryIO, compressed: bool, shown: Callable[[str], str]) -> None:
        self._writer = WARCWriter(file, gzip=compressed, warc_version="1.1")
        self._shown = shown
        self._contexts: dict[int, str] = {}

    def begin(self, name: str | None, software: str, now: datetime) -> None:
        """The warcinfo record; `name` is the file's own, None for a stream."""
        info = {
            "software": software,
            "format": "WARC File Format 1.1",
            "conformsTo": SPECIFICATION,
            "description": "resource: bodies as fetched; conversion: parts cut out of them",
        }
        record = self._writer.create_warcinfo_record(name and quote(name), info)
        record.rec_headers.replace_header("WARC-Date", _date(now))
        self._writer.write_record(record)

    def write(self, capture: Capture, raw: bytes, context: bytes) -> None:
        """A capture's record, once that of its context (b"": none), and one for each snapshot."""
        address = self._address(capture)
        seed = f"{address} {capture.taken_at.isoformat()} {capture.capture_id} {capture.digest}"
        around = None
        if context and capture.context_id is not None:
            around = self._contexts.get(capture.context_id)
            if around is None:
                around = _record_id("context", f"{seed} {sha256(context).hexdigest()}")
                self._contexts[capture.context_id] = around
                self._record("conversion", around, address, capture, context)
        kind = "conversion" if capture.is_part else "resource"
        record_id = _record_id("capture", seed)
        self._record(kind, record_id, address, capture, raw)
        for snapshot in capture.snapshots:
            fields = self._fields(snapshot, around)
            told = _record_id("snapshot", f"{seed} {snapshot.story_key} {fields}")
            headers = {"WARC-Refers-To": record_id}
            self._record("metadata", told, address, capture, fields.encode(), headers)

    def _record(
        self,
        kind: str,
        record_id: str,
        address: str,
        capture: Capture,
        block: bytes,
        more: Mapping[str, str] | None = None,
    ) -> None:
        digest = "sha256:" + base64.b32encode(sha256(block).digest()).decode()
        headers = {
            "WARC-Record-ID": record_id,
            "WARC-Date": _date(capture.taken_at),
            "WARC-Payload-Digest": digest,
            "WARC-Block-Digest": digest,
            **(more or {}),
        }
        is_metadata = kind == "metadata"
        record: Any = self._writer.create_warc_record(
            address,
            kind,
            payload=BytesIO(block),
            length=len(block),
            warc_content_type="application/warc-fields" if is_metadata else _media_type(capture),
            warc_headers_dict=headers,
        )
        self._writer.write_record(record)

    def _fields(self, snapshot: CapturedSnapshot, around: str | None) -> str:
        """application/warc-fields: NAME: VALUE, a line each."""
        fields = {
            "story": snapshot.story_key,
            "source": snapshot.source_name,
            "entry": snapshot.guid,
            "link": snapshot.link,
            "version": str(snapshot.number),
            "version-digest": f"sha256:{snapshot.digest}",
            "context": around,
        }
        return "".join(
            f"{name}: {' '.join(self._shown(value).split())}\r\n"
            for name, value in fields.items()
            if value
        )

    def _address(self, capture: Capture) -> str:
        """The address it came from as a URI; of what came from none, a name of its own."""
        shown = self._shown(capture.url or "")
        if "://" not in shown:
            return f"urn:sha256:{capture.digest}"
        return quote(shown, safe="/:?#[]@!$&'()*+,;=%-._~")


def _record_id(what: str, seed: str) -> str:
    return f"<{uuid5(NAMESPACE_URL, f'{what} {seed}').urn}>"


def _date(moment: datetime) -> str:
    return moment.isoformat(timespec="microseconds").replace("+00:00", "Z")


def _media_type(capture: Capture) -> str:
    """What the bytes are, by the format they were read as; the origin's own word is not kept."""
    form = (capture.format or "").lower()
    if not form:
        return "application/octet-stream"
    if form.startswith("json feed") and not capture.is_part:
        return "application/feed+json"
    if form.startswith("json"):
        return "application/json"
    media = "application/xml"
    if form == "page":
        media = "text/html"
    elif not capture.is_part:
        known = {"rss": "application/rss+xml", "atom": "application/atom+xml"}
        media = known.get(form.split()[0], media)
    return f"{media}; charset={capture.encoding}" if capture.encoding else media
