"""Turns the bytes that fetches hold into a bound over all of them together.

Half of the budget is for everyone: each fetch may hold `base` bytes without ever waiting for a
stranger's big body. The other half is for what is bigger; who finds it full waits, and where all
who hold some of it wait for each other, the biggest gives up.
"""

from __future__ import annotations

import asyncio
from collections import deque


class OverBudget(Exception):
    """The fetch that must give way so that the others can go on."""


class Hold:
    """What one fetch holds of the budget, in bytes."""

    __slots__ = ("big", "held", "waiter")

    def __init__(self) -> None:
        self.held = 0
        self.big = 0
        self.waiter: asyncio.Future[None] | None = None


class Budget:
    """A bound on the bytes of bodies in flight, `limit`, shared by at most `width` fetches."""

    def __init__(self, limit: int, width: int) -> None:
        self._half = max(limit // 2, 1)
        self._base = max(self._half // max(width, 1), 1)
        self._small_used = 0
        self._big_used = 0
        self._growing: set[Hold] = set()
        self._waiting: deque[Hold] = deque()

    @property
    def in_flight(self) -> int:
        """The bytes held now, finished bodies that were not yet freed included."""
        return self._small_used + self._big_used

    def fits(self, hold: Hold, size: int) -> bool:
        """Make `hold` hold `size` bytes in all and say True, or False if it must wait.

        Shrinking always fits. Small parts wait only for finished bodies to be freed; big parts
        for each other, but whoever is alone with one may have it all.
        """
        small, big = min(size, self._base), max(size - self._base, 0)
        more = small - (hold.held - hold.big)
        if more > 0 and self._small_used + more > self._half:
            return False
        more = big - hold.big
        if more > 0 and self._big_used + more > self._half and self._big_used > hold.big:
            return False
        self._take(hold, small, big)
        return True

    async def grow(self, hold: Hold, size: int) -> None:
        """Wait until `hold` may hold `size` bytes in all. Raises OverBudget for the one to go."""
        while not self.fits(hold, size):
            hold.waiter = asyncio.get_running_loop().create_future()
            self._waiting.append(hold)
            self._break_deadlock()
            try:
                await hold.waiter
            finally:
                hold.waiter = None
                self._waiting.remove(hold)

    def finish(self, hold: Hold) -> None:
        """The fetch is over: what it holds stays until `free`, but no longer blocks by growing."""
        self._growing.discard(hold)
        if self._waiting:
            self._break_deadlock()

    def free(self, hold: Hold) -> None:
        """Give back all that `hold` holds; twice is as good as once."""
        self._take(hold, 0, 0)
        self._growing.discard(hold)
        if self._waiting:
            self._break_deadlock()

    def _take(self, hold: Hold, small: int, big: int) -> None:
        before = hold.held
        self._small_used += small - (hold.held - hold.big)
        self._big_used += big - hold.big
        hold.held, hold.big = small + big, big
        if big:
            self._growing.add(hold)
        if hold.held < before:
            self._wake()

    def _wake(self) -> None:
        for hold in self._waiting:
            if hold.waiter is not None and not hold.waiter.done():
                hold.waiter.set_result(None)

    def _break_deadlock(self) -> None:
        """If all that hold big bytes wait, and nothing finished is left to be freed, one goes."""
        asleep = {hold for hold in self._waiting if hold.waiter and not hold.waiter.done()}
        if not asleep or len(asleep) < len(self._waiting):
            return  # someone was woken and will look again
        holders = {hold for hold in self._growing if hold.big}
        if holders - asleep or self._big_used > sum(hold.big for hold in holders):
            return
        victim = max(holders, key=lambda hold: hold.big, default=None)
        if victim is not None and victim.waiter is not None and not victim.waiter.done():
            victim.waiter.set_exception(OverBudget())
