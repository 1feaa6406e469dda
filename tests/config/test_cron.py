"""Cron as people know it: Sunday is 0 and 7, and day and weekday together mean either."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from aggregator.cron import cron_error, cron_trigger

START = datetime(2026, 11, 22, tzinfo=UTC)  # a Sunday


def weekdays(text: str) -> set[str]:
    trigger = cron_trigger(text, "UTC")
    moment, found = START - timedelta(microseconds=1), set()
    for _ in range(30):
        moment = trigger.get_next_fire_time(None, moment + timedelta(seconds=1))
        found.add(moment.strftime("%a"))
    return found


@pytest.mark.parametrize(
    ("field", "days"),
    [
        ("1-5", "Mon Tue Wed Thu Fri"),
        ("0", "Sun"),
        ("7", "Sun"),
        ("6-7", "Sat Sun"),
        ("5-1", "Fri Sat Sun Mon"),
        ("mon,WED", "Mon Wed"),
        ("sun-tue", "Sun Mon Tue"),
        ("*/2", "Sun Tue Thu Sat"),
        ("1/2", "Mon Wed Fri"),
        ("0-6", "Sun Mon Tue Wed Thu Fri Sat"),
    ],
)
def test_weekdays(field: str, days: str) -> None:
    assert weekdays(f"0 6 * * {field}") == set(days.split())


def test_day_and_weekday_together_mean_either() -> None:
    trigger = cron_trigger("0 6 13 * 5", "UTC")
    moment, found = START, []
    for _ in range(10):
        moment = trigger.get_next_fire_time(None, moment + timedelta(seconds=1))
        found.append(moment)
    assert all(day.day == 13 or day.weekday() == 4 for day in found)
    assert any(day.day == 13 and day.weekday() != 4 for day in found)
    assert all(earlier < later for earlier, later in pairwise(found))


def test_a_zone_is_kept() -> None:
    moment = cron_trigger("0 6 * * *", "Asia/Shanghai").get_next_fire_time(None, START)
    assert moment.astimezone(UTC).hour == 22


@pytest.mark.parametrize(
    "text",
    [
        *("", "6:00", "0 6 * *", "60 * * * *", "* * * * 8", "* * * * x", "a * * * *"),
        *("* * 32 * *", "*/0 * * * *", "* * * * */0", "0 6 * * * *"),
    ],
)
def test_what_is_no_cron_expression_is_told(text: str) -> None:
    assert cron_error(text)


@pytest.mark.parametrize("text", ["0 6 * * *", "*/15 8-20 * * mon-fri", "@daily", "0 0 1 jan *"])
def test_what_is_good_has_no_error(text: str) -> None:
    assert cron_error(text) is None
