"""Entries: what is already known of them, and the saving of what one poll decided."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from typing import Any

import zstandard

from aggregator.model import (
    Entry,
    EntryUpdate,
    KeyedEntry,
    KnownEntry,
    Likeness,
    New,
    PollUpdate,
    Revised,
    Same,
    SavedPoll,
    Text,
)
from aggregator.store.captures import FURTHER
from aggregator.store.fingerprints import FingerprintRows
from aggregator.store.health import HealthRows
from aggregator.store.keys import story_key, urn_of, uuid5_hex
from aggregator.store.outputs import OutputRows
from aggregator.store.snapshots import packed_text, snapshot_columns, text_of_columns, unpacked_text
from aggregator.store.times import from_text_or_none, to_text, to_text_or_none

CODEC = "zstd"
DATES_READ = 200
_KNOWN_COLUMNS = (
    "entries.id, source_id, story_id, guid, link_key, title_key, text_key, meta_key, "
    "text_length, published"
)

_INSERTS = {
    "captures": (
        "id, digest, kind, codec, body, size, encoding, format, url, context_id, taken_at"
    ),
    "entries": (
        "id, source_id, story_id, snapshot_id, guid, link_key, title_key, text_key, meta_key, "
        "text_length, published, first_seen_at, outlet"
    ),
    "snapshots": (
        "id, entry_id, number, taken_at, changed, digest, capture_id, title, title_kind, link, "
        "summary, summary_kind, content, content_kind, base, language, published, updated, "
        "authors, tags, enclosures, origin, rights, feed_updated"
    ),
    "stories": "id, key, atom_id, lead_id, created_at, updated_at, revision",
    "likenesses": (
        "entry_id, story_id, how, snapshot_id, matched_id, contained, same, own, replacements, "
        "decided_at"
    ),
    "decisions": "id, story_id, entry_id, output_id, decided_by, evidence, decided_at",
    "memberships": (
        "position, output_id, story_id, listed, entered_at, entered_revision, left_revision"
    ),
}


# Stories before entries and entries before the rest: foreign keys are checked at once.
_IN_ORDER = tuple("captures stories entries snapshots likenesses decisions memberships".split())


@lru_cache(maxsize=16)
def _insert_sql(table: str) -> str:
    columns = _INSERTS[table]
    marks = ", ".join("?" * (columns.count(",") + 1))
    return f"insert into {table} ({columns}) values ({marks})"


@dataclass(slots=True)
class _Save:
    """One poll on its way into the tables: rows gathered per table, then written in one go each."""

    poll: PollUpdate
    source_name: str
    first_url: str
    flood_after: int | None
    taken: set[str]
    rows: dict[str, list[tuple[Any, ...]]] = field(default_factory=dict)
    context_id: int | None = None
    document_id: int | None = None
    story_of_position: dict[int, int] = field(default_factory=dict)
    opening_snapshots: dict[int, int] = field(default_factory=dict)  # by position, as above
    origins: list[tuple[int, int, EntryUpdate, str]] = field(default_factory=list)
    joined: dict[int, bool] = field(default_factory=dict)  # story → whether it is news
    own: list[tuple[str, int]] = field(default_factory=list)  # content of a feed, its snapshot
    new: int = 0
    revised: int = 0
    duplicate: int = 0

    def add(self, table: str, row: tuple[Any, ...]) -> None:
        self.rows.setdefault(table, []).append(row)


class EntryRows(HealthRows, OutputRows, FingerprintRows):
    """The entries' part of the SQLite store."""

    def __init__(self, connection: Any) -> None:
        super().__init__(connection)
        # Of texts this short a higher level makes nothing smaller (level 3: half a per cent).
        self._compressor = zstandard.ZstdCompressor(level=1)

    # ------------------------------------------------------------ what is known

    def known_entries(self, source_id: int, keyed: Sequence[KeyedEntry]) -> list[KnownEntry]:
        """The source's entries that any of `keyed` may be: same guid, same link or same text."""
        if not self._has_entries(source_id):
            return []
        guids = [entry.guid for entry in keyed]
        rows = self._db.execute(
            f"select {_KNOWN_COLUMNS} from entries where source_id = ? "
            "and guid in (select value from json_each(?))",
            (source_id, json.dumps(guids)),
        ).fetchall()
        found = {row[3] for row in rows}
        strange = [entry for entry in keyed if entry.guid not in found]
        if strange:
            rows += self._by_content(strange, "source_id = ?", (source_id,))
        return _distinct(rows)

    def _has_entries(self, source_id: int) -> bool:
        found = self._db.execute("select 1 from entries where source_id = ? limit 1", (source_id,))
        return found.fetchone() is not None

    def entry_dates(self, source_id: int) -> list[datetime | None]:
        """The dates of the entries that came last from a source, as they say themselves."""
        rows = self._db.execute(
            "select published from entries where source_id = ? order by id desc limit ?",
            (source_id, DATES_READ),
        )
        return [from_text_or_none(row[0]) for row in rows]

    def carriers_elsewhere(self, keyed: Sequence[KeyedEntry]) -> list[KnownEntry]:
        """Entries of any source with the link of one of `keyed`: they may carry its story."""
        links = [entry.link_key for entry in keyed if entry.link_key]
        if not links:
            return []
        rows = self._db.execute(
            f"select {_KNOWN_COLUMNS} from entries "
            "where link_key in (select value from json_each(?))",
            (json.dumps(links),),
        ).fetchall()
        return _distinct(rows)

    def _by_content(
        self, keyed: Sequence[KeyedEntry], where: str, parameters: tuple[Any, ...]
    ) -> list[Any]:
        links = json.dumps([entry.link_key for entry in keyed if entry.link_key])
        texts = json.dumps([entry.text_key for entry in keyed if entry.text_length])
        found: list[Any] = []
        for column, values in (("link_key", links), ("text_key", texts)):
            found += self._db.execute(
                f"select {_KNOWN_COLUMNS} from entries where "
                f"{column} in (select value from json_each(?)) and {where} limit 5000",
                (values, *parameters),
            ).fetchall()
        return found

    def latest_texts(self, entry_id: int, limit: int) -> list[Text | None]:
        """The texts of an entry's latest versions in its feed's own words, the oldest first."""
        rows = self._db.execute(
            "select own_content, summary, summary_kind, content, content_kind, base "
            "from snapshots where entry_id = ? order by number desc limit ?",
            (entry_id, limit),
        ).fetchall()
        return [_own_text(row) for row in rows[::-1]]

    # ------------------------------------------------------------ saving

    def save_poll(self, poll: PollUpdate, initial: int) -> SavedPoll:
        """Save one poll's entries, its feed's facts and its source's state (validators with them).

        `initial`: how many entries of a source never read before reach the feeds at once. To be
        called inside a transaction.
        """
        self.save_feed_facts(poll)
        self.save_states([(poll.source_id, poll.state)])
        if all(isinstance(u.decided, Same) and not u.decided.rekeyed for u in poll.entries):
            return SavedPoll()
        save = self._open_save(poll, initial)
        order = _by_age(poll)
        for rank, update in enumerate(order):
            listed = save.flood_after is None or rank >= len(order) - save.flood_after
            self._save_entry(save, update, listed)
        self._write(save)
        return SavedPoll(save.new, save.revised, save.duplicate)

    def _taken_ids(self, poll: PollUpdate, first_url: str) -> set[str]:
        """Of the keys and atom:ids that this poll's new stories would have, those in use."""
        new = [u.decided.keyed for u in poll.entries if isinstance(u.decided, New)]
        keys = [story_key(first_url, keyed.guid) for keyed in new]
        ids = [keyed.atom_id or urn_of(key) for keyed, key in zip(new, keys, strict=True)]
        wanted = {"key": keys, "atom_id": ids}
        taken: set[str] = set()
        for column, values in wanted.items():
            rows = self._db.execute(
                f"select {column} from stories where {column} in (select value from json_each(?))",
                (json.dumps(values),),
            )
            taken.update(row[0] for row in rows)
        return taken

    def _open_save(self, poll: PollUpdate, initial: int) -> _Save:
        name, first_url = self._db.execute(
            "select name, first_url from sources where id = ?", (poll.source_id,)
        ).fetchone()
        any_entry = self._has_entries(poll.source_id)
        if not any_entry and poll.feed is not None:
            self.save_first_facts(poll.source_id, poll.feed)
        taken = self._taken_ids(poll, first_url)
        flood_after = None if any_entry else initial
        save = _Save(poll, name, first_url, flood_after if poll.listed else 0, taken)
        save.document_id = poll.capture_id
        return save

    def _save_entry(self, save: _Save, update: EntryUpdate, listed: bool) -> None:
        decided = update.decided
        if isinstance(decided, New):
            self._save_new(save, update, decided, listed)
        elif isinstance(decided, Revised):
            self._save_revised(save, update, decided)
        elif decided.rekeyed:
            self._db.execute(
                "update entries set guid = ? where id = ?",
                (decided.keyed.guid, decided.known.entry_id),
            )

    def _save_new(self, save: _Save, update: EntryUpdate, decided: New, listed: bool) -> None:
        keyed = decided.keyed
        entry_id = self._next_id("entries")
        at = to_text(self._stamp(save.poll.polled_at))
        # Entries of this document that carry one story are known by the first one's position;
        # whichever of them is the oldest opens it.
        group = keyed.position if decided.same_as is None else decided.same_as
        story_id = decided.story_id or save.story_of_position.get(group)
        carried = story_id is not None
        if story_id is None:
            story_id = self._open_story(save, keyed, entry_id, at)
            save.new += 1
        else:
            save.duplicate += 1
        save.story_of_position[group] = story_id
        snapshot_id = self._add_snapshot(save, keyed, entry_id, 1, (), at)
        save.add(
            "entries",
            (
                *(entry_id, save.poll.source_id, story_id, snapshot_id, keyed.guid),
                *(keyed.link_key, keyed.title_key, keyed.text_key, keyed.meta_key),
                *(keyed.text_length, to_text_or_none(keyed.entry.published), at, update.outlet),
            ),
        )
        if carried:
            self._add_likeness(save, decided, group, (entry_id, story_id, snapshot_id, at))
            if update.origin is not None:
                save.origins.append((story_id, entry_id, update, at))
        else:
            save.opening_snapshots[group] = snapshot_id
        if update.marks is not None and (not carried or update.marks.widens):
            self._index_text(snapshot_id, update.marks, save.poll.polled_at)
        names = {decision.category for decision in update.categories}
        for decision in update.categories:
            output_id = self._output_id(decision.category)
            row_id = self._next_id("decisions")
            by = (decision.decided_by, decision.evidence, at)
            save.add("decisions", (row_id, story_id, entry_id, output_id, *by))
        if carried:
            save.joined[story_id] = save.joined.get(story_id, False) or listed
        else:
            wanted = [
                self._output_id(name) for name in ("all", *sorted(names or {"uncategorized"}))
            ]
            self._enter(save, story_id, wanted, at, listed)

    def _add_likeness(
        self, save: _Save, decided: New, group: int, ids: tuple[int, int, int, str]
    ) -> None:
        """Keep why an entry was taken for a carrier."""
        entry_id, story_id, snapshot_id, at = ids
        why = decided.likeness or Likeness("link")
        matched = why.snapshot_id or save.opening_snapshots.get(group)
        shares = (why.contained, why.same, why.own, why.replacements)
        save.add("likenesses", (entry_id, story_id, why.how, snapshot_id, matched, *shares, at))

    def _enter(
        self, save: _Save, story_id: int, output_ids: list[int], at: str, listed: bool
    ) -> None:
        for output_id in output_ids:
            position = self._next_id("memberships", "position")
            entered = (at, self._new_revision(), None)
            save.add("memberships", (position, output_id, story_id, int(listed), *entered))
        (self._touch if listed else self._stir)(set(output_ids))

    def _open_story(self, save: _Save, keyed: KeyedEntry, entry_id: int, at: str) -> int:
        story_id = self._next_id("stories")
        key = self._free_key(save, keyed.guid)
        atom_id = keyed.atom_id or urn_of(key)
        if atom_id in save.taken:
            atom_id = self._free_urn(save, key)
        save.taken.add(atom_id)
        row = (story_id, key, atom_id, entry_id, at, at, self._new_revision())
        save.add("stories", row)
        return story_id

    def _free_key(self, save: _Save, guid: str) -> str:
        """UUIDv5 of the source's first address and the guid; its name tells twins apart."""
        key, twin = story_key(save.first_url, guid), 0
        while key in save.taken:
            twin += 1
            key = story_key(save.first_url, f"{guid} {save.source_name} {twin}")
            if self._db.execute("select 1 from stories where key = ?", (key,)).fetchone():
                save.taken.add(key)
        save.taken.add(key)
        return key

    def _free_urn(self, save: _Save, key: str) -> str:
        """urn:uuid:KEY, or another where some feed has used that very id for its own."""
        urn, name = urn_of(key), key
        while (
            urn in save.taken
            or self._db.execute("select 1 from stories where atom_id = ?", (urn,)).fetchone()
        ):
            name = uuid5_hex(f"{name} again")
            urn = urn_of(name)
        return urn

    def _save_revised(self, save: _Save, update: EntryUpdate, decided: Revised) -> None:
        keyed, known = decided.keyed, decided.known
        at = to_text(self._stamp(save.poll.polled_at))
        number, shown_id, lead_id = self._db.execute(
            "select max(number) + 1, coalesce(stories.shown_id, lead_id), lead_id "
            "from snapshots, stories where stories.id = ? and entry_id = ?",
            (known.story_id, known.entry_id),
        ).fetchone()
        snapshot_id = self._add_snapshot(save, keyed, known.entry_id, number, decided.changed, at)
        self._db.execute(
            "update entries set snapshot_id = ?, guid = ?, link_key = ?, title_key = ?, "
            "text_key = ?, meta_key = ?, text_length = ?, published = ?, "
            "outlet = coalesce(?, outlet) where id = ?",
            (
                *(snapshot_id, keyed.guid, keyed.link_key, keyed.title_key),
                *(keyed.text_key, keyed.meta_key, keyed.text_length),
                *(to_text_or_none(keyed.entry.published), update.outlet, known.entry_id),
            ),
        )
        save.revised += 1
        if decided.own is not None:
            save.own.append((packed_text(decided.own), snapshot_id))
        if update.marks is not None and lead_id == known.entry_id:
            self._index_text(snapshot_id, update.marks, save.poll.polled_at)
        if shown_id == known.entry_id:
            visible = "text" in decided.changed or "title" in decided.changed
            self._change_story(known.story_id, at if visible else None)

    def _name_origin(self, story_id: int, entry_id: int, update: EntryUpdate, at: str) -> None:
        """Name a story's origin, once; show its text where it is fuller, and move `updated`."""
        named = self._db.execute(
            "update stories set origin_id = (select min(entries.id) from entries join sources "
            "on sources.id = source_id where story_id = ? and name = ?), "
            "shown_id = iif(?, ?, shown_id) where id = ? and origin_id is null",
            (story_id, update.origin, update.fuller, entry_id, story_id),
        )
        if named.rowcount:
            self._change_story(story_id, at if update.fuller else None)

    def _add_snapshot(
        self,
        save: _Save,
        keyed: KeyedEntry,
        entry_id: int,
        number: int,
        changed: tuple[str, ...],
        at: str,
    ) -> int:
        snapshot_id = self._next_id("snapshots")
        capture_id = self._capture(save, keyed.entry, at)
        content = snapshot_columns(keyed.entry, save.poll)
        row = (snapshot_id, entry_id, number, at, json.dumps(changed))
        save.add("snapshots", (*row, keyed.digest, capture_id, *content))
        return snapshot_id

    def _capture(self, save: _Save, entry: Entry, at: str) -> int | None:
        """The raw bytes: the entry's own with its context, or once a poll the whole document."""
        poll = save.poll
        if entry.raw is not None and poll.feed is not None:
            if save.context_id is None and poll.feed.context:
                save.context_id = self._context(poll.feed.context)
            return self._add_capture(save, "entry", entry.raw, save.context_id, at)
        if save.document_id is None and poll.body is not None:
            is_page = poll.feed is not None and poll.feed.format == "page"
            kind = "page" if is_page else "document"
            save.document_id = self._add_capture(save, kind, poll.body, None, at)
            for url, body in poll.further:  # right behind it: so they are found (page_bodies)
                self._add_capture(save, FURTHER, body, None, at, url)
        return save.document_id

    def _add_capture(
        self,
        save: _Save,
        kind: str,
        raw: bytes,
        context_id: int | None,
        at: str,
        url: str | None = None,
    ) -> int:
        capture_id = self._next_id("captures")
        feed = save.poll.feed
        about = (feed.encoding, feed.format) if feed is not None else (None, None)
        packed = self._compressor.compress(raw)
        digest = hashlib.sha256(raw).hexdigest()
        body = (digest, kind, CODEC, packed, len(raw))
        save.add("captures", (capture_id, *body, *about, url or save.poll.url, context_id, at))
        return capture_id

    def _context(self, context: bytes) -> int:
        digest = hashlib.sha256(context).hexdigest()
        row = self._db.execute("select id from contexts where digest = ?", (digest,)).fetchone()
        if row is not None:
            return int(row[0])
        cursor = self._db.execute(
            "insert into contexts (digest, body) values (?, ?)", (digest, context)
        )
        return int(cursor.lastrowid or 0)

    def _write(self, save: _Save) -> None:
        for table in _IN_ORDER:
            if rows := save.rows.get(table):
                self._db.executemany(_insert_sql(table), rows)
        self._db.executemany("update snapshots set own_content = ? where id = ?", save.own)
        for story_id, entry_id, update, at in save.origins:
            self._name_origin(story_id, entry_id, update, at)
        for story_id, fresh in save.joined.items():
            self._settle_memberships(story_id, save.poll.polled_at, fresh)
            self._change_story(story_id, None)


def _by_age(poll: PollUpdate) -> list[EntryUpdate]:
    """Oldest first, so that the newest enters the outputs last and stands on top.

    By date where the entry has one (not after the poll itself), else by the document's order,
    in which feeds have the newest first.
    """

    def age(update: EntryUpdate) -> tuple[datetime, int]:
        entry = update.decided.keyed.entry
        date = entry.published or entry.updated or poll.polled_at
        return min(date, poll.polled_at), -update.decided.keyed.position

    return sorted(poll.entries, key=age)


def _distinct(rows: Iterable[Any]) -> list[KnownEntry]:
    return list({row[0]: _known_entry(row) for row in rows}.values())


def _known_entry(row: Sequence[Any]) -> KnownEntry:
    entry_id, source_id, story_id, guid, link_key, title_key, text_key, meta_key = row[:8]
    keys = guid, link_key, title_key, text_key, meta_key or ""
    published = from_text_or_none(row[9])
    return KnownEntry(entry_id, source_id, story_id, *keys, row[8] or 0, published)


def _own_text(row: Sequence[Any]) -> Text | None:
    own, summary, summary_kind, content, content_kind, base = row
    told = unpacked_text(own) or text_of_columns(content, content_kind, base)
    return told or text_of_columns(summary, summary_kind, base)
