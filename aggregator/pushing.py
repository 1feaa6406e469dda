"""A pushed document → the corridor that polls go through: read, decided, saved."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable
from concurrent.futures import Executor
from dataclasses import replace

from aggregator import pushes
from aggregator.clock import Clock
from aggregator.model import (
    Document,
    Fetched,
    ParsedFeed,
    PollState,
    PollUpdate,
    PushStanding,
    SavedPoll,
    Source,
)
from aggregator.polled import Polled, PollResult
from aggregator.reading import Desk
from aggregator.store import Store

log = logging.getLogger(__name__)

Save = Callable[[Source, int, ParsedFeed, Callable[[int], PollUpdate]], SavedPoll]


class PushLane:
    """Takes pushed documents. `save` is the corridor's own way of deciding and saving."""

    def __init__(
        self, store: Store, desk: Desk, clock: Clock, writer: Executor, save: Save
    ) -> None:
        self._store = store
        self._desk = desk
        self._clock = clock
        self._writer = writer
        self._save = save
        self._standings: dict[int, PushStanding] = {}

    def look(self, batch: Iterable[Polled]) -> None:
        """See how things stand with the pushes of the sources of a batch that is to be saved."""
        self._standings = self._store.push_standings(done.record.source_id for done in batch)

    def beside(
        self, done: Polled, state: PollState, feed: ParsedFeed | None = None, new: int = 0
    ) -> PollState:
        """A poll's `state` with what pushes make of it; keeps which hub a feed that was read names.

        To be called in the transaction of the poll.
        """
        source_id, now = done.record.source_id, done.polled_at
        standing = self._standings.get(source_id)
        if feed is not None and isinstance(done.outcome, Fetched) and done.source.recipe is None:
            found = pushes.advertised(done.outcome.links, feed, done.outcome.url)
            if found is not None and (standing is None or found != (standing.hub, standing.topic)):
                self._store.save_advert(source_id, *found, now)
                return state
            if found is None and standing is not None:
                self._store.forget_advert(source_id)
                return state
        if standing is None:
            return state
        score = pushes.score_after_poll(standing, new, now)
        if score != standing.score:
            log.info("%s: a poll found what no push had brought", done.source.id)
            self._store.save_push_score(source_id, score, None)
            standing = replace(standing, score=score)
        return pushes.relaxed(state, done.source, standing, now)

    async def take(
        self, source: Source, source_id: int, token: str, digest: str, document: Document
    ) -> PollResult:
        """Save what a document says, and that the callback `token` has had it (`digest`).

        Raises ParseError for what is no feed, StoreError.
        """
        feed = await self._desk.read(document, source_id)
        loop = asyncio.get_running_loop()
        about = (source, source_id, token, digest)
        return await loop.run_in_executor(self._writer, self._take, *about, document, feed)

    def _take(
        self,
        source: Source,
        source_id: int,
        token: str,
        digest: str,
        document: Document,
        feed: ParsedFeed,
    ) -> PollResult:
        now = self._clock.now()
        with self._store.transaction():
            record = self._store.source_records([source.id]).get(source.id)
            standing = self._store.push_standings([source_id]).get(source_id)
            if record is None or standing is None:
                return PollResult(source.id, "not_due")
            # What polls left for the next reading stays: a push may hold a part of the feed only.
            feed = replace(feed, untouched=True)
            made: list[PollUpdate] = []

            def make(new: int) -> PollUpdate:
                score = pushes.score_after_push(standing, new)
                self._store.save_push_score(source_id, score, now)
                state = pushes.after_push(record.state, new, now)
                state = pushes.relaxed(state, source, replace(standing, score=score), now)
                made.append(
                    PollUpdate(
                        *(source_id, state, now, 0, feed),
                        url=document.url,
                        body=document.body,
                    )
                )
                return made[0]

            saved = self._save(source, source_id, feed, make)
            self._store.remember_push(token, digest)
            told = replace(made[0], state=replace(made[0].state, outcome="pushed", error=None))
            self._store.save_history([(told, saved)])
        return PollResult(source.id, "pushed", None, saved.new, saved.revised, saved.duplicate)
