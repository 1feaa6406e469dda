"""The corridor over a folder and a clock that is moved on: days of polling in a second."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import feedparser

from aggregator.clock import FakeClock
from aggregator.fetch import open_fetcher
from aggregator.model import Category, Config, FetchSettings, Source
from aggregator.parse import FeedReader
from aggregator.polled import PollResult
from aggregator.publish import Publisher
from aggregator.reconcile import reconcile
from aggregator.store import Store, open_store
from aggregator.update import Corridor
from tests.builders import config


class Days:
    """The corridor over a folder and a clock that is moved on; each process start is a new one."""

    def __init__(self, folder: Path, *sources: Source, start: datetime) -> None:
        self.folder = folder
        self.clock = FakeClock(start)
        self.config: Config = config(
            folder,
            sources,
            [Category("local", "地方")],
            fetch=FetchSettings(allow_private=("127.0.0.0/8",)),
        )
        self.store: Store = open_store(self.config.store)
        self.results: list[PollResult] = []
        reconcile(self.store, self.config, start)

    def run(self, work: Callable[[Corridor], Awaitable[Any]]) -> Any:
        """One process: `work` with a corridor of its own."""

        async def inside() -> Any:
            fetcher, reader = open_fetcher(self.config.fetch, self.clock), FeedReader()
            with ThreadPoolExecutor(1) as writer:
                parts = (self.store, fetcher, reader, self.clock, writer)
                try:
                    return await work(Corridor(self.config, *parts))
                finally:
                    await fetcher.close()
                    await reader.close()

        return asyncio.run(inside())

    def until(self, end: datetime, step: timedelta = timedelta(minutes=10)) -> None:
        """Let the time pass, doing what the daemon does at each tick."""

        async def live(corridor: Corridor) -> None:
            while self.clock.now() <= end:
                due = self.store.due_sources(self.clock.now())
                self.results += await corridor.poll(due)
                await corridor.crawl.crawl_due()
                self.clock.advance(step)

        self.run(live)

    def feed(self) -> Any:
        """The category's feed, as a reader sees it."""
        Publisher(self.store, self.config, self.clock).publish()
        path = self.folder / "public" / "feeds" / "local.atom"
        return feedparser.parse(path.read_bytes())

    def details(self, story_id: str) -> Any:
        """Everything stored of the story with this atom:id or title."""
        (key,) = self.store.find_stories(story_id, None)
        return self.store.story_details(key)

    def __enter__(self) -> Days:
        """For the length of a block; the store is closed at its end."""
        return self

    def __exit__(self, *error: object) -> None:
        self.store.close()
