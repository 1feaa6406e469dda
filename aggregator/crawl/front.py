"""What a page source is polled for → the rows of its edition, and when it is asked for again.

The front page of today's edition, of one that was missed or of earlier ones (`backfill`), or a
plain list of articles. What it leads to is captured by `capture` as its turn comes.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from aggregator import schedule
from aggregator.clock import Clock
from aggregator.crawl.door import PageDoor
from aggregator.model import (
    Config,
    Fetched,
    FetchFailed,
    FetchOutcome,
    FetchRequest,
    NotModified,
    PageRecipe,
    PageRecord,
    PollState,
    Source,
    SourceRecord,
)
from aggregator.pages import Index, Page, PageError, open_page, read_index, whole_recipe
from aggregator.pages.curve import after_fetch, missing_again
from aggregator.pages.days import dated, day_in_address, is_dated, local_day
from aggregator.pages.edition import is_other_day, rows_of
from aggregator.pages.parts import MOST_BACKFILL, MOST_MISSED
from aggregator.store import Store


@dataclass(frozen=True, slots=True)
class Front:
    """What one poll of a page source gave: of an edition's front page, or of a list of articles.

    `day` is the edition's, `missing` says that it is not out. `url` was asked. Of a page in which
    nothing was found `index` says what was looked for.
    """

    outcome: FetchOutcome
    url: str
    day: date | None = None
    index: Index | None = None
    missing: bool = False


class Fronts:
    """Fetches what page sources are polled for, and keeps what it leads to."""

    def __init__(self, config: Config, store: Store, door: PageDoor, clock: Clock) -> None:
        self._store = store
        self._door = door
        self._clock = clock
        self.replace_config(config)

    def replace_config(self, config: Config) -> None:
        """Take another config in force, from the next poll on."""
        self._config = config

    def _zone(self, source: Source) -> ZoneInfo:
        return ZoneInfo(source.timezone or self._config.timezone)

    async def get(self, source: Source, record: SourceRecord) -> Front:
        """Fetch and read what a page source is polled for. The body is the caller's to release."""
        assert source.page is not None
        day = local_day(self._clock.now(), self._zone(source)) if is_dated(source.url) else None
        url = dated(source.url, day) if day else source.url
        outcome = await self._door.get(self._request(source, record.state, url))
        if day and isinstance(outcome, FetchFailed) and outcome.status in (404, 410):
            return Front(outcome, url, day, missing=True)
        if not isinstance(outcome, Fetched):
            return Front(outcome, url, day)
        try:
            recipe = whole_recipe(source.page)
            page, index = await asyncio.to_thread(_read_front, outcome, recipe)
        except (PageError, ValueError) as error:
            self._door.release(outcome)
            return Front(FetchFailed(url, "no-page", str(error), outcome.status), url, day)
        if day and is_other_day(page, index, day):
            return Front(outcome, url, day, missing=True)
        if index.is_barren:
            self._door.release(outcome)
            message = "; ".join(map(str, index.misses)) or f"no links on {outcome.url}"
            return Front(FetchFailed(url, "selector", message, outcome.status), url, day, index)
        return Front(outcome, url, day or day_in_address(outcome.url), index)

    def _request(self, source: Source, state: PollState, url: str) -> FetchRequest:
        """Conditional where the validators are those of this very edition's address."""
        ours = state.url == url and state.source_url in (None, source.url)
        return FetchRequest(
            url=url,
            etag=state.etag if ours else None,
            last_modified=state.last_modified if ours else None,
            body_digest=state.body_digest if ours else None,
            allow_private=source.allow_private,
            headers=source.headers,
            proxy=source.proxy or self._config.fetch.proxy,
            validators_url=state.final_url if ours else None,
        )

    def save(
        self,
        source: Source,
        record: SourceRecord,
        front: Front,
        now: datetime,
        planned: datetime | None = None,
    ) -> PollState:
        """Add what a front page led to; the state to save, by the time learned (`planned`)."""
        zone = self._zone(source)
        outcome = front.outcome
        if front.missing:
            outcome = NotModified(front.url, getattr(outcome, "status", None) or 404)
        elif isinstance(outcome, Fetched | NotModified):
            # Redirects of a day's page say nothing of the next day's address.
            outcome = replace(outcome, moved_to=None)
        named = source.timezone or self._config.timezone
        state = schedule.after_poll(
            source, record.state, outcome, now, timezone=named, planned=planned
        )
        if isinstance(outcome, FetchFailed):
            return state
        final = outcome.url if outcome.url != front.url else None
        state = replace(state, url=front.url, final_url=final, moved_to=None, moved_seen=0)
        if front.day and is_dated(source.url) and planned is not None:
            # Another document each day: that it has no validators makes no day of the wait.
            state = replace(state, next_poll_at=planned)
        if front.missing:
            again = planned or missing_again(now, zone, state.next_poll_at)
            return replace(state, next_poll_at=again, body_digest=record.state.body_digest)
        if front.index is not None:
            edition = front.day.isoformat() if front.day else None
            root = PageRecord(0, source.id, front.url, "index", 0, "", now, edition)
            root = replace(root, section=front.index.own_name)
            rows = list(rows_of(root, front.index, now))
            if is_dated(source.url):
                rows.insert(0, after_fetch(root, outcome, now))
                rows += self._missed(source, record, front, now)
                rows += self._earlier(source, front, now)
            self._store.add_pages(record.source_id, rows)
        return state

    def _missed(
        self, source: Source, record: SourceRecord, front: Front, now: datetime
    ) -> Iterator[PageRecord]:
        """The front pages of the days since the last edition: out too late, or missed while off."""
        latest = self._store.latest_edition(record.source_id)
        if latest is None or front.day is None:
            return
        for back in range(min((front.day - latest).days, MOST_MISSED) - 1, 0, -1):
            day = front.day - timedelta(days=back)
            row = PageRecord(0, source.id, dated(source.url, day), "index", 0, "", now)
            yield replace(row, edition=day.isoformat(), next_fetch_at=now)

    def _earlier(self, source: Source, front: Front, now: datetime) -> Iterator[PageRecord]:
        """The front pages of earlier editions, each to be fetched once."""
        if source.backfill is None or front.day is None:
            return
        for back in range(1, min(source.backfill, MOST_BACKFILL).days + 1):
            day = front.day - timedelta(days=back)
            row = PageRecord(0, source.id, dated(source.url, day), "index", 0, "", now)
            yield replace(row, edition=day.isoformat(), listed=False, next_fetch_at=now)


def _read_front(fetched: Fetched, recipe: PageRecipe) -> tuple[Page, Index]:
    page = open_page(fetched.body, fetched.url, fetched.content_type)
    return page, read_index(page, recipe, 0)
