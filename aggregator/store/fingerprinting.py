"""Texts that were saved before the index, or before its present form → the index, step by step.

From the newest backwards, so that what is likeliest to be reposted is found first. What polls save
meanwhile is indexed by them.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from aggregator.model import IndexedText, TextMarks
from aggregator.store.fingerprints import FINGERPRINTS_VERSION, FingerprintRows, day_of
from aggregator.store.snapshots import text_of_columns
from aggregator.store.times import from_text, to_text

# What polls index: every text of a lead (that of a story which was merged or split off too), and
# one that joined its story by the lead's and says half as much again (dedupe.recognise.WIDER).
_TEXTS = (
    "select snapshots.id, snapshots.taken_at, snapshots.title, title_kind, summary, summary_kind, "
    "content, content_kind, base from snapshots join entries on entries.id = entry_id "
    "where snapshots.id between ? and ? "
    "and (number = 1 or exists (select 1 from json_each(changed) where value = 'text')) "
    "and (exists (select 1 from stories where lead_id = entries.id) or exists ("
    "select 1 from likenesses join snapshots matched on matched.id = matched_id "
    "join entries lead on lead.id = matched.entry_id join stories on stories.lead_id = lead.id "
    "where likenesses.entry_id = entries.id and likenesses.snapshot_id = snapshots.id "
    "and how = 'text' and entries.text_length >= 1.5 * lead.text_length)) order by snapshots.id"
)


class FingerprintingRows(FingerprintRows):
    """The part of the SQLite store that brings its index of texts up to date."""

    def begin_indexing(self, now: datetime) -> tuple[int, int]:
        """What is to be indexed still: snapshots below the first number, down to the second.

        Begins anew when the index is of another version, or its window was narrower than the
        present one. Nothing is left when the numbers are equal.
        """
        row = self._db.execute(
            "select version, window_days, reached, down_to from text_index"
        ).fetchone()
        if row is not None and row[0] == FINGERPRINTS_VERSION and row[1] >= self._window_days:
            return max(row[2], row[3]), row[3]
        with self.transaction():
            if row is not None and row[0] != FINGERPRINTS_VERSION:
                self._db.execute("delete from fingerprint_pieces")
                self._db.execute("delete from text_digests")
                self._window = None
            top = self._db.execute("select coalesce(max(id), 0) + 1 from snapshots").fetchone()[0]
            down_to = 1
            if row is not None and row[0] == FINGERPRINTS_VERSION:
                down_to = min(top, self._first_of_window(now))
            self._db.execute("delete from text_index")
            self._db.execute(
                "insert into text_index (version, window_days, reached, down_to) "
                "values (?, ?, ?, ?)",
                (FINGERPRINTS_VERSION, self._window_days, top, down_to),
            )
        return top, down_to

    def _first_of_window(self, now: datetime) -> int:
        row = self._db.execute(
            "select min(id) from snapshots where taken_at > ?",
            (to_text(now - self._window_span()),),
        ).fetchone()
        return int(row[0] or 1)

    def texts_to_index(self, first: int, last: int) -> list[IndexedText]:
        """The texts that are to be found, among the snapshots from `first` to `last`."""
        rows = self._db.execute(_TEXTS, (first, last)).fetchall()
        return [_indexed_text(row) for row in rows]

    def save_indexed(
        self,
        texts: Sequence[tuple[IndexedText, TextMarks]],
        reached: int,
        now: datetime,
    ) -> None:
        """Let texts be found, and remember that all from `reached` on are done.

        To be called inside a transaction. A text that is found already stays as it is; of texts
        with one digest the oldest is kept, as when each was saved in its time.
        """
        self._db.executemany(
            "insert or replace into text_digests (digest, snapshot_id) values (?, ?)",
            # The newest first, so that the oldest stays.
            [(marks.digest, one.snapshot_id) for one, marks in reversed(texts) if marks.digest],
        )
        today = day_of(now)
        missing = self._current_window(today).without(one.snapshot_id for one, _ in texts)
        by_day: dict[int, list[tuple[int, bytes]]] = {}
        for one, marks in texts:
            day = day_of(one.taken_at)
            in_window = day > today - self._window_days
            if marks.fingerprints and in_window and one.snapshot_id in missing:
                by_day.setdefault(day, []).append((one.snapshot_id, marks.fingerprints))
        for day, documents in by_day.items():
            self._write_piece(day, 0, documents)
        self._db.execute("update text_index set reached = ?", (reached,))


def _indexed_text(row: Sequence[Any]) -> IndexedText:
    base = row[8]
    summary, content = (text_of_columns(row[at], row[at + 1], base) for at in (4, 6))
    title = text_of_columns(row[2], row[3], base)
    return IndexedText(row[0], from_text(row[1]), title, content or summary)
