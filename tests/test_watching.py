"""Entries placed day by day → alarms of categories, in the store, in health.atom and in words."""

from __future__ import annotations

from datetime import UTC, timedelta
from pathlib import Path

import feedparser

from aggregator.categorize import Placed
from aggregator.categorize.classifier import Verdict
from aggregator.model import CategoryDecision
from aggregator.publish.health import latest_alarms, render_health
from aggregator.store import Store
from aggregator.watching import CategoryWatch
from tests.builders import NOW, config, settle
from tests.publish.atom_rules import broken_rules
from tests.store.conftest import store

__all__ = ["store"]


def sees(watch: CategoryWatch, store: Store, day: int, sure: float, nowhere: int) -> None:
    """A day of 20 new entries: `nowhere` of them placed nowhere, the model so `sure` of all."""
    verdict = Verdict("sports", sure, sure, True)
    decided = (CategoryDecision("sports", "model", "model 1"),)
    placed = [Placed(() if n < nowhere else decided, verdict) for n in range(20)]
    with store.transaction():
        watch.saw(placed, NOW + timedelta(days=day))


def test_a_drift_is_raised_published_and_ended(store: Store) -> None:
    settle(store, "news", categories=["sports"])
    watch = CategoryWatch(store, UTC)
    for day in range(30):
        sees(watch, store, day, 0.95 if day % 2 else 0.97, 2)
    assert store.category_alarms() == []
    revision = store.current_revision()
    for day in range(30, 40):
        sees(watch, store, day, 0.75 if day % 2 else 0.73, 12)
    raised = {alarm.source_name: alarm for alarm in store.category_alarms()}
    assert {name: alarm.kind for name, alarm in raised.items()} == {
        "sports": "unsure",
        "uncategorized": "uncategorized",
    }
    assert store.current_revision() > revision
    assert raised["sports"].evidence.facts["before"] == 96
    assert store.category_alarms(1)[0].alarm_id < 0

    everything = next(one for one in store.outputs() if one.name == "all")
    alarms = latest_alarms(store.category_alarms(50))
    for title, told in (
        ("My feeds", "Sports is recognised with less"),
        ("订阅", "Sports 的分类把握"),
    ):
        settings = config(Path("/nowhere"), title=title)
        body = render_health(everything, alarms, settings)
        assert broken_rules(body, "http://127.0.0.1:8000/feeds/health.atom") == []
        assert any(told in entry.title for entry in feedparser.parse(body).entries)

    for day in range(40, 80):  # what lasts is usual in the end
        sees(watch, store, day, 0.75 if day % 2 else 0.73, 12)
    assert store.category_alarms() == []
    assert all(alarm.ended_at is not None for alarm in store.category_alarms(10))
    assert len(store.category_alarms(10)) == 2


def test_categories_are_judged_once_an_hour_and_unknown_ones_not_at_all(store: Store) -> None:
    settle(store, "news", categories=["sports"])
    watch = CategoryWatch(store, UTC)
    with store.transaction():
        for minutes in (0, 10):
            gone = Placed((), Verdict("gone", 0.9, 0.9, True))
            watch.saw([gone], NOW + timedelta(minutes=minutes))
    counted = store.category_days(NOW.date())
    assert {name: [one.entries for one in days] for name, days in counted.items()} == {
        "uncategorized": [2]
    }
