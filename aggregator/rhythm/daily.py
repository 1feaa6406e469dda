"""A source that brings one event a day at most → how often to ask for it at each moment. Pure.

Once the day's event has come there is nothing left to ask for; until then each quarter of an hour
without it makes the next one likelier. So polls are spread by the square root of the hazard (the
rate of its coming, given that it has not come yet) and not by that of the mere rate: with f the
part of events that come at a moment and S the chance that the day's has not come before it, polls
with interval d cost S/d and the delay is f*d/2: least together at d = sqrt(2k*S/f).
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate
from math import sqrt

from aggregator.rhythm.learned import DAYS, QUARTERS

# This part of the events comes at any time of the day, whatever was learned of the hours: when the
# usual hour has passed without the event it is asked for all day, and a new hour is found at once.
STRAY = 0.04
# No day is quite sure to have its event, and none is sure to have none.
SUREST, LEAST_SURE = 0.97, 0.01


class Days:
    """The days of a week, each from the quietest quarter of the day to the next one.

    So a paper that is out now before, now after midnight has one event a day as well. `begin` is
    that quarter.
    """

    def __init__(self, days: Sequence[float], shares: Sequence[float], eye: float) -> None:
        """`days` are events an hour by the day of the week, `shares` the parts of the quarters.

        `eye` is what is never ruled out, in events an hour.
        """
        self.begin = _quietest(shares)
        ordered = [*shares[self.begin :], *shares[: self.begin]]
        total = sum(ordered)
        self._learned = list(accumulate((share / total for share in ordered), initial=0.0))
        self._parts = [(1 - STRAY) * share / total + STRAY / QUARTERS for share in ordered]
        self._passed = list(accumulate(self._parts[:-1], initial=0.0))
        early = self._learned[QUARTERS - self.begin]  # what of a day comes before midnight
        expected = [
            24 * (early * days[day] + (1 - early) * days[(day + 1) % DAYS]) for day in range(DAYS)
        ]
        self._sure = [min(max(count, LEAST_SURE), SUREST) for count in expected]
        self._eye = eye

    def wanted(self, day: int) -> list[float]:
        """By quarter from the beginning of this day of the week on: how much asking is worth.

        It is the square root of the hazard, in events an hour, while the event has not come.
        """
        sure, eye = self._sure[day], self._eye
        return [
            sqrt(4 * sure * part / (1 - sure * passed) + eye)
            for part, passed in zip(self._parts, self._passed, strict=True)
        ]

    @property
    def idle(self) -> float:
        """How much asking is worth on a day whose event has come."""
        return sqrt(self._eye)

    def come_by(self, part: float) -> int:
        """In which quarter from the beginning of a day this part of its events has come."""
        return next(at for at, passed in enumerate(self._learned) if passed >= part - 1e-9)

    def figures(self) -> tuple[float, float]:
        """Polls a day, and the mean delay in hours, if `wanted` were the polls an hour."""
        asked = delayed = 0.0
        for day, sure in enumerate(self._sure):
            for want, part, passed in zip(self.wanted(day), self._parts, self._passed, strict=True):
                left = 1 - sure * passed
                asked += (left * want + (1 - left) * self.idle) / 4
                delayed += sure * part / (2 * want)
        return asked / DAYS, delayed / sum(self._sure)


def _quietest(shares: Sequence[float]) -> int:
    """The quarter in the middle of the longest time in which the least comes."""
    least = min(shares) + 1e-9
    best, longest, run = 0, 0, 0
    for at in range(2 * QUARTERS):
        run = run + 1 if shares[at % QUARTERS] <= least else 0
        if longest < run <= QUARTERS:
            best, longest = at - run // 2, run
    return best % QUARTERS
