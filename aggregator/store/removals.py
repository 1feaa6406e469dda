"""What was taken down: the record of it, and the bars that keep it from coming in again."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from aggregator.model import Erasure, Print, Removal
from aggregator.store.base import Rows
from aggregator.store.keys import uuid5_hex
from aggregator.store.times import from_text, from_text_or_none, to_text

# What is said of a page that is not fetched again because its article was taken down.
TAKEN_DOWN = "removed"
_COLUMNS = (
    "removals.id, removals.story_key, removals.atom_id, reason, legal, whole, removals.removed_at, "
    "undone_at, done_at"
)


class RemovalRows(Rows):
    """The removals' part of the SQLite store."""

    # ------------------------------------------------------------ the record

    def removals(self, limit: int, offset: int = 0) -> list[Removal]:
        """The removals in force, the latest first."""
        rows = self._db.execute(
            f"select {_COLUMNS} from removals where undone_at is null "
            "order by removed_at desc, id desc limit ? offset ?",
            (limit, offset),
        )
        return [_removal(row) for row in rows]

    def count_removals(self) -> int:
        """How many removals are in force."""
        row = self._db.execute("select count(*) from removals where undone_at is null").fetchone()
        return int(row[0])

    def removal_of(self, key: str) -> Removal | None:
        """The removal of the whole story that has a key, or had it before a merge; the latest.

        One that was undone counts for as long as the article has not come in again.
        """
        row = self._db.execute(
            f"select {_COLUMNS} from removals where whole = 1 and story_key in (?, "
            "(select kept.key from stories named join stories kept on kept.id = named.merged_into "
            "where named.key = ?)) order by id desc limit 1",
            (key, key),
        ).fetchone()
        return None if row is None else _removal(row)

    def find_removals(self, wanted: str) -> list[Removal]:
        """The removals in force of stories whose key begins so, or that have this atom:id."""
        prefix = wanted.lower().removeprefix("urn:uuid:").replace("-", "")
        rows = self._db.execute(
            f"select {_COLUMNS} from removals where undone_at is null "
            "and (atom_id = ? or (story_key >= ? and story_key < ?)) order by id",
            (wanted, prefix or "g", f"{prefix or 'g'}g"),
        )
        return [_removal(row) for row in rows]

    def erased_at(self, story_key: str, second: datetime) -> Removal | None:
        """The removal of a version of a story that was taken in a second (UTC)."""
        stamp = to_text(second)[:19]
        row = self._db.execute(
            f"select {_COLUMNS} from erased join removals on removals.id = removal_id "
            "where erased.story_key = ? and kind = 'snapshot' and taken_at >= ? and taken_at < ? "
            "limit 1",
            (story_key, stamp, f"{stamp}~"),
        ).fetchone()
        return None if row is None else _removal(row)

    def count_erasures(self) -> int:
        """A number that grows with every removal and undoing."""
        row = self._db.execute("select value from counters where name = 'removals'").fetchone()
        return int(row[0])

    def unfinished_removals(self) -> list[int]:
        """The numbers of the removals of which bytes may be left."""
        return [row[0] for row in self._db.execute("select id from removals where done_at is null")]

    def marked_documents(self) -> int:
        """How many documents are still to be written anew."""
        row = self._db.execute(
            "select count(*) from documents where rendered_revision < 0"
        ).fetchone()
        return int(row[0])

    def finish_removals(self, numbers: Iterable[int], now: datetime) -> None:
        """Note that nothing is left of what these removals took down; inside a transaction."""
        self._db.executemany(
            "update removals set done_at = ? where id = ?", [(to_text(now), one) for one in numbers]
        )

    def _note_removal(self, story_id: int, erasure: Erasure, now: datetime) -> int:
        removal_id = self._next_id("removals")
        self._db.execute(
            "insert into removals (id, story_id, story_key, atom_id, reason, legal, whole, "
            "removed_at, sources) select ?, id, key, atom_id, ?, ?, 0, ?, (select "
            "json_group_array(distinct source_id) from entries where id in "
            "(select value from json_each(?))) from stories where id = ?",
            (
                *(removal_id, erasure.reason, int(erasure.legal)),
                *(to_text(self._stamp(now)), json.dumps(list(erasure.entry_ids)), story_id),
            ),
        )
        self._db.executemany(
            "insert or ignore into removal_keys (digest, removal_id) values (?, ?)",
            [(digest, removal_id) for digest in erasure.bars.keys],
        )
        self._db.executemany(
            "insert into removal_prints (removal_id, fingerprints, numbers) values (?, ?, ?)",
            [(removal_id, one.fingerprints, one.numbers) for one in erasure.bars.prints],
        )
        self._count_erasure()
        return removal_id

    def _count_erasure(self) -> None:
        self._db.execute("update counters set value = value + 1 where name = 'removals'")
        self._new_revision()

    def lift_removal(self, number: int, now: datetime) -> None:
        """Let what a removal took down be taken in again: under its own key and id, when the

        source tells it again. Inside a transaction.
        """
        story_id, atom_id, whole, sources = self._db.execute(
            "select story_id, atom_id, whole, sources from removals where id = ?", (number,)
        ).fetchone()
        for table in ("removal_keys", "removal_prints"):
            self._db.execute(f"delete from {table} where removal_id = ?", (number,))
        self._db.execute("update removals set undone_at = ? where id = ?", (to_text(now), number))
        if whole:
            # What is minted when it comes in again is minted of the same parts.
            freed = uuid5_hex(f"{atom_id} removed {number}")
            self._db.execute(
                "update stories set key = ?, atom_id = ? where id = ? and removed_at is not null",
                (freed, f"urn:uuid:{freed}", story_id),
            )
            self._db.execute("delete from tombstones where ref = ?", (atom_id,))
        self._read_anew(json.loads(sources), now)
        self._count_erasure()

    def _read_anew(self, source_ids: Iterable[int], now: datetime) -> None:
        """Have sources read as if for the first time: what they told before may be news again."""
        for source_id in source_ids:
            self._db.execute(
                "update source_states set etag = null, last_modified = null, body_digest = null, "
                "next_poll_at = min(next_poll_at, ?) where source_id = ? and gone = 0",
                (to_text(now), source_id),
            )
            self._db.execute("delete from source_chunks where source_id = ?", (source_id,))
            self._db.execute(
                "update pages set next_fetch_at = ?, outcome = null where source_id = ? "
                "and outcome = ?",
                (to_text(now), source_id, TAKEN_DOWN),
            )

    # ------------------------------------------------------------ the bars

    def barred_keys(self, digests: Sequence[str]) -> dict[str, set[int]]:
        """Which of these digests bar an entry, and the stories in which they do not."""
        rows = self._db.execute(
            "select digest, story_id from removal_keys join removals on removals.id = removal_id "
            "where digest in (select value from json_each(?))",
            (json.dumps(list(digests)),),
        )
        found: dict[str, set[int]] = {}
        for digest, story_id in rows:
            found.setdefault(digest, set()).add(story_id)
        return found

    def removal_prints(self) -> list[tuple[int, Print]]:
        """Every barred text, with the story that was taken down or goes on without it."""
        rows = self._db.execute(
            "select story_id, fingerprints, numbers from removal_prints "
            "join removals on removals.id = removal_id order by removal_prints.id"
        )
        return [(row[0], Print(row[1], row[2])) for row in rows]

    def story_of_entry(self, entry_id: int) -> int | None:
        """The number of the story that an entry is in."""
        row = self._db.execute("select story_id from entries where id = ?", (entry_id,)).fetchone()
        return None if row is None else int(row[0])

    def tellers(self, entry_ids: Sequence[int]) -> dict[int, tuple[int, str]]:
        """Whose entries these are: the source's number and the guid, by the entry's number."""
        rows = self._db.execute(
            "select id, source_id, guid from entries where id in (select value from json_each(?))",
            (json.dumps(list(entry_ids)),),
        )
        return {row[0]: (row[1], row[2]) for row in rows}

    def shared_by_others(
        self, entry_ids: Sequence[int], links: Sequence[str], texts: Sequence[str]
    ) -> tuple[set[str], set[str]]:
        """Of these link_keys those that entries beside have too, and of these text_keys those that

        entries of other stories have: neither tells the article from another.
        """
        ids = json.dumps(list(entry_ids))
        mine = "select story_id from entries where id in (select value from json_each(:ids))"
        links_of_others = self._db.execute(
            "select distinct link_key from entries where link_key in (select value from "
            "json_each(:values)) and id not in (select value from json_each(:ids))",
            {"values": json.dumps(list(links)), "ids": ids},
        ).fetchall()
        texts_of_others = self._db.execute(
            "select distinct text_key from entries where text_key in (select value from "
            f"json_each(:values)) and story_id not in ({mine})",
            {"values": json.dumps(list(texts)), "ids": ids},
        ).fetchall()
        return {row[0] for row in links_of_others}, {row[0] for row in texts_of_others}


def _removal(row: Sequence[Any]) -> Removal:
    number, key, atom_id, reason, legal, whole, removed_at, undone_at, done_at = row
    return Removal(
        *(number, key, atom_id, reason, bool(legal), bool(whole), from_text(removed_at)),
        *(from_text_or_none(undone_at), from_text_or_none(done_at)),
    )
