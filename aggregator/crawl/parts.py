"""The sitemaps that an index names: remembered, and read as their turn comes."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from aggregator.clock import Clock
from aggregator.crawl.door import PageDoor
from aggregator.model import (
    Document,
    Fetched,
    FetchOutcome,
    FetchRequest,
    PageRecord,
    ParsedFeed,
    Source,
)
from aggregator.pages.parts import day_rows, part_rows
from aggregator.parse import FeedReader
from aggregator.store import Store


class Parts:
    """Keeps and reads the parts of sources whose document is an index of others."""

    def __init__(self, store: Store, door: PageDoor, reader: FeedReader, clock: Clock) -> None:
        self._store = store
        self._door = door
        self._reader = reader
        self._clock = clock

    def save(self, source: Source, source_id: int, feed: ParsedFeed, now: datetime) -> None:
        """Remember the parts that `feed` names, and the earlier days of one that has a document a
        day; those to be fetched as due. In a transaction.
        """
        if source.template is not None:
            self._save_days(source, source.template, source_id, now)
        if not feed.parts or source.sitemap is None:
            return
        known = self._store.parts_of(source_id)
        window = source.sitemap.window
        for row in list(part_rows(known, feed.parts, source.id, now, window, not known)):
            if row.page_id:
                self._store.save_page(row)
            else:
                self._store.add_pages(source_id, [row])

    def _save_days(self, source: Source, template: str, source_id: int, now: datetime) -> None:
        known = {one.edition: one for one in self._store.parts_of(source_id).values()}
        for row in day_rows(known, source, template, now):
            if row.page_id:
                self._store.save_page(row)
            else:
                self._store.add_pages(source_id, [row])

    async def get(
        self, source: Source, request: FetchRequest, zone: str
    ) -> tuple[FetchOutcome, ParsedFeed | None]:
        """Fetch a part and read its entries; the body is the caller's to release.

        Raises ParseError, the body given back.
        """
        outcome = await self._door.document(request)
        if not isinstance(outcome, Fetched):
            return outcome, None
        place = (outcome.body, outcome.url, self._clock.now(), outcome.content_type)
        try:
            feed = await self._reader.read(Document(*place, timezone=zone, recipe=source.recipe))
        except BaseException:
            self._door.release(outcome)
            raise
        # Without chunks: those that are remembered are the source's own document's.
        return outcome, replace(feed, chunks=())


def after_first(page: PageRecord) -> PageRecord:
    """A part as it is kept once it was had: what is added to it later is news."""
    return replace(page, listed=True) if page.first_fetched_at is not None else page
