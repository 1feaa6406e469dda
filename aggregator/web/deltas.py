"""A feed and the version that a client has → 226 with what came or changed since (RFC 3229)."""

from __future__ import annotations

import asyncio
from collections import OrderedDict

from aggregator.store import StoreReader
from aggregator.web.asked import Asked
from aggregator.web.conditional import precondition
from aggregator.web.delta import Cut, Version, cut, known_base, wants_delta
from aggregator.web.documents import CONTENT_TYPES, Document, kind_of
from aggregator.web.resource import Answer, Header, Resource, make_resource
from aggregator.web.state import WebState

# Clients of one feed that come in turn hold few versions: one made for the first serves the rest.
_KEPT = 256
_VARY = "Accept-Encoding, A-IM, If-None-Match, Accept-Datetime"


class Deltas:
    """Feeds with only the entries that a client lacks, made once for each version it may hold."""

    def __init__(self, state: WebState) -> None:
        self._state = state
        self._kept: OrderedDict[tuple[str, bytes, Version], Resource | None] = OrderedDict()

    async def answer(self, document: Document, asked: Asked, age: int) -> Answer | None:
        """226 for a client that asks so and holds a known version; None: it gets the usual answer.

        `age` is how long the answer may be kept, in seconds. Raises StoreError.
        """
        if not wants_delta(asked.a_im) or asked.if_none_match is None:
            return None
        shown = document.resource.preferred(asked.accept_encoding)
        if precondition(asked, shown.etag, document.resource.last_modified) is not None:
            return None
        base = known_base(asked.if_none_match, document.versions)
        if base is None or base[0] > document.revision:
            return None
        resource = await self._resource(document, base)
        if resource is None:
            return None
        return _answer(resource, asked, base, age)

    async def _resource(self, document: Document, base: Version) -> Resource | None:
        key = document.path, document.resource.plain.etag, base
        if key not in self._kept:
            made = await self._make(document, base)
            self._kept[key] = made
            while len(self._kept) > _KEPT:
                self._kept.popitem(last=False)
        self._kept.move_to_end(key)
        return self._kept[key]

    async def _make(self, document: Document, base: Version) -> Resource | None:
        kind = kind_of(document.path)
        pieces = await asyncio.to_thread(cut, document.resource.plain.body, kind)
        lacking = await self._state.read(
            lambda reader: _lacking(reader, document.output, pieces, base[0])
        )
        if lacking is None:
            return None
        return await asyncio.to_thread(
            make_resource,
            pieces.only(lacking),
            document.resource.plain.etag.strip(b'"').decode(),
            CONTENT_TYPES[kind],
            _VARY,
            last_modified=document.resource.last_modified,
        )


def _lacking(reader: StoreReader, name: str, pieces: Cut, since: int) -> set[str] | None:
    """The entries that came or changed after a revision; None for what is no output's document.

    One that the store does not know any more is sent: too much does no harm.
    """
    output = next((one for one in reader.outputs() if one.name == name), None)
    if output is None:
        return None
    ids = [one for one, _ in pieces.entries]
    revisions = reader.revisions_in(output.output_id, ids)
    return {one for one in ids if revisions.get(one, since + 1) > since}


def _answer(resource: Resource, asked: Asked, base: Version, age: int) -> Answer:
    """226 IM Used, with what RFC 3229 10.4.1, 10.5.1, 10.5.2 and 10.8 ask for.

    Caches that know nothing of deltas are to keep none (`no-store`), others may (`im`).
    """
    shown = resource.preferred(asked.accept_encoding)
    headers: list[Header] = [
        *shown.lasting,
        *(header for header in shown.described if header[0] != b"accept-ranges"),
        (b"im", b"feed"),
        (b"delta-base", b'"%d-%b"' % (base[0], base[1].encode())),
        (b"cache-control", b"no-store, im, max-age=%d" % age),
        (b"content-length", b"%d" % len(shown.body)),
    ]
    return Answer(226, headers, b"" if asked.method == "HEAD" else shown.body)
