"""Rhythms of publishing over 60 days → polls and delay: learned against every 30 minutes.

Each day is drawn by a seeded generator; nothing is fetched and no clock is read. The same code
plans the polls as in the daemon.
"""

from __future__ import annotations

import random
import statistics
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from aggregator.rhythm import Rhythm, arrival, learn, plan, rates

ZONE = ZoneInfo("Asia/Shanghai")
START = datetime(2026, 1, 5, tzinfo=ZONE).astimezone(UTC)  # a Monday
DAYS = 60
FIXED = timedelta(minutes=30)
MINUTE = timedelta(minutes=1)
Draw = Callable[[random.Random], list[datetime]]


def at(day: float, hour: float, minutes: float = 0.0) -> datetime:
    """A local time of the simulation, in UTC."""
    return START + timedelta(days=day, hours=hour, minutes=minutes)


def paper(chance: random.Random) -> list[datetime]:
    """A daily paper, at 06:00 give or take four minutes."""
    return [at(day, 6, chance.gauss(0, 4)) for day in range(DAYS)]


def wire(chance: random.Random) -> list[datetime]:
    """A wire service: eight an hour by day, two by night, at any moment."""
    out, moment = [], START
    while moment < at(DAYS, 0):
        hourly = 8 if 7 <= moment.astimezone(ZONE).hour < 23 else 2
        moment += timedelta(hours=chance.expovariate(hourly))
        out.append(moment)
    return out


def blog(chance: random.Random) -> list[datetime]:
    """A blog on weekdays, at half past ten give or take three quarters of an hour."""
    return [at(day, 10.5, chance.gauss(0, 45)) for day in range(DAYS) if day % 7 < 5]


def scattered(chance: random.Random) -> list[datetime]:
    """A blog on weekdays in one of four hours of the day."""
    hours = (9, 10, 14, 16)
    return [
        at(day, chance.choice(hours), chance.uniform(0, 60)) for day in range(DAYS) if day % 7 < 5
    ]


def dead(chance: random.Random) -> list[datetime]:
    """A feed to which nothing is added."""
    return []


def changed(chance: random.Random) -> list[datetime]:
    """Daily at eight in the morning, from half-way on at eight in the evening."""
    return [at(day, 8 if day < DAYS // 2 else 20, chance.gauss(0, 10)) for day in range(DAYS)]


def weekly(chance: random.Random) -> list[datetime]:
    """A newsletter on Thursdays at four."""
    return [at(day, 16, chance.gauss(0, 15)) for day in range(3, DAYS, 7)]


def monthly(chance: random.Random) -> list[datetime]:
    """A journal on the first of the month."""
    return [at(day, 11, chance.gauss(0, 60)) for day in (0, 30, 59)]


def bursts(chance: random.Random) -> list[datetime]:
    """Twenty entries at once, twice a week at any hour."""
    out = []
    for week in range(DAYS // 7):
        for day in (1, 4):
            first = at(week * 7 + day, chance.uniform(0, 24))
            out += [first + timedelta(seconds=20 * n) for n in range(20)]
    return out


# name, how its entries appear, and whether they carry dates
CASES: tuple[tuple[str, Draw, bool], ...] = (
    ("daily paper at 06:00", paper, True),
    ("wire service", wire, True),
    ("weekday blog", blog, True),
    ("dead feed", dead, True),
    ("changes half-way", changed, True),
    ("blog, four hours", scattered, True),
    ("daily paper, no dates", paper, False),
    ("weekday blog, no dates", blog, False),
    ("weekly newsletter", weekly, True),
    ("monthly journal", monthly, True),
    ("bursts", bursts, True),
)
OF_THE_FIVE = 5


@dataclass
class Run:
    """What 60 days of polling came to. Delays in minutes, one an entry."""

    polls: int
    delays: list[float]
    rhythm: Rhythm


def run(arrivals: list[datetime], learned: bool, dated: bool = True) -> Run:
    """Poll through the 60 days."""
    ordered = sorted(arrivals)
    now = before = START
    rhythm = Rhythm.unknown(START)
    done = Run(0, [], rhythm)
    seen = 0
    while now < at(DAYS, 0):
        done.polls += 1
        new = []
        while seen < len(ordered) and ordered[seen] <= now:
            new.append(ordered[seen])
            seen += 1
        done.delays += [(now - moment) / MINUTE for moment in new]
        if not learned:
            now += FIXED
            continue
        spans = [arrival(moment if dated else None, before, now, ZONE) for moment in new]
        rhythm = learn(rhythm, spans, before, now, ZONE)
        before = now
        now = plan(rhythm, now, ZONE)[0]
    done.rhythm = rhythm
    return done


def picture(rhythm: Rhythm) -> str:
    """A rhythm as text: the days of the week, and the 48 half-hours of the day."""
    known = rates(rhythm)
    halves = [sum(known.shares[at : at + 2]) for at in range(0, 96, 2)]
    return f"Mo {bars(known.days)} Su   00 {bars(halves)} 24"


def bars(values: Iterable[float]) -> str:
    """Numbers as a line of bars, the highest full; nothing at all as dots."""
    numbers = list(values)
    top = max(numbers, default=0.0)
    signs = " ▁▂▃▄▅▆▇█"
    return "".join(signs[round(8 * number / top)] if top else "·" for number in numbers)


def figures(seed: int) -> tuple[list[str], list[str]]:
    """The lines of the table, in Markdown, and the promises that do not hold."""
    lines = [
        "| rhythm | polls a day | median delay, min | mean | at 30 min: median | mean |",
        "|---|---|---|---|---|---|",
    ]
    missed = []
    polls = {True: 0, False: 0}
    together: dict[bool, list[float]] = {True: [], False: []}
    for number, (name, draw, dated) in enumerate(CASES):
        arrivals = draw(random.Random(seed))
        runs = {learned: run(arrivals, learned, dated) for learned in (True, False)}
        cells = [f"{runs[True].polls / DAYS:.1f}"]
        for learned in (True, False):
            delays = runs[learned].delays
            for middle in (statistics.median, statistics.fmean):
                cells.append(f"{middle(delays):.1f}" if delays else "–")
            if number < OF_THE_FIVE:
                polls[learned] += runs[learned].polls
                together[learned] += delays
        lines.append(f"| {name} | {' | '.join(cells)} |")
        if draw in (paper, blog) and dated and not _keeps(runs[True], runs[False]):
            missed.append(f"{name}: more than a quarter of the polls, or a greater median delay")
    means = {learned: statistics.fmean(delays) for learned, delays in together.items()}
    for learned, who in ((True, "learned"), (False, "every 30 min")):
        lines.append(
            f"| first five together, {who} | {polls[learned] / DAYS:.1f} | | {means[learned]:.1f} "
            "| | |"
        )
    if polls[True] > polls[False] / 2 or means[True] > means[False]:
        missed.append("together: more than half the polls, or a greater mean delay")
    return lines, missed


def _keeps(learned: Run, fixed: Run) -> bool:
    slower = statistics.median(learned.delays) > statistics.median(fixed.delays)
    return learned.polls <= fixed.polls / 4 and not slower


def main(argv: list[str]) -> int:
    """Print the table and the rhythms learned; 1 if a promise does not hold.

    `--seed N` draws other days.
    """
    seed = int(argv[argv.index("--seed") + 1]) if "--seed" in argv else 1
    lines, missed = figures(seed)
    print("\n".join(lines))
    print()
    for name, draw, dated in CASES:
        print(f"{name:24}{picture(run(draw(random.Random(seed)), True, dated).rhythm)}")
    for promise in missed:
        print(f"MISSED: {promise}")
    return 1 if missed else 0
