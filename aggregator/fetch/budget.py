"""Turns the bytes that fetches hold into a bound over all of them together.

A quarter of the budget is for everyone: each fetch may hold `base` bytes and never waits for a
stranger's big body. A quarter is for what is bigger, first come, first served. Half is kept for
one fetch at a time, the first of those that wait, so that a body of any permitted size gets
through however full the rest is. Where nothing moves because big bodies come slowly, the slowest
gives way.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable

# Seconds that a fetch waits while nothing at all is given back, before the slowest has to go.
PATIENCE = 3.0


class Hold:
    """What one fetch holds of the budget, in bytes.

    `give_way` is called, and `ended` set, if it must end: it is the slowest of those that block
    the others. `wanted` is what it waits to hold.
    """

    __slots__ = ("began", "big", "ended", "give_way", "held", "waiter", "wanted")

    def __init__(self, give_way: Callable[[], None] | None = None) -> None:
        self.held = 0
        self.big = 0
        self.wanted = 0
        self.began = 0.0
        self.ended = False
        self.waiter: asyncio.Future[None] | None = None
        self.give_way = give_way


class Budget:
    """A bound on the bytes of bodies in flight, `limit`, shared by at most `width` fetches.

    It holds as long as one body, wire and inflated, has room in half of `limit`.
    """

    def __init__(self, limit: int, width: int, patience: float = PATIENCE) -> None:
        self._quarter = max(limit // 4, 1)
        self._base = max(self._quarter // max(width, 1), 1)
        self._patience = patience
        self._small_used = 0
        self._big_used = 0  # the privileged one's apart
        self._privileged: Hold | None = None
        self._growing: set[Hold] = set()
        self._waiting: deque[Hold] = deque()
        self._given_back = 0.0

    @property
    def in_flight(self) -> int:
        """The bytes held now, finished bodies that were not yet freed included."""
        apart = self._privileged.big if self._privileged is not None else 0
        return self._small_used + self._big_used + apart

    def fits(self, hold: Hold, size: int) -> bool:
        """Make `hold` hold `size` bytes in all and say True, or False if it must wait.

        Shrinking always fits.
        """
        small, big = min(size, self._base), max(size - self._base, 0)
        more = small - (hold.held - hold.big)
        if more > 0 and self._small_used + more > self._quarter:
            return False
        more = big - hold.big
        is_privileged = hold is self._privileged
        if more > 0 and not is_privileged and self._big_used + more > self._quarter:
            return False
        self._small_used += small - (hold.held - hold.big)
        if not is_privileged:
            self._big_used += more
        shrunk = size < hold.held
        hold.held, hold.big = small + big, big
        if big and hold.give_way is not None and hold not in self._growing:
            self._growing.add(hold)
            hold.began = asyncio.get_running_loop().time()
        if shrunk:
            self._gave_back()
        return True

    async def grow(self, hold: Hold, size: int) -> None:
        """Wait until `hold` may hold `size` bytes in all."""
        loop = asyncio.get_running_loop()
        self._waiting.append(hold)
        hold.wanted = size
        try:
            began = loop.time()
            while not self.fits(hold, size):
                hold.waiter = loop.create_future()
                self._lend()
                try:
                    await asyncio.wait_for(hold.waiter, self._patience)
                except TimeoutError:
                    if loop.time() - max(self._given_back, began) >= self._patience:
                        self._end_slowest(loop.time())
                        began = loop.time()
        finally:
            hold.waiter = None
            self._waiting.remove(hold)

    def finish(self, hold: Hold) -> None:
        """The body is complete: its bytes stay held until `free`, but it blocks by its own pace."""
        hold.give_way = None
        self._growing.discard(hold)

    def free(self, hold: Hold) -> None:
        """Give back all that `hold` holds; twice is as good as once."""
        self.finish(hold)
        if not hold.held:
            return
        self.fits(hold, 0)
        if hold is self._privileged:
            self._privileged = None
            self._lend()

    def _lend(self) -> None:
        """Lend the reserve to the first that waits for a big body's sake, if it is free."""
        if self._privileged is not None:
            return
        for hold in self._waiting:
            if hold.wanted > self._base:
                self._big_used -= hold.big
                self._privileged = hold
                self._wake()
                return

    def _gave_back(self) -> None:
        self._given_back = asyncio.get_running_loop().time()
        self._wake()

    def _wake(self) -> None:
        for hold in self._waiting:
            if hold.waiter is not None and not hold.waiter.done():
                hold.waiter.set_result(None)

    def _end_slowest(self, now: float) -> None:
        """End the big body that has come most slowly, of those that are not waiting themselves."""
        moving = [hold for hold in self._growing if hold.waiter is None]
        if not moving:
            return  # all that is held is complete: its holder is slow, not an origin
        slowest = min(moving, key=lambda hold: hold.held / max(now - hold.began, 0.001))
        give_way = slowest.give_way
        self.finish(slowest)
        slowest.ended = True
        if give_way is not None:
            give_way()
