"""A document that is no feed and the recipe of its source → the feed it amounts to."""

from __future__ import annotations

from dataclasses import replace
from hashlib import sha256
from zoneinfo import ZoneInfo

from aggregator.model import Document, FeedPart, JsonRecipe, Note, ParsedFeed, SitemapRecipe
from aggregator.parse.assemble import assemble
from aggregator.parse.chunks import DIGEST_SIZE
from aggregator.parse.decode import decode
from aggregator.parse.errors import ParseError
from aggregator.parse.jsonlist import read_json_list
from aggregator.parse.links import is_web, resolve
from aggregator.parse.raw import ENTRY_LIMIT, RawFeed
from aggregator.parse.sitemap import read_sitemap, unpacked

READER = "recipe"


def read_listed(document: Document, known: frozenset[bytes]) -> ParsedFeed:
    """What a JSON answer or a sitemap says; see `parse_feed`. Raises ParseError."""
    if not document.body.strip():
        raise ParseError("empty", "the document is empty")
    if isinstance(document.recipe, JsonRecipe):
        return _read_json(document, document.recipe, known)
    assert document.recipe is not None
    return _read_sitemap(document, document.recipe, known)


def _read_json(document: Document, recipe: JsonRecipe, known: frozenset[bytes]) -> ParsedFeed:
    decoded = decode(document.body, document.content_type)
    if decoded.text.lstrip("\ufeff \t\r\n").startswith("<"):
        raise ParseError("html", "markup in place of JSON", 1)
    raw, spans, notes = read_json_list(decoded.text, recipe)
    if spans is not None:
        for entry, (start, end) in zip(raw.entries, spans, strict=True):
            entry.raw = decoded.text[start:end].encode("utf-8", "replace")
    notes = [*decoded.notes, *notes]
    return _finished(document, raw, decoded.encoding, repr(recipe), known, notes)


def _read_sitemap(document: Document, recipe: SitemapRecipe, known: frozenset[bytes]) -> ParsedFeed:
    body = unpacked(document.body)
    found = read_sitemap(body, recipe, document.fetched_at, ZoneInfo(document.timezone))
    if found.passed:
        message = f"{found.passed} addresses are older than wanted, or not among those of `match`"
        found.notes.append(Note("passed-over", message))
    parts = tuple(
        FeedPart(url, part.updated)
        for part in found.parts
        if is_web(url := resolve(document.url, part.url)) and url is not None
    )
    salt = f"sitemap {document.timezone}"
    feed = _finished(document, found.raw, "utf-8", salt, known, found.notes)
    return replace(feed, parts=tuple({part.url: part for part in parts}.values()))


def _finished(
    document: Document,
    raw: RawFeed,
    encoding: str,
    salt: str,
    known: frozenset[bytes],
    notes: list[Note],
) -> ParsedFeed:
    """The feed without the entries already known by their bytes, read in the same way (`salt`)."""
    chunks: tuple[bytes, ...] = ()
    total = len(raw.entries)
    if all(entry.raw is not None for entry in raw.entries):
        primed = salt.encode("utf-8", "replace")
        chunks = tuple(
            sha256(primed + b"\0" + (entry.raw or b"")).digest()[:DIGEST_SIZE]
            for entry in raw.entries
        )
        pairs = zip(chunks, raw.entries, strict=True)
        raw.entries = [entry for digest, entry in pairs if digest not in known]
    if total >= ENTRY_LIMIT:
        message = f"only the first {ENTRY_LIMIT} entries are read"
        notes = [*notes, Note("too-many-entries", message)]
    feed = assemble(raw, document)
    return replace(
        feed,
        reader=READER,
        encoding=encoding,
        unchanged=total - len(raw.entries),
        chunks=chunks,
        notes=(*notes, *feed.notes),
    )
