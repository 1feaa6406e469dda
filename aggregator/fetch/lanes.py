"""Turns many fetches at once into few at a time: in all, and per host, spaced and rested.

One lane a host: at most `per_host` requests run in it, the others queue in their order. Between
two starts in a lane lie at least `host_delay` seconds and a little more, so that hosts are not
asked in lockstep. A host that answered 429 or 503 rests as a whole.
"""

from __future__ import annotations

import asyncio
import random
from collections import deque
from datetime import datetime, timedelta

# How far a start is moved behind its earliest time: up to this part of `host_delay`.
JITTER = 0.5
# What a host that names no time is left alone for: doubled each time, up to the cap.
FIRST_REST = timedelta(minutes=10)
LONGEST_REST = timedelta(days=1)
# A Retry-After beyond this is a mistake or an attack, not a wish.
LONGEST_RETRY_AFTER = timedelta(days=7)
MAX_RESTS = 10_000
FEW_HOSTS = 128


class Lane:
    """The requests of one host: how many run, who waits, and when the next may start."""

    __slots__ = ("next_start", "running", "waiting")

    def __init__(self) -> None:
        self.running = 0
        self.next_start = 0.0
        self.waiting: deque[asyncio.Future[None]] = deque()


class Lanes:
    """The slots of all fetches of one fetcher."""

    def __init__(self, concurrency: int, per_host: int, host_delay: float) -> None:
        self._free = max(concurrency, 1)
        self._per_host = max(per_host, 1)
        self._delay = max(host_delay, 0.0)
        self._lanes: dict[str, Lane] = {}
        self._queue: deque[asyncio.Future[None]] = deque()
        self._random = random.Random()

    async def enter(self, host: str, *, spaced: bool) -> Lane:
        """Wait for a slot of `host`, for its spacing if `spaced`, and for a slot overall."""
        lane = self._lanes.get(host)
        if lane is None:
            lane = self._lanes[host] = Lane()
        if lane.running < self._per_host and not lane.waiting:
            lane.running += 1
        else:
            await self._wait(lane.waiting)
        try:
            if spaced and self._delay:
                await self._space(lane)
            if self._free > 0 and not self._queue:
                self._free -= 1
            else:
                await self._wait(self._queue)
        except BaseException:
            self._leave_lane(host, lane)
            raise
        return lane

    def leave(self, host: str, lane: Lane) -> None:
        """Give both slots back."""
        if not self._hand_over(self._queue):
            self._free += 1
        self._leave_lane(host, lane)

    def is_busy(self, lane: Lane) -> bool:
        """Whether the lane's connection is worth keeping: others wait for it, or soon may.

        With many hosts under way only the first counts, or idle connections would pile up.
        """
        return bool(lane.waiting) or (lane.running > 1 and len(self._lanes) <= FEW_HOSTS)

    def _leave_lane(self, host: str, lane: Lane) -> None:
        if self._hand_over(lane.waiting):
            return
        lane.running -= 1
        if lane.running == 0 and self._lanes.get(host) is lane and not self._is_warm(lane):
            del self._lanes[host]

    def _is_warm(self, lane: Lane) -> bool:
        """Whether the lane must be remembered for its spacing. Forgets old ones when many."""
        now = asyncio.get_running_loop().time()
        if lane.next_start <= now:
            return False
        if len(self._lanes) > 4096:
            for name, other in list(self._lanes.items()):
                if other.running == 0 and other is not lane and other.next_start <= now:
                    del self._lanes[name]
        return True

    async def _wait(self, queue: deque[asyncio.Future[None]]) -> None:
        """Wait in `queue` until a slot is handed over; a cancelled waiter hands it on."""
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        queue.append(future)
        try:
            await future
        except BaseException:
            if future.done() and not future.cancelled():
                self._pass_on(queue)
            elif future in queue:
                queue.remove(future)
            raise

    def _pass_on(self, queue: deque[asyncio.Future[None]]) -> None:
        """The slot that came to a waiter who had gone: to the next, or back."""
        if self._hand_over(queue):
            return
        if queue is self._queue:
            self._free += 1
            return
        for host, lane in self._lanes.items():
            if lane.waiting is queue:
                self._leave_lane(host, lane)
                return

    @staticmethod
    def _hand_over(queue: deque[asyncio.Future[None]]) -> bool:
        while queue:
            future = queue.popleft()
            if not future.done():
                future.set_result(None)
                return True
        return False

    async def _space(self, lane: Lane) -> None:
        """Wait until the lane's last start is long enough ago, whoever else waits for that."""
        loop = asyncio.get_running_loop()
        now = loop.time()
        while lane.next_start > now:  # another may start meanwhile: look again
            await asyncio.sleep(lane.next_start - now)
            now = loop.time()
        lane.next_start = now + self._delay * (1 + JITTER * self._random.random())


class Rests:
    """Which hosts are to be left alone, and until when."""

    def __init__(self) -> None:
        self._until: dict[str, datetime] = {}
        self._refusals: dict[str, int] = {}

    def until(self, host: str, now: datetime) -> datetime | None:
        """When `host` may be asked again, or None if it may be asked now."""
        if not self._until:
            return None
        moment = self._until.get(host)
        if moment is None or moment > now:
            return moment
        del self._until[host]
        return None

    def refuse(self, host: str, retry_after: datetime | None, now: datetime) -> datetime:
        """`host` answered 429 or 503: how long it now rests, by its own word or doubling."""
        count = self._refusals.get(host, 0)
        self._refusals[host] = min(count + 1, 16)
        if retry_after is None or retry_after <= now:
            moment = now + min(FIRST_REST * (1 << count), LONGEST_REST)
        else:
            moment = min(retry_after, now + LONGEST_RETRY_AFTER)
        self.set(host, moment)
        self._forget(now)
        return moment

    def set(self, host: str, moment: datetime) -> None:
        """Let `host` rest until `moment`, or longer if it already does."""
        known = self._until.get(host)
        if known is None or known < moment:
            self._until[host] = moment

    def answered(self, host: str) -> None:
        """`host` answered as it should: its next refusal counts as the first."""
        if self._refusals:
            self._refusals.pop(host, None)

    def _forget(self, now: datetime) -> None:
        if len(self._refusals) > MAX_RESTS:
            for host in [h for h in self._refusals if self._until.get(h, now) <= now]:
                self._refusals.pop(host)
                self._until.pop(host, None)
