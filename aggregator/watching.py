"""New entries as they are placed → counts by day, and alarms where a category drifts."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta, tzinfo

from aggregator.categorize import UNCATEGORIZED, Placed
from aggregator.drift import changes, confidence_judged, uncategorized_judged
from aggregator.drift.categories import REMEMBERED
from aggregator.store import Store

# The judgement of a week need not be passed at every poll.
JUDGE_EVERY = timedelta(hours=1)


class CategoryWatch:
    """Counts how entries were placed and judges it once an hour; on the thread of the store."""

    def __init__(self, store: Store, zone: tzinfo) -> None:
        self._store = store
        self._zone = zone
        self._judged_at: datetime | None = None

    def saw(self, placed: Sequence[Placed], now: datetime) -> None:
        """Count new entries, as they were placed when they came. Inside a transaction."""
        nowhere = sum(not one.categories for one in placed)
        counts = {UNCATEGORIZED: (len(placed), float(nowhere), float(nowhere))}
        for one in placed:
            if one.verdict is not None:
                name, probability = one.verdict.category, one.verdict.probability
                entries, total, squares = counts.get(name, (0, 0.0, 0.0))
                counts[name] = entries + 1, total + probability, squares + probability**2
        self._store.count_placed(now.astimezone(self._zone).date(), counts)
        if self._judged_at is None or now - self._judged_at >= JUDGE_EVERY:
            self._judged_at = now
            self._judge(now)

    def _judge(self, now: datetime) -> None:
        today = now.astimezone(self._zone).date()
        days = self._store.category_days(today - REMEMBERED)
        raised: dict[str, set[str]] = {}
        for alarm in self._store.category_alarms(every=True):
            raised.setdefault(alarm.source_name, set()).add(alarm.kind)
        for name, counted in days.items():
            judge = uncategorized_judged if name == UNCATEGORIZED else confidence_judged
            begun, ended, _ = changes(raised.get(name, ()), judge(counted, today))
            if begun or ended:
                self._store.change_category_alarms(name, begun, ended, now)
