"""How surely entries were placed, day by day → whether a category drifts from what it was. Pure.

The last week is compared with the four weeks before it. What has lasted as long as that has become
usual, and the alarm ends by itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import NamedTuple

from aggregator.drift.judged import Judgements
from aggregator.model import CategoryDay, Evidence

LATELY, BEFORE = timedelta(days=7), timedelta(days=28)
REMEMBERED = LATELY + BEFORE
# Fewer entries, or days, tell nothing.
LEAST_LATELY, LEAST_BEFORE, LEAST_DAYS = 40, 80, 7
# A change this great begins an alarm, if it is no chance (so many standard errors: entries of one
# day are alike, so more than for independent ones); one half as great ends it.
SHARE_GROWS, CONFIDENCE_SINKS, HALF = 0.10, 0.08, 0.5
ERRORS = 4.0


class _Span(NamedTuple):
    """Days taken together: the first and last with entries, how many, their mean and variance."""

    first: date
    last: date
    days: int
    entries: int
    mean: float
    variance: float


def uncategorized_judged(days: Sequence[CategoryDay], today: date) -> Judgements:
    """Whether more of the new entries than before find no category.

    `total` of a day is how many of its `entries` found none.
    """
    return _judged("uncategorized", days, today, SHARE_GROWS, 1)


def confidence_judged(days: Sequence[CategoryDay], today: date) -> Judgements:
    """Whether the classifier is less sure than before of entries it takes for a category.

    `total` of a day is the sum of their probabilities.
    """
    return _judged("unsure", days, today, CONFIDENCE_SINKS, -1)


def _judged(
    kind: str, days: Sequence[CategoryDay], today: date, change: float, direction: int
) -> Judgements:
    lately = _span([one for one in days if timedelta(0) <= today - one.day < LATELY])
    before = _span([one for one in days if LATELY <= today - one.day < REMEMBERED])
    if lately is None or before is None or lately.entries < LEAST_LATELY:
        return {}
    if before.entries < LEAST_BEFORE or before.days < LEAST_DAYS:
        return {}
    worse = (lately.mean - before.mean) * direction
    if worse < change * HALF:
        return {kind: None}
    error = (lately.variance / lately.entries + before.variance / before.entries) ** 0.5
    if worse < change or worse < ERRORS * error:
        return {}
    facts: dict[str, str | float] = {
        "first": lately.first.isoformat(),
        "last": lately.last.isoformat(),
        "count": lately.entries,
        "now": round(100 * lately.mean),
        "before_first": before.first.isoformat(),
        "before_last": before.last.isoformat(),
        "before_count": before.entries,
        "before": round(100 * before.mean),
    }
    return {kind: Evidence(kind, facts)}


def _span(days: Sequence[CategoryDay]) -> _Span | None:
    entries = sum(one.entries for one in days)
    if not entries:
        return None
    mean = sum(one.total for one in days) / entries
    variance = max(0.0, sum(one.squares for one in days) / entries - mean * mean)
    told = [one.day for one in days if one.entries]
    return _Span(min(told), max(told), len(told), entries, mean, variance)
