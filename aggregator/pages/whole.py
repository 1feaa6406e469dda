"""The pages of one article, as they came, and how they are read → the article whole."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, tzinfo

from aggregator.model import Entry, PageRecipe, PageRecord, ParsedFeed, Source, Text
from aggregator.pages.article import MOST_PICTURES, read_article
from aggregator.pages.days import day_in_address, midnight
from aggregator.pages.following import next_page
from aggregator.pages.page import Miss, Page, open_page
from aggregator.pages.recipes import whole_recipe

FORMAT = "page"


@dataclass(frozen=True, slots=True)
class Reading:
    """How the pages of an article are read.

    `record` says what the link to it said, `day` is the beginning of its edition's day; dates
    without a zone are in `zone`.
    """

    recipe: PageRecipe
    record: PageRecord
    zone: tzinfo
    day: datetime | None = None
    language: str | None = None


@dataclass(frozen=True, slots=True)
class Part:
    """One page of an article: what it says, and the address at which the article goes on."""

    page: Page
    entry: Entry
    misses: tuple[Miss, ...]
    onward: str | None

    @property
    def text(self) -> str:
        """Its part of the text, as HTML."""
        return self.entry.content.value if self.entry.content is not None else ""


@dataclass(frozen=True, slots=True)
class Whole:
    """An article: its entry, and its raw pages with their addresses.

    `misses` are the selectors that matched nothing on the first page; `lacking` says which of its
    pages could not be had.
    """

    entry: Entry
    encoding: str
    bodies: tuple[tuple[str, bytes], ...]
    misses: tuple[Miss, ...] = ()
    lacking: str | None = None


def reading_of(source: Source, record: PageRecord, zone: tzinfo) -> Reading:
    """How a page of `source` is read: an article of its own, or the page of one of its entries."""
    if record.kind == "fulltext":
        return Reading(source.fulltext or PageRecipe(), record, zone, None, source.language)
    day = date.fromisoformat(record.edition) if record.edition else day_in_address(record.url)
    start = midnight(day, zone) if day else None
    return Reading(whole_recipe(source.page or PageRecipe()), record, zone, start, source.language)


def feed_of(whole: Whole, language: str | None) -> ParsedFeed:
    """An article as the corridor takes it: a document of one entry."""
    return ParsedFeed(FORMAT, FORMAT, whole.encoding, entries=(whole.entry,), language=language)


def read_part(page: Page, reading: Reading, first: str, number: int) -> Part:
    """Page `number` (from 1) of the article that begins at `first`.

    Raises PageError where there is nothing to read, ValueError for a bad selector.
    """
    recipe, record = reading.recipe, reading.record
    entry, misses = read_article(
        page, recipe, record, reading.zone, reading.day, reading.language, first
    )
    return Part(page, entry, misses, next_page(page, recipe, first, number))


def joined(
    parts: Sequence[Part], bodies: Sequence[tuple[str, bytes]], lacking: str | None = None
) -> Whole:
    """The article that its pages are together: the first's facts, all texts and pictures."""
    first = parts[0]
    entry = first.entry
    if len(parts) > 1:
        pictures = {one.url: one for part in parts for one in part.entry.enclosures}
        entry = replace(
            entry,
            content=Text("\n".join(part.text for part in parts), "html", first.page.base),
            enclosures=tuple(pictures.values())[:MOST_PICTURES],
        )
    return Whole(entry, first.page.encoding, tuple(bodies), first.misses, lacking)


def content_type(encoding: str | None) -> str | None:
    """The header that says of a kept page what it was read in."""
    return f"text/html; charset={encoding}" if encoding else None


def read_kept(bodies: Sequence[tuple[str, bytes]], encoding: str | None, reading: Reading) -> Whole:
    """An article read once more from its raw pages, which were read in `encoding` the first time.

    Raises PageError where there is nothing to read, ValueError for a bad selector.
    """
    first = bodies[0][0]
    parts = [
        read_part(open_page(body, url, content_type(encoding)), reading, first, number)
        for number, (url, body) in enumerate(bodies, 1)
    ]
    return joined(parts, bodies)
