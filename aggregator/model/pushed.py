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


@dataclass(frozen=True, slots=True)
class PushStanding:
    """How things stand with the pushes of a source whose feed names a hub.

    `hub` and `topic` are what the feed says; `ask_at` is when to ask the hub for a subscription
    next, `failures` how often it did not come about. `active_until` is the end of the lease that
    was verified, None without one. `score` is 1 while pushes are relied on: see pushes.py.
    """

    source_id: int
    source_name: str
    hub: str
    topic: str
    score: int = 0
    ask_at: datetime | None = None
    failures: int = 0
    active_until: datetime | None = None
    last_push_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class PushCallback:
    """An address that a hub was given for one source, unguessable: `token` is the end of its path.

    `state` is asked (the hub is to verify it), active, or leaving (another took its place).
    """

    token: str
    source_id: int
    hub: str
    topic: str
    secret: str
    state: str
    asked_at: datetime
    lease_until: datetime | None = None
