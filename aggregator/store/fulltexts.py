"""The texts of entries' own pages: which are wanted, and their snapshots."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from aggregator.html import as_summary
from aggregator.model import FoundText, Snapshot, Text
from aggregator.store.captures import FURTHER
from aggregator.store.entries import CODEC, EntryRows
from aggregator.store.snapshots import (
    SNAPSHOT_COLUMNS,
    packed_text,
    snapshot_columns,
    snapshot_from_row,
)
from aggregator.store.times import from_text, to_text

# A story whose `updated` moved so lately does not move it again for the text of its page: the full
# text that comes a moment after its summary is no news to a reader.
QUIET = timedelta(hours=1)
# A main text shorter than this part of the feed's own is none: a notice, a wall, a mistake.
LEAST_PART = 0.8

# What changed in the snapshot in which the text of the page came first. Pages are forgotten after
# a while, snapshots are not: by this is known that an entry has a full text.
FULLTEXT = "fulltext"
# … and in one that was read anew from a page that was kept.
REEXTRACTED = "reextracted"
_CONTENT = (
    "title title_kind link summary summary_kind content content_kind base language published "
    "updated authors tags enclosures origin rights feed_updated"
).split()
_OWN = "own_content"
# What the page may add where the feed says nothing.
_FILLED = ("title", "published", "authors", "enclosures", "origin")


class FulltextRows(EntryRows):
    """The full texts' part of the SQLite store."""

    def with_full_text(self, entry_id: int) -> Snapshot | None:
        """The latest snapshot of an entry whose page was had; None while it was not."""
        columns = ", ".join(f"snapshots.{name}" for name in SNAPSHOT_COLUMNS)
        row = self._db.execute(
            f"select {columns} from snapshots join entries "
            "on entries.snapshot_id = snapshots.id where entries.id = ? and exists (select 1 from "
            "snapshots other where other.entry_id = entries.id and other.changed = ?)",
            (entry_id, json.dumps([FULLTEXT])),
        ).fetchone()
        return None if row is None else snapshot_from_row(row)

    def want_fulltexts(self, source_id: int, guids: Sequence[str]) -> list[tuple[int, str]]:
        """Of these entries of a source those whose page is to be fetched, with their links.

        Entries that stand in a feed, whose link is theirs alone in the source, and of which no
        page is had already, be it for another carrier of the same story.
        """
        rows = self._db.execute(
            "select entries.id, snapshots.link from entries "
            "join snapshots on snapshots.id = entries.snapshot_id "
            "where source_id = ? and guid in (select value from json_each(?)) "
            "and link is not null and link_key is not null "
            "and exists (select 1 from memberships where story_id = entries.story_id "
            "and listed = 1 and left_revision is null) "
            "and not exists (select 1 from entries other where other.link_key = entries.link_key "
            "and other.id <> entries.id and (other.source_id = entries.source_id or "
            "(other.story_id = entries.story_id and exists "
            "(select 1 from pages where entry_id = other.id)))) "
            "and not exists (select 1 from pages where entry_id = entries.id) "
            "order by entries.id desc",
            (source_id, json.dumps(list(guids))),
        )
        return [(row[0], row[1]) for row in rows]

    def look_again(self, entry_ids: Iterable[int], now: datetime) -> None:
        """Have the pages of entries fetched again: the feed says that they changed."""
        self._db.executemany(
            "update pages set next_fetch_at = ? where entry_id = ? and kind = 'fulltext' "
            "and first_fetched_at is not null",
            [(to_text(now), entry_id) for entry_id in entry_ids],
        )

    def save_fulltext(self, found: FoundText, now: datetime) -> bool:
        """Save the text of an entry's page as a snapshot beside the feed's words; in a transaction.

        False, and nothing saved, where it is too short to be what the feed's own text tells of.
        """
        names = [*_CONTENT, _OWN]
        columns = ", ".join(f"snapshots.{name}" for name in names)
        row = self._db.execute(
            "select entries.story_id, text_length, title_key, meta_key, "
            "coalesce(shown_id, lead_id), stories.updated_at, "
            f"(select max(number) from snapshots where entry_id = entries.id), {columns} "
            "from entries join snapshots on snapshots.id = snapshot_id "
            "join stories on stories.id = entries.story_id where entries.id = ?",
            (found.entry_id,),
        ).fetchone()
        story_id, own_length, title_key, meta_key, shown_id, updated_at, number = row[:7]
        if not found.is_trusted and found.text_length < LEAST_PART * (own_length or 0):
            return False
        at = to_text(self._stamp(now))
        filled = self.lacking_of(found.entry_id)
        text = f"{title_key}{found.text_key}{meta_key}"
        snapshot_id = self._insert(
            "snapshots",
            {
                "entry_id": found.entry_id,
                "number": number + 1,
                "taken_at": at,
                "changed": json.dumps([_what_changed(found)]),
                "digest": hashlib.sha256(text.encode()).hexdigest(),
                "capture_id": found.capture_id or self._keep_pages(found, at),
                **_beside(dict(zip(names, row[7:], strict=True)), found, filled),
            },
        )
        self._db.execute(
            "update entries set snapshot_id = ? where id = ?", (snapshot_id, found.entry_id)
        )
        if shown_id == found.entry_id:
            moves = found.capture_id is None and now - from_text(updated_at) > QUIET
            self._change_story(story_id, at if moves else None)
        return True

    def lacking_of(self, entry_id: int) -> set[str]:
        """What the feed did not say of an entry when it came: the page may say it."""
        row = self._db.execute(
            f"select {', '.join(_FILLED)} from snapshots where entry_id = ? and number = 1",
            (entry_id,),
        ).fetchone()
        return {name for name, value in zip(_FILLED, row, strict=True) if value is None}

    def _keep_pages(self, found: FoundText, at: str) -> int:
        """The raw pages as captures, numbered in a row: `page`, then `page+` for each further."""
        first: int | None = None
        for url, body in found.bodies:
            capture_id = self._insert(
                "captures",
                {
                    "digest": hashlib.sha256(body).hexdigest(),
                    "kind": "page" if first is None else FURTHER,
                    "codec": CODEC,
                    "body": self._compressor.compress(body),
                    "size": len(body),
                    "encoding": found.encoding,
                    "format": "page",
                    "url": url,
                    "taken_at": at,
                },
            )
            first = capture_id if first is None else first
        assert first is not None
        return first

    def _insert(self, table: str, values: dict[str, Any]) -> int:
        row = {"id": self._next_id(table), **values}
        names, marks = ", ".join(row), ", ".join("?" * len(row))
        self._db.execute(f"insert into {table} ({names}) values ({marks})", tuple(row.values()))
        return int(row["id"])


def _what_changed(found: FoundText) -> str:
    if found.capture_id is not None:
        return REEXTRACTED
    return FULLTEXT if found.is_first else "text"


def _beside(own: dict[str, Any], found: FoundText, lacking: set[str]) -> dict[str, Any]:
    """The feed's words with the page's text as content; what the feed lacks, from the page."""
    page = dict(zip(_CONTENT, snapshot_columns(found.entry, None), strict=True))
    merged = dict(own)
    if found.is_first and own["content"] is not None:
        content = Text(own["content"], own["content_kind"], own["base"])
        if own["summary"] is None and as_summary(None, content) is not None:
            merged["summary"], merged["summary_kind"] = own["content"], own["content_kind"]
        else:
            merged[_OWN] = packed_text(content)
    for name in ("content", "content_kind", "base"):
        merged[name] = page[name]
    for name in _FILLED:
        if own[name] is None or (name in lacking and page[name] is not None):
            merged[name] = page[name]
            if name == "title":
                merged["title_kind"] = page["title_kind"]
    return merged
