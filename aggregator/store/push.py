"""Hubs that our sources name, our subscriptions with them, and what they pushed already."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from aggregator.model import PushCallback, PushStanding
from aggregator.store.base import Rows
from aggregator.store.times import from_text, from_text_or_none, to_text, to_text_or_none

_STANDINGS = (
    "select push_sources.source_id, sources.name, hub, topic, score, ask_at, failures, "
    "(select max(lease_until) from push_callbacks where state = 'active' "
    "and push_callbacks.source_id = push_sources.source_id), last_push_at "
    "from push_sources join sources on sources.id = push_sources.source_id"
)
_CALLBACK = "token, source_id, hub, topic, secret, state, asked_at, lease_until"


class PushRows(Rows):
    """The subscriber's part of the SQLite store."""

    def push_standings(self, source_ids: Iterable[int] | None = None) -> dict[int, PushStanding]:
        """How things stand with the sources that name a hub: with all, or with some, by number."""
        where = ""
        parameters: tuple[str, ...] = ()
        if source_ids is not None:
            where = " where push_sources.source_id in (select value from json_each(?))"
            parameters = (json.dumps(list(source_ids)),)
        rows = self._db.execute(_STANDINGS + where, parameters)
        return {row[0]: _standing(row) for row in rows}

    def save_advert(self, source_id: int, hub: str, topic: str, now: datetime) -> None:
        """Keep which hub a source's feed names; a new one is asked at once and has to prove itself.

        To be called when they differ from what is kept.
        """
        self._db.execute(
            "insert into push_sources (source_id, hub, topic, score, ask_at, failures) "
            "values (?, ?, ?, 0, ?, 0) on conflict (source_id) do update set hub = excluded.hub, "
            "topic = excluded.topic, score = 0, ask_at = excluded.ask_at, failures = 0",
            (source_id, hub, topic, to_text(now)),
        )

    def forget_advert(self, source_id: int) -> None:
        """A source's feed names no hub any more."""
        self._db.execute("delete from push_sources where source_id = ?", (source_id,))

    def save_push_score(self, source_id: int, score: int, pushed_at: datetime | None) -> None:
        """Keep how far a source's pushes can be relied on, and when the last one came."""
        self._db.execute(
            "update push_sources set score = ?, last_push_at = coalesce(?, last_push_at) "
            "where source_id = ?",
            (score, to_text_or_none(pushed_at), source_id),
        )

    def plan_asking(self, source_id: int, ask_at: datetime, failures: int) -> None:
        """When to ask a source's hub for a subscription next."""
        self._db.execute(
            "update push_sources set ask_at = ?, failures = ? where source_id = ?",
            (to_text(ask_at), failures, source_id),
        )

    # ------------------------------------------------------------ callbacks

    def push_callbacks(self) -> list[PushCallback]:
        """Every callback that a hub was given and that may still be used."""
        rows = self._db.execute(f"select {_CALLBACK} from push_callbacks order by asked_at")
        return [
            PushCallback(*(*row[:6], from_text(row[6]), from_text_or_none(row[7]))) for row in rows
        ]

    def put_callback(self, callback: PushCallback) -> None:
        """Keep a callback as it is now."""
        self._db.execute(
            f"insert into push_callbacks ({_CALLBACK}) values (?, ?, ?, ?, ?, ?, ?, ?) "
            "on conflict (token) do update set state = excluded.state, "
            "lease_until = excluded.lease_until",
            (
                *(callback.token, callback.source_id, callback.hub, callback.topic),
                *(callback.secret, callback.state, to_text(callback.asked_at)),
                to_text_or_none(callback.lease_until),
            ),
        )

    def drop_callback(self, token: str) -> None:
        """Forget a callback and what came to it."""
        self._db.execute("delete from push_bodies where token = ?", (token,))
        self._db.execute("delete from push_callbacks where token = ?", (token,))

    def remember_push(self, token: str, digest: str) -> None:
        """A callback has had the body of this digest: the same again is a replay."""
        self._db.execute(
            "insert or ignore into push_bodies (token, digest) values (?, ?)", (token, digest)
        )

    def seen_pushes(self, token: str, digest: str) -> tuple[bool, int]:
        """Whether a callback has had a body already, and how many it has had in all."""
        row = self._db.execute(
            "select coalesce(max(digest = ?), 0), count(*) from push_bodies where token = ?",
            (digest, token),
        ).fetchone()
        return bool(row[0]), row[1]


def _standing(row: Sequence[Any]) -> PushStanding:
    source_id, name, hub, topic, score, ask_at, failures, active_until, last_push_at = row
    return PushStanding(
        *(source_id, name, hub, topic, score, from_text_or_none(ask_at), failures),
        *(from_text_or_none(active_until), from_text_or_none(last_push_at)),
    )
