"""The publisher's files and its record of them → documents ready to send, kept in memory.

A document's file is looked at with stat(2) a few times a second at most (looking costs a sixth of
a 304), so that whatever process published is followed at once; it is read, hashed and compressed
again only when the file is another one.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from aggregator.model import Config, DocumentRecord, OutputFate
from aggregator.store import StoreReader
from aggregator.web.delta import Version
from aggregator.web.resource import Header, Resource, make_resource
from aggregator.web.state import WebState

# Memory for documents, plain and compressed together; the least recently asked for goes first.
KEPT_BYTES = 64 * 2**20
# How long a document is taken to be what it was without looking at its file.
LOOK_EVERY = timedelta(milliseconds=250)
# How soon a file that the store's record did not fit is compared with it again.
SETTLE_EVERY = timedelta(seconds=1)
# How long a new file waits for its record, once, before it is served without.
SETTLING_S = 0.05
DIGEST_LENGTH = 12
# What each kind of document is; outputs are published as the first three.
CONTENT_TYPES = {
    "atom": "application/atom+xml; charset=utf-8",  # RFC 4287 7
    "rss": "application/rss+xml; charset=utf-8",
    "json": "application/feed+json; charset=utf-8",  # JSON Feed 1.1
    "opml": "text/x-opml; charset=utf-8",  # OPML 2.0 has none of its own; readers know this one
}
FEED_KINDS = ("atom", "rss", "json")
VARY = "Accept-Encoding"
# Feeds know deltas (RFC 3229) and earlier versions (RFC 7089) as well.
FEED_VARY = "Accept-Encoding, A-IM, Accept-Datetime"
_UNKNOWN_TYPE = "application/octet-stream"
# A document that a browser opens runs nothing and loads nothing.
SAFE: tuple[Header, ...] = (
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
)

# The file's identity: a rename puts another inode in place, and always another change time.
Signature = tuple[int, int, int, int]


@dataclass(frozen=True, slots=True)
class Document:
    """A published document in memory. `settled`: the store's record agrees with the bytes.

    `output` is the name of the output it is of, or of what stands in an output's place.
    """

    path: str
    output: str
    signature: Signature
    resource: Resource
    revision: int
    versions: frozenset[Version]
    read_at: datetime
    settled: bool


@dataclass(slots=True)
class _Kept:
    """A document in memory, and when its file was last looked at."""

    document: Document
    looked_at: datetime


class Documents:
    """The documents under `publish.directory`; only paths that the store knows are looked up."""

    def __init__(self, state: WebState, links: Callable[[str], Sequence[Header]]) -> None:
        """`links` gives the Link headers of the feed at a path."""
        self._state = state
        self._links = links
        self._folder = state.config.publish.directory
        self._config = state.config
        self._kept: OrderedDict[str, _Kept] = OrderedDict()
        self._memory = 0
        self._loading: dict[str, asyncio.Task[Document | None]] = {}

    def fresh(self, path: str) -> Document | None:
        """The document of `path` if it is in memory and still the file on disk; never waits."""
        self._follow_folder()
        kept = self._kept.get(path)
        if kept is None:
            return None
        now = self._state.clock.now()
        if abs(now - kept.looked_at) >= LOOK_EVERY:
            if self._is_to_be_settled(kept.document, now):
                return None
            if _signature(f"{self._folder}/{path}") != kept.document.signature:
                return None
            kept.looked_at = now
            self._kept.move_to_end(path)
        return kept.document

    async def find(self, path: str) -> Document | None:
        """The document of `path` (`feeds/all.atom`); None for one that is not published (yet).

        Requests that come together share one reading. Raises StoreError.
        """
        document = self.fresh(path)
        if document is not None:
            return document
        loading = self._loading.get(path)
        if loading is None:
            loading = self._loading[path] = asyncio.create_task(self._load(path))
            loading.add_done_callback(lambda _: self._loading.pop(path, None))
        return await asyncio.shield(loading)

    async def fate(self, path: str) -> OutputFate | None:
        """What became of the output that `path` would be a document of. Raises StoreError."""
        name = output_of(path)
        return await self._state.read(lambda reader: reader.output_fate(name))

    async def _load(self, path: str) -> Document | None:
        known = await self._state.read(lambda reader: _known(reader, path))
        document = await self._read(path, known) if known is not None else None
        if document is not None and not document.settled:
            # The file stands a moment before its record does: so long can an ETag wait.
            await asyncio.sleep(SETTLING_S)
            known = await self._state.read(lambda reader: _known(reader, path))
            document = await self._read(path, known) if known is not None else None
        self._forget(path)
        if document is not None:
            self._keep(path, document)
        return document

    async def _read(self, path: str, known: _Known) -> Document | None:
        now = self._state.clock.now()
        found = _links(path, self._config)
        found += tuple(self._links(path)) if is_subscription(path) else ()
        joined = b", ".join(value for _, value in found)
        links = ((b"link", joined),) if joined else ()
        return await asyncio.to_thread(_read_document, self._folder, path, known, now, links)

    def _is_to_be_settled(self, document: Document, now: datetime) -> bool:
        """Whether the record did not fit when last looked at, and it is time to look again."""
        return not document.settled and abs(now - document.read_at) >= SETTLE_EVERY

    def _follow_folder(self) -> None:
        """Forget everything when another config came in force: folder and links may differ."""
        config = self._state.config
        if config is not self._config:
            self._config = config
            self._folder = config.publish.directory
            self._kept.clear()
            self._memory = 0

    def _keep(self, path: str, document: Document) -> None:
        self._kept[path] = _Kept(document, document.read_at)
        self._memory += document.resource.memory
        while self._memory > KEPT_BYTES and len(self._kept) > 1:
            _, dropped = self._kept.popitem(last=False)
            self._memory -= dropped.document.resource.memory

    def _forget(self, path: str) -> None:
        kept = self._kept.pop(path, None)
        if kept is not None:
            self._memory -= kept.document.resource.memory


def output_of(path: str) -> str:
    """The name of the output that a path is of: `feeds/NAME.KIND` or `feeds/NAME/…`."""
    first = path.removeprefix("feeds/").partition("/")[0]
    return first if "/" in path.removeprefix("feeds/") else first.rpartition(".")[0] or first


def is_subscription(path: str) -> bool:
    """Whether a path is that of a feed to subscribe to, and not of an archive or a list."""
    return path.count("/") == 1 and kind_of(path) in FEED_KINDS


def kind_of(path: str) -> str:
    """What comes after the last dot of a path; "" where there is none."""
    return path.rpartition("/")[2].rpartition(".")[2] if "." in path else ""


@dataclass(frozen=True, slots=True)
class _Known:
    """That the store knows a path, and its record of what was written there, if there is one."""

    record: DocumentRecord | None
    versions: frozenset[Version] = frozenset()


def _known(reader: StoreReader, path: str) -> _Known | None:
    """None for a path of nothing, or of an output that moved or is gone, whatever lies on disk."""
    record = reader.document(path)
    fate = reader.output_fate(output_of(path))
    if fate is not None and fate.state != "here":
        return None
    expected = fate is not None and path in {f"feeds/{fate.name}.{kind}" for kind in FEED_KINDS}
    if record is None:
        return _Known(None) if expected else None
    # Versions made with other settings may show other entries, of which no revision tells.
    versions = frozenset(
        (revision, digest)
        for revision, digest, settings in reader.versions_of(path)
        if settings == record.settings
    )
    return _Known(record, versions)


def _signature(path: str | Path) -> Signature | None:
    try:
        found = os.stat(path)
    except OSError:
        return None
    return found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns


def _links(path: str, config: Config) -> tuple[Header, ...]:
    """The Link header of a feed that has a hub: both where WebSub looks first (section 4)."""
    hub = config.hub_url
    if hub is None:
        return ()
    own = f"{config.base_url}/{path}"
    return ((b"link", f'<{hub}>; rel="hub", <{own}>; rel="self"'.encode()),)


def _read_document(
    folder: str, path: str, known: _Known, now: datetime, links: tuple[Header, ...]
) -> Document | None:
    """The file as a document. Where the record does not fit the bytes, the bytes have the say."""
    record = known.record
    try:
        with Path(folder, path).open("rb") as opened:
            found = os.fstat(opened.fileno())
            body = opened.read()
    except OSError:
        return None
    digest = hashlib.sha256(body).hexdigest()
    settled = record is not None and record.digest == digest
    if record is not None and settled:
        modified = record.modified_at
    else:
        modified = datetime.fromtimestamp(int(found.st_mtime), UTC)
    revision = record.revision if record is not None else 0
    return Document(
        path=path,
        output=output_of(path),
        signature=(found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns),
        resource=make_resource(
            body,
            f"{revision}-{digest[:DIGEST_LENGTH]}",
            CONTENT_TYPES.get(kind_of(path), _UNKNOWN_TYPE),
            FEED_VARY if is_subscription(path) else VARY,
            last_modified=modified,
            described=(*SAFE, *links),
        ),
        revision=revision,
        versions=known.versions,
        read_at=now,
        settled=settled,
    )
