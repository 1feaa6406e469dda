"""Sources that are due → saved polls: the corridor of the design, its order written once.

    due sources --fetch--> outcome --parse--> ParsedFeed          many at a time, bounded
      --identify--> keyed --known?--> decide                       one line of march, in batches
      --whose story?--> carried --categorize--> save

Fetching is concurrent; deciding and saving happen on one thread, in one transaction a batch, so
that entries of one batch see each other. A source's validators are saved with its entries, and
not at all when its body could not be used.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import replace
from datetime import datetime
from zoneinfo import ZoneInfo

from aggregator import learning, schedule
from aggregator.barring import Barring
from aggregator.carrying import Carrying
from aggregator.clock import Clock
from aggregator.crawl import Crawl, Front, Fronts, Fulltexts, PageDoor, Parts, Reextraction
from aggregator.daily import as_configured, at_day, not_out_yet
from aggregator.dedupe import decide, identify
from aggregator.fetch import Fetcher
from aggregator.model import (
    Config,
    Decided,
    Document,
    EntryUpdate,
    Fetched,
    FetchFailed,
    FetchOutcome,
    New,
    ParsedFeed,
    PollUpdate,
    SavedPoll,
    Source,
    SourceRecord,
)
from aggregator.pages import Miss
from aggregator.parse import FeedReader, ParseError
from aggregator.placing import Placing
from aggregator.polled import (
    Polled,
    PollResult,
    next_batch,
    not_asked,
    result_of,
    spread_over_hosts,
    unusable,
)
from aggregator.provenance import outlets_of
from aggregator.pushing import PushLane
from aggregator.quiet import QuietPolls, state_before
from aggregator.reading import Desk
from aggregator.rotating import without_rotations
from aggregator.store import Store, StoreError
from aggregator.teaching import Teacher

log = logging.getLogger(__name__)

# Sources under way at a time, most of them waiting for their host's turn.
SOURCES_UNDER_WAY = 512


class Corridor:
    """Polls sources through fetcher, reader and store. Passes may overlap."""

    def __init__(
        self,
        config: Config,
        store: Store,
        fetcher: Fetcher,
        reader: FeedReader,
        clock: Clock,
        writer: Executor,
    ) -> None:
        """`writer` is the one thread on which the store is used."""
        self._store = store
        self._fetcher = fetcher
        self._desk = Desk(store, reader, writer)
        self._clock = clock
        self._writer = writer
        self._carrying = Carrying(store)
        self._barring = Barring(store)
        self._teacher = Teacher(store)
        door = PageDoor(fetcher, clock)
        self._fulltexts = Fulltexts(store, self._barring.lets_text_in)
        self._parts = Parts(store, door, reader, clock)
        self._fronts = Fronts(config, store, door, clock)
        reextraction = Reextraction(store, self._carrying.recognise)
        pages = (self._parts, self._fulltexts, reextraction, self._teacher.of_page)
        self.crawl = Crawl(config, store, door, clock, writer, self._save_captured, *pages)
        self.pushed = PushLane(store, self._desk, clock, writer, self._save_captured)
        self._quiet = QuietPolls(config, store, self._teacher, self.pushed)
        self.replace_config(config)

    def replace_config(self, config: Config) -> None:
        """Take another config in force, from the next source on."""
        self._config = config
        self.crawl.replace_config(config)
        self._fronts.replace_config(config)
        self._quiet.replace_config(config)
        self._placing = Placing(self._store, config)
        self._sources = {source.id: source for source in config.sources}
        self._carrying.outlets = outlets_of(config)
        self._store.recognise_within(config.stories.window_days)

    async def poll(
        self,
        records: Mapping[str, SourceRecord],
        on_result: Callable[[PollResult], None] | None = None,
    ) -> list[PollResult]:
        """Poll the given sources, each once, and save what they said. Raises StoreError."""
        pairs = [
            (self._sources[name], record)
            for name, record in records.items()
            if name in self._sources
        ]
        queue: asyncio.Queue[Polled | None] = asyncio.Queue()
        workers = min(SOURCES_UNDER_WAY, len(pairs))
        producer = asyncio.create_task(self._produce(spread_over_hosts(pairs), workers, queue))
        results: list[PollResult] = []
        try:
            while batch := await next_batch(queue):
                saved = await self._save(batch)
                results += saved
                for result in saved if on_result is not None else ():
                    on_result(result)  # type: ignore[misc]
        finally:
            producer.cancel()
            await asyncio.gather(producer, return_exceptions=True)
            self._release_unsaved(queue)
        return results

    def _release_unsaved(self, queue: asyncio.Queue[Polled | None]) -> None:
        """Give back the bodies of a pass that was broken off: they count against the fetcher's."""
        while not queue.empty():
            done = queue.get_nowait()
            if done is not None and isinstance(done.outcome, Fetched):
                self._fetcher.release(done.outcome)

    # ------------------------------------------------------------ fetching and parsing

    async def _produce(
        self,
        pairs: Iterable[tuple[Source, SourceRecord]],
        workers: int,
        queue: asyncio.Queue[Polled | None],
    ) -> None:
        waiting = iter(pairs)

        async def work() -> None:
            for source, record in waiting:
                queue.put_nowait(await self._fetch_and_parse(source, record))

        try:
            async with asyncio.TaskGroup() as group:
                for _ in range(workers):
                    group.create_task(work())
        finally:
            queue.put_nowait(None)

    async def _fetch_and_parse(self, source: Source, record: SourceRecord) -> Polled:
        started, now = time.monotonic(), self._clock.now()
        feed = front = None
        outcome: FetchOutcome
        try:
            if source.page is not None:
                front = await self._fronts.get(source, record)
                outcome = front.outcome
                return self._done(source, record, outcome, None, started, front)
            source, record = at_day(source, record, now, self._quiet.zone_of(source))
            request = schedule.request_for(source, record.state, self._config.fetch)
            outcome = not_out_yet(source, await self._fetcher.fetch(request))
            if isinstance(outcome, Fetched):
                feed = await self._read(source, record, outcome)
        except ParseError as error:
            outcome = unusable(outcome, error)
        except Exception as error:  # a mistake of ours must not cost the other sources
            log.exception("source %s: polling it raised an error of this program", source.id)
            outcome = FetchFailed(source.url, "internal", f"{type(error).__name__}: {error}")
        return self._done(source, record, outcome, feed, started)

    def _done(
        self,
        source: Source,
        record: SourceRecord,
        outcome: FetchOutcome,
        feed: ParsedFeed | None,
        started: float,
        front: Front | None = None,
    ) -> Polled:
        duration_ms = int((time.monotonic() - started) * 1000)
        return Polled(source, record, outcome, feed, self._clock.now(), duration_ms, front)

    async def _read(self, source: Source, record: SourceRecord, fetched: Fetched) -> ParsedFeed:
        document = Document(
            body=fetched.body,
            url=fetched.url,
            fetched_at=self._clock.now(),
            content_type=fetched.content_type,
            timezone=source.timezone or self._config.timezone,
            recipe=source.recipe,
        )
        try:
            return await self._desk.read(document, record.source_id)
        except BaseException:
            self._fetcher.release(fetched)
            raise

    # ------------------------------------------------------------ deciding and saving

    async def _save(self, batch: Sequence[Polled]) -> list[PollResult]:
        loop = asyncio.get_running_loop()
        try:
            return await loop.run_in_executor(self._writer, self._save_batch, batch)
        finally:
            for done in batch:
                if isinstance(done.outcome, Fetched):
                    self._fetcher.release(done.outcome)

    def _save_batch(self, batch: Sequence[Polled]) -> list[PollResult]:
        """In one transaction, every source of the batch; each can only fail by itself."""
        saved: list[tuple[PollUpdate, SavedPoll]] = []
        quiet: list[PollUpdate] = []
        with self._store.transaction():
            self.pushed.look(batch)
            for done in batch:
                if done.feed is None and done.front is None:
                    quiet.append(self._quiet.update(done, done.outcome))
                    continue
                try:
                    with self._store.part():
                        if done.front is not None:
                            quiet.append(self._save_front(done, done.front))
                        else:
                            saved.append(self._save_feed(done))
                except StoreError:
                    raise
                except Exception as error:
                    log.exception("source %s: saving it failed", done.source.id)
                    failed = FetchFailed(
                        done.outcome.url, "internal", f"{type(error).__name__}: {error}"
                    )
                    quiet.append(self._quiet.update(done, failed))
            self._store.save_states((poll.source_id, poll.state) for poll in quiet)
            if rests := schedule.host_rests(done.outcome for done in batch):
                # They are left alone by the next process too.
                self._store.save_host_rests(rests, self._clock.now())
            saved += [(poll, SavedPoll()) for poll in quiet]
            spared = {done.record.source_id for done in batch if not_asked(done.outcome)}
            asked = [(poll, counts) for poll, counts in saved if poll.source_id not in spared]
            self._store.save_history(asked)
        names = {done.record.source_id: done.source.id for done in batch}
        return [result_of(names[poll.source_id], poll, counts) for poll, counts in asked] + [
            PollResult(names[source_id], "not_due") for source_id in spared
        ]

    def _save_feed(self, done: Polled) -> tuple[PollUpdate, SavedPoll]:
        feed = done.feed
        assert feed is not None
        source_id = done.record.source_id
        decided = self._decide(source_id, feed)
        updates = self._entry_updates(done.source, source_id, decided, done.polled_at)
        new = [one.keyed.entry for one in decided if isinstance(one, New)]
        self._barring.note_withdrawn(source_id, done.outcome, done.polled_at)
        memory = self._store.source_memory(source_id)
        before = state_before(done)
        zone = self._quiet.zone_of(done.source)
        lesson = learning.after_feed(
            done.source,
            before,
            memory,
            feed,
            new,
            done.polled_at,
            ZoneInfo(zone),
            None if isinstance(done.outcome, FetchFailed) else done.outcome.certificate,
        )
        state = schedule.after_poll(
            done.source,
            done.record.state,
            done.outcome,
            done.polled_at,
            timezone=zone,
            hints=feed.hints,
            new_entries=len(new),
            planned=lesson.planned,
        )
        self._teacher.save(source_id, lesson, done.polled_at, memory)
        self._parts.save(done.source, source_id, feed, done.polled_at)
        state = self.pushed.beside(done, lesson.put_into(state), feed, len(new))
        poll = PollUpdate(
            source_id=source_id,
            state=as_configured(done.source, state),
            polled_at=done.polled_at,
            duration_ms=done.duration_ms,
            feed=feed,
            entries=updates,
            url=done.outcome.url,
            body=done.outcome.body if isinstance(done.outcome, Fetched) else None,
        )
        saved = self._store.save_poll(poll, done.source.initial)
        self._fulltexts.want(done.source, source_id, decided, done.polled_at)
        return poll, saved

    def _decide(self, source_id: int, feed: ParsedFeed) -> tuple[Decided, ...]:
        keyed = identify(feed.entries)
        known = self._store.known_entries(source_id, keyed) if keyed else []
        elsewhere = self._store.carriers_elsewhere(keyed) if keyed else []
        decided = without_rotations(self._store, decide(source_id, keyed, known, elsewhere))
        return self._barring.admitted(source_id, decided)

    def _save_front(self, done: Polled, front: Front) -> PollUpdate:
        """A page source's own poll: the pages its front page leads to are captured by `crawl`."""
        zone = ZoneInfo(self._quiet.zone_of(done.source))
        before, now = state_before(done), done.polled_at
        lesson = self._teacher.of_front(done.source, done.record, before, front, now, zone)
        state = self._fronts.save(done.source, done.record, front, now, lesson.planned)
        if isinstance(front.outcome, FetchFailed) and not front.missing:
            lesson = self._teacher.of_failed_front(before, state, front)
        self._teacher.save(done.record.source_id, lesson, now)
        return PollUpdate(done.record.source_id, lesson.put_into(state), now, done.duration_ms)

    def _save_captured(
        self,
        source: Source,
        source_id: int,
        feed: ParsedFeed,
        make: Callable[[int], PollUpdate],
        misses: Sequence[Miss] = (),
    ) -> SavedPoll:
        """Decide and save what a captured page said; `make` is told how many entries are new."""
        decided = self._decide(source_id, feed)
        new = sum(isinstance(one, New) for one in decided)
        poll = make(new)
        entries = self._entry_updates(source, source_id, decided, poll.polled_at)
        poll = self._teacher.of_article(source, replace(poll, entries=entries), misses)
        # All articles of an edition reach the feeds; a sitemap may hold a site's whole past.
        initial = len(entries) if source.page is not None else source.initial
        saved = self._store.save_poll(poll, initial)
        self._fulltexts.want(source, source_id, decided, poll.polled_at)
        return saved

    def _entry_updates(
        self, source: Source, source_id: int, decided: Sequence[Decided], now: datetime
    ) -> tuple[EntryUpdate, ...]:
        """What is to be saved: whose story each new text carries, and its categories."""
        recognised = self._carrying.recognise(source, source_id, decided, now)
        let_in = self._barring.let_in(recognised)
        placed = self._placing.with_categories(source, let_in, now)
        return tuple(
            replace(one, decided=self._fulltexts.beside(source, one.decided)) for one in placed
        )
