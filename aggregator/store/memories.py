"""What was learned of sources: rhythms, what is usual, and alarms from when to when."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from aggregator.model import Alarm, Evidence
from aggregator.store.base import Rows
from aggregator.store.times import from_text, from_text_or_none, to_text


def evidence_to_json(evidence: Evidence) -> str:
    """Evidence for a column."""
    return json.dumps([evidence.what, dict(evidence.facts)], ensure_ascii=False)


def evidence_from_json(text: str) -> Evidence:
    """What `evidence_to_json` wrote; a sentence, as it was kept before, stands for itself."""
    if not text.startswith("["):
        return Evidence("text", {"text": text})
    what, facts = json.loads(text)
    return Evidence(what, facts)


def alarm_from_row(row: tuple[Any, ...]) -> Alarm:
    """An alarm of: number, name and title of whom it is about, kind, since, evidence, end."""
    return Alarm(
        alarm_id=row[0],
        source_name=row[1],
        source_title=row[2],
        kind=row[3],
        since=from_text(row[4]),
        evidence=evidence_from_json(row[5]),
        ended_at=from_text_or_none(row[6]),
    )


class MemoryRows(Rows):
    """The memories' part of the SQLite store."""

    def source_memory(self, source_id: int) -> tuple[bytes | None, str | None]:
        """The rhythm and the watch learned of a source, packed; None where nothing was yet."""
        row = self._db.execute(
            "select rhythm, watch from source_memories where source_id = ?", (source_id,)
        ).fetchone()
        return (row[0], row[1]) if row is not None else (None, None)

    def save_memory(self, source_id: int, rhythm: bytes, watch: str) -> None:
        """Keep what was learned of a source."""
        self._db.execute(
            "insert or replace into source_memories (source_id, rhythm, watch) values (?, ?, ?)",
            (source_id, rhythm, watch),
        )

    def change_alarms(
        self, source_id: int, begun: Mapping[str, Evidence], ended: Iterable[str], now: datetime
    ) -> None:
        """Raise alarms (kind: evidence) and end others; one raised already stays as it is."""
        stamp = to_text(now)
        for kind in ended:
            self._db.execute(
                "update alarms set ended_at = max(since, ?) where source_id = ? and kind = ? "
                "and ended_at is null",
                (stamp, source_id, kind),
            )
        for kind, evidence in begun.items():
            self._db.execute(
                "insert into alarms (source_id, kind, since, evidence) select ?, ?, ?, ? "
                "where not exists (select 1 from alarms where source_id = ? and kind = ? "
                "and ended_at is null)",
                (source_id, kind, stamp, evidence_to_json(evidence), source_id, kind),
            )
        self._new_revision()

    def alarms(self, limit: int | None = None) -> list[Alarm]:
        """The alarms now raised, the oldest first; with `limit` the last ones, ended or not."""
        where = "ended_at is null order by alarms.id"
        if limit is not None:
            where = f"1 order by coalesce(ended_at, since) desc, alarms.id desc limit {int(limit)}"
        rows = self._db.execute(
            "select alarms.id, sources.name, sources.title, kind, since, evidence, ended_at "
            "from alarms join sources on sources.id = alarms.source_id "
            f"where removed_at is null and {where}"
        )
        return [alarm_from_row(row) for row in rows]

    # ------------------------------------------------------------ clocks that were ahead

    def polled_in_future(self, now: datetime) -> list[tuple[int, datetime, timedelta | None]]:
        """Sources last polled at a time that is still to come: number, next time, interval."""
        rows = self._db.execute(
            "select source_id, next_poll_at, interval_s from source_states "
            "where gone = 0 and last_poll_at > ? and next_poll_at is not null",
            (to_text(now),),
        )
        return [
            (row[0], from_text(row[1]), None if row[2] is None else timedelta(seconds=row[2]))
            for row in rows
        ]

    def mend_times(self, nexts: Mapping[int, datetime], now: datetime, rest: timedelta) -> None:
        """Give sources their next times, none of their past ones later than `now`.

        Hosts that rest for longer than `rest` from now are woken: no origin asked for that.
        """
        stamp = to_text(now)
        self._db.executemany(
            "update source_states set next_poll_at = ?, last_poll_at = min(last_poll_at, ?), "
            "last_success_at = min(last_success_at, ?), last_new_at = min(last_new_at, ?), "
            "failing_since = min(failing_since, ?) where source_id = ?",
            [(to_text(moment), *[stamp] * 4, number) for number, moment in nexts.items()],
        )
        self._db.execute("delete from hosts where rests_until > ?", (to_text(now + rest),))

    def forget_memory(self, source_id: int, now: datetime) -> None:
        """What was learned at another address says nothing of the new one, nor do its alarms."""
        self._db.execute("delete from source_memories where source_id = ?", (source_id,))
        self._db.execute("update source_states set extra = null where source_id = ?", (source_id,))
        self._db.execute(
            "update alarms set ended_at = max(since, ?) where source_id = ? and ended_at is null",
            (to_text(now), source_id),
        )
