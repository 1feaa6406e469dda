"""A config and a store → the running daemon: jobs, reload, signals and the web server, one process.

The jobs are few and live in memory (APScheduler): poll what is due, publish what changed, prune.
When each source is due lives in the store, so that a restart polls nothing early.
"""

from __future__ import annotations

import asyncio
import logging
import os
import signal
from collections.abc import Callable, Coroutine
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import astuple, dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from apscheduler.schedulers.asyncio import AsyncIOScheduler

from aggregator import takedown
from aggregator.clock import Clock
from aggregator.config import ConfigError, included_lists, load_config, plan_changes
from aggregator.config.include import refresh_includes
from aggregator.config.watch import ConfigWatch
from aggregator.fetch import Fetcher, open_fetcher
from aggregator.fingerprinting import Fingerprinter
from aggregator.indexing import Indexer
from aggregator.matching import Matcher
from aggregator.model import Config, SourceRecord
from aggregator.parse import FeedReader
from aggregator.polled import PollResult
from aggregator.publish import Publisher
from aggregator.reconcile import reconcile
from aggregator.store import Store, StoreError
from aggregator.training import LEARN_TICK_S, Learner
from aggregator.update import Corridor
from aggregator.waking import mend_after_set_back, to_start, was_set_back
from aggregator.websub import WebSub

log = logging.getLogger(__name__)

# An edit that moves more stories than this is told even to those who want to hear of little.
MANY_STORIES = 1_000
POLL_TICK_S = 1.0
PUBLISH_TICK_S = 1.0
# A saved query that is new looks through the past in small steps between which others write; so
# many of them hold up a publishing by less than a second.
MATCH_STEPS_A_TICK = 16
INDEX_TICK_S = 1.0
# The same of what is to be indexed for searches: half of a second at most, others come between.
INDEX_STEPS_A_TICK = 8
FINGERPRINT_TICK_S = 60.0
PRUNE_EVERY_S = 3600.0
LISTS_EVERY_S = 3600.0  # how often to see whether a list is a day old
HISTORY_KEPT = timedelta(days=30)
# Longer than any backfill: what is forgotten would be fetched again.
PAGES_KEPT = timedelta(days=400)
# A daemon ends within 10 seconds: what it is saving may take this long …
END_WITHIN_S = 5.0
# … and the web server, which gives open downloads two seconds, this long.
SERVER_ENDS_WITHIN_S = 3.0


@dataclass(slots=True)
class DaemonStatus:
    """What the daemon tells others, as the web side, about itself.

    Each error is a sentence, or None while all is well; `on_change` is called after any change.
    """

    config: Config
    config_error: str | None = None
    publish_error: str | None = None
    store_error: str | None = None
    on_change: list[Callable[[DaemonStatus], None]] = field(default_factory=list)

    def say(self, **facts: Any) -> None:
        """Set some of the facts, and tell those who listen if any is new."""
        changed = {name: value for name, value in facts.items() if getattr(self, name) != value}
        for name, value in changed.items():
            setattr(self, name, value)
        for tell in self.on_change if changed else ():
            tell(self)


class Daemon:
    """Everything that happens between start and stop; `run` returns when told to end."""

    def __init__(self, config: Config, store: Store, clock: Clock) -> None:
        self._config = config
        self._store = store
        self._clock = clock
        self._writer: Executor = ThreadPoolExecutor(1, thread_name_prefix="store")
        self._publisher = Publisher(store, config, clock)
        self._matcher = Matcher(store)
        self._indexer = Indexer(store)
        self._fingerprinter = Fingerprinter(store)
        self._reader = FeedReader()
        self._ending = asyncio.Event()
        self._reloading = asyncio.Lock()
        # Passes overlap: sources that come due are started while slow ones are still under way.
        self._passes: set[asyncio.Task[Any]] = set()
        self._under_way: set[str] = set()
        self._ticked_at: datetime | None = None
        self._hosts_crawled: set[str] = set()
        self.push = WebSub(config, store, clock, self._writer, self._take_push)
        self.status = DaemonStatus(config)

    @property
    def config(self) -> Config:
        """The config in force."""
        return self._config

    def stop(self) -> None:
        """Ask the daemon to end; `run` then finishes what it is saving and returns."""
        self._ending.set()

    async def run(self, serve: Callable[[], Any] | None = None) -> None:
        """Poll, publish and (through `serve`, a coroutine function) answer until told to stop.

        Ends on SIGTERM and SIGINT; SIGHUP reads feeds.yaml again. Raises StoreError when the
        store cannot be brought in step at the start.
        """
        self._watch = ConfigWatch(Path(self._config.path), self._config.digest)
        self._install_signals()
        await self._in_writer(reconcile, self._store, self._config, self._clock.now())
        await self._in_writer(mend_after_set_back, self._store, self._clock.now())
        rests = await self._in_writer(self._store.host_rests, self._clock.now())
        self._fetcher = self._open_fetcher(rests)
        self._corridor = self._open_corridor()
        await self._in_writer(self._publisher.tidy)
        await self.publish()
        scheduler = self._scheduled()
        scheduler.start()
        self._at_once(self.refresh_included_lists())
        self._at_once(self.take_fingerprints())
        watching = asyncio.create_task(self._watch_config())
        serving = asyncio.create_task(serve()) if serve is not None else None
        try:
            await self._until_end(serving)
        finally:
            scheduler.shutdown(wait=False)
            watching.cancel()
            await self._end(serving)

    async def _until_end(self, serving: asyncio.Task[Any] | None) -> None:
        ending = asyncio.create_task(self._ending.wait())
        waited = {ending} | ({serving} if serving is not None else set())
        done, _ = await asyncio.wait(waited, return_when=asyncio.FIRST_COMPLETED)
        ending.cancel()
        if serving is not None and serving in done:
            serving.result()  # a server that ends by itself could not start: say why

    async def _end(self, serving: asyncio.Task[Any] | None) -> None:
        """Stop fetching, finish what is being saved, publish it, close everything."""
        for running in self._passes:
            running.cancel()
        if self._passes:
            await asyncio.wait(self._passes, timeout=END_WITHIN_S)
        await self.publish()
        await self.push.close()
        await self._fetcher.close()
        await self._reader.close()
        if serving is not None and not serving.done():
            serving.cancel()
            await asyncio.wait([serving], timeout=SERVER_ENDS_WITHIN_S)
        self._writer.shutdown(wait=True)

    # ------------------------------------------------------------ jobs

    def _scheduled(self) -> AsyncIOScheduler:
        scheduler = AsyncIOScheduler(timezone="UTC")
        options = {"coalesce": True, "max_instances": 1, "misfire_grace_time": None}
        door = self._in_writer, self._tell_store_error
        learn = Learner(self._store, self._clock).job(lambda: self._config, *door)
        jobs = (
            (self.poll_due, POLL_TICK_S),
            (self.publish, PUBLISH_TICK_S),
            (self.index, INDEX_TICK_S),
            (self.prune, PRUNE_EVERY_S),
            (self.take_fingerprints, FINGERPRINT_TICK_S),
            (learn, LEARN_TICK_S),
            (self.refresh_included_lists, LISTS_EVERY_S),
        )
        for job, seconds in jobs:
            scheduler.add_job(job, "interval", seconds=seconds, **options)
        return scheduler

    async def poll_due(self) -> None:
        """Start polling what is due now and not under way already; returns at once."""
        if self._ending.is_set():
            return
        now = self._clock.now()
        try:
            if was_set_back(self._ticked_at, now):
                await self._in_writer(mend_after_set_back, self._store, now)
            self._ticked_at = now
            due = await self._in_writer(self._store.due_sources, now)
        except StoreError as error:
            self._tell_store_error(error)
            return
        due = {name: record for name, record in due.items() if name not in self._under_way}
        due = to_start(due, now)
        if due:
            self._at_once(self._poll(due))
        await self.crawl_due()

    async def crawl_due(self) -> None:
        """Start capturing the pages that are due, a task a host; returns at once."""
        try:
            hosts = await self._corridor.crawl.due_hosts()
        except StoreError as error:
            self._tell_store_error(error)
            return
        for host in set(hosts) - self._hosts_crawled:
            self._hosts_crawled.add(host)
            self._at_once(self._crawl(host))

    async def _crawl(self, host: str) -> None:
        try:
            saved = await self._corridor.crawl.crawl_host(host)
            for name, counts in saved.items():
                self._log_result(PollResult(name, "ok", None, *astuple(counts)))
        except StoreError as error:
            self._tell_store_error(error)
        except Exception:
            log.exception("capturing pages raised an error of this program; it goes on")
        finally:
            self._hosts_crawled.discard(host)

    async def _poll(self, due: dict[str, SourceRecord]) -> None:
        self._under_way |= due.keys()
        try:
            results = await self._corridor.poll(due, self._on_result)
            self.status.say(store_error=None)
            if len(results) > 1 and all(
                result.status is None and result.error for result in results
            ):
                log.warning(
                    "none of %d sources could be reached: is there a network?", len(results)
                )
                log.warning(
                    "each is tried again by itself, at first after a while, then less often"
                )
        except StoreError as error:
            self._tell_store_error(error)
        except Exception:
            log.exception("polling raised an error of this program; it goes on")
        finally:
            self._under_way -= due.keys()

    async def _take_push(self, *pushed: Any) -> None:
        self._log_result(await self._corridor.pushed.take(*pushed))

    def _on_result(self, result: PollResult) -> None:
        self._under_way.discard(result.source)
        self._log_result(result)

    def _tell_store_error(self, error: StoreError) -> None:
        if self.status.store_error != str(error):
            log.error("%s", error)
        self.status.say(store_error=str(error))

    def _log_result(self, result: PollResult) -> None:
        if result.outcome in ("failed", "gone"):
            log.warning("%s: %s", result.source, result.error)
        elif result.new or result.revised or result.duplicate:
            log.info(
                "%s: %d new, %d revised, %d carried already",
                *(result.source, result.new, result.revised, result.duplicate),
            )
        else:
            log.debug("%s: nothing new (%s)", result.source, result.outcome)

    async def publish(self) -> None:
        """Write the documents whose outputs changed, by whatever process."""
        try:
            for _ in range(MATCH_STEPS_A_TICK):
                if not await self._in_writer(self._matcher.step, self._clock.now()):
                    break
            await self._in_writer(takedown.obey, self._store, self._config, self._clock.now())
            published = await self._in_writer(self._publisher.publish)
            if not self._publisher.has_pending:
                folder, now = self._config.publish.directory, self._clock.now()
                await self._in_writer(takedown.finish, self._store, folder, now)
            self.status.say(publish_error=None)
            if published.written:
                log.info("published %s", ", ".join(published.written))
        except (OSError, StoreError) as error:
            if self.status.publish_error != str(error):
                log.error("publishing failed and is tried again: %s", error)
            self.status.say(publish_error=str(error))
        try:
            await self.push.tick()
        except StoreError as error:
            self._tell_store_error(error)

    async def index(self) -> None:
        """Index for searches some of what was saved, by whatever process."""
        try:
            for _ in range(INDEX_STEPS_A_TICK):
                if self._ending.is_set() or not await self._in_writer(self._indexer.step):
                    break
        except StoreError as error:
            self._tell_store_error(error)

    async def take_fingerprints(self) -> None:
        """Let texts be recognised that are not yet: after an update, or for a wider window."""
        try:
            while not self._ending.is_set():
                if not await self._in_writer(self._fingerprinter.step, self._clock.now()):
                    break
        except StoreError as error:
            self._tell_store_error(error)

    async def prune(self) -> None:
        """Forget old poll history, rendered entries that no document shows, and old pages."""
        before = self._clock.now() - HISTORY_KEPT
        try:
            await self._in_writer(self._prune, before)
        except StoreError as error:
            self._tell_store_error(error)

    def _prune(self, before: datetime) -> None:
        with self._store.transaction():
            self._store.prune_history(before)
            self._store.prune_pages(self._clock.now() - PAGES_KEPT)
            self._publisher.prune()
            self._store.write_manifests(self._clock.now())

    # ------------------------------------------------------------ config

    async def refresh_included_lists(self) -> None:
        """Fetch the lists that feeds.yaml includes from the network, those a day old and more."""
        try:
            lists = await asyncio.to_thread(included_lists, Path(self._config.path))
            if not lists:
                return
            changed, problems = await refresh_includes(
                self._config, lists, self._fetcher, self._clock.now(), os.environ
            )
        except (ConfigError, OSError) as error:
            log.warning("the included lists cannot be read: %s", error)
            return
        for problem in problems:
            log.warning("an included list stays as it was: %s", problem)
        if changed:
            await self.reload()

    async def _watch_config(self) -> None:
        async for _ in self._watch.changes():
            await self.reload()

    async def reload(self) -> None:
        """Take feeds.yaml in force as it is now, or keep the last good one and say why.

        An edit and a list that was fetched anew may both ask for it: one after the other.
        """
        async with self._reloading:
            await self._reload()

    async def _reload(self) -> None:
        try:
            config = await asyncio.to_thread(load_config, Path(self._config.path))
        except (ConfigError, OSError) as error:
            if self.status.config_error != str(error):
                log.error("feeds.yaml is not in force, the last good one stays:\n%s", error)
            self.status.say(config_error=str(error))
            return
        if self.status.config_error is not None:
            log.info("feeds.yaml is good again")
        self.status.say(config_error=None)
        if config == self._config:
            return
        try:
            await self._take_in_force(config)
        except StoreError as error:
            self._tell_store_error(error)

    async def _take_in_force(self, config: Config) -> None:
        for line in plan_changes(self._config, config):
            log.info("feeds.yaml: %s", line)
        for key in ("store", "listen"):
            if getattr(config, key) != getattr(self._config, key):
                log.warning("feeds.yaml: a new `%s` is taken in force at the next start", key)
        moved = await self._in_writer(reconcile, self._store, config, self._clock.now())
        if moved:
            level = logging.WARNING if moved > MANY_STORIES else logging.INFO
            log.log(level, "feeds.yaml: this edit moved %d stored stories", moved)
        replaced = self._fetcher if config.fetch != self._config.fetch else None
        self._config = config
        self._publisher.replace_config(config)
        self.push.replace_config(config)
        if replaced is not None:
            rests = await self._in_writer(self._store.host_rests, self._clock.now())
            self._fetcher = self._open_fetcher(rests)
            self._corridor = self._open_corridor()
            self._close_after_passes(replaced)
        else:
            self._corridor.replace_config(config)
        self.status.say(config=config)
        await self.publish()

    def _close_after_passes(self, fetcher: Fetcher) -> None:
        """Close a fetcher that was replaced once the passes that use it are over."""
        using = set(self._passes)

        async def close() -> None:
            if using:
                await asyncio.wait(using)
            await fetcher.close()

        self._at_once(close())

    def _at_once(self, work: Coroutine[Any, Any, None]) -> None:
        """Start something that ends by itself; what is left of it is cancelled at the end."""
        started = asyncio.create_task(work)
        self._passes.add(started)
        started.add_done_callback(self._passes.discard)

    # ------------------------------------------------------------ plumbing

    def _open_fetcher(self, rests: dict[str, datetime]) -> Fetcher:
        return open_fetcher(
            self._config.fetch,
            self._clock,
            base_url=self._config.base_url,
            allow_files=True,
            rests=rests,
        )

    def _open_corridor(self) -> Corridor:
        parts = (self._store, self._fetcher, self._reader, self._clock, self._writer)
        return Corridor(self._config, *parts)

    async def _in_writer(self, function: Callable[..., Any], *arguments: Any) -> Any:
        """Run a function that uses the store on the one thread that may."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._writer, function, *arguments)

    def _install_signals(self) -> None:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self.stop)
        loop.add_signal_handler(signal.SIGHUP, self._watch.wake)
