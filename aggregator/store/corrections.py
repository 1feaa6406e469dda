"""What a person says of stories: these two are one, this entry is another. Remembered, undoable."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from aggregator.model import TextMarks
from aggregator.store.errors import StoreError
from aggregator.store.fingerprints import FingerprintRows
from aggregator.store.keys import story_key, urn_of, uuid5_hex
from aggregator.store.outputs import OutputRows
from aggregator.store.publishing import PublishingRows
from aggregator.store.times import to_text


class CorrectionRows(OutputRows, FingerprintRows, PublishingRows):
    """The corrections' part of the SQLite store."""

    def merge_stories(self, one: str, other: str, now: datetime) -> str:
        """Make two stories (by key) one; the older keeps its id, whose key is returned.

        The other's key and atom:id become names of it, and a tombstone says so. Raises StoreError
        when they are one already.
        """
        rows = self._db.execute(
            "select id, key, lead_id, atom_id from stories "
            "where key in (?, ?) and merged_into is null "
            "order by created_at, id",
            (one, other),
        ).fetchall()
        if len(rows) != 2:
            raise StoreError("these are one story already")
        (kept, key, _, kept_id), (gone, _, lead, gone_id) = rows
        at = to_text(self._stamp(now))
        self._db.execute(
            "insert into corrections (kind, entry_id, story_id, other_id, made_at) "
            "select 'merge', id, ?, ?, ? from entries where story_id = ?",
            (gone, kept, at, gone),
        )
        self._db.execute(
            "insert or replace into likenesses (entry_id, story_id, how, snapshot_id, matched_id, "
            "decided_at) select entries.id, ?, 'merge', entries.snapshot_id, lead.snapshot_id, ? "
            "from entries, entries lead, stories where entries.id = ? and stories.id = ? "
            "and lead.id = stories.lead_id",
            (kept, at, lead, kept),
        )
        self._leave_outputs(gone)
        self.add_tombstone(gone_id, f"merged into {kept_id}", now)
        self._move_entries("story_id = ?", (gone,), kept)
        self._db.execute(
            "update stories set merged_into = ?, revision = ? where id = ? or merged_into = ?",
            (kept, self._new_revision(), gone, gone),
        )
        self._settle_memberships(kept, now)
        self._change_story(kept, None)
        return str(key)

    def split_entry(self, entry_id: int, marks: TextMarks | None, now: datetime) -> str:
        """Take an entry out of its story; returns the key of the one it then has.

        An entry that came by a merge takes what came with it along, and its old key revives. So
        do reposts that are in the story because they were verified against this entry.
        `marks` are of its text, by which its own reposts will find it. Raises StoreError for the
        lead: the story is its own.
        """
        story_id, lead_id, shown_id, origin_id = self._db.execute(
            "select stories.id, lead_id, shown_id, origin_id from entries "
            "join stories on stories.id = story_id where entries.id = ?",
            (entry_id,),
        ).fetchone()
        if lead_id == entry_id:
            raise StoreError("this entry is its story's first: split off the others instead")
        at = to_text(self._stamp(now))
        own = self._revived(entry_id, story_id) or self._opened(entry_id, at)
        moved = self._moving(entry_id, own, story_id)
        for one in moved:
            self._db.execute(
                "insert into corrections (kind, entry_id, story_id, other_id, made_at) "
                "values ('split', ?, ?, ?, ?)",
                (one, own, story_id, at),
            )
            self._move_entries("id = ?", (one,), own)
        self._db.execute("delete from likenesses where entry_id = ?", (entry_id,))
        if origin_id in moved or shown_id in moved:
            self._db.execute(
                "update stories set shown_id = null, origin_id = null where id = ?", (story_id,)
            )
        if marks is not None:
            snapshot = self._db.execute(
                "select snapshot_id from entries where id = ?", (entry_id,)
            ).fetchone()[0]
            self._index_text(snapshot, marks, now)
        for changed in (own, story_id):
            self._settle_memberships(changed, now)
        self._change_story(own, None)
        self._change_story(story_id, at if shown_id in moved else None)
        return str(self._db.execute("select key from stories where id = ?", (own,)).fetchone()[0])

    def _revived(self, entry_id: int, story_id: int) -> int | None:
        """The story that an entry had before a merge put it into this one, in force again."""
        row = self._db.execute(
            "select stories.id, atom_id from corrections "
            "join stories on stories.id = corrections.story_id "
            "where kind = 'merge' and entry_id = ? and merged_into = ? "
            "order by corrections.id desc limit 1",
            (entry_id, story_id),
        ).fetchone()
        if row is None:
            return None
        self.lift_tombstone(row[1])
        self._db.execute(
            "update stories set merged_into = null, revision = ? where id = ?",
            (self._new_revision(), row[0]),
        )
        return int(row[0])

    def _moving(self, entry_id: int, own: int, story_id: int) -> list[int]:
        """The entries that go along: the entry itself, what a merge brought with it, and what was

        verified against one of these.
        """
        rows = self._db.execute(
            "with recursive moving (id) as (select ? union "
            "select entries.id from entries join corrections on entry_id = entries.id "
            "where kind = 'merge' and corrections.story_id = ? and entries.story_id = ? union "
            "select likenesses.entry_id from moving join snapshots on snapshots.entry_id = "
            "moving.id join likenesses on matched_id = snapshots.id "
            "join entries on entries.id = likenesses.entry_id where likenesses.story_id = ? "
            "and entries.id <> (select lead_id from stories where id = ?)) "
            "select id from moving order by id",
            (entry_id, own, story_id, story_id, story_id),
        )
        return [row[0] for row in rows]

    def _opened(self, entry_id: int, at: str) -> int:
        """A story of its own for an entry."""
        guid, first_url = self._db.execute(
            "select guid, first_url from entries join sources on sources.id = source_id "
            "where entries.id = ?",
            (entry_id,),
        ).fetchone()
        key = story_key(first_url, guid)
        while self._taken(key):
            key = uuid5_hex(f"{key} split")
        story_id = self._next_id("stories")
        row = (story_id, key, urn_of(key), entry_id, at, at, self._new_revision())
        self._db.execute(
            "insert into stories (id, key, atom_id, lead_id, created_at, updated_at, revision) "
            "values (?, ?, ?, ?, ?, ?, ?)",
            row,
        )
        return story_id

    def _taken(self, key: str) -> bool:
        found = self._db.execute(
            "select 1 from stories where key = ? or atom_id = ?", (key, urn_of(key))
        )
        return found.fetchone() is not None

    def _move_entries(self, where: str, parameters: tuple[Any, ...], story_id: int) -> None:
        """Put entries, with their decisions and evidence, into another story."""
        ids = [r[0] for r in self._db.execute(f"select id from entries where {where}", parameters)]
        for entry_id in ids:
            for table, column in (("entries", "id"), ("decisions", "entry_id")):
                self._db.execute(
                    f"update {table} set story_id = ? where {column} = ?", (story_id, entry_id)
                )
            self._db.execute(
                "update likenesses set story_id = ? where entry_id = ?", (story_id, entry_id)
            )

    def _leave_outputs(self, story_id: int) -> None:
        rows = self._db.execute(
            "select output_id from memberships where story_id = ? and left_revision is null "
            "and listed = 1",
            (story_id,),
        ).fetchall()
        self._db.execute(
            "update memberships set left_revision = ? where story_id = ? and left_revision is null",
            (self._new_revision(), story_id),
        )
        self._touch({row[0] for row in rows})
