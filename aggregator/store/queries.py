"""Saved queries: how far each has looked through the entries, and which ones it matches.

A query follows the numbers of snapshots: whatever changed an entry, by whatever process, has a
number above those looked at, so that nothing has to be told and nothing is lost in a crash. One
that is new, or was edited, looks through everything first; until it is done its output stays as
it is, and then changes at once.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from aggregator.model import SavedQuery, UndecidedEntry
from aggregator.store.outputs import OutputRows
from aggregator.store.snapshots import SNAPSHOT_COLUMNS
from aggregator.store.stories import StoryRows, undecided_entry
from aggregator.store.times import to_text


class QueryRows(OutputRows, StoryRows):
    """The saved queries' part of the SQLite store."""

    def saved_queries(self) -> list[SavedQuery]:
        """The queries of the outputs in force, in the order these came."""
        rows = self._db.execute(
            "select id, name, query, matched_to, is_matched from outputs "
            "where query is not null and removed_at is null order by id"
        )
        return [
            SavedQuery(output_id, name, query, matched_to, bool(is_matched))
            for output_id, name, query, matched_to, is_matched in rows
        ]

    def last_snapshot(self) -> int:
        """The number of the newest snapshot; 0 in an empty store."""
        row = self._db.execute("select coalesce(max(id), 0) from snapshots").fetchone()
        return int(row[0])

    def entries_changed_after(self, snapshot_id: int, limit: int) -> dict[int, UndecidedEntry]:
        """Entries as they are now, by their latest snapshots, of those numbered above one."""
        columns = ", ".join(f"snapshots.{name}" for name in SNAPSHOT_COLUMNS)
        rows = self._db.execute(
            f"select entries.id, entries.story_id, sources.name, entries.outlet, {columns} "
            "from snapshots join entries on entries.id = snapshots.entry_id "
            "join sources on sources.id = entries.source_id "
            "where snapshots.id > ? and snapshots.id = entries.snapshot_id "
            "order by snapshots.id limit ?",
            (snapshot_id, limit),
        )
        return {row[4]: undecided_entry(row) for row in rows}

    def save_matches(
        self,
        output_ids: Iterable[int],
        matched: Mapping[int, Iterable[int]],
        reached: int,
        now: datetime,
    ) -> int:
        """Which of some entries queries match: by entry, the numbers of those that do.

        The queries, which had all come equally far, have then seen the snapshots up to `reached`.
        Returns how many stories moved. To be called inside a transaction.
        """
        asked = sorted(output_ids)
        before = self._matches(asked, matched)
        after = {(output_id, entry) for entry, found in matched.items() for output_id in found}
        self._db.executemany(
            "delete from query_matches where output_id = ? and entry_id = ?", before - after
        )
        self._db.executemany(
            "insert into query_matches (output_id, entry_id) values (?, ?)", sorted(after - before)
        )
        self._db.execute(
            "update outputs set matched_to = ? where id in (select value from json_each(?))",
            (reached, json.dumps(asked)),
        )
        settled = self._looked_through(asked)
        changed = sorted({entry for output_id, entry in before ^ after if output_id in settled})
        rows = self._db.execute(
            "select distinct story_id from entries "
            "where id in (select value from json_each(?)) order by id",
            (json.dumps(changed),),
        ).fetchall()
        return sum(self._settle_memberships(row[0], now) for row in rows)

    def _looked_through(self, output_ids: Sequence[int]) -> set[int]:
        rows = self._db.execute(
            "select id from outputs where is_matched = 1 "
            "and id in (select value from json_each(?))",
            (json.dumps(output_ids),),
        )
        return {row[0] for row in rows}

    def _matches(self, output_ids: Sequence[int], entries: Iterable[int]) -> set[tuple[int, int]]:
        rows = self._db.execute(
            "select output_id, entry_id from query_matches where entry_id in "
            "(select value from json_each(?)) and output_id in (select value from json_each(?))",
            (json.dumps(list(entries)), json.dumps(output_ids)),
        )
        return {(row[0], row[1]) for row in rows}

    def finish_matching(self, output_id: int, now: datetime) -> int:
        """A query has looked through everything: its output changes to what it matches.

        What it takes in enters in the order in which it came to the store. Returns how many
        stories entered or left. To be called inside a transaction.
        """
        self._db.execute("update outputs set is_matched = 1 where id = ?", (output_id,))
        wanted = (
            "select entries.story_id from query_matches join entries on entries.id = entry_id "
            "where output_id = :output"
        )
        present = (
            "select story_id from memberships where output_id = :output and left_revision is null"
        )
        revision, at = self._new_revision(), to_text(self._stamp(now))
        about = {"output": output_id, "revision": revision, "at": at}
        left = self._db.execute(
            "update memberships set left_revision = :revision where output_id = :output "
            f"and left_revision is null and story_id not in ({wanted})",
            about,
        ).rowcount
        # A story has one open place in `all`, which tells when it came and whether it is listed.
        entered = self._db.execute(
            "insert into memberships (output_id, story_id, listed, entered_at, entered_revision) "
            "select :output, everywhere.story_id, everywhere.listed, :at, :revision "
            "from memberships everywhere where everywhere.output_id = :all "
            f"and left_revision is null and everywhere.story_id in ({wanted}) "
            f"and everywhere.story_id not in ({present}) order by everywhere.position",
            {**about, "all": self._output_id("all")},
        ).rowcount
        self._next_ids.pop("memberships", None)
        if left or entered:
            self._touch({output_id})
        return int(left + entered)

    def match_anew(self) -> None:
        """Have every query look through everything again; inside a transaction."""
        self._db.execute(
            "update outputs set matched_to = 0, is_matched = 0 where query is not null"
        )
        self._new_revision()
