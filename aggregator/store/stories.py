"""Stories as they are shown: with their lead's latest snapshot, their carriers, their history."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from aggregator.model import (
    Carrier,
    CategoryDecision,
    KeptLikeness,
    Likeness,
    PublishedStory,
    Snapshot,
    StoryDetails,
    UndecidedEntry,
)
from aggregator.store.base import Rows
from aggregator.store.snapshots import SNAPSHOT_COLUMNS, snapshot_from_row, unpacked_text
from aggregator.store.sources import SUMMARY
from aggregator.store.times import from_text, from_text_or_none, to_text

_STORY = (
    "stories.id, stories.key, stories.atom_id, stories.updated_at, stories.revision, "
    "(select taken_at from snapshots first where first.entry_id = stories.lead_id "
    "and first.number = 1), "
    "sources.name, sources.title, sources.feed_link, sources.feed_id, sources.first_url, "
    "sources.extent, "
    "lead.outlet, (select origins.name from entries origin join sources origins "
    "on origins.id = origin.source_id where origin.id = stories.origin_id), "
    + ", ".join(f"snapshots.{name}" for name in SNAPSHOT_COLUMNS)
)
_FROM_STORY = (
    "stories join entries lead on lead.id = coalesce(stories.shown_id, stories.lead_id) "
    "join sources on sources.id = lead.source_id "
    "join snapshots on snapshots.id = lead.snapshot_id"
)


# A story that was merged into another goes by the other's key.
_FROM_ALIAS = (
    "from stories named join stories kept on kept.id = coalesce(named.merged_into, named.id)"
)


class StoryRows(Rows):
    """The stories' part of the SQLite store."""

    def listed_stories(self, output_id: int, limit: int) -> list[PublishedStory]:
        """The newest `limit` stories that an output lists, by their entry into it."""
        rows = self._db.execute(
            f"select {_STORY} from memberships join stories on stories.id = memberships.story_id "
            f"join {_FROM_STORY.removeprefix('stories join ')} "
            "where memberships.output_id = ? and left_revision is null and listed = 1 "
            "order by position desc limit ?",
            (output_id, limit),
        ).fetchall()
        return self._with_carriers(rows)

    def stories(self, story_ids: Iterable[int]) -> dict[int, PublishedStory]:
        """Some stories by their numbers, as a feed shows them."""
        rows = self._db.execute(
            f"select {_STORY} from {_FROM_STORY} "
            "where stories.id in (select value from json_each(?))",
            (json.dumps(list(story_ids)),),
        ).fetchall()
        return {story.story_id: story for story in self._with_carriers(rows)}

    def stories_as_of(
        self, story_ids: Iterable[int], moment: datetime
    ) -> dict[int, PublishedStory]:
        """Some stories as they stood at `moment`: with the snapshot and the carriers of then."""
        found = self.stories(story_ids)
        leads = {story.snapshot.entry_id: story for story in found.values()}
        columns = ", ".join(f"snapshots.{name}" for name in SNAPSHOT_COLUMNS)
        rows = self._db.execute(
            f"select {columns} from snapshots where entry_id in (select value from json_each(?)) "
            "and (number = 1 or taken_at <= ?) order by entry_id, number",
            (json.dumps(list(leads)), to_text(moment)),
        )
        for snapshot in map(snapshot_from_row, rows):
            story = found[leads[snapshot.entry_id].story_id]
            visible = snapshot.number == 1 or {"text", "title"} & set(snapshot.changed)
            found[story.story_id] = replace(
                story,
                snapshot=snapshot,
                updated_at=snapshot.taken_at if visible else story.updated_at,
                carriers=tuple(one for one in story.carriers if one.first_seen_at <= moment),
            )
        return found

    def count_stories(self) -> dict[int, int]:
        """How many stories stand in each output."""
        rows = self._db.execute(
            "select output_id, count(*) from memberships where left_revision is null "
            "group by output_id"
        )
        return dict(rows.fetchall())

    def _with_carriers(self, rows: Sequence[Any]) -> list[PublishedStory]:
        carriers = self._carriers([row[0] for row in rows])
        return [
            PublishedStory(
                story_id=row[0],
                key=row[1],
                atom_id=row[2],
                updated_at=from_text(row[3]),
                revision=row[4],
                first_taken_at=from_text(row[5]),
                snapshot=snapshot_from_row(row[14:]),
                source_name=row[6],
                source_title=row[7],
                source_link=row[8],
                source_feed_id=row[9],
                source_first_url=row[10],
                summary_only=row[11] == SUMMARY,
                carriers=tuple(carriers.get(row[0], ())),
                outlet=row[12],
                origin=row[13],
            )
            for row in rows
        ]

    def _carriers(self, story_ids: Iterable[int]) -> dict[int, list[Carrier]]:
        rows = self._db.execute(
            "select entries.story_id, entries.id, sources.name, sources.title, entries.guid, "
            "snapshots.link, snapshots.title, snapshots.published, entries.first_seen_at, "
            "snapshots.authors, snapshots.rights "
            "from entries join sources on sources.id = entries.source_id "
            "join snapshots on snapshots.id = entries.snapshot_id "
            "where entries.story_id in (select value from json_each(?)) "
            "order by entries.first_seen_at, entries.id",
            (json.dumps(list(story_ids)),),
        )
        found: dict[int, list[Carrier]] = {}
        for row in rows:
            found.setdefault(row[0], []).append(_carrier(row[1:]))
        return found

    def find_stories(self, wanted: str, link_key: str | None, limit: int = 10) -> list[str]:
        """The keys of stories meant by `wanted`: the start of a key, an atom:id or a link.

        `link_key` is the link in the form in which entries are recognised by it.
        """
        prefix = wanted.lower().removeprefix("urn:uuid:").replace("-", "")
        if prefix and all(letter in "0123456789abcdef" for letter in prefix):
            rows = self._db.execute(
                f"select distinct kept.key {_FROM_ALIAS} "
                "where named.key >= ? and named.key < ? limit ?",
                (prefix, prefix + "g", limit),
            )
        else:
            rows = self._db.execute(
                f"select kept.key {_FROM_ALIAS} where named.atom_id = ? "
                "union select stories.key from stories "
                "join entries on entries.story_id = stories.id where entries.link_key = ? limit ?",
                (wanted, link_key, limit),
            )
        return [row[0] for row in rows]

    def story_details(self, key: str) -> StoryDetails | None:
        """A story with every snapshot of every carrier, its decisions and its outputs.

        A key that a merge made a name of another story gives that story.
        """
        rows = self._db.execute(
            f"select {_STORY} from {_FROM_STORY} "
            f"where stories.key = (select kept.key {_FROM_ALIAS} where named.key = ?)",
            (key,),
        ).fetchall()
        if not rows:
            return None
        story = self._with_carriers(rows)[0]
        created = self._db.execute(
            "select created_at from stories where id = ?", (story.story_id,)
        ).fetchone()[0]
        return StoryDetails(
            story=story,
            created_at=from_text(created),
            snapshots=self._snapshots(story.story_id),
            decisions=self._decisions(story.story_id),
            outputs=self._outputs_of(story.story_id),
        )

    def _snapshots(self, story_id: int) -> tuple[Snapshot, ...]:
        columns = ", ".join(f"snapshots.{name}" for name in SNAPSHOT_COLUMNS)
        rows = self._db.execute(
            f"select {columns} from snapshots join entries on entries.id = entry_id "
            "where story_id = ? order by entry_id, number",
            (story_id,),
        ).fetchall()
        own = dict(
            self._db.execute(
                "select snapshots.id, own_content from snapshots "
                "join entries on entries.id = entry_id "
                "where story_id = ? and own_content is not null",
                (story_id,),
            ).fetchall()
        )
        return tuple(
            replace(snapshot, own=unpacked_text(own.get(snapshot.snapshot_id)))
            for snapshot in map(snapshot_from_row, rows)
        )

    def _decisions(self, story_id: int) -> tuple[tuple[int, CategoryDecision, Any], ...]:
        rows = self._db.execute(
            "select entry_id, outputs.name, decided_by, evidence, decided_at from decisions "
            "join outputs on outputs.id = output_id where story_id = ? order by decisions.id",
            (story_id,),
        )
        return tuple(
            (row[0], CategoryDecision(row[1], row[2], row[3]), from_text(row[4])) for row in rows
        )

    def story_likenesses(self, key: str) -> list[KeptLikeness]:
        """Why each carrier of a story was taken for one, in the order in which they came."""
        rows = self._db.execute(
            "select sources.name, sources.title, how, likenesses.snapshot_id, matched_id, "
            "coalesce(contained, 0), coalesce(same, 0), coalesce(own, 0), "
            "coalesce(replacements, 0), decided_at from likenesses "
            "join entries on entries.id = entry_id join sources on sources.id = entries.source_id "
            "where entries.story_id = (select id from stories where key = ?) order by entry_id",
            (key,),
        ).fetchall()
        snapshots = self._snapshots_by_id([one for row in rows for one in row[3:5] if one])
        return [
            KeptLikeness(
                *(row[0], row[1], Likeness(row[2], row[4], *row[5:9]), from_text(row[9])),
                *(snapshots.get(row[3]), snapshots.get(row[4])),
            )
            for row in rows
        ]

    def _snapshots_by_id(self, ids: Sequence[int]) -> dict[int, Snapshot]:
        columns = ", ".join(SNAPSHOT_COLUMNS)
        rows = self._db.execute(
            f"select {columns} from snapshots where id in (select value from json_each(?))",
            (json.dumps(list(ids)),),
        )
        return {row[0]: snapshot_from_row(row) for row in rows}

    # ------------------------------------------------------------ deciding categories anew

    def entries_of_source(self, name: str) -> list[UndecidedEntry]:
        """A source's entries, to decide their categories anew."""
        return self._undecided("sources.name = ?", (name,))

    def entries_of_stories(self, story_ids: Iterable[int]) -> list[UndecidedEntry]:
        """The entries of some stories, to decide their categories anew."""
        wanted = json.dumps(list(story_ids))
        return self._undecided("entries.story_id in (select value from json_each(?))", (wanted,))

    def _undecided(
        self, where: str, parameters: tuple[Any, ...], newest: int = -1
    ) -> list[UndecidedEntry]:
        columns = ", ".join(f"snapshots.{name}" for name in SNAPSHOT_COLUMNS)
        rows = self._db.execute(
            f"select entries.id, entries.story_id, sources.name, entries.outlet, {columns} "
            "from entries join sources on sources.id = entries.source_id "
            f"join snapshots on snapshots.id = entries.snapshot_id where {where} "
            "order by entries.id desc limit ?",
            (*parameters, newest),
        ).fetchall()
        return [undecided_entry(row) for row in reversed(rows)]

    def _outputs_of(self, story_id: int) -> tuple[str, ...]:
        rows = self._db.execute(
            "select outputs.name from memberships join outputs on outputs.id = output_id "
            "where story_id = ? and left_revision is null order by outputs.id",
            (story_id,),
        )
        return tuple(row[0] for row in rows)


def _carrier(row: Sequence[Any]) -> Carrier:
    entry_id, name, title, guid, link, entry_title, published, first_seen_at, authors, rights = row
    dates = from_text_or_none(published), from_text(first_seen_at)
    about = tuple(json.loads(authors or "[]")), rights
    return Carrier(entry_id, name, title, guid, link, entry_title, *dates, *about)


def undecided_entry(row: Sequence[Any]) -> UndecidedEntry:
    """The entry of a row: its id, its story's, its source's name, its outlet, SNAPSHOT_COLUMNS."""
    shown = snapshot_from_row(row[4:])
    return UndecidedEntry(
        *(row[0], row[1], row[2], shown.title, shown.summary, shown.content),
        *(shown.link, shown.authors, shown.tags, shown.language, row[3]),
        shown.published or shown.updated or shown.taken_at,
    )
