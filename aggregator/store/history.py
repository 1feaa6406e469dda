"""What stood in an output at an earlier time, and which versions of a document there were.

What is taken down is gone from the past as well: this reads the store as it is now.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import datetime, timedelta

from aggregator.model import Listed
from aggregator.store.base import Rows
from aggregator.store.listing import lead_source, looked_through, newest_of_each
from aggregator.store.times import from_text, to_text

_SECOND = timedelta(seconds=1)


class HistoryRows(Rows):
    """The past's part of the SQLite store."""

    def change_at(self, output_id: int, moment: datetime) -> tuple[int, datetime] | None:
        """The last visible change of an output in or before the second of `moment`.

        Its revision and its time; None where there was none yet.
        """
        row = self._db.execute(
            "select revision, changed_at from output_changes "
            "where output_id = ? and changed_at < ? order by changed_at desc limit 1",
            (output_id, to_text(moment.replace(microsecond=0) + _SECOND)),
        ).fetchone()
        return None if row is None else (row[0], from_text(row[1]))

    def changes(self, output_id: int, limit: int, offset: int = 0) -> list[datetime]:
        """The seconds in which an output changed, the earliest first."""
        rows = self._db.execute(
            "select distinct substr(changed_at, 1, 19) from output_changes where output_id = ? "
            "order by 1 limit ? offset ?",
            (output_id, limit, offset),
        )
        return [from_text(f"{row[0]}Z") for row in rows]

    def count_changes(self, output_id: int) -> int:
        """In how many seconds an output changed."""
        row = self._db.execute(
            "select count(distinct substr(changed_at, 1, 19)) from output_changes "
            "where output_id = ?",
            (output_id,),
        ).fetchone()
        return int(row[0])

    def changes_around(
        self, output_id: int, moment: datetime
    ) -> tuple[datetime | None, datetime | None, datetime | None, datetime | None]:
        """The first change of an output, the last before the second of `moment`, the first
        after it, and the last of all; each as a whole second, None where there is none.
        """
        second = moment.replace(microsecond=0)
        before, after = to_text(second), to_text(second + _SECOND)
        rows = self._db.execute(
            "select (select min(changed_at) from output_changes where output_id = :output), "
            "(select max(changed_at) from output_changes "
            "where output_id = :output and changed_at < :before), "
            "(select min(changed_at) from output_changes "
            "where output_id = :output and changed_at >= :after), "
            "(select max(changed_at) from output_changes where output_id = :output)",
            {"output": output_id, "before": before, "after": after},
        ).fetchone()
        first, previous, following, last = (
            from_text(text).replace(microsecond=0) if text else None for text in rows
        )
        return first, previous, following, last

    def listed_at(
        self, output_id: int, revision: int, limit: int, per_source: int | None = None
    ) -> list[Listed]:
        """The newest `limit` places of an output when `revision` was the last one.

        At most `per_source` of them are of one source's stories.
        """
        newest = self._last_position(revision)
        rows = []
        for where in ("left_revision is null", "left_revision > :revision"):
            rows += self._db.execute(
                "select position, stories.id, stories.revision, entered_at, "
                f"{lead_source(per_source)} from memberships "
                f"join stories on stories.id = story_id where output_id = :output and {where} "
                "and listed = 1 and removed_at is null and position <= :newest "
                "order by position desc limit :limit",
                {
                    "output": output_id,
                    "revision": revision,
                    "newest": newest,
                    "limit": looked_through(limit, per_source),
                },
            ).fetchall()
        newest_first = [row[1:] for row in sorted(rows, reverse=True)]
        return newest_of_each(newest_first, limit, per_source)

    def _last_position(self, revision: int) -> int:
        """The last place that had been given away at a revision: both only grow."""
        row = self._db.execute("select coalesce(max(position), 0) from memberships").fetchone()
        low, high = 0, int(row[0]) + 1
        while low + 1 < high:
            middle = (low + high) // 2
            row = self._db.execute(
                "select entered_revision from memberships where position <= ? "
                "order by position desc limit 1",
                (middle,),
            ).fetchone()
            if row is None or row[0] <= revision:
                low = middle
            else:
                high = middle
        return low

    # ------------------------------------------------------------ versions of documents

    def revisions_in(self, output_id: int, atom_ids: Iterable[str]) -> dict[str, int]:
        """The revision at which each story last came into an output or changed, by atom:id."""
        rows = self._db.execute(
            "select atom_id, max(stories.revision, coalesce(max(entered_revision), 0)) "
            "from stories left join memberships on story_id = stories.id and output_id = ? "
            "and left_revision is null where atom_id in (select value from json_each(?)) "
            "group by stories.id",
            (output_id, json.dumps(list(atom_ids))),
        )
        return dict(rows.fetchall())

    def versions_of(self, path: str) -> list[tuple[int, str, str]]:
        """The latest versions of a document: revision, digest (12 hex digits), settings."""
        rows = self._db.execute(
            "select revision, digest, settings from document_versions where path = ?", (path,)
        )
        return rows.fetchall()
