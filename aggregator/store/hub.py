"""Subscriptions to our documents, what each was last sent, and what an outside hub was told."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable
from datetime import datetime

from aggregator.model import Delivery, DeliveryResult, HubSubscription, Ping
from aggregator.store.base import Rows
from aggregator.store.times import from_text_or_none, to_text, to_text_or_none

_DUE = (
    "select hub_subscriptions.id, topic, topic_url, callback, host, secret, documents.digest, "
    "failures, failing_since from hub_subscriptions "
    "left join documents on documents.path = topic "
    "where lease_until > ? and (retry_at is null or retry_at <= ?) and (documents.digest is null "
    "or (delivered is not documents.digest and given_up is not documents.digest)) "
    "and failures > 0 = ? and host not in (select value from json_each(?)) "
    "order by hub_subscriptions.id limit ?"
)


class HubRows(Rows):
    """The hub's part of the SQLite store."""

    def document_digests(self) -> dict[str, str]:
        """The digest of every document written, by path: whoever wrote it."""
        return dict(self._db.execute("select path, digest from documents").fetchall())

    # ------------------------------------------------------------ subscriptions

    def has_subscription(self, topic: str, callback: str) -> bool:
        """Whether somebody is subscribed to `topic` at `callback`."""
        row = self._db.execute(
            "select 1 from hub_subscriptions where topic = ? and callback = ?", (topic, callback)
        ).fetchone()
        return row is not None

    def count_subscriptions(self, host: str) -> tuple[int, int]:
        """How many subscriptions there are in all, and of one callback host."""
        row = self._db.execute(
            "select (select count(*) from hub_subscriptions), "
            "(select count(*) from hub_subscriptions where host = ?)",
            (host,),
        ).fetchone()
        return row[0], row[1]

    def subscribe(self, subscription: HubSubscription, now: datetime) -> None:
        """Keep a subscription, or renew the one of this topic and callback.

        A new one begins with the document as it stands: only what changes is sent.
        """
        self._db.execute(
            "insert into hub_subscriptions (topic, topic_url, callback, host, secret, lease_until, "
            "created_at, delivered, failures) values (?, ?, ?, ?, ?, ?, ?, "
            "(select digest from documents where path = ?), 0) on conflict (topic, callback) do "
            "update set topic_url = excluded.topic_url, secret = excluded.secret, "
            "lease_until = excluded.lease_until",
            (
                *(subscription.topic, subscription.topic_url, subscription.callback),
                *(subscription.host, subscription.secret, to_text(subscription.lease_until)),
                *(to_text(now), subscription.topic),
            ),
        )

    def unsubscribe(self, topic: str, callback: str) -> None:
        """Forget a subscription; harmless when there is none."""
        self._db.execute(
            "delete from hub_subscriptions where topic = ? and callback = ?", (topic, callback)
        )

    def drop_lapsed(self, now: datetime) -> int:
        """Forget the subscriptions whose lease has ended; returns how many."""
        return self._db.execute(
            "delete from hub_subscriptions where lease_until <= ?", (to_text(now),)
        ).rowcount

    # ------------------------------------------------------------ deliveries

    def due_deliveries(
        self, now: datetime, failed: bool, without_hosts: Collection[str], limit: int
    ) -> list[Delivery]:
        """Who is to be sent what: those that failed last time, or those that did not.

        Nothing for `without_hosts`.

        What is due follows from the documents themselves, so that no crash loses it.
        """
        at = to_text(now)
        hosts = json.dumps(sorted(without_hosts))
        rows = self._db.execute(_DUE, (at, at, int(failed), hosts, limit))
        return [Delivery(*(*row[:8], from_text_or_none(row[8]))) for row in rows]

    def settle_deliveries(self, results: Iterable[DeliveryResult]) -> None:
        """Remember what became of deliveries."""
        for result in results:
            number = result.subscription_id
            if result.outcome == "gone":
                self._db.execute("delete from hub_subscriptions where id = ?", (number,))
            elif result.outcome == "later":
                self._db.execute(
                    "update hub_subscriptions set failures = failures + 1, failing_since = ?, "
                    "retry_at = ? where id = ?",
                    (
                        to_text_or_none(result.failing_since),
                        to_text_or_none(result.retry_at),
                        number,
                    ),
                )
            else:
                column = "delivered" if result.outcome == "done" else "given_up"
                self._db.execute(
                    f"update hub_subscriptions set {column} = ?, failures = 0, "
                    "failing_since = null, retry_at = null where id = ?",
                    (result.digest, number),
                )

    def next_delivery_retry(self, now: datetime) -> datetime | None:
        """When, after `now`, a failed delivery is tried again; None when none is."""
        row = self._db.execute(
            "select min(retry_at) from hub_subscriptions where retry_at > ?", (to_text(now),)
        ).fetchone()
        return from_text_or_none(row[0])

    # ------------------------------------------------------------ an outside hub

    def due_pings(self, now: datetime) -> list[Ping]:
        """Documents that changed since an outside hub was last told of them."""
        rows = self._db.execute(
            "select documents.path, documents.digest, coalesce(failures, 0) from documents "
            "left join hub_pings on hub_pings.topic = documents.path "
            "where hub_pings.digest is not documents.digest "
            "and (retry_at is null or retry_at <= ?) order by documents.path",
            (to_text(now),),
        )
        return [Ping(*row) for row in rows]

    def settle_ping(self, ping: Ping, told: bool, retry_at: datetime | None) -> None:
        """Remember that a hub was told (or given up on) what `ping` says, or when to try again."""
        self._db.execute(
            "insert into hub_pings (topic, digest, failures, retry_at) values (?, ?, ?, ?) "
            "on conflict (topic) do update set digest = coalesce(excluded.digest, digest), "
            "failures = excluded.failures, retry_at = excluded.retry_at",
            (
                *(ping.topic, ping.digest if told else None),
                *(0 if told else ping.failures + 1, to_text_or_none(retry_at)),
            ),
        )

    def next_ping_retry(self) -> datetime | None:
        """When the outside hub is told again of what it did not take; None when nothing waits."""
        row = self._db.execute("select min(retry_at) from hub_pings").fetchone()
        return from_text_or_none(row[0])
