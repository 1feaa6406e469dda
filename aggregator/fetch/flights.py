"""Turns equal requests under way at the same time into one, and remembers who holds its body."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from aggregator.fetch.budget import Hold
from aggregator.model import Fetched, FetchOutcome, FetchRequest


class Flight:
    """A request under way, and the callers that joined it."""

    __slots__ = ("arrival", "followers")

    def __init__(self) -> None:
        self.arrival: asyncio.Future[FetchOutcome | None] | None = None
        self.followers = 0


class Kept:
    """A body out of the fetcher's hands: what it holds of the budget, and how many have it."""

    __slots__ = ("fetched", "hold", "holders")

    def __init__(self, fetched: Fetched, hold: Hold) -> None:
        self.fetched = fetched
        self.hold = hold
        self.holders = 1


class Flights:
    """The requests under way, and the bodies not yet released."""

    def __init__(self) -> None:
        self._flights: dict[FetchRequest, Flight] = {}
        self._kept: dict[int, Kept] = {}

    async def share(
        self, request: FetchRequest, fetch: Callable[[FetchRequest], Awaitable[FetchOutcome]]
    ) -> FetchOutcome:
        """`await fetch(request)`, or the outcome of an equal request that is already under way."""
        while (under_way := self._flights.get(request)) is not None:
            outcome = await self._join(under_way)
            if outcome is not None:
                return outcome
        flight = self._flights[request] = Flight()
        arrived: FetchOutcome | None = None
        try:
            arrived = await fetch(request)
            return arrived
        finally:
            del self._flights[request]
            if flight.arrival is not None:
                if isinstance(arrived, Fetched) and id(arrived) in self._kept:
                    self._kept[id(arrived)].holders += flight.followers
                if not flight.arrival.done():
                    flight.arrival.set_result(arrived)

    async def _join(self, flight: Flight) -> FetchOutcome | None:
        """The outcome of another's request; None if that caller went away before the end."""
        if flight.arrival is None:
            flight.arrival = asyncio.get_running_loop().create_future()
        flight.followers += 1
        try:
            return await asyncio.shield(flight.arrival)
        except asyncio.CancelledError:
            flight.followers -= 1
            if flight.arrival.done() and isinstance(outcome := flight.arrival.result(), Fetched):
                self.release(outcome)
            raise

    def keep(self, fetched: Fetched, hold: Hold) -> None:
        """Remember what a body holds until it is released."""
        self._kept[id(fetched)] = Kept(fetched, hold)

    def release(self, fetched: Fetched) -> Hold | None:
        """One holder is done with a body; the hold to free if it was the last."""
        kept = self._kept.get(id(fetched))
        if kept is None or kept.fetched is not fetched:
            return None
        kept.holders -= 1
        if kept.holders > 0:
            return None
        del self._kept[id(fetched)]
        return kept.hold
