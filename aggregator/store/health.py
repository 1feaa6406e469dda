"""How every source fares: its state, its alarms, its rhythm, and counts of the last week."""

from __future__ import annotations

import json
from datetime import timedelta

from aggregator.model import Alarm, SourceHealth
from aggregator.store.sources import STATE_LIST, SourceRows, state_from_row
from aggregator.store.times import from_text, from_text_or_none, to_text

WEEK = timedelta(days=7)


class HealthRows(SourceRows):
    """The part of the SQLite store that looks over all sources at once."""

    def source_health(self) -> list[SourceHealth]:
        """Every source that is configured, with its state and what is known of its entries.

        The week counted ends with the last poll of any source.
        """
        alarms: dict[str, list[Alarm]] = {}
        for alarm in self.alarms():
            alarms.setdefault(alarm.source_name, []).append(alarm)
        week, odd, duplicates = self._week()
        rows = self._db.execute(
            f"select sources.name, sources.title, sources.url, enabled, removed_at, categories, "
            "(select count(*) from entries where entries.source_id = sources.id), "
            "(select new from polls where polls.source_id = sources.id "
            "order by polled_at desc limit 1), "
            f"source_memories.rhythm, sources.id, {STATE_LIST} from sources "
            "join source_states on source_states.source_id = sources.id "
            "left join source_memories on source_memories.source_id = sources.id "
            "where removed_at is null order by sources.id"
        )
        return [
            SourceHealth(
                name=row[0],
                title=row[1],
                url=row[2],
                enabled=bool(row[3]),
                removed_at=from_text_or_none(row[4]),
                categories=tuple(json.loads(row[5])),
                state=state_from_row(row[10:]),
                entries=row[6],
                last_poll_new=row[7],
                alarms=tuple(alarms.get(row[0], ())),
                rhythm=row[8],
                week_entries=week.get(row[9], 0),
                duplicates=duplicates.get(row[9], 0),
                uncategorized=odd.get(row[9], 0),
            )
            for row in rows
        ]

    def polls_since(
        self, poll_id: int | None
    ) -> tuple[int, list[tuple[str, int, int, int, int, int]]]:
        """The number of the last poll kept, and the polls after `poll_id` (None: none of them).

        Each is outcome, milliseconds, bytes, and entries new, revised and duplicate.
        """
        row = self._db.execute("select coalesce(max(id), 0) from polls").fetchone()
        if poll_id is None:
            return row[0], []
        rows = self._db.execute(
            "select outcome, coalesce(duration_ms, 0), coalesce(size, 0), coalesce(new, 0), "
            "coalesce(revised, 0), coalesce(duplicate, 0) from polls where id > ? and id <= ?",
            (poll_id, row[0]),
        )
        return row[0], rows.fetchall()

    def size(self) -> int:
        """The bytes of the store's file, without its journal."""
        pages = self._db.execute("pragma page_count").fetchone()[0]
        return int(pages) * int(self._db.execute("pragma page_size").fetchone()[0])

    def _week(self) -> tuple[dict[int, int], dict[int, int], dict[int, int]]:
        """Of the last week by source: new entries, those now uncategorized, duplicates."""
        row = self._db.execute("select max(last_poll_at) from source_states").fetchone()
        if row[0] is None:
            return {}, {}, {}
        since = to_text(from_text(row[0]) - WEEK)
        new = self._db.execute(
            "select source_id, count(*) from entries where first_seen_at >= ? group by source_id",
            (since,),
        )
        uncategorized = self._db.execute(
            "select entries.source_id, count(distinct entries.id) from entries "
            "join memberships on memberships.story_id = entries.story_id "
            "join outputs on outputs.id = memberships.output_id "
            "where first_seen_at >= ? and left_revision is null and kind = 'uncategorized' "
            "group by entries.source_id",
            (since,),
        )
        duplicates = self._db.execute(
            "select source_id, sum(duplicate) from polls where polled_at >= ? group by source_id",
            (since,),
        )
        return dict(new.fetchall()), dict(uncategorized.fetchall()), dict(duplicates.fetchall())
