"""What publishing reads and keeps: listings, rendered entries, archives, versions, tombstones."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

import zstandard

from aggregator.model import (
    Archive,
    Correction,
    DocumentRecord,
    Entered,
    Listed,
    Rendering,
    Tombstone,
)
from aggregator.store.listing import lead_source, looked_through, newest_of_each
from aggregator.store.outputs import DOCUMENT_COLUMNS, document_from_row
from aggregator.store.snapshots import SNAPSHOT_COLUMNS, snapshot_from_row
from aggregator.store.sources import SUMMARY
from aggregator.store.stories import StoryRows
from aggregator.store.times import from_text, from_text_or_none, to_text, to_text_or_none

_ARCHIVE_COLUMNS = (
    "output_id, month, part, first_position, last_position, count, opened_at, opened_revision, "
    "last_entered_at, sealed_at, sealed_revision"
)
LATEST_ARCHIVES = 3


class PublishingRows(StoryRows):
    """The publisher's part of the SQLite store."""

    # ------------------------------------------------------------ listings

    def listed(self, output_id: int, limit: int, per_source: int | None = None) -> list[Listed]:
        """The newest `limit` places of an output, at most `per_source` of one source's stories."""
        rows = self._db.execute(
            f"select stories.id, stories.revision, entered_at, {lead_source(per_source)} "
            "from memberships join stories on stories.id = memberships.story_id "
            "where output_id = ? and left_revision is null and listed = 1 "
            "order by position desc limit ?",
            (output_id, looked_through(limit, per_source)),
        )
        return newest_of_each(rows, limit, per_source)

    def renderings(self, story_ids: Iterable[int]) -> dict[int, Rendering]:
        """The rendered entries that are kept of some stories."""
        rows = self._db.execute(
            "select story_id, revision, version, language, sizes, body from renderings "
            "where story_id in (select value from json_each(?))",
            (json.dumps(list(story_ids)),),
        )
        unpack = zstandard.ZstdDecompressor().decompress
        found: dict[int, Rendering] = {}
        for story_id, revision, version, language, sizes, body in rows:
            whole = unpack(body)
            atom, rss, _ = json.loads(sizes)
            forms = whole[:atom], whole[atom : atom + rss], whole[atom + rss :]
            found[story_id] = Rendering(story_id, revision, version, language, *forms)
        return found

    def save_renderings(self, renderings: Iterable[Rendering]) -> None:
        """Keep rendered entries, in place of those kept of the same stories.

        Not of a story that was taken down, or changed, since it was read.
        """
        pack = zstandard.ZstdCompressor(level=3).compress
        self._db.executemany(
            "insert or replace into renderings (story_id, revision, version, language, sizes, "
            "body) select id, ?2, ?3, ?4, ?5, ?6 from stories where id = ?1 and revision = ?2 "
            "and removed_at is null",
            [
                (
                    *(one.story_id, one.revision, one.version, one.language),
                    json.dumps([len(one.atom), len(one.rss), len(one.json)]),
                    pack(one.atom + one.rss + one.json),
                )
                for one in renderings
            ],
        )

    def prune_renderings(self, limit: int) -> int:
        """Forget the rendered entries that stand in no output's newest `limit`; how many."""
        self._db.execute("create temp table if not exists shown (story_id integer primary key)")
        self._db.execute("delete from shown")
        for (output_id,) in self._db.execute("select id from outputs where removed_at is null"):
            self._db.execute(
                "insert or ignore into shown select story_id from memberships where output_id = ? "
                "and left_revision is null and listed = 1 order by position desc limit ?",
                (output_id, limit),
            )
        cursor = self._db.execute(
            "delete from renderings where story_id not in (select story_id from shown)"
        )
        return cursor.rowcount

    def documents_at(self, paths: Iterable[str]) -> dict[str, DocumentRecord]:
        """What is known of the documents at some paths."""
        rows = self._db.execute(
            f"select {DOCUMENT_COLUMNS} from documents "
            "where path in (select value from json_each(?))",
            (json.dumps(list(paths)),),
        )
        return {row[0]: document_from_row(row) for row in rows}

    # ------------------------------------------------------------ archives

    def entered_since_archived(self, limit: int) -> dict[int, list[Entered]]:
        """By output, what entered it since archives were last brought up to date; oldest first."""
        rows = self._db.execute(
            "select output_id, position, entered_at, entered_revision from memberships "
            "where position > (select coalesce(max(last_position), 0) from archives) "
            "order by position limit ?",
            (limit,),
        )
        found: dict[int, list[Entered]] = {}
        for output_id, position, entered_at, revision in rows:
            entered = Entered(position, from_text(entered_at), revision)
            found.setdefault(output_id, []).append(entered)
        return found

    def archives(self, output_id: int) -> list[Archive]:
        """An output's archives, the oldest first."""
        rows = self._db.execute(
            f"select {_ARCHIVE_COLUMNS} from archives where output_id = ? order by first_position",
            (output_id,),
        )
        return [_archive(row) for row in rows]

    def latest_archives(self, output_id: int) -> list[Archive]:
        """The last LATEST_ARCHIVES of an output, the open one last."""
        rows = self._db.execute(
            f"select {_ARCHIVE_COLUMNS} from archives where output_id = ? "
            "order by first_position desc limit ?",
            (output_id, LATEST_ARCHIVES),
        )
        return [_archive(row) for row in rows][::-1]

    def save_archives(self, archives: Iterable[Archive]) -> None:
        """Put archives in place of those that begin at the same position."""
        self._db.executemany(
            f"insert into archives ({_ARCHIVE_COLUMNS}) values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) "
            "on conflict (output_id, first_position) do update set "
            "last_position = excluded.last_position, count = excluded.count, "
            "last_entered_at = excluded.last_entered_at, sealed_at = excluded.sealed_at, "
            "sealed_revision = excluded.sealed_revision",
            [
                (
                    *(one.output_id, one.month, one.part, one.first_position, one.last_position),
                    *(one.count, to_text(one.opened_at), one.opened_revision),
                    *(to_text(one.last_entered_at), to_text_or_none(one.sealed_at)),
                    one.sealed_revision,
                )
                for one in archives
            ],
        )

    def archived(self, archive: Archive) -> list[Listed]:
        """The places of an archive, the newest first; a story that entered twice stands once."""
        # Three reads along one index instead of a walk over every output's memberships.
        wheres = ("left_revision is null and listed = 1", "left_revision is null and listed = 0")
        rows = []
        for where in (*wheres, "left_revision is not null"):
            rows += self._db.execute(
                "select position, stories.id, stories.revision, entered_at from memberships "
                "join stories on stories.id = story_id where output_id = ? and "
                f"{where} and removed_at is null and position between ? and ?",
                (archive.output_id, archive.first_position, archive.last_position),
            ).fetchall()
        found: dict[int, Listed] = {}
        for _, story_id, revision, entered_at in sorted(rows, reverse=True):
            found.setdefault(story_id, Listed(story_id, revision, entered_at))
        return list(found.values())

    # ------------------------------------------------------------ versions and tombstones

    def last_correction(self) -> int:
        """A number that grows with every new version of an entry; 0 before the first."""
        row = self._db.execute("select max(id) from snapshots where number > 1").fetchone()
        return int(row[0] or 0)

    def new_versions(self, limit: int) -> list[Correction]:
        """The latest `limit` new versions in which title or text changed, the newest first."""
        after = ", ".join(f"after.{name}" for name in SNAPSHOT_COLUMNS)
        before = ", ".join(f"before.{name}" for name in SNAPSHOT_COLUMNS)
        rows = self._db.execute(
            "select stories.key, sources.title, sources.first_url, first.digest, "
            f"sources.extent, {before}, {after} from snapshots after "
            "join snapshots before on before.entry_id = after.entry_id "
            "and before.number = after.number - 1 "
            "join snapshots first on first.entry_id = after.entry_id and first.number = 1 "
            "join entries on entries.id = after.entry_id "
            "join stories on stories.id = entries.story_id "
            "join sources on sources.id = entries.source_id "
            "where after.number > 1 and (after.changed like '%\"text\"%' "
            "or after.changed like '%\"title\"%') order by after.id desc limit ?",
            (limit,),
        )
        return [_correction(row) for row in rows]

    def tombstones(self, limit: int) -> list[Tombstone]:
        """The latest `limit` entries that are no more, the newest first."""
        rows = self._db.execute(
            "select ref, since, comment from tombstones order by since desc, ref limit ?", (limit,)
        )
        return [Tombstone(ref, from_text(since), comment) for ref, since, comment in rows]

    def add_tombstone(self, ref: str, comment: str, now: datetime) -> None:
        """Say that the entry with the atom:id `ref` is no more; inside a transaction."""
        self._db.execute(
            "insert or replace into tombstones (ref, since, comment) values (?, ?, ?)",
            (ref, to_text(self._stamp(now)), comment),
        )
        self._new_revision()

    def lift_tombstone(self, ref: str) -> None:
        """Let the entry with the atom:id `ref` be again; inside a transaction."""
        self._db.execute("delete from tombstones where ref = ?", (ref,))
        self._new_revision()

    # ------------------------------------------------------------ names that were

    def former_outputs(self) -> list[tuple[str, str, str | None, datetime]]:
        """Names of outputs that are no more: (name, key, present name or None, since)."""
        rows = self._db.execute(
            "select former_names.name, outputs.key, outputs.name, removed_at, since "
            "from former_names join outputs on outputs.id = former_names.id "
            "where former_names.kind = 'output' and former_names.name not in "
            "(select name from outputs where removed_at is null) union all "
            "select name, key, null, removed_at, removed_at from outputs "
            "where removed_at is not null and name not like '%#%'"
        )
        found = []
        for name, key, present, removed_at, since in rows:
            moment = from_text_or_none(removed_at) or from_text_or_none(since)
            if moment is not None:
                found.append((name, key, None if removed_at else present, moment))
        return sorted(found)


def _archive(row: Sequence[Any]) -> Archive:
    output_id, month, part, first, last, count, opened_at, revision, entered_at = row[:9]
    times = from_text(opened_at), revision, from_text(entered_at)
    sealed = from_text_or_none(row[9]), row[10]
    return Archive(output_id, month, part, first, last, count, *times, *sealed)


def _correction(row: Sequence[Any]) -> Correction:
    count = len(SNAPSHOT_COLUMNS)
    key, title, first_url, digest, extent = row[:5]
    before, after = snapshot_from_row(row[5 : 5 + count]), snapshot_from_row(row[5 + count :])
    return Correction(key, title, first_url, digest, before, after, extent == SUMMARY)
