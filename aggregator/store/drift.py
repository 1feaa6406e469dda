"""How entries were placed day by day, and the alarms of categories that drift."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime

from aggregator.model import Alarm, CategoryDay, Evidence
from aggregator.store.memories import alarm_from_row, evidence_to_json
from aggregator.store.outputs import OutputRows
from aggregator.store.times import to_text

# Days kept: more than are compared, so that a longer look needs no new counting.
DAYS_KEPT = 100


class DriftRows(OutputRows):
    """The part of the SQLite store that watches over categories."""

    def count_placed(self, day: date, counts: Mapping[str, tuple[int, float, float]]) -> None:
        """Add entries of a day by category: how many, the sum of a value of each, of its squares.

        A category that is no output any more is left out. Inside a transaction.
        """
        self._db.executemany(
            "insert into category_days select ?, id, ?, ?, ? from outputs "
            "where name = ? and removed_at is null "
            "on conflict do update set entries = entries + excluded.entries, "
            "total = total + excluded.total, squares = squares + excluded.squares",
            [(day.isoformat(), *added, name) for name, added in counts.items()],
        )

    def category_days(self, since: date) -> dict[str, list[CategoryDay]]:
        """The days of every category from `since` on."""
        rows = self._db.execute(
            "select name, day, entries, total, squares from category_days "
            "join outputs on outputs.id = output_id where removed_at is null and day >= ? "
            "order by name, day",
            (since.isoformat(),),
        )
        found: dict[str, list[CategoryDay]] = {}
        for name, day, *counted in rows:
            found.setdefault(name, []).append(CategoryDay(date.fromisoformat(day), *counted))
        return found

    def change_category_alarms(
        self, name: str, begun: Mapping[str, Evidence], ended: Iterable[str], now: datetime
    ) -> None:
        """Raise alarms of a category (kind: evidence) and end others. Inside a transaction."""
        output_id, stamp = self._output_id(name), to_text(now)
        for kind in ended:
            self._db.execute(
                "update category_alarms set ended_at = max(since, ?) where output_id = ? "
                "and kind = ? and ended_at is null",
                (stamp, output_id, kind),
            )
        for kind, evidence in begun.items():
            self._db.execute(
                "insert into category_alarms (output_id, kind, since, evidence) "
                "values (?, ?, ?, ?)",
                (output_id, kind, stamp, evidence_to_json(evidence)),
            )
        self._db.execute(
            "delete from category_days where day < date(?, ?)", (stamp[:10], f"-{DAYS_KEPT} days")
        )
        self._new_revision()

    def category_alarms(self, limit: int | None = None, every: bool = False) -> list[Alarm]:
        """As `alarms`, of categories: `source_name` is the category's. Numbers are below zero.

        Those of private outputs only with `every`: the others are shown to anybody.
        """
        where = "ended_at is null order by category_alarms.id"
        if limit is not None:
            where = f"1 order by coalesce(ended_at, since) desc limit {int(limit)}"
        rows = self._db.execute(
            "select -category_alarms.id, name, title, category_alarms.kind, since, evidence, "
            "ended_at from category_alarms join outputs on outputs.id = output_id "
            f"where removed_at is null and (private = 0 or ?) and {where}",
            (int(every),),
        )
        return [alarm_from_row(row) for row in rows]
