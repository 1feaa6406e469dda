"""A rhythm → the rates it stands for, and when it is worth asking next. Pure.

The rate of arrivals is taken as (rate of the day of the week) x (share of the quarter of an hour of
the day), both in the source's own zone. Polls are then spread by the square root of that rate: for
a given number of polls this makes the mean delay of an entry smallest (with interval d and rate r
an entry waits d/2, which costs r*d/2 an hour, and polls cost k/d an hour: least at d = sqrt(2k/r)).
A source with one event a day at most is asked by the hazard instead (see `daily`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from functools import lru_cache
from itertools import accumulate
from math import log, sqrt

from aggregator.rhythm.daily import Days
from aggregator.rhythm.learned import DAYS, QUARTER, QUARTERS, Rhythm, learn

SHORTEST = timedelta(minutes=10)
LONGEST = timedelta(hours=24)
FIRST = timedelta(hours=1)

# An interval of 10 minutes is right at this many events an hour; it fixes the price of a poll for
# sources that publish at any moment.
EVENTS_AN_HOUR_AT_SHORTEST = 12.0
_BUSY_SCALE = 1 / sqrt(EVENTS_AN_HOUR_AT_SHORTEST) / (SHORTEST / timedelta(hours=1))
# What is spent on the others: as many polls as keep the mean delay to this many hours, and no more
# a day than these, nor than these times the root of the events a day.
AIMED_DELAY_H = 0.11
MOST_POLLS = 11.5
POLLS_BY_ROOT = 16.0
# A source of one event a day is left alone once that has come: planned are more than are made.
MOST_POLLS_ONCE_A_DAY = 13.0
# What is never quite ruled out: this share of the mean rate, at any hour, keeps an eye open for
# arrivals at new times.
OPEN_EYE = 0.006
# With fewer events a day than this a source is given what MOST_POLLS allows; with more, what keeps
# the price of a poll the same as for a busy one.
SCHEDULED_BELOW = 4.0
# With hardly more than one event on a day that has any, a day that has had its own is over.
ONE_A_DAY = 1.25
# Before this much of a rhythm is known there is nothing to go by: polls are hourly, and fewer the
# longer nothing has come (an hour after 4 hours, a day after 4 days). So it is again with a source
# that has been silent for so many times its longest gap.
LEAST_EVENTS = 1.4
WAITS_A_PART_OF_SILENCE = 4
GIVEN_UP_AFTER_GAPS = 2.5
GIVEN_UP_AFTER = timedelta(days=4)
# The daily look at such a source is where this part of its events has come by, not much sooner
# than a day after the last.
LOOK_WHEN_COME = 0.93
LOOK_AFTER = timedelta(hours=12)
# How wide an arrival is smeared over its neighbouring quarters: by itself, an hour, four hours.
_SPREADS = (8, 2, 1)


# ---------------------------------------------------------------- what a rhythm stands for


@dataclass(frozen=True, slots=True)
class Rates:
    """Expected events an hour by day of the week and quarter of the day."""

    days: tuple[float, ...]
    shares: tuple[float, ...]
    mean: float

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
    the day call for a narrow one, events at any time for a wide one, and so does a single event.
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
    if not is_known(faded) or _is_given_up(faded, now):
        return _plan_without(faded, now, zone, polls)
    known = rates(faded)
    if _comes_once_a_day(faded, known):
        return _walk(_OnceADay(known, faded.last, now, zone), now, polls)
    return _walk(_AnyTime(known, now, zone), now, polls)


def _is_given_up(rhythm: Rhythm, now: datetime) -> bool:
    """Whether a source has been silent for so long that its rhythm is no guide any more."""
    if rhythm.last is None:
        return False
    gap = timedelta(hours=rhythm.gap_longest)
    return now - rhythm.last > max(GIVEN_UP_AFTER_GAPS * gap, GIVEN_UP_AFTER)


def _plan_without(rhythm: Rhythm, now: datetime, zone: tzinfo, polls: int) -> list[datetime]:
    """Hourly at first, daily in the end; then at the hour by which its events used to be there."""
    since = rhythm.last if rhythm.last is not None else now - rhythm.observed
    hour = _come_by(rhythm) if rhythm.last is not None else None
    planned: list[datetime] = []
    moment = now
    for _ in range(polls):
        wait = min(max((moment - since) / WAITS_A_PART_OF_SILENCE, FIRST), LONGEST)
        if hour is not None and wait == LONGEST:
            wait = _until(hour, moment + LOOK_AFTER, zone) - moment
        moment += min(wait, LONGEST)
        planned.append(moment)
    return planned


def _come_by(rhythm: Rhythm) -> timedelta:
    """How long after local midnight most of a day's events have come."""
    days = Days(rhythm.days, rates(rhythm).shares, 0.0)
    return ((days.begin + days.come_by(LOOK_WHEN_COME)) % QUARTERS) * QUARTER


def _until(hour: timedelta, earliest: datetime, zone: tzinfo) -> datetime:
    """The first time from `earliest` on that is so long after local midnight."""
    local = earliest.astimezone(zone)
    midnight = local.replace(hour=0, minute=0, second=0, microsecond=0)
    passed = local - midnight
    return earliest + (hour - passed) % timedelta(hours=24)


class _AnyTime:
    """A source that may have something new at any moment."""

    def __init__(self, known: Rates, now: datetime, zone: tzinfo) -> None:
        self._known, self._scale = known, any_time_scale(known)
        local = now.astimezone(zone)
        self.begun = timedelta(hours=local.hour, minutes=local.minute, seconds=local.second)
        self._day = local.weekday()

    def day(self, number: int) -> list[float]:
        """Polls an hour in each quarter of the day that begins `number` days after today's."""
        known, scale, eye = self._known, self._scale, OPEN_EYE * self._known.mean
        rate = known.days[(self._day + number) % DAYS]
        return [scale * sqrt(rate * share + eye) for share in known.shares]


def any_time_scale(known: Rates) -> float:
    """Polls an hour are this times the square root of events an hour."""
    daily = known.mean * 24
    if daily >= SCHEDULED_BELOW:
        return _BUSY_SCALE
    roots = sum(map(sqrt, known.days)) * sum(map(sqrt, known.shares)) / (DAYS * QUARTERS)
    roots += sqrt(OPEN_EYE * known.mean)
    return _affordable(roots * 24, roots / (2 * known.mean), daily, MOST_POLLS)


def _affordable(polls: float, delay: float, daily: float, most: float) -> float:
    """How many times `polls` a day are spent, where these give a mean `delay` (hours)."""
    most = min(most, POLLS_BY_ROOT * sqrt(daily))
    return min(delay / AIMED_DELAY_H, most / polls)


class _OnceADay:
    """A source of one event a day, asked for until that has come."""

    def __init__(self, known: Rates, last: datetime | None, now: datetime, zone: tzinfo) -> None:
        self._days, self._scale = once_a_day(known)
        begin = self._days.begin * QUARTER
        local = now.astimezone(zone) - begin
        self.begun = timedelta(hours=local.hour, minutes=local.minute, seconds=local.second)
        self._day = local.weekday()
        came = (last.astimezone(zone) - begin).date() if last is not None else None
        self._has_come = came == local.date()

    def day(self, number: int) -> list[float]:
        """Polls an hour in each quarter of the day that begins `number` days after today's."""
        if number == 0 and self._has_come:
            return [self._scale * self._days.idle] * QUARTERS
        wanted = self._days.wanted((self._day + number) % DAYS)
        return [self._scale * want for want in wanted]


def once_a_day(known: Rates) -> tuple[Days, float]:
    """The days of such a source, and what its wanted polls are multiplied by."""
    days = Days(known.days, known.shares, OPEN_EYE * known.mean)
    polls, delay = days.figures()
    return days, _affordable(polls, delay, known.mean * 24, MOST_POLLS_ONCE_A_DAY)


def _walk(asking: _AnyTime | _OnceADay, now: datetime, polls: int) -> list[datetime]:
    """The times at which the polls expected since the one before add up to one."""
    at = asking.begun / timedelta(hours=1)
    number, densities = 0, asking.day(0)
    planned: list[datetime] = []
    for _ in range(polls):
        sooner, due, moment = at, 0.0, at
        while moment - sooner < 24.0:
            quarter = int(moment * 4)
            if quarter // QUARTERS != number:
                number = quarter // QUARTERS
                densities = asking.day(number)
            step = (quarter + 1) / 4 - moment
            more = densities[quarter % QUARTERS] * step
            if due + more >= 1.0:
                moment += step * ((1.0 - due) / more)
                break
            due += more
            moment += step
        wait = min(max(timedelta(hours=moment - sooner), SHORTEST), LONGEST)
        at = sooner + wait / timedelta(hours=1)
        planned.append((planned[-1] if planned else now) + wait)
    return planned


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
    if not is_known(rhythm):
        return None
    known = rates(rhythm)
    if _comes_once_a_day(rhythm, known):
        days, scale = once_a_day(known)
        return timedelta(hours=days.figures()[1] / scale)
    scale = any_time_scale(known)
    weighted = total = 0.0
    for day in range(DAYS):
        for quarter in range(QUARTERS):
            rate = known.at(day, quarter)
            interval = min(max(1 / (scale * sqrt(rate)), 1 / 6), 24.0)
            weighted += rate * interval / 2
            total += rate
    return timedelta(hours=weighted / total)


def polls_a_day(rhythm: Rhythm) -> float | None:
    """How many polls a day the rates known lead to; None while they are not known."""
    if not is_known(rhythm):
        return None
    known = rates(rhythm)
    if _comes_once_a_day(rhythm, known):
        days, scale = once_a_day(known)
        return days.figures()[0] * scale
    scale = any_time_scale(known)
    polls = sum(
        min(max(scale * sqrt(known.at(day, quarter)), 1 / 24), 6.0) / 4
        for day in range(DAYS)
        for quarter in range(QUARTERS)
    )
    return polls / DAYS


def _comes_once_a_day(rhythm: Rhythm, known: Rates) -> bool:
    """Whether a source has hardly more than one event on a day that has any."""
    return known.mean * 24 < SCHEDULED_BELOW and rhythm.events <= ONE_A_DAY * rhythm.active


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
