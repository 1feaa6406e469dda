"""When a source's entries appeared → the rhythm learned, forgotten with a half-life. Pure."""

from __future__ import annotations

import struct
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from math import isfinite, log, sqrt

QUARTER = timedelta(minutes=15)
HALF_LIFE = timedelta(days=14)
QUARTERS = 96
DAYS = 7

# Arrivals closer together than this are one event: sixty articles of an edition are one reason to
# poll, not sixty.
ONE_EVENT = timedelta(minutes=5)
# More than this is not looked back on, and no silence of the program's own (it slept) ages more.
LOOKS_BACK = 4 * HALF_LIFE
AGES_AT_ONCE = HALF_LIFE
_FORMAT = f"<3d{DAYS + 5}f{QUARTERS}f"

Span = tuple[datetime, datetime]


@dataclass(frozen=True, slots=True)
class Rhythm:
    """What is known of a source's arrivals at `as_of` (aware, UTC).

    `observed` is the time watched so far, `days` and `quarters` count events, `active` the days
    that had any, all forgotten with HALF_LIFE: `days[0]` is Monday, `quarters[0]` the quarter after
    local midnight. `gaps`, `gap_mean`, `gap_spread` (hours; mean and standard deviation) and
    `gap_longest` tell of the times between one event and the next, up to `last`.
    """

    as_of: datetime
    observed: timedelta
    days: tuple[float, ...]
    quarters: tuple[float, ...]
    last: datetime | None = None
    active: float = 0.0
    gaps: float = 0.0
    gap_mean: float = 0.0
    gap_spread: float = 0.0
    gap_longest: float = 0.0

    @classmethod
    def unknown(cls, now: datetime) -> Rhythm:
        """Nothing known yet."""
        return cls(now, timedelta(0), (0.0,) * DAYS, (0.0,) * QUARTERS)

    @property
    def events(self) -> float:
        """How many events it is made of, the old ones counted less."""
        return sum(self.days)

    def pack(self) -> bytes:
        """A compact form for the store."""
        last = self.last.timestamp() if self.last is not None else -1.0
        times = (self.as_of.timestamp(), self.observed.total_seconds(), last)
        gaps = (self.active, self.gaps, self.gap_mean, self.gap_spread, self.gap_longest)
        return struct.pack(_FORMAT, *times, *gaps, *self.days, *self.quarters)

    @classmethod
    def unpack(cls, packed: bytes) -> Rhythm:
        """The rhythm that `pack` wrote. Raises ValueError for other bytes."""
        try:
            as_of, observed, last, *counts = struct.unpack(_FORMAT, packed)
            moment = datetime.fromtimestamp(as_of, UTC)
            latest = datetime.fromtimestamp(last, UTC) if last >= 0 else None
            if not (min(counts) >= 0 and isfinite(sum(counts) + observed)):
                raise ValueError("no counts")
        except (struct.error, ValueError, OverflowError, OSError) as error:
            raise ValueError(f"these {len(packed)} bytes are no rhythm") from error
        days, quarters = tuple(counts[5 : 5 + DAYS]), tuple(counts[5 + DAYS :])
        return cls(moment, timedelta(seconds=observed), days, quarters, latest, *counts[:5])


# ---------------------------------------------------------------- learning


def arrival(said: datetime | None, before: datetime, now: datetime, zone: tzinfo) -> Span:
    """Between which moments an entry appeared that the poll at `before` did not bring yet.

    `said` is its own date: believed if it lies between the polls and tells more than the day.
    """
    if said is not None and before < said <= now and not _is_midnight(said, zone):
        return said, said
    return min(before, now), now


def first_arrivals(dates: Iterable[datetime | None], now: datetime, zone: tzinfo) -> list[Span]:
    """When the entries of a first reading appeared, by their own dates, the oldest first.

    A date without a time stands for its whole day. Dates to come and old ones are left out.
    """
    said = sorted(date for date in dates if date and now - LOOKS_BACK <= date <= now)
    return [
        (date, min(date + timedelta(hours=24), now) if _is_midnight(date, zone) else date)
        for date in said
    ]


def _is_midnight(moment: datetime, zone: tzinfo) -> bool:
    """Whether a date carries no time of day: midnight, in the source's zone or in UTC."""
    return any(
        (local.hour, local.minute, local.second, local.microsecond) == (0, 0, 0, 0)
        for local in (moment.astimezone(zone), moment.astimezone(UTC))
    )


def learn(
    rhythm: Rhythm, arrivals: Iterable[Span], since: datetime, now: datetime, zone: tzinfo
) -> Rhythm:
    """The rhythm after watching from `since` to `now`, in which `arrivals` appeared.

    Each is the earliest and the latest moment (aware) at which it can have been; what is known
    less exactly teaches the hour less sharply. The first reading of a feed may pass the dates of
    its entries with the oldest as `since`: a rhythm is then known at once. A clock that was set
    back teaches nothing.
    """
    since = max(since, now - LOOKS_BACK)
    so_far = aged(rhythm, now)
    if since > now:
        return so_far
    days, quarters = list(so_far.days), list(so_far.quarters)
    active, previous = so_far.active, so_far.last
    gaps = _Gaps(so_far)
    for earliest, latest in _events(arrivals, since, now):
        middle = earliest + (latest - earliest) / 2
        weight = _kept(now - middle)
        _count(days, quarters, (earliest, latest), weight, zone)
        if previous is None or middle.astimezone(zone).date() != previous.astimezone(zone).date():
            active += weight
        if previous is not None and middle > previous:
            gaps.add((middle - previous) / timedelta(hours=1))
        previous = max(middle, previous) if previous is not None else middle
    observed = so_far.observed + _decayed_span(now - since)
    return Rhythm(now, observed, tuple(days), tuple(quarters), previous, active, *gaps.numbers())


def _events(arrivals: Iterable[Span], since: datetime, now: datetime) -> list[Span]:
    """One span an event: what came together, or may have, counts once."""
    events: list[Span] = []
    inside = ((max(first, since), min(last, now)) for first, last in arrivals if last >= since)
    spans = sorted(
        (span for span in inside if span[0] <= span[1]), key=lambda span: span[1] - span[0]
    )
    exact = sorted(span for span in spans if span[0] == span[1])
    for span in exact:
        if not events or span[0] - events[-1][0] >= ONE_EVENT:
            events.append(span)
    for span in spans[len(exact) :]:
        if not any(span[0] <= other[1] and other[0] <= span[1] for other in events):
            events.append(span)
    return sorted(events)


def _count(
    days: list[float], quarters: list[float], span: Span, weight: float, zone: tzinfo
) -> None:
    """Add an event to the days and quarters it may have been in, by their parts of the span."""
    local = span[0].astimezone(zone)
    steps = min((span[1] - span[0]) // QUARTER + 1, DAYS * QUARTERS)
    quarter, day = local.hour * 4 + local.minute // 15, local.weekday()
    part = weight / steps
    for _ in range(steps):
        days[day] += part
        quarters[quarter] += part
        quarter += 1
        if quarter == QUARTERS:
            quarter, day = 0, (day + 1) % DAYS


class _Gaps:
    """Mean, spread and longest of the times between events, newer ones counting more."""

    MEMORY = 40.0
    LONGEST_HALF_LIFE_H = 60 * 24.0

    def __init__(self, rhythm: Rhythm) -> None:
        self.count, self.mean = rhythm.gaps, rhythm.gap_mean
        self.variance, self.longest = rhythm.gap_spread**2, rhythm.gap_longest

    def add(self, hours: float) -> None:
        self.count = min(self.count + 1, self.MEMORY)
        difference = hours - self.mean
        part = 1 / self.count
        self.mean += difference * part
        self.variance = (1 - part) * (self.variance + difference * difference * part)
        # The longest is forgotten in the end, or one holiday would hide every later silence.
        kept = 0.5 ** (hours / self.LONGEST_HALF_LIFE_H)
        self.longest = max(hours, self.mean + (self.longest - self.mean) * kept)

    def numbers(self) -> tuple[float, float, float, float]:
        return self.count, self.mean, sqrt(self.variance), self.longest


def _kept(age: timedelta) -> float:
    return float(0.5 ** (age / HALF_LIFE))


def _decayed_span(span: timedelta) -> timedelta:
    """How much a span that ends now counts for: the integral of what is kept of it."""
    return HALF_LIFE * ((1 - _kept(span)) / log(2))


def aged(rhythm: Rhythm, now: datetime) -> Rhythm:
    """The rhythm as of `now`, what it counts faded by the time since."""
    age = min(max(now - rhythm.as_of, timedelta(0)), AGES_AT_ONCE)
    kept = _kept(age)
    last = rhythm.last if rhythm.last is None or rhythm.last <= now else now
    return Rhythm(
        now,
        rhythm.observed * kept,
        tuple(count * kept for count in rhythm.days),
        tuple(count * kept for count in rhythm.quarters),
        last,
        rhythm.active * kept,
        rhythm.gaps,
        rhythm.gap_mean,
        rhythm.gap_spread,
        rhythm.gap_longest,
    )
