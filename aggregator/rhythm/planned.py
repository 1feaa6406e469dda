"""A rhythm → the rates it stands for, and when it is worth asking next. Pure.

The rate of arrivals is taken as (rate of the day of the week) x (share of the quarter of an hour of
the day), both in the source's own zone. Polls are then spread by the square root of that rate: for
a given number of polls this makes the mean delay of an entry smallest (with interval d and rate r
an entry waits d/2, which costs r*d/2 an hour, and polls cost k/d an hour: least at d = sqrt(2k/r)).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from functools import lru_cache
from itertools import accumulate
from math import log, sqrt

from aggregator.rhythm.learned import DAYS, QUARTER, QUARTERS, Rhythm, learn

SHORTEST = timedelta(minutes=10)
LONGEST = timedelta(hours=24)
FIRST = timedelta(hours=1)

# An interval of 10 minutes is right at this many events an hour; it fixes the price of a poll for
# sources that publish at any moment.
EVENTS_AN_HOUR_AT_SHORTEST = 12.0
_BUSY_SCALE = 1 / sqrt(EVENTS_AN_HOUR_AT_SHORTEST) / (SHORTEST / timedelta(hours=1))
# What is spent on the others: as many polls as keep the mean delay to this many hours, and no more
# a day than these, for a source with that many events a day.
AIMED_DELAY_H = 0.16
MOST_POLLS = 18.0
POLLS_WITHOUT_EVENTS = 1.5
POLLS_AN_EVENT = 22.0
# What is never quite ruled out: this share of the mean rate, at any hour, keeps an eye open for
# arrivals at new times.
OPEN_EYE = 0.012
# A source with fewer events a day than this publishes on a schedule of its own rather than at any
# moment: once its event of the hour has come, the next one is not expected before its own time.
SCHEDULED_BELOW = 4.0
SETTLED = timedelta(hours=2)
# With hardly more than one event on a day that has any, a day that has had its own is over.
ONE_A_DAY = 1.25
# Before this much of a rhythm is known there is nothing to go by: polls are hourly, and fewer the
# longer nothing has come (an hour after 4 hours, a day after 4 days).
LEAST_EVENTS = 2.0
WAITS_A_PART_OF_SILENCE = 4
# How wide an arrival is smeared over its neighbouring quarters: by itself, an hour, four hours.
_SPREADS = (1, 2, 8)


# ---------------------------------------------------------------- what a rhythm stands for


@dataclass(frozen=True, slots=True)
class Rates:
    """Expected events an hour by day of the week and quarter of the day."""

    days: tuple[float, ...]
    shares: tuple[float, ...]
    mean: float

    def scale(self) -> float:
        """Polls an hour are this times the square root of events an hour."""
        daily = self.mean * 24
        if daily >= SCHEDULED_BELOW:
            return _BUSY_SCALE
        roots = sum(map(sqrt, self.days)) * sum(map(sqrt, self.shares)) / (DAYS * QUARTERS)
        roots += sqrt(OPEN_EYE * self.mean)
        if not roots:
            return 0.0
        for_delay = roots / (2 * AIMED_DELAY_H * self.mean)
        most = min(MOST_POLLS, POLLS_WITHOUT_EVENTS + POLLS_AN_EVENT * daily)
        return min(for_delay, most / 24 / roots)

    def at(self, day: int, quarter: int) -> float:
        """Events an hour on a day of the week in a quarter of the day."""
        return self.days[day] * self.shares[quarter] + OPEN_EYE * self.mean


def rates(rhythm: Rhythm) -> Rates:
    """The rates a rhythm stands for. Few observations are drawn towards the even spread."""
    hours = max(rhythm.observed / timedelta(hours=1), 1.0)
    events = rhythm.events
    even = events / DAYS
    weeks = max(hours / 168, 1.0)
    # A day of the week is believed to be quiet once it was so a few times.
    doubt = 0.5 / weeks
    daily = [(count + doubt * even) / (1 + doubt) for count in rhythm.days]
    per_hour = tuple(count * DAYS / hours for count in daily)
    smooth = _smoothed(rhythm.quarters)
    total = sum(smooth)
    shares = tuple(QUARTERS * count / total for count in smooth) if total else (1.0,) * QUARTERS
    return Rates(per_hour, shares, events / hours)


def _smoothed(quarters: Sequence[float]) -> list[float]:
    """The quarters smeared over their neighbours, as widely as foretells them best.

    Each spread is judged by how likely every event is by the others alone: events at one time of
    the day call for a narrow one, events at any time for a wide one.
    """
    best, best_score = list(quarters), float("-inf")
    floor = 0.0005 * sum(quarters)
    seen = [(place, count) for place, count in enumerate(quarters) if count > 1e-6]
    for spread in _SPREADS:
        smooth = _blurred(quarters, spread)
        own = _own_part(spread)
        score = 0.0
        for place, count in seen:
            others = smooth[place] - own * min(count, 1.0)
            score += count * log(max(others, 0.0) + floor)
        if score > best_score:
            best, best_score = smooth, score
    return best


@lru_cache(maxsize=8)
def _own_part(spread: int) -> float:
    """How much of an event is left in its own quarter."""
    return _blurred([1.0, *(0.0,) * (QUARTERS - 1)], spread)[0]


def _blurred(quarters: Sequence[float], spread: int) -> list[float]:
    """Twice the running mean over `spread` quarters to both sides, round the clock."""
    values, size = list(quarters), 2 * spread + 1
    for _ in range(2):
        sums = list(accumulate(values[-spread:] + values + values[:spread], initial=0.0))
        # Over zeros the difference of two sums may be a hair below zero.
        values = [
            (until - since) / size if until > since else 0.0
            for since, until in zip(sums, sums[size:], strict=False)
        ]
    return values


# ---------------------------------------------------------------- planning


def plan(rhythm: Rhythm, now: datetime, zone: tzinfo, polls: int = 1) -> list[datetime]:
    """The next `polls` times to ask after a poll at `now`, as far as each brings nothing.

    They are SHORTEST to LONGEST apart; while too little is known, FIRST to LONGEST.
    """
    faded = learn(rhythm, (), rhythm.as_of, now, zone)  # nothing came meanwhile
    if faded.events < LEAST_EVENTS:
        return _plan_without(faded, now, polls)
    known = rates(faded)
    scale = known.scale()
    quiet_until = _quiet_until(faded, known, now, zone)
    planned: list[datetime] = []
    moment = now
    for _ in range(polls):
        moment = _next(known, scale, moment, quiet_until, zone)
        planned.append(moment)
    return planned


def _plan_without(rhythm: Rhythm, now: datetime, polls: int) -> list[datetime]:
    since = rhythm.last if rhythm.last is not None else now - rhythm.observed
    planned: list[datetime] = []
    moment = now
    for _ in range(polls):
        moment += min(max((moment - since) / WAITS_A_PART_OF_SILENCE, FIRST), LONGEST)
        planned.append(moment)
    return planned


def _quiet_until(rhythm: Rhythm, known: Rates, now: datetime, zone: tzinfo) -> datetime:
    """Until when nothing more is expected because it has just come."""
    if rhythm.last is None or known.mean * 24 >= SCHEDULED_BELOW:
        return now
    if rhythm.events <= ONE_A_DAY * rhythm.active:
        local = rhythm.last.astimezone(zone)
        midnight = local.replace(hour=0, minute=0, second=0, microsecond=0)
        return (midnight + timedelta(days=1)).astimezone(UTC)
    return rhythm.last + SETTLED


def _next(
    known: Rates, scale: float, now: datetime, quiet_until: datetime, zone: tzinfo
) -> datetime:
    """When the polls expected since `now` add up to one."""
    local = now.astimezone(zone)
    day, quarter = local.weekday(), local.hour * 4 + local.minute // 15
    # In hours as plain numbers: this is the one loop that runs at every news.
    step = 0.25 - (local.minute % 15) / 60 - local.second / 3600
    idle = scale * sqrt(OPEN_EYE * known.mean)
    quiet = (quiet_until - now) / QUARTER
    eye, days, shares = OPEN_EYE * known.mean, known.days, known.shares
    due = elapsed = 0.0
    for passed in range(QUARTERS + 1):
        density = idle if passed < quiet else scale * sqrt(days[day] * shares[quarter] + eye)
        more = density * step
        if due + more >= 1.0:
            elapsed += step * ((1.0 - due) / more)
            break
        due += more
        elapsed += step
        step, quarter = 0.25, quarter + 1
        if quarter == QUARTERS:
            quarter, day = 0, (day + 1) % DAYS
    return now + min(max(timedelta(hours=elapsed), SHORTEST), LONGEST)


def is_known(rhythm: Rhythm) -> bool:
    """Whether enough has come to plan by."""
    return rhythm.events >= LEAST_EVENTS


def usual_start(rhythm: Rhythm) -> timedelta:
    """How long after local midnight entries usually begin to come."""
    shares = rates(rhythm).shares
    top = max(shares)
    return next(at * QUARTER for at, share in enumerate(shares) if share * 4 >= top)


def expected_delay(rhythm: Rhythm) -> timedelta | None:
    """How long an entry waits on average, by the rates known; None while they are not."""
    if rhythm.events < LEAST_EVENTS:
        return None
    known = rates(rhythm)
    scale = known.scale()
    weighted = total = 0.0
    for day in range(DAYS):
        for quarter in range(QUARTERS):
            rate = known.at(day, quarter)
            interval = min(max(1 / (scale * sqrt(rate)), 1 / 6), 24.0)
            weighted += rate * interval / 2
            total += rate
    return timedelta(hours=weighted / total)


def polls_a_day(rhythm: Rhythm) -> float | None:
    """How many polls a day the rates known lead to at most; None while they are not known."""
    if rhythm.events < LEAST_EVENTS:
        return None
    known = rates(rhythm)
    scale = known.scale()
    polls = sum(
        min(max(scale * sqrt(known.at(day, quarter)), 1 / 24), 6.0) / 4
        for day in range(DAYS)
        for quarter in range(QUARTERS)
    )
    return polls / DAYS


# ---------------------------------------------------------------- silence

LEAST_GAPS = 6.0
LEAST_WATCHED = timedelta(days=5)
SILENT_AFTER_LONGEST = 2.15
SILENT_AFTER_SPREADS = 11.0
SHORTEST_SILENCE_H = 3.0
# So many gaps of which none is longer than this many means were not drawn by chance alone.
ORDERLY_GAPS, ORDERLY_MEANS = 20.0, 2.6


def unusual_silence(rhythm: Rhythm) -> timedelta | None:
    """How long after its last entry a source is unusually silent; None while too little is known.

    Over twice the longest time between two events, so that one edition left out is no alarm. For a
    source without any order at least twelve times the mean (a Poisson process is that quiet once
    in 160,000 events); a regular one needs no such margin.
    """
    if rhythm.gaps < LEAST_GAPS or rhythm.observed < LEAST_WATCHED:
        return None
    hours = max(SILENT_AFTER_LONGEST * rhythm.gap_longest, SHORTEST_SILENCE_H)
    orderly = rhythm.gap_longest <= ORDERLY_MEANS * rhythm.gap_mean
    if not (orderly and rhythm.gaps >= ORDERLY_GAPS):
        spread = min(rhythm.gap_spread, rhythm.gap_mean)
        hours = max(hours, rhythm.gap_mean + SILENT_AFTER_SPREADS * spread)
    return timedelta(hours=hours)
