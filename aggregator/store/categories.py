"""How categories came about: corrections, labelled entries to learn from, classifiers learned."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from aggregator.model import LabelledEntry, ModelRecord, UndecidedEntry
from aggregator.store.outputs import OutputRows
from aggregator.store.snapshots import SNAPSHOT_COLUMNS, snapshot_from_row
from aggregator.store.stories import StoryRows
from aggregator.store.times import from_text, to_text

_MODEL = "id, trained_at, labels, corrections, in_force, remark, report"
# Classifiers kept: enough to see how they became better, not one for ever after the other.
MODELS_KEPT = 20


class CategoryRows(OutputRows, StoryRows):
    """The part of the SQLite store that classifying and correcting need."""

    # ------------------------------------------------------------ corrections

    def correct(self, story_id: int, categories: Sequence[str], now: datetime) -> None:
        """Remember that a person put a story into exactly these categories.

        `uncategorized` alone says: into none. Kept with the story's lead, so that it goes along
        when stories are merged. Inside a transaction.
        """
        self._db.execute(
            "delete from category_corrections where entry_id in "
            "(select id from entries where story_id = ?)",
            (story_id,),
        )
        self._db.executemany(
            "insert into category_corrections (entry_id, output_id, corrected_at) "
            "select lead_id, ?, ? from stories where id = ?",
            [(self._output_id(name), to_text(now), story_id) for name in categories],
        )

    def forget_correction(self, story_id: int) -> bool:
        """Take a person's correction back; whether there was one. Inside a transaction."""
        cursor = self._db.execute(
            "delete from category_corrections where entry_id in "
            "(select id from entries where story_id = ?)",
            (story_id,),
        )
        return bool(cursor.rowcount)

    def corrections(self, story_ids: Iterable[int]) -> dict[int, tuple[tuple[str, datetime], ...]]:
        """Of those of the stories that a person put right: the categories, and when."""
        rows = self._db.execute(
            "select entries.story_id, outputs.name, max(corrected_at) from category_corrections "
            "join entries on entries.id = category_corrections.entry_id "
            "join outputs on outputs.id = category_corrections.output_id "
            "where entries.story_id in (select value from json_each(?)) "
            "and outputs.removed_at is null group by 1, 2 order by 1, outputs.id",
            (json.dumps(list(story_ids)),),
        )
        found: dict[int, list[tuple[str, datetime]]] = {}
        for story_id, name, at in rows:
            found.setdefault(story_id, []).append((name, from_text(at)))
        return {story_id: tuple(put) for story_id, put in found.items()}

    # ------------------------------------------------------------ what there is to learn from

    def count_labels(self) -> tuple[int, int]:
        """How many entries are labelled: by their source alone, and by a person's correction."""
        row = self._db.execute(
            "select count(*) filter (where decided_by = 'source'), "
            "count(distinct story_id) filter (where decided_by = 'correction') from decisions "
            "where decided_by in ('source', 'correction')"
        ).fetchone()
        return int(row[0]), int(row[1])

    def labelled_entries(self, limit: int) -> list[LabelledEntry]:
        """The newest entries whose one category is known, at most `limit`; a story once.

        Known by a source with one category of its own, or by a correction, which comes first.
        """
        columns = ", ".join(f"snapshots.{name}" for name in SNAPSHOT_COLUMNS)
        rows = self._db.execute(
            "with known as (select story_id, min(entry_id) entry_id, max(outputs.name) category, "
            "max(decided_by = 'correction') corrected, max(decided_at) since from decisions "
            "join outputs on outputs.id = output_id where decided_by in ('source', 'correction') "
            "and outputs.removed_at is null group by story_id "
            "having count(distinct output_id) = 1 "
            "order by corrected desc, entry_id desc limit ?) "
            f"select known.entry_id, known.category, known.corrected, known.since, sources.name, "
            f"{columns} "
            "from known join entries on entries.id = known.entry_id "
            "join sources on sources.id = entries.source_id "
            "join snapshots on snapshots.id = entries.snapshot_id order by known.entry_id",
            (limit,),
        )
        return [_labelled(row) for row in rows]

    def undecided_since(self, since: datetime, limit: int) -> list[UndecidedEntry]:
        """Entries first seen at `since` or later that nothing has decided about, newest first."""
        return self._undecided(
            "entries.first_seen_at >= ? and not exists "
            "(select 1 from decisions where decisions.story_id = entries.story_id)",
            (to_text(since),),
            newest=limit,
        )

    def first_seen(self) -> datetime | None:
        """When the oldest entry was first seen; None in an empty store."""
        row = self._db.execute("select min(first_seen_at) from entries").fetchone()
        return from_text(row[0]) if row[0] is not None else None

    def entries_since(self, since: datetime | None) -> list[UndecidedEntry]:
        """All entries first seen at `since` or later (None: all)."""
        moment = to_text(since) if since is not None else ""
        return self._undecided("entries.first_seen_at >= ?", (moment,))

    def outputs_of_stories(self, story_ids: Iterable[int]) -> dict[int, tuple[str, ...]]:
        """The names of the categories in which each story stands now, `uncategorized` included."""
        rows = self._db.execute(
            "select story_id, outputs.name from memberships "
            "join outputs on outputs.id = output_id where left_revision is null "
            "and kind in ('category', 'uncategorized') "
            "and story_id in (select value from json_each(?)) order by story_id, outputs.id",
            (json.dumps(list(story_ids)),),
        )
        found: dict[int, list[str]] = {}
        for story_id, name in rows:
            found.setdefault(story_id, []).append(name)
        return {story_id: tuple(names) for story_id, names in found.items()}

    # ------------------------------------------------------------ classifiers

    def save_model(self, body: bytes, record: ModelRecord) -> int:
        """Keep a classifier; one in force puts the former out of force. Inside a transaction."""
        if record.in_force:
            self._db.execute("update models set in_force = 0 where in_force = 1")
        cursor = self._db.execute(
            "insert into models (trained_at, labels, corrections, in_force, remark, report, body) "
            "values (?, ?, ?, ?, ?, ?, ?)",
            (
                *(to_text(record.trained_at), record.labels, record.corrections),
                *(int(record.in_force), record.remark, record.report, body),
            ),
        )
        self._db.execute(
            "delete from models where in_force = 0 and id <= (select max(id) from models) - ?",
            (MODELS_KEPT,),
        )
        return int(cursor.lastrowid or 0)

    def model_in_force(self) -> int | None:
        """The number of the classifier in force; cheap enough to ask at every batch."""
        row = self._db.execute("select id from models where in_force = 1").fetchone()
        return int(row[0]) if row else None

    def model_body(self, number: int) -> bytes:
        """The bytes of a classifier."""
        row = self._db.execute("select body from models where id = ?", (number,)).fetchone()
        return bytes(row[0])

    def models(self) -> list[ModelRecord]:
        """What is known of the classifiers kept, the newest first."""
        rows = self._db.execute(f"select {_MODEL} from models order by id desc")
        return [_model(row) for row in rows]


def _labelled(row: Sequence[Any]) -> LabelledEntry:
    shown = snapshot_from_row(row[5:])
    text = shown.content or shown.summary
    known = row[0], row[1], bool(row[2]), from_text(row[3]), row[4]
    return LabelledEntry(*known, shown.title, text, shown.tags)


def _model(row: Sequence[Any]) -> ModelRecord:
    number, trained_at, labels, corrections, in_force, remark, report = row
    at = from_text(trained_at)
    return ModelRecord(at, labels, corrections, bool(in_force), remark, report, number)
