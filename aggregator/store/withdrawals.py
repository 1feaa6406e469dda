"""Entries that their own source has withdrawn: what it said so by, and what was decided."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import datetime

from aggregator.model import PageRecord, Withdrawal
from aggregator.store.base import Rows
from aggregator.store.times import from_text, to_text

_GONE = (404, 410)


class WithdrawalRows(Rows):
    """The withdrawals' part of the SQLite store."""

    def note_tombstones(self, source_id: int, guids: Iterable[str], now: datetime) -> None:
        """Keep that a source's feed says of entries that they are no more; in a transaction."""
        self._db.execute(
            "insert into withdrawals (entry_id, kind, since) select id, 'tombstone', ? "
            "from entries where source_id = ? and guid in (select value from json_each(?)) "
            "on conflict (entry_id) do update set kind = 'tombstone', since = excluded.since "
            "where kind = 'gone'",
            (to_text(now), source_id, json.dumps(list(guids))),
        )

    def note_page(self, source_id: int, page: PageRecord, now: datetime) -> None:
        """Keep since when the page of an entry, which was there once, answers 404 or 410.

        One that is there again counts as never gone. In a transaction.
        """
        about = {"source": source_id, "entry": page.entry_id, "at": to_text(now)}
        about |= {"url": page.url, "final": page.final_url}
        entries = (
            "select entries.id from entries join snapshots on snapshots.id = snapshot_id "
            "where source_id = :source and (entries.id = :entry or link in (:url, :final))"
        )
        if page.outcome == "failed":
            if page.status in _GONE and page.first_fetched_at is not None:
                self._db.execute(
                    "insert or ignore into withdrawals (entry_id, kind, since) "
                    f"select id, 'gone', :at from ({entries})",
                    about,
                )
        elif self._db.execute("select 1 from withdrawals where kind = 'gone' limit 1").fetchone():
            self._db.execute(
                f"delete from withdrawals where kind = 'gone' and entry_id in ({entries})", about
            )

    def withdrawals(self) -> list[Withdrawal]:
        """What was withdrawn and is not decided yet, the oldest first."""
        rows = self._db.execute(
            "select entries.id, stories.key, sources.name, snapshots.link, withdrawals.kind, since "
            "from withdrawals join entries on entries.id = withdrawals.entry_id "
            "join stories on stories.id = entries.story_id "
            "join sources on sources.id = entries.source_id "
            "join snapshots on snapshots.id = entries.snapshot_id "
            "where kept_at is null order by since, entries.id"
        )
        return [
            Withdrawal(number, key, source, link, kind, from_text(since))
            for number, key, source, link, kind, since in rows
        ]

    def keep_withdrawn(self, story_key: str, now: datetime) -> int:
        """Decide that what was withdrawn of a story stays; how many entries. In a transaction."""
        cursor = self._db.execute(
            "update withdrawals set kept_at = ? where kept_at is null and entry_id in "
            "(select entries.id from entries join stories on stories.id = story_id "
            "where stories.key = ?)",
            (to_text(now), story_key),
        )
        return cursor.rowcount
