"""What is pushed: subscriptions that others have with our hub, and what becomes of deliveries."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class HubSubscription:
    """Somebody's subscription to one of our documents, as it was verified.

    `topic` is the document's path, `topic_url` its address as the subscriber wrote it; `host` is
    the callback's, for the caps. `secret` signs what is delivered.
    """

    topic: str
    topic_url: str
    callback: str
    host: str
    secret: str | None
    lease_until: datetime


@dataclass(frozen=True, slots=True)
class Delivery:
    """A document that a subscriber is to be sent. `digest` None: there is none any more."""

    subscription_id: int
    topic: str
    topic_url: str
    callback: str
    host: str
    secret: str | None
    digest: str | None
    failures: int
    failing_since: datetime | None


@dataclass(frozen=True, slots=True)
class Ping:
    """A changed document that an outside hub is to be told of."""

    topic: str
    digest: str
    failures: int


@dataclass(frozen=True, slots=True)
class DeliveryResult:
    """What became of a delivery of `digest`: done, gone (drop it), later (`retry_at`), or given up.

    `failing_since` is when the first attempt in a row failed; None after one that did not.
    """

    subscription_id: int
    digest: str | None
    outcome: str
    retry_at: datetime | None = None
    failing_since: datetime | None = None
