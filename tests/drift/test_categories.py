"""A category that drifts is told, with the days and the figures; chance and few entries are not."""

from __future__ import annotations

from datetime import UTC, date, timedelta

import pytest

from aggregator.drift import confidence_judged, said, uncategorized_judged
from aggregator.model import CategoryDay

TODAY = date(2026, 11, 28)


def days(each: int, *means: float, spread: float = 0.0) -> list[CategoryDay]:
    """Days that end with today, each with `each` entries of this mean and spread."""
    first = TODAY - timedelta(days=len(means) - 1)
    return [
        CategoryDay(first + timedelta(days=n), each, each * mean, each * (mean**2 + spread**2))
        for n, mean in enumerate(means)
    ]


def shares(each: int, *means: float) -> list[CategoryDay]:
    return [
        CategoryDay(day.day, each, round(day.total), round(day.total)) for day in days(each, *means)
    ]


def test_more_without_a_category_is_told_with_days_and_figures() -> None:
    found = uncategorized_judged(shares(20, *[0.1] * 28, *[0.4] * 7), TODAY)["uncategorized"]
    assert found is not None
    assert said(found, "en", UTC) == (
        "40 % of 140 new entries from 2026-11-22 to 2026-11-28 found no category, "
        "after 10 % of 560 from 2026-10-25 to 2026-11-21"
    )
    assert said(found, "zh", UTC) == (
        "2026-11-22 至 2026-11-28 的 140 条新条目有 40% 没有分类，"
        "2026-10-25 至 2026-11-21 的 560 条为 10%"
    )


def test_sinking_confidence_is_told_and_rising_is_well() -> None:
    sinks = days(10, *[0.95] * 28, *[0.75] * 7, spread=0.1)
    found = confidence_judged(sinks, TODAY)["unsure"]
    assert found is not None
    assert "75 % sure on average of 70 entries from 2026-11-22" in said(found, "en", UTC)
    assert "平均把握 75%" in said(found, "zh", UTC)
    assert confidence_judged(days(10, *[0.75] * 28, *[0.95] * 7), TODAY) == {"unsure": None}


@pytest.mark.parametrize(
    "counted",
    [
        [],
        shares(20, *[0.4] * 7),  # nothing to compare with
        shares(20, *[0.1] * 6, *[0.4] * 7),  # a week of it at least
        shares(4, *[0.1] * 28, *[0.4] * 7),  # too few of them
        shares(200, *[0.10] * 28, *[0.17] * 7),  # not so much
        days(8, *[0.5] * 28, *[0.62] * 7, spread=0.5),  # chance
    ],
)
def test_what_tells_nothing_changes_nothing(counted: list[CategoryDay]) -> None:
    assert uncategorized_judged(counted, TODAY) == {}


def test_what_has_lasted_five_weeks_is_usual_and_the_alarm_ends() -> None:
    counted = shares(20, *[0.1] * 28, *[0.4] * 35)
    assert uncategorized_judged(counted, TODAY) == {"uncategorized": None}
