"""The pages of a source's entries: wanted after a poll, fetched as due, joined, saved."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, tzinfo

from aggregator.crawl.door import PageDoor
from aggregator.dedupe import beside_full_text, identify
from aggregator.model import (
    Decided,
    Entry,
    Fetched,
    FetchFailed,
    FetchOutcome,
    FetchRequest,
    FoundText,
    New,
    PageRecipe,
    PageRecord,
    Revised,
    Source,
    Text,
)
from aggregator.pages import Miss, Page, PageError, open_page, read_article
from aggregator.pages.following import MOST_PAGES, next_page
from aggregator.pages.page import clean_address
from aggregator.store import Store

# Of all pages of an article together at most this much is kept.
MOST_BYTES = 8 * 2**20
SHORT = "its text is shorter than the feed's own, which is kept"


class TextDoor:
    """Fetches the texts of entries' own pages, each whole; keeps nothing."""

    def __init__(self, door: PageDoor) -> None:
        self._door = door

    async def get(
        self, source: Source, record: PageRecord, request: FetchRequest, zone: tzinfo
    ) -> tuple[FetchOutcome, FoundText | None, tuple[Miss, ...]]:
        """Fetch a page and those it goes on at; its text, and what selectors missed.

        The body of the outcome is the caller's to release. Raises PageError, the body given back.
        """
        outcome = await self._door.get(request)
        if not isinstance(outcome, Fetched):
            return outcome, None, ()
        try:
            return await self._whole(source, record, request, outcome, zone)
        except BaseException:
            self._door.release(outcome)
            raise

    async def _whole(
        self,
        source: Source,
        record: PageRecord,
        request: FetchRequest,
        first: Fetched,
        zone: tzinfo,
    ) -> tuple[FetchOutcome, FoundText | None, tuple[Miss, ...]]:
        recipe = source.fulltext or PageRecipe()
        page, entry, misses, onward = await asyncio.to_thread(
            _read, first, recipe, record, zone, source.language, 1
        )
        bodies = [(first.url, first.body)]
        seen, texts = {record.url, first.url}, [_text_of(entry)]
        while onward is not None and onward not in seen and len(bodies) < MOST_PAGES:
            seen.add(onward)
            ask = replace(request, url=onward, etag=None, last_modified=None, body_digest=None)
            outcome = await self._door.get(replace(ask, validators_url=None))
            if not isinstance(outcome, Fetched):
                # Half of an article is no article: the whole is tried again later.
                message = f"its page {len(bodies) + 1} could not be had: {_said(outcome)}"
                raise PageError("incomplete", message)
            try:
                _, more, _, following = await asyncio.to_thread(
                    _read, outcome, recipe, record, zone, source.language, len(bodies) + 1
                )
                body = bytes(outcome.body)
            finally:
                self._door.release(outcome)
            if _text_of(more) in texts or sum(len(b) for _, b in bodies) + len(body) > MOST_BYTES:
                break  # some servers answer any number with the first page, or the last
            bodies.append((outcome.url, body))
            texts.append(_text_of(more))
            onward = following
        if len(bodies) > 1:
            entry = replace(entry, content=Text("\n".join(texts), "html", page.base))
            # What changes on a later page does not show in the first one's validators.
            self._door.release(first)
            first = replace(first, etag=None, last_modified=None, body_digest="")
        (keyed,) = identify((entry,))
        found = FoundText(
            entry_id=record.entry_id or 0,
            entry=entry,
            text_key=keyed.text_key,
            text_length=keyed.text_length,
            bodies=tuple(bodies),
            encoding=page.encoding,
            is_trusted=recipe.content is not None and not misses,
            is_first=record.text_key is None,
        )
        return first, found, misses


class Fulltexts(TextDoor):
    """Says which texts are wanted, fetches and saves them."""

    def __init__(self, store: Store, door: PageDoor) -> None:
        super().__init__(door)
        self._store = store

    def want(
        self,
        source: Source,
        source_id: int,
        decided: Sequence[Decided],
        now: datetime,
    ) -> None:
        """After a poll was saved: pages for what is new, another look for what was revised.

        Inside a transaction.
        """
        if source.fulltext is None or source.page is not None:
            return
        guids = [one.keyed.guid for one in decided if isinstance(one, New)]
        revised = [one.known.entry_id for one in decided if isinstance(one, Revised)]
        wanted = self._store.want_fulltexts(source_id, guids) if guids else []
        rows = []
        for entry_id, link in wanted:
            if (url := clean_address(link, source.url)) is not None:
                row = PageRecord(0, source.id, url, "fulltext", 0, "", now, entry_id=entry_id)
                rows.append(replace(row, next_fetch_at=now))
        self._store.add_pages(source_id, rows)
        self._store.look_again(revised, now)

    def beside(self, source: Source, decided: Decided) -> Decided:
        """An edit of the feed's words with the text that the entry's page had kept."""
        if source.fulltext is None or not isinstance(decided, Revised):
            return decided
        shown = self._store.with_full_text(decided.known.entry_id)
        return decided if shown is None else beside_full_text(decided, shown)

    def save(self, record: PageRecord, found: FoundText, now: datetime) -> tuple[PageRecord, bool]:
        """The page as it is to be kept, and whether a snapshot came of it. In a transaction."""
        if found.text_key == record.text_key:
            return record, False
        if not found.text_length or not self._store.save_fulltext(found, now):
            return replace(record, error=SHORT), False
        return replace(record, text_key=found.text_key), True


def _said(outcome: FetchOutcome) -> str:
    return outcome.message if isinstance(outcome, FetchFailed) else f"answered {outcome.status}"


def _text_of(entry: Entry) -> str:
    return entry.content.value if entry.content is not None else ""


def _read(
    fetched: Fetched,
    recipe: PageRecipe,
    record: PageRecord,
    zone: tzinfo,
    language: str | None,
    number: int,
) -> tuple[Page, Entry, tuple[Miss, ...], str | None]:
    page = open_page(fetched.body, fetched.url, fetched.content_type)
    entry, misses = read_article(page, recipe, record, zone, None, language)
    onward = next_page(page, recipe, record.url, number)
    return page, entry, misses, onward
