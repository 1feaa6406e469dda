"""Sources, what their schedules remember, the history of their polls, and hosts that rest."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields
from datetime import datetime, timedelta
from typing import Any

from aggregator.model import (
    ConfiguredSource,
    Known,
    ParsedFeed,
    PollState,
    PollUpdate,
    SavedPoll,
    SourceRecord,
    UpdateHints,
)
from aggregator.store.memories import MemoryRows
from aggregator.store.times import from_text_or_none, to_text, to_text_or_none

_STATE_COLUMNS = (
    "url etag last_modified body_digest next_poll_at last_poll_at last_success_at last_new_at "
    "interval_s failures failing_since outcome status error gone moved_to moved_seen hints extra"
).split()
STATE_LIST = ", ".join(f"source_states.{name}" for name in _STATE_COLUMNS)
# PollState's fields with a column of their own; a field added later travels in `extra`.
_OWN_COLUMN = frozenset([*_STATE_COLUMNS, "interval"]) - {"interval_s", "extra"}
_EXTRA_FIELDS = tuple(f for f in fields(PollState) if f.name not in _OWN_COLUMN)

# What `sources.extent` says of one whose texts are not republished.
SUMMARY = "summary"
_SAVE_STATE = (
    f"update source_states set {', '.join(f'{name} = ?' for name in _STATE_COLUMNS)} "
    "where source_id = ?"
)


def state_from_row(row: Sequence[Any]) -> PollState:
    """The PollState that `state_to_row` wrote, from columns in the order of _STATE_COLUMNS."""
    extra = json.loads(row[18]) if row[18] else {}
    return PollState(
        url=row[0],
        etag=row[1],
        last_modified=row[2],
        body_digest=row[3],
        next_poll_at=from_text_or_none(row[4]),
        last_poll_at=from_text_or_none(row[5]),
        last_success_at=from_text_or_none(row[6]),
        last_new_at=from_text_or_none(row[7]),
        interval=None if row[8] is None else timedelta(seconds=row[8]),
        failures=row[9],
        failing_since=from_text_or_none(row[10]),
        outcome=row[11],
        status=row[12],
        error=row[13],
        gone=bool(row[14]),
        moved_to=row[15],
        moved_seen=row[16],
        hints=_hints_from_json(row[17]),
        **extra,
    )


def state_to_row(state: PollState) -> tuple[Any, ...]:
    """The columns of a PollState, in the order of _STATE_COLUMNS."""
    extra = {f.name: getattr(state, f.name) for f in _EXTRA_FIELDS}
    extra = {name: value for name, value in extra.items() if value is not None}
    return (
        state.url,
        state.etag,
        state.last_modified,
        state.body_digest,
        to_text_or_none(state.next_poll_at),
        to_text_or_none(state.last_poll_at),
        to_text_or_none(state.last_success_at),
        to_text_or_none(state.last_new_at),
        None if state.interval is None else state.interval.total_seconds(),
        state.failures,
        to_text_or_none(state.failing_since),
        state.outcome,
        state.status,
        state.error,
        int(state.gone),
        state.moved_to,
        state.moved_seen,
        _hints_to_json(state.hints),
        json.dumps(extra) if extra else None,
    )


_NO_HINTS = UpdateHints()


def _hints_to_json(hints: UpdateHints) -> str | None:
    if hints is _NO_HINTS or hints == _NO_HINTS:
        return None
    interval = hints.interval.total_seconds() if hints.interval is not None else None
    return json.dumps([interval, sorted(hints.skip_hours), sorted(hints.skip_days)])


def _hints_from_json(text: str | None) -> UpdateHints:
    if text is None:
        return _NO_HINTS
    interval, hours, days = json.loads(text)
    return UpdateHints(
        timedelta(seconds=interval) if interval is not None else None,
        frozenset(hours),
        frozenset(days),
    )


def _configured_source(row: Sequence[Any]) -> ConfiguredSource:
    name, title, url, enabled, categories, schedule, removed_at, reading, extent = row
    configured = tuple(json.loads(categories))
    removed = removed_at is not None
    return ConfiguredSource(
        *(name, title, url, bool(enabled), configured, schedule, removed, reading),
        summary_only=extent == SUMMARY,
    )


def _source_record(row: Sequence[Any]) -> SourceRecord:
    source_id, name, first_url = row[:3]
    return SourceRecord(source_id, name, first_url, state_from_row(row[3:]))


class SourceRows(MemoryRows):
    """The sources' part of the SQLite store."""

    # ------------------------------------------------------------ what is configured

    def configured_sources(self) -> dict[str, ConfiguredSource]:
        """Every source ever configured, by name, as it was when last reconciled."""
        rows = self._db.execute(
            "select name, title, url, enabled, categories, schedule, removed_at, reading, "
            "extent from sources"
        )
        return {row[0]: _configured_source(row) for row in rows}

    def put_source(self, source: ConfiguredSource, now: datetime) -> None:
        """Add a source, or bring the one of this name up to what is configured.

        A new address makes what was remembered of the old one's polls void, and another way of
        reading makes it be read anew; the key of the source's stories stays that of its first
        address.
        """
        row = self._db.execute(
            "select id, url, reading from sources where name = ?", (source.name,)
        ).fetchone()
        categories = json.dumps(source.categories)
        values = (
            *(source.title, source.url, int(source.enabled), categories),
            *(source.schedule, source.reading, SUMMARY if source.summary_only else None),
        )
        if row is None:
            source_id = self._next_id("sources")
            self._db.execute(
                "insert into sources (title, url, enabled, categories, schedule, reading, extent, "
                "id, name, first_url, added_at) values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (*values, source_id, source.name, source.url, to_text(now)),
            )
            self._db.execute(
                "insert into source_states (source_id, failures, gone, moved_seen) "
                "values (?, 0, 0, 0)",
                (source_id,),
            )
            return
        self._db.execute(
            "update sources set title = ?, url = ?, enabled = ?, categories = ?, schedule = ?, "
            "reading = ?, extent = ?, removed_at = null where id = ?",
            (*values, row[0]),
        )
        if (row[1], row[2]) != (source.url, source.reading):
            self._db.execute(
                "update source_states set url = null, etag = null, last_modified = null, "
                "body_digest = null, next_poll_at = null, gone = 0, moved_to = null, "
                "moved_seen = 0, failures = 0, failing_since = null "
                "where source_id = ?",
                (row[0],),
            )
            self._db.execute("delete from source_chunks where source_id = ?", (row[0],))
        if row[1] != source.url:
            self.forget_memory(row[0], now)

    def rename_source(self, old: str, new: str) -> None:
        """Give a source another name; its entries and its schedule stay with it."""
        self._db.execute("update sources set name = ? where name = ?", (new, old))

    def remove_source(self, name: str, now: datetime) -> None:
        """Take a source out of force; its entries stay as they are."""
        self._db.execute("update sources set removed_at = ? where name = ?", (to_text(now), name))

    def touch_stories_of(self, name: str) -> None:
        """Mark what a source leads as changed, as when the title it is credited by changes."""
        rows = self._db.execute(
            "select distinct memberships.output_id, stories.id from sources "
            "join entries on entries.source_id = sources.id "
            "join stories on stories.id = entries.story_id "
            "join memberships on memberships.story_id = stories.id "
            "where sources.name = ? and left_revision is null and listed = 1",
            (name,),
        ).fetchall()
        revision = self._new_revision()
        self._db.executemany(
            "update stories set revision = ? where id = ?",
            [(revision, story_id) for story_id in {row[1] for row in rows}],
        )
        self._touch({row[0] for row in rows})

    def set_next_poll(self, name: str, moment: datetime) -> None:
        """When a source is due next, after its schedule was edited."""
        self._db.execute(
            "update source_states set next_poll_at = ? where source_id = "
            "(select id from sources where name = ?)",
            (to_text(moment), name),
        )

    # ------------------------------------------------------------ what is remembered

    def source_records(self, names: Iterable[str] | None = None) -> dict[str, SourceRecord]:
        """The configured sources by name, or those of `names` that are known."""
        return self._records("removed_at is null", (), names)

    def due_sources(self, now: datetime) -> dict[str, SourceRecord]:
        """The enabled sources whose time has come, the longest overdue first."""
        return self._records(
            "enabled = 1 and removed_at is null and gone = 0 "
            "and (next_poll_at is null or next_poll_at <= ?)",
            (to_text(now),),
            None,
        )

    def _records(
        self, where: str, parameters: tuple[Any, ...], names: Iterable[str] | None
    ) -> dict[str, SourceRecord]:
        if names is not None:
            where += " and name in (select value from json_each(?))"
            parameters += (json.dumps(list(names)),)
        rows = self._db.execute(
            f"select id, name, first_url, {STATE_LIST} from sources "
            f"join source_states on source_states.source_id = sources.id where {where} "
            "order by next_poll_at, id",
            parameters,
        )
        return {row[1]: _source_record(row) for row in rows}

    def next_due(self) -> datetime | None:
        """When the next source is due; None when none will be."""
        row = self._db.execute(
            "select min(coalesce(next_poll_at, '')) from source_states "
            "join sources on sources.id = source_id "
            "where enabled = 1 and removed_at is null and gone = 0"
        ).fetchone()
        if row[0] is None:
            return None
        return from_text_or_none(row[0] or "1970-01-01T00:00:00.000000Z")

    def last_reading(self, source_id: int) -> Known:
        """What the last reading of this source left behind for the next one."""
        row = self._db.execute(
            "select chunks, stretch from source_chunks where source_id = ?", (source_id,)
        ).fetchone()
        return Known(row[0], row[1] or b"") if row is not None else Known()

    def save_states(self, states: Iterable[tuple[int, PollState]]) -> None:
        """Save states alone, as after polls that brought nothing."""
        self._db.executemany(
            _SAVE_STATE, [(*state_to_row(state), source_id) for source_id, state in states]
        )

    def save_history(self, polls: Sequence[tuple[PollUpdate, SavedPoll]]) -> None:
        """Append polls to the history."""
        self._db.executemany(
            "insert into polls (source_id, polled_at, duration_ms, outcome, status, size, new, "
            "revised, duplicate, error) values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [
                (
                    poll.source_id,
                    to_text(poll.polled_at),
                    poll.duration_ms,
                    poll.state.outcome or "ok",
                    poll.state.status,
                    len(poll.body) if poll.body is not None else 0,
                    saved.new,
                    saved.revised,
                    saved.duplicate,
                    poll.state.error,
                )
                for poll, saved in polls
            ],
        )

    def save_feed_facts(self, poll: PollUpdate) -> None:
        """What the feed says of itself, and its chunks, after a reading; written if they differ."""
        feed = poll.feed
        if feed is None:
            return
        self._db.execute(
            "update sources set feed_title = coalesce(?, feed_title), language = ? where id = ? "
            "and (feed_title is not ? or language is not ?)",
            (feed.title, feed.language, poll.source_id, feed.title, feed.language),
        )
        if feed.untouched:
            return
        left = feed.known
        self._db.execute(
            "insert into source_chunks (source_id, chunks, stretch) values (?, ?, ?) "
            "on conflict (source_id) do update set chunks = excluded.chunks, "
            "stretch = excluded.stretch "
            "where chunks is not excluded.chunks or stretch is not excluded.stretch",
            (poll.source_id, left.digests, left.stretch),
        )

    def save_first_facts(self, source_id: int, feed: ParsedFeed) -> None:
        """The feed's id and link, which stand in every entry published of it.

        They are taken from the reading that brings the first entries and kept: else a feed that
        changes them would change every document.
        """
        self._db.execute(
            "update sources set feed_id = ?, feed_link = ? where id = ?",
            (feed.id, feed.link, source_id),
        )

    def prune_history(self, before: datetime) -> int:
        """Forget polls older than `before`; returns how many."""
        # Polls are numbered as they come: the first one to be kept ends those to be forgotten.
        cursor = self._db.execute(
            "delete from polls where id < coalesce((select id from polls where polled_at >= ? "
            "order by id limit 1), 9223372036854775807)",
            (to_text(before),),
        )
        return cursor.rowcount

    def host_rests(self, now: datetime) -> dict[str, datetime]:
        """The hosts that asked to be left alone, and until when."""
        rows = self._db.execute(
            "select host, rests_until from hosts where rests_until > ?", (to_text(now),)
        )
        return {host: datetime.fromisoformat(until) for host, until in rows}

    def save_host_rests(self, rests: Mapping[str, datetime], now: datetime) -> None:
        """Remember hosts that rest; forget those whose rest is over."""
        self._db.execute("delete from hosts where rests_until <= ?", (to_text(now),))
        self._db.executemany(
            "insert or replace into hosts (host, rests_until) values (?, ?)",
            [(host, to_text(until)) for host, until in rests.items()],
        )
