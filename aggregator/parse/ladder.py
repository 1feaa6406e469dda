"""A response body → the feed it says: the whole ladder, from the cheapest reader to the last."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace

from aggregator.model import Document, Note, ParsedFeed
from aggregator.parse.assemble import assemble
from aggregator.parse.decode import Decoded, decode
from aggregator.parse.errors import ParseError
from aggregator.parse.jsonfeed import looks_like_json, read_json_feed
from aggregator.parse.raw import RawFeed

Tolerant = Callable[[str], tuple[RawFeed, list[Note]]]

_PROLOGUE = re.compile(r"(?:\s|\ufeff|<\?[^>]*>|<!--.*?-->|<!(?![-D])[^>]*>)*", re.DOTALL)
_HTML = re.compile(r"<(?:!doctype\s+html|html\b|head\b|body\b)", re.IGNORECASE)
# Some wrap a feed into a page's tags; a page that merely links to a feed has no such element.
_FEED_WITHIN = re.compile(r"<(?:feed\s[^<>]{0,400}w3\.org/2005/Atom|rss\s[^<>]{0,400}version=)")


@dataclass(frozen=True, slots=True)
class Declined:
    """What the plain reader left to the tolerant one: `text` is what that has to read."""

    text: str
    document: Document
    decoded: Decoded


def parse_feed(
    document: Document, known: frozenset[bytes] = frozenset(), tolerant: Tolerant | None = None
) -> ParsedFeed:
    """The feed that `document` says, normalised.

    Entries whose chunk digest is in `known` are left out of `entries` and counted in `unchanged`.
    `tolerant` reads what the plain reader declines; by default feedparser, in this process.
    Pure: reads no clock and no network. Raises ParseError for what is no feed.
    """
    read = read_plainly(document, known)
    if isinstance(read, ParsedFeed):
        return read
    if tolerant is None:
        # Late, because most documents never need it and it costs a tenth of a second.
        from aggregator.parse.tolerant import read_tolerantly

        tolerant = read_tolerantly
    return conclude(read, *tolerant(read.text))


def read_plainly(document: Document, known: frozenset[bytes]) -> ParsedFeed | Declined:
    """The feed as far as it can be read at C speed, else what the tolerant reader has to read."""
    decoded = decode(document.body, document.content_type)
    _refuse(decoded.text)
    if looks_like_json(decoded.text):
        raw, notes = read_json_feed(decoded.text)
        return _finished(assemble(raw, document), decoded, "json", notes)
    return Declined(decoded.text, document, decoded)


def conclude(declined: Declined, raw: RawFeed, notes: list[Note]) -> ParsedFeed:
    """The feed that the tolerant reader's findings make, with what was known before it."""
    feed = assemble(raw, declined.document)
    return _finished(feed, declined.decoded, "tolerant", notes)


def _refuse(text: str) -> None:
    """Raise for what is plainly no feed."""
    if not text.strip("\ufeff\x00 \t\r\n"):
        raise ParseError("empty", "the document is empty")
    start = _PROLOGUE.match(text[:4096])
    page = start is not None and _HTML.match(text, start.end())
    if page and not _FEED_WITHIN.search(text):
        raise ParseError("html", "an HTML page in place of a feed", 1)


def _finished(feed: ParsedFeed, decoded: Decoded, reader: str, notes: list[Note]) -> ParsedFeed:
    return replace(
        feed,
        reader=reader,
        encoding=decoded.encoding,
        notes=(*decoded.notes, *notes, *feed.notes),
    )
