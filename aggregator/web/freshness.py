"""When the next change of each output is planned → how long its documents may be kept elsewhere."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import lru_cache

from aggregator.store import StoreError
from aggregator.web.resource import Header
from aggregator.web.state import WebState

# What was taken down must be gone from caches in a quarter of an hour (design, decision 6), the
# time in which they may still send what they have while they ask anew (RFC 5861 3) included.
LONGEST_S = 840
WHILE_ASKING_S = 60
# A source that is due now needs a moment to be polled and published.
SHORTEST_S = 10
# How old the plan may be: it moves with every poll, and reading it costs a millisecond or two.
PLAN_AGE = timedelta(seconds=10)


class Freshness:
    """Cache-Control for documents, by the plan of polls in the store."""

    def __init__(self, state: WebState) -> None:
        self._state = state
        self._plan: Mapping[str | None, datetime] = {}
        # By output, worked out once a reading: a plan is asked for at every request.
        self._due: dict[str, datetime | None] = {}
        self._read_at: datetime | None = None
        self._reading: asyncio.Task[None] | None = None

    def is_stale(self) -> bool:
        """Whether `follow` should be awaited before `header` is asked."""
        read_at = self._read_at
        return read_at is None or abs(self._state.clock.now() - read_at) >= PLAN_AGE

    async def follow(self) -> None:
        """Read the plan anew; requests that come together share one reading."""
        if self._reading is None:
            self._reading = asyncio.create_task(self._read())
        await asyncio.shield(self._reading)

    async def _read(self) -> None:
        try:
            self._plan = await self._state.read(lambda reader: reader.next_changes())
        except StoreError:
            pass  # the plan stays; whoever asks for a document says what is wrong
        finally:
            self._due = {}
            self._read_at = self._state.clock.now()
            self._reading = None

    def header(self, output: str) -> Header:
        """Cache-Control (RFC 9111 5.2.2) for the documents of the output of this name."""
        return cache_control(self.age(output))

    def age(self, output: str) -> int:
        """For how many seconds the documents of the output of this name may be kept."""
        if output not in self._due:
            self._due[output] = self.next_change(output)
        return max_age(self._due[output], self._state.clock.now())

    def next_change(self, output: str) -> datetime | None:
        """When the next poll is due that may change an output; None where none is planned."""
        categories = {category.id for category in self._state.config.categories}
        if output not in categories:
            return self._plan.get(None)
        # Its own sources, and those whose entries are sorted one by one.
        moments = [self._plan[key] for key in (output, "") if key in self._plan]
        return min(moments, default=None)


def max_age(due: datetime | None, now: datetime) -> int:
    """Whole seconds until `due`, within bounds; the longest where nothing is planned."""
    if due is None:
        return LONGEST_S
    return max(SHORTEST_S, min(LONGEST_S, int((due - now).total_seconds())))


@lru_cache(maxsize=1024)
def cache_control(age: int) -> Header:
    """The header for something that may be kept for `age` seconds."""
    value = f"public, max-age={age}, stale-while-revalidate={WHILE_ASKING_S}"
    return b"cache-control", value.encode()
