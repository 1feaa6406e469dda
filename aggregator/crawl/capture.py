"""The pages the store holds as due → pages and entries saved.

    front page --links--> rows to capture, each with its own due time          (`front`, a poll)
    row due --fetch, robots.txt obeyed--> page --links--> more rows
                                              --article--> entry --> the corridor's decide and save

One page of a host at a time. What a page brought is saved with it in one transaction, so that a
crash in the middle of an edition costs nothing: the rows that are left are still due.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Collection, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Protocol, TypeVar
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from aggregator import schedule
from aggregator.clock import Clock
from aggregator.crawl.article import ArticleDoor
from aggregator.crawl.door import PageDoor, Sleep
from aggregator.crawl.fulltext import Fulltexts, found_text
from aggregator.crawl.parts import Parts, after_first
from aggregator.crawl.reextract import Reextraction
from aggregator.model import (
    Config,
    Fetched,
    FetchFailed,
    FetchOutcome,
    FetchRequest,
    FoundText,
    PageRecord,
    ParsedFeed,
    PollUpdate,
    SavedPoll,
    Source,
    SourceRecord,
)
from aggregator.pages import (
    Index,
    Miss,
    PageError,
    Whole,
    feed_of,
    open_page,
    read_index,
    reading_of,
    whole_recipe,
)
from aggregator.pages.curve import after_fetch
from aggregator.pages.edition import is_other_day, rows_of
from aggregator.parse import ParseError
from aggregator.store import Store, StoreError

log = logging.getLogger(__name__)

T = TypeVar("T")
Make = Callable[[int], PollUpdate]


@dataclass(frozen=True, slots=True)
class Read:
    """What a fetched page held: links, an article, the text of an entry, or a document's entries.

    `misses` are the selectors that matched nothing on it.
    """

    index: Index | None = None
    article: Whole | None = None
    text: FoundText | None = None
    document: ParsedFeed | None = None
    misses: tuple[Miss, ...] = ()
    lacking: str | None = None

    @property
    def odd(self) -> str | None:
        """What was odd about a page that could be used."""
        told = [*map(str, self.misses), *([self.lacking] if self.lacking else [])]
        return "; ".join(told) or None


class SaveFeed(Protocol):
    """The corridor's identify → decide → categorize → save; inside a transaction."""

    def __call__(
        self, source: Source, source_id: int, feed: ParsedFeed, make: Make, misses: Sequence[Miss]
    ) -> SavedPoll: ...


class Teach(Protocol):
    """Keeps what an article's page taught that brought no entry; inside a transaction."""

    def __call__(
        self,
        source: Source,
        record: SourceRecord,
        page: PageRecord,
        outcome: FetchOutcome,
        text: FoundText | None,
        misses: Sequence[Miss],
        now: datetime,
    ) -> None: ...


class Crawl:
    """Captures pages for the sources that have no feed."""

    def __init__(
        self,
        config: Config,
        store: Store,
        door: PageDoor,
        clock: Clock,
        writer: Executor,
        save_feed: SaveFeed,
        parts: Parts,
        fulltexts: Fulltexts,
        reextraction: Reextraction,
        teach: Teach,
    ) -> None:
        """`writer` is the one thread on which the store is used."""
        self._store = store
        self._door = door
        self._clock = clock
        self._writer = writer
        self._save_feed = save_feed
        self._parts = parts
        self._fulltexts = fulltexts
        self._reextraction = reextraction
        self._teach = teach
        self._articles = ArticleDoor(door)
        self.replace_config(config)

    def wait_by(self, sleep: Sleep) -> None:
        """Wait out crawl-delays by `sleep` (seconds): tests give one that moves their clock."""
        self._door.sleep = sleep

    def replace_config(self, config: Config) -> None:
        """Take another config in force, from the next page on."""
        self._config = config
        self._sources = {source.id: source for source in config.sources}

    def _zone(self, source: Source) -> ZoneInfo:
        return ZoneInfo(source.timezone or self._config.timezone)

    # ------------------------------------------------------------ pages that are due

    async def due_hosts(self) -> list[str]:
        """The hosts that have a page due now. Raises StoreError."""
        return await self._in_writer(lambda: self._store.due_page_hosts(self._clock.now()))

    async def crawl_host(
        self, host: str, names: Collection[str] | None = None
    ) -> dict[str, SavedPoll]:
        """Capture what is due of one host (and of these sources), one page after another.

        What was saved by source. Raises StoreError.
        """
        counts: dict[str, SavedPoll] = {}
        while True:
            page = await self._in_writer(
                lambda: self._store.next_page(host, self._clock.now(), names)
            )
            if page is None:
                return counts
            saved = await self._capture(page)
            before = counts.get(page.source_name, SavedPoll())
            counts[page.source_name] = before + saved

    async def crawl_due(self, names: Collection[str] | None = None) -> dict[str, SavedPoll]:
        """Capture all that is due, hosts beside each other. Raises StoreError."""
        total: dict[str, SavedPoll] = {}
        crawled: set[str] = set()
        # Articles may stand on another host than the page that led to them.
        while hosts := set(await self.due_hosts()) - crawled:
            crawled |= hosts
            for counts in await asyncio.gather(*(self.crawl_host(host, names) for host in hosts)):
                for name, saved in counts.items():
                    total[name] = total.get(name, SavedPoll()) + saved
        return total

    async def _capture(self, page: PageRecord) -> SavedPoll:
        source = self._sources.get(page.source_name)
        if source is None or not _has_pages(source, page):
            done = replace(page, next_fetch_at=None, error="its source has no pages any more")
            await self._in_writer(lambda: self._save(done))
            return SavedPoll()
        outcome: FetchOutcome = FetchFailed(page.url, "internal", "not fetched")
        try:
            outcome, read = await self._get(source, page)
            return await self._in_writer(lambda: self._save_capture(source, page, outcome, read))
        except (PageError, ParseError) as error:
            failed = FetchFailed(page.url, error.reason, str(error), outcome.status)
        except StoreError:
            raise
        except Exception as error:  # a mistake of ours must not cost the other pages
            log.exception("source %s: %s raised an error of this program", source.id, page.url)
            failed = FetchFailed(page.url, "internal", f"{type(error).__name__}: {error}")
        finally:
            if isinstance(outcome, Fetched):
                self._door.release(outcome)
        return await self._in_writer(lambda: self._save_capture(source, page, failed, Read()))

    async def _get(self, source: Source, page: PageRecord) -> tuple[FetchOutcome, Read]:
        """Fetch a page and read it; the body is the caller's to release.

        Raises PageError and ParseError, the body given back.
        """
        request, zone = self._page_request(source, page), self._zone(source)
        if page.kind == "part":
            outcome, document = await self._parts.get(source, request, zone.key)
            return outcome, Read(document=document)
        if page.kind == "index":
            return await self._get_index(source, page, request)
        reading = reading_of(source, page, zone)

        async def is_part(url: str) -> bool:
            return not await self._in_writer(lambda: self._store.is_article(page, url))

        outcome, whole = await self._articles.get(request, reading, is_part)
        if whole is None:
            return outcome, Read()
        if page.kind == "article":
            return outcome, Read(article=whole, misses=whole.misses, lacking=whole.lacking)
        text = found_text(page, whole, reading.recipe)
        return outcome, Read(text=text, misses=whole.misses, lacking=whole.lacking)

    async def _get_index(
        self, source: Source, page: PageRecord, request: FetchRequest
    ) -> tuple[FetchOutcome, Read]:
        outcome = await self._door.get(request)
        if not isinstance(outcome, Fetched):
            return outcome, Read()
        try:
            index = await asyncio.to_thread(_read_index, source, page, outcome)
        except BaseException:
            self._door.release(outcome)
            raise
        return outcome, Read(index, misses=index.misses)

    def _page_request(self, source: Source, page: PageRecord) -> FetchRequest:
        """Conditional after the first time. The source's headers go to its own host only."""
        at_home = urlsplit(page.url).netloc == urlsplit(source.url).netloc
        return FetchRequest(
            url=page.url,
            etag=page.etag,
            last_modified=page.last_modified,
            body_digest=page.body_digest,
            allow_private=source.allow_private,
            headers=source.headers if at_home else (),
            proxy=source.proxy or self._config.fetch.proxy,
            validators_url=page.final_url,
        )

    # ------------------------------------------------------------ saving, on the writer's thread

    def _save(self, page: PageRecord) -> None:
        with self._store.transaction():
            self._store.save_page(page)

    def _save_capture(
        self, source: Source, page: PageRecord, outcome: FetchOutcome, read: Read
    ) -> SavedPoll:
        """One page with what it brought, in one transaction."""
        now = self._clock.now()
        saved = SavedPoll()
        with self._store.transaction():
            record = self._store.source_records([source.id]).get(source.id)
            if record is None:
                return saved
            if read.index is not None:
                page = replace(page, section=page.section or read.index.own_name)
                self._store.add_pages(record.source_id, rows_of(page, read.index, now))
            zone = self._zone(source)
            if read.article is not None:
                entry = read.article.entry
                self._reextraction.before_article(source, record.source_id, entry, zone, now)
            if read.article is not None or read.document is not None:
                saved = self._save_entries(source, record, page, outcome, read, now)
            page = after_fetch(page, outcome, now, read.odd)
            if read.text is not None:
                page = self._reextraction.before_text(source, page, read.text, zone, now)
                page, is_saved = self._fulltexts.save(page, read.text, now)
                saved = SavedPoll(revised=int(is_saved and not read.text.is_first))
            misses = () if read.index is not None and not read.index.is_barren else read.misses
            self._teach(source, record, page, outcome, read.text, misses, now)
            self._store.save_page(after_first(page) if page.kind == "part" else page)
            if page.kind in ("article", "fulltext"):
                self._store.note_page(record.source_id, page, now)
            if rests := schedule.host_rests([outcome]):
                self._store.save_host_rests(rests, now)
        self._tell(source, page, outcome, read.odd)
        return saved

    def _save_entries(
        self,
        source: Source,
        record: SourceRecord,
        page: PageRecord,
        outcome: FetchOutcome,
        read: Read,
        now: datetime,
    ) -> SavedPoll:
        """The entry of an article, or those of a document, by the corridor."""
        feed = read.document
        further: tuple[tuple[str, bytes], ...] = ()
        body = outcome.body if isinstance(outcome, Fetched) else None
        if read.article is not None:
            feed = feed_of(read.article, source.language)
            further = read.article.bodies[1:]
        assert feed is not None

        def update(new: int) -> PollUpdate:
            return PollUpdate(
                source_id=record.source_id,
                state=replace(record.state, last_new_at=now) if new else record.state,
                polled_at=now,
                duration_ms=0,
                feed=feed,
                url=outcome.url,
                body=body,
                further=further,
                listed=page.listed,
            )

        return self._save_feed(source, record.source_id, feed, update, read.misses)

    def _tell(
        self, source: Source, page: PageRecord, outcome: FetchOutcome, odd: str | None
    ) -> None:
        if isinstance(outcome, FetchFailed):
            log.warning("%s: %s: %s", source.id, page.url, outcome.message)
        elif odd:
            log.warning("%s: %s", source.id, odd)

    async def _in_writer(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._writer, work)


def _has_pages(source: Source, page: PageRecord) -> bool:
    if page.kind == "fulltext":
        return source.fulltext is not None
    return (source.recipe if page.kind == "part" else source.page) is not None


def _read_index(source: Source, record: PageRecord, fetched: Fetched) -> Index:
    """The links of a page; none where the front page of a day turns out to be another day's."""
    assert source.page is not None
    page = open_page(fetched.body, fetched.url, fetched.content_type)
    index = read_index(page, whole_recipe(source.page), record.level)
    edition = date.fromisoformat(record.edition) if record.edition else None
    if record.level == 0 and edition and is_other_day(page, index, edition):
        return Index()
    return index
