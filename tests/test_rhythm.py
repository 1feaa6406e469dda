"""Rhythms: learned from dates or from polls alone, planned politely, sound under any clock."""

import itertools
import random
from datetime import UTC, datetime, timedelta
from statistics import fmean, median
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aggregator.rhythm import (
    Rhythm,
    arrival,
    expected_delay,
    first_arrivals,
    learn,
    plan,
    polls_a_day,
    unusual_silence,
)
from bench import rhythm as bench

ZONE = ZoneInfo("Asia/Shanghai")
NOW = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)  # noon in Shanghai, a Monday
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
TEN_MINUTES = timedelta(minutes=10)


def daily(days: int, hour: int = 6, until: datetime = NOW) -> Rhythm:
    """The rhythm of entries once a day at a local hour."""
    midnight = until.astimezone(ZONE).replace(hour=0, minute=0)
    dates = [midnight - timedelta(days=n) + timedelta(hours=hour) for n in range(days)]
    spans = first_arrivals(dates, until, ZONE)
    return learn(Rhythm.unknown(until), spans, spans[0][0], until, ZONE)


def test_the_first_reading_gives_the_rhythm_at_once() -> None:
    times = plan(daily(20), NOW, ZONE, 12)
    hours = [moment.astimezone(ZONE) for moment in times]
    assert sum(5 <= one.hour < 7 and one.day == 24 for one in hours) >= 3
    assert sum(one.day == 23 for one in hours) <= 2, "today's paper has come"


def test_nothing_known_is_hourly_then_ever_less_down_to_daily() -> None:
    times = [NOW, *plan(Rhythm.unknown(NOW), NOW, ZONE, 60)]
    gaps = [later - sooner for sooner, later in itertools.pairwise(times)]
    assert gaps[0] == HOUR
    assert gaps == sorted(gaps)
    assert gaps[-1] == DAY
    assert expected_delay(Rhythm.unknown(NOW)) is None
    assert polls_a_day(Rhythm.unknown(NOW)) is None
    assert unusual_silence(Rhythm.unknown(NOW)) is None


def test_an_old_dead_feed_is_daily_from_the_start() -> None:
    old = NOW - timedelta(days=50)
    spans = first_arrivals([old], NOW, ZONE)
    rhythm = learn(Rhythm.unknown(NOW), spans, old, NOW, ZONE)
    assert plan(rhythm, NOW, ZONE) == [NOW + DAY]


def test_dates_are_believed_only_between_the_polls_and_only_with_a_time() -> None:
    before = NOW - HOUR
    exact = NOW - timedelta(minutes=7)
    assert arrival(exact, before, NOW, ZONE) == (exact, exact)
    wide = (before, NOW)
    assert arrival(None, before, NOW, ZONE) == wide
    assert arrival(before - DAY, before, NOW, ZONE) == wide
    assert arrival(NOW + HOUR, before, NOW, ZONE) == wide
    midnight = datetime(2026, 11, 22, 16, 0, tzinfo=UTC)  # in Shanghai
    assert arrival(midnight, midnight - HOUR, midnight + HOUR, ZONE)[0] != midnight


def test_a_first_reading_with_days_only_teaches_the_days_not_the_hours() -> None:
    midnight = datetime(2026, 11, 22, 16, 0, tzinfo=UTC)
    spans = first_arrivals([midnight - timedelta(days=7 * n) for n in range(8)], NOW, ZONE)
    rhythm = learn(Rhythm.unknown(NOW), spans, spans[0][0], NOW, ZONE)
    assert rhythm.days[0] == pytest.approx(rhythm.events, rel=0.05)
    assert max(rhythm.quarters) < rhythm.events / 40


def test_what_comes_together_is_one_event() -> None:
    many = [(NOW - timedelta(seconds=n),) * 2 for n in range(60)]
    rhythm = learn(Rhythm.unknown(NOW), many, NOW - HOUR, NOW, ZONE)  # type: ignore[arg-type]
    assert rhythm.events == pytest.approx(1.0, abs=0.01)
    undated = [(NOW - HOUR, NOW)] * 60
    assert learn(Rhythm.unknown(NOW), undated, NOW - HOUR, NOW, ZONE).events == pytest.approx(
        1, 0.01
    )


@pytest.mark.parametrize("jump", [timedelta(days=-4000), -HOUR, 400 * DAY, timedelta(days=20_000)])
def test_a_clock_that_jumps_does_not_break_what_was_learned(jump: timedelta) -> None:
    known = daily(20)
    there = learn(known, [], NOW, NOW + jump, ZONE)
    back = learn(there, [], NOW, NOW + TEN_MINUTES, ZONE)
    assert back.events > known.events / 3
    for moment in plan(back, NOW + TEN_MINUTES, ZONE, 8):
        assert NOW < moment <= NOW + 9 * DAY


moments = st.integers(-(60 * 24 * 60), 60).map(lambda minutes: NOW + timedelta(minutes=minutes))


@settings(max_examples=60, deadline=None)
@given(
    st.lists(moments, max_size=40),
    moments,
    st.sampled_from(["UTC", "Asia/Shanghai", "America/New_York"]),
)
def test_any_arrivals_give_a_polite_plan(dates: list[datetime], since: datetime, name: str) -> None:
    zone = ZoneInfo(name)
    spans = [arrival(date, min(since, NOW), NOW, zone) for date in dates]
    spans += first_arrivals(dates, NOW, zone)
    rhythm = learn(Rhythm.unknown(NOW), spans, min(since, NOW), NOW, zone)
    again = Rhythm.unpack(rhythm.pack())
    times = [NOW, *plan(again, NOW, zone, 10)]
    for sooner, later in itertools.pairwise(times):
        assert TEN_MINUTES <= later - sooner <= DAY
    assert rhythm.events <= len(spans) + 0.01


@pytest.mark.parametrize("junk", [b"", b"x" * 10, b"\xff" * 456])
def test_other_bytes_are_no_rhythm(junk: bytes) -> None:
    with pytest.raises(ValueError, match="no rhythm"):
        Rhythm.unpack(junk)


# ---------------------------------------------------------------- the promise, over 60 days


@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize("draw", [bench.paper, bench.blog])
def test_a_quarter_of_the_polls_and_no_greater_median_delay(draw: bench.Draw, seed: int) -> None:
    arrivals = draw(random.Random(seed))
    learned, fixed = bench.run(arrivals, True), bench.run(arrivals, False)
    assert learned.polls <= fixed.polls / 4
    assert median(learned.delays) <= median(fixed.delays)
    assert learned.rhythm.events > 0


def test_half_the_polls_over_all_and_no_greater_mean_delay() -> None:
    polls = {True: 0, False: 0}
    delays: dict[bool, list[float]] = {True: [], False: []}
    for _, draw, dated in bench.CASES[: bench.OF_THE_FIVE]:
        arrivals = draw(random.Random(4))
        for learned in (True, False):
            run = bench.run(arrivals, learned, dated)
            polls[learned] += run.polls
            delays[learned] += run.delays
    assert polls[True] <= polls[False] / 2
    assert fmean(delays[True]) <= fmean(delays[False])


def test_a_dead_feed_ends_daily_and_a_wire_every_ten_minutes() -> None:
    assert bench.run([], True).polls < 1.3 * bench.DAYS
    busy = bench.run(bench.wire(random.Random(1)), True).rhythm
    day = bench.at(59, 12)
    times = [day, *plan(busy, day, ZONE, 6)]
    assert max(b - a for a, b in itertools.pairwise(times)) < timedelta(minutes=16)


def test_without_dates_the_hour_is_found_by_polling() -> None:
    arrivals = bench.paper(random.Random(2))
    undated = bench.run(arrivals, True, dated=False)
    assert undated.polls <= 12 * bench.DAYS
    assert median(undated.delays) < 15


def local_hours(times: list[datetime]) -> list[int]:
    return [moment.astimezone(ZONE).hour for moment in times]


def test_a_paper_that_is_late_is_asked_for_all_day_and_not_once_it_has_come() -> None:
    known = daily(20, until=NOW - DAY)  # noon of the day before: today's has not come
    late = [one for one in plan(known, NOW - DAY, ZONE, 40) if one <= NOW + HOUR * 10]
    assert sum(one > NOW for one in late) >= 4, "its usual hour has passed without it"
    came = plan(daily(20), NOW, ZONE, 20)
    assert sum(one < NOW + 16 * HOUR for one in came) <= 3, "until four the next morning"
    assert sum(NOW + 16 * HOUR <= one < NOW + 20 * HOUR for one in came) >= 4


def test_a_paper_around_midnight_has_one_event_a_day_as_well() -> None:
    chance = random.Random(7)
    run = bench.run([bench.at(day, 0, chance.gauss(0, 10)) for day in range(bench.DAYS)], True)
    assert run.polls <= 12 * bench.DAYS
    assert median(run.delays) <= 15


def test_a_new_hour_is_found_on_its_first_day() -> None:
    arrivals = [bench.at(day, 8 if day < 30 else 20) for day in range(bench.DAYS)]
    delays = bench.run(arrivals, True).delays
    assert delays[30] <= 150
    assert median(delays[31:]) <= 15


def test_a_source_given_up_is_looked_at_daily_when_its_events_used_to_have_come() -> None:
    silent = NOW + 30 * DAY
    times = [silent, *plan(daily(20), silent, ZONE, 6)]
    gaps = [later - sooner for sooner, later in itertools.pairwise(times)]
    assert gaps[1:] == [DAY] * 5
    assert set(local_hours(times[1:])) <= {6, 7}


# ---------------------------------------------------------------- silence


def test_one_edition_left_out_is_no_unusual_silence_but_two_are() -> None:
    silence = unusual_silence(daily(20))
    assert silence is not None
    assert 2 * DAY < silence <= 2.5 * DAY
