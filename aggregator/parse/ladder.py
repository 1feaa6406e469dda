"""A response body → the feed it says: the whole ladder, from the cheapest reader to the last."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from aggregator.model import Document, Known, Note, ParsedFeed
from aggregator.parse.assemble import assemble
from aggregator.parse.chunks import Cut, blank, cut, cut_json, root_of
from aggregator.parse.decode import Decoded, decode, decode_part, taken_for_utf8
from aggregator.parse.elements import Declines, IllFormed
from aggregator.parse.errors import ParseError
from aggregator.parse.jsonfeed import item_spans, looks_like_json, read_json_feed
from aggregator.parse.listed import read_listed
from aggregator.parse.plain import read_plain
from aggregator.parse.raw import ENTRY_LIMIT, RawEntry, RawFeed
from aggregator.parse.repair import add_ends, repair
from aggregator.parse.stretch import Frame, around, frame_of, is_as_before, stretch_of

# Reading entries one by one costs a tenth of a millisecond each.
ALONE_LIMIT = 1000

NOTHING_KNOWN = Known()

Tolerant = Callable[[str], tuple[RawFeed, list[Note]]]

_BLANK = "\ufeff\x00 \t\r\n"
_PROLOGUE = re.compile(r"(?:\s|\ufeff|<\?[^>]*>|<!--.*?-->|<!(?![-D])[^>]*>)*", re.DOTALL)
_HTML = re.compile(r"<(?:!doctype\s+html|html\b|head\b|body\b)", re.IGNORECASE)
# Some wrap a feed into a page's tags; a page that merely links to a feed has no such element.
_FEED_WITHIN = re.compile(r"<(?:feed\s[^<>]{0,400}w3\.org/2005/Atom|rss\s[^<>]{0,400}version=)")


@dataclass(frozen=True, slots=True)
class Declined:
    """What the plain reader left to the tolerant one: `text` is what that has to read.

    `fresh` are the places, among all chunks, of the entries to be read; `read` holds those of
    them that the plain reader has taken already, by place.
    """

    text: str
    document: Document
    decoded: Decoded
    cutting: Cut | None = None
    fresh: tuple[int, ...] = ()
    feed: RawFeed | None = None
    read: tuple[tuple[int, RawEntry], ...] = ()
    notes: tuple[Note, ...] = ()


def parse_feed(
    document: Document, known: Known = NOTHING_KNOWN, tolerant: Tolerant | None = None
) -> ParsedFeed:
    """The feed that `document` says, normalised.

    Entries that are `known` are left out of `entries` and counted in `unchanged`.
    `tolerant` reads what the plain reader declines; by default feedparser, in this process.
    Pure: reads no clock and no network. Raises ParseError for what is no feed.
    """
    if tolerant is None:
        tolerant = _in_this_process
    read = read_plainly(document, known)
    while isinstance(read, Declined):
        read = conclude(read, *tolerant(read.text))
    return read


def _in_this_process(text: str) -> tuple[RawFeed, list[Note]]:
    # Late, because most documents never need it and it costs a tenth of a second.
    from aggregator.parse.tolerant import read_tolerantly

    return read_tolerantly(text)


def read_plainly(document: Document, known: Known) -> ParsedFeed | Declined:
    """The feed as far as it can be read at C speed, else what the tolerant reader has to read."""
    if document.recipe is not None:
        return read_listed(document, frozenset(known.chunks))
    frame = frame_of(document)
    if frame is not None and is_as_before(frame, known):
        read = _untouched(frame, known) or _as_before(frame, known)
        if read is not None:
            return read
    decoded = decode(document.body, document.content_type)
    _refuse(decoded.text)
    if looks_like_json(decoded.text):
        return _read_json(document, decoded, known)
    cutting = cut(document.body, decoded, root_of(document.body))
    return _Rungs(document, decoded, cutting, known).climb()


def _untouched(frame: Frame, known: Known) -> ParsedFeed | None:
    """What the feed says of itself, where its entries are byte for byte those of last time."""
    data = around(frame, known)
    if data is None:
        return None
    decoded = taken_for_utf8(frame.claims)
    try:
        data.decode("utf-8")
        raw = read_plain(data[decoded.start :])
    except (UnicodeDecodeError, Declines):
        return None  # what is wrong is found with more care, and told with its line
    if raw.entries:
        return None
    chunks = known.chunks
    return _finished(
        assemble(raw, frame.document),
        decoded,
        "plain",
        [],
        unchanged=len(chunks),
        chunks=chunks,
        stretch=known.stretch,
        untouched=True,
    )


def _as_before(frame: Frame, known: Known) -> ParsedFeed | Declined | None:
    """As if the document were UTF-8, as the last one was; None where what is new in it is not.

    What is known of it was UTF-8, and so it need not be decoded to be known again.
    """
    document, decoded = frame.document, taken_for_utf8(frame.claims)
    try:
        return _Rungs(document, decoded, cut(document.body, decoded, frame.root), known).climb()
    except UnicodeDecodeError:
        return None


def conclude(declined: Declined, raw: RawFeed, notes: list[Note]) -> ParsedFeed | Declined:
    """The feed that the tolerant reader's findings make, with what was known before it.

    Another Declined where the findings do not fit the cut: then the whole is to be read.
    """
    cutting, document, decoded = declined.cutting, declined.document, declined.decoded
    codes = {note.code for note in declined.notes}
    told = [*declined.notes, *(n for n in notes if n.code != "ill-formed" or n.code not in codes)]
    if cutting is None:
        return _finished(assemble(raw, document), decoded, "tolerant", told)
    taken = {place for place, _ in declined.read}
    left = [place for place in declined.fresh if place not in taken]
    if len(raw.entries) != len(left):
        if len(left) == len(cutting.digests):  # it was the whole, and is read
            return _finished(assemble(raw, document), decoded, "tolerant", told)
        return Declined(_whole_text(document, decoded), document, decoded)
    entries = dict([*declined.read, *zip(left, raw.entries, strict=True)])
    whole = declined.feed or raw
    whole.entries = [entries[place] for place in declined.fresh]
    return _with_chunks(whole, document, decoded, cutting, declined.fresh, "tolerant", told)


def _refuse(text: str) -> None:
    """Raise for what is plainly no feed."""
    if not text[:4096].strip(_BLANK) and not text.strip(_BLANK):
        raise ParseError("empty", "the document is empty")
    start = _PROLOGUE.match(text[:4096])
    page = start is not None and _HTML.match(text, start.end())
    if page and not _FEED_WITHIN.search(text):
        raise ParseError("html", "an HTML page in place of a feed", 1)


def _whole_text(document: Document, decoded: Decoded) -> str:
    text = decode_part(document.body[decoded.start :], decoded.encoding)
    return repair(text)[0]


class _Rungs:
    """The rungs between the cut and the tolerant reader, for one document."""

    def __init__(
        self, document: Document, decoded: Decoded, cutting: Cut | None, known: Known
    ) -> None:
        self._document = document
        self._decoded = decoded
        self._cutting = cutting
        digests = cutting.digests if cutting is not None else ()
        seen = frozenset(known.chunks)
        self._fresh = tuple([place for place, found in enumerate(digests) if found not in seen])
        self._notes: list[Note] = []

    def climb(self) -> ParsedFeed | Declined:
        """The feed, or what is left to the tolerant reader."""
        feed = self._without_lines()
        if feed is not None:
            return feed
        data = self._data()
        try:
            return self._accepted(read_plain(data))
        except IllFormed as error:
            return self._repaired(data, error)
        except Declines:
            return self._left(data.decode("utf-8", "replace"))

    def _without_lines(self) -> ParsedFeed | None:
        """The feed, where some of it is known and nothing is to be told of any line."""
        if self._cutting is None or len(self._fresh) == len(self._cutting.spans):
            return None
        try:
            feed = self._accepted(read_plain(self._data(lines=False)))
        except Declines:
            return None
        if isinstance(feed, Declined):
            return None
        told = feed.notes[len(self._decoded.notes) :]
        return feed if all(note.line is None for note in told) else None

    def _data(self, lines: bool = True) -> bytes:
        """The document in UTF-8, the entries already known left out, all or but for their lines.

        Raises UnicodeDecodeError where it was only taken for UTF-8, and is not.
        """
        document, decoded, cutting = self._document, self._decoded, self._cutting
        body = document.body
        if cutting is not None and len(self._fresh) < len(cutting.spans):
            fresh = set(self._fresh)
            known = [span for place, span in enumerate(cutting.spans) if place not in fresh]
            body = blank(body, known, lines)
        elif not decoded.exact:
            return decoded.text.lstrip("\ufeff").encode("utf-8", "replace")
        body = body[decoded.start :] if decoded.start else body
        if decoded.exact:
            if not decoded.text:
                body.decode("utf-8")
            return body
        return decode_part(body, decoded.encoding).lstrip("\ufeff").encode("utf-8", "replace")

    def _repaired(self, data: bytes, error: IllFormed) -> ParsedFeed | Declined:
        """Once more, with the commonest faults mended; then entry by entry; then tolerantly."""
        told = Note("ill-formed", str(error), error.line)
        text, notes = repair(data.decode("utf-8", "replace"))
        self._notes = notes or [told]
        try:
            return self._accepted(read_plain(text.encode("utf-8")))
        except IllFormed as worse:
            still = [*notes, Note("ill-formed", str(worse), worse.line)]
            return self._with_ends(text, notes) or self._one_by_one(still) or self._left(text)
        except Declines:
            return self._left(text)

    def _with_ends(self, text: str, notes: list[Note]) -> ParsedFeed | Declined | None:
        """Once more, with the end tags that are plainly missing; None where that is not all."""
        text, added = add_ends(text)
        self._notes = [*notes, *added]
        try:
            return self._accepted(read_plain(text.encode("utf-8"))) if added else None
        except Declines:
            return None

    def _left(self, text: str) -> Declined:
        return Declined(
            text,
            self._document,
            self._decoded,
            self._cutting if self._cutting and self._cutting.broken_off is None else None,
            self._fresh,
            notes=tuple(self._notes),
        )

    def _accepted(self, raw: RawFeed) -> ParsedFeed | Declined:
        cutting = self._cutting
        if cutting is None:
            return _finished(assemble(raw, self._document), self._decoded, "plain", self._notes)
        if len(raw.entries) != len(self._fresh):
            # The cut missed something: without it, then.
            return _Rungs(self._document, self._decoded, None, NOTHING_KNOWN).climb()
        return _with_chunks(
            raw, self._document, self._decoded, cutting, self._fresh, "plain", self._notes
        )

    # ---- one by one

    def _one_by_one(self, told: list[Note]) -> ParsedFeed | Declined | None:
        """Every entry by itself, so that a broken one costs no other its exactness."""
        self._notes = told
        cutting = self._cutting
        if cutting is None or len(self._fresh) > ALONE_LIMIT:
            return None
        good = [place for place in self._fresh if self._stands_alone(place)]
        if not good and (len(self._fresh) > 1 or cutting.broken_off is None):
            return None
        try:
            raw = read_plain(self._only(good))
        except Declines:
            return None
        if len(raw.entries) != len(good):
            return None
        self._note_broken_off()
        broken = [place for place in self._fresh if place not in set(good)]
        if not broken:
            return self._accepted(raw)
        return Declined(
            self._only(broken).decode("utf-8"),
            self._document,
            self._decoded,
            cutting,
            self._fresh,
            raw,
            tuple(zip(good, raw.entries, strict=True)),
            tuple(self._notes),
        )

    def _stands_alone(self, place: int) -> bool:
        cutting = self._cutting
        if cutting is None:
            return False
        start, end = cutting.spans[place]
        alone = cutting.context + self._document.body[start:end] + cutting.tail
        try:
            return len(read_plain(self._mended(alone)).entries) == 1
        except Declines:
            return False

    def _only(self, places: list[int]) -> bytes:
        """The document with no other entries than those, and closed after the last."""
        cutting, body = self._cutting, self._document.body
        assert cutting is not None
        wanted = set(places)
        others = [span for place, span in enumerate(cutting.spans) if place not in wanted]
        if cutting.broken_off is not None:
            others.append((cutting.broken_off, len(body)))
            return self._mended(blank(body, others) + cutting.tail)
        return self._mended(blank(body, others))

    def _mended(self, body: bytes) -> bytes:
        text = repair(decode_part(body[self._decoded.start :], self._decoded.encoding))[0]
        return add_ends(text)[0].encode("utf-8")

    def _note_broken_off(self) -> None:
        cutting, body = self._cutting, self._document.body
        if cutting is not None and cutting.broken_off is not None:
            line = body.count(b"\n", 0, cutting.broken_off) + 1
            message = "the document stops in the middle of an entry; that one is left out"
            self._notes.append(Note("truncated", message, line))


def _with_chunks(
    raw: RawFeed,
    document: Document,
    decoded: Decoded,
    cutting: Cut,
    fresh: tuple[int, ...],
    reader: str,
    notes: list[Note],
) -> ParsedFeed:
    body = document.body
    for place, entry in zip(fresh, raw.entries, strict=True):
        start, end = cutting.spans[place]
        entry.raw = body[start:end]
    frame = frame_of(document)
    return _finished(
        assemble(raw, document),
        decoded,
        reader,
        notes,
        unchanged=len(cutting.digests) - len(fresh),
        chunks=cutting.digests,
        context=cutting.context,
        stretch=b"" if frame is None else stretch_of(frame, decoded, cutting, bool(fresh)),
    )


def _read_json(document: Document, decoded: Decoded, known: Known) -> ParsedFeed:
    raw, notes = read_json_feed(decoded.text)
    spans = item_spans(decoded.text) if decoded.exact else None
    if spans is None or len(spans) != len(raw.entries):
        return _finished(assemble(raw, document), decoded, "json", notes)
    cutting, raws = cut_json(decoded.text, spans)
    seen = frozenset(known.chunks)
    fresh = [place for place, digest in enumerate(cutting.digests) if digest not in seen]
    for place in fresh:
        raw.entries[place].raw = raws[place]
    raw.entries = [raw.entries[place] for place in fresh]
    return _finished(
        assemble(raw, document),
        decoded,
        "json",
        notes,
        unchanged=len(raws) - len(fresh),
        chunks=cutting.digests,
        context=cutting.context,
    )


def _finished(
    feed: ParsedFeed, decoded: Decoded, reader: str, notes: list[Note], **found: Any
) -> ParsedFeed:
    if len(feed.entries) >= ENTRY_LIMIT:
        message = f"only the first {ENTRY_LIMIT} entries are read"
        notes = [*notes, Note("too-many-entries", message)]
    return replace(
        feed,
        reader=reader,
        encoding=decoded.encoding,
        notes=(*decoded.notes, *notes, *feed.notes),
        **found,
    )
