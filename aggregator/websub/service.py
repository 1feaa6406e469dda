"""The daemon's part in WebSub: one tick a second, and the addresses that others ask."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from concurrent.futures import Executor
from typing import Any

from starlette.types import Receive, Scope, Send

from aggregator.clock import Clock
from aggregator.fetch import Sender, open_sender
from aggregator.model import Config, Document, PushCallback, Source
from aggregator.parse import ParseError
from aggregator.store import Store
from aggregator.websub.announce import Announcer
from aggregator.websub.courier import Courier
from aggregator.websub.endpoints import answer_hub
from aggregator.websub.hub import Hub
from aggregator.websub.intake import Intake
from aggregator.websub.parts import Parts, Tasks
from aggregator.websub.subscriber import Subscriber
from aggregator.websub.topics import is_topic

log = logging.getLogger(__name__)

# Of all hosts together, and of one: verifications, deliveries and what else is sent.
SENT_AT_ONCE = 96
SENT_PER_HOST = 16
# A sender that was replaced is given so long to end what it was at.
REPLACED_ENDS_AFTER_S = 15.0


CALLBACKS = "/websub/"

# Takes a pushed document into the corridor: its source with the number it has in the store, the
# callback's token and the digest of the body, and the document. Raises ParseError, StoreError.
TakePush = Callable[[Source, int, str, str, Document], Awaitable[Any]]


class WebSub:
    """Both sides: our own hub (or word to an outside one), and subscriptions of our own.

    Used on the daemon's event loop.
    """

    def __init__(
        self, config: Config, store: Store, clock: Clock, writer: Executor, take: TakePush
    ) -> None:
        """`writer` is the one thread on which the store is used."""
        self._take_push = take
        self._parts = Parts(config, store, clock, writer, _sender(config, clock))
        self._hub = Hub(self._parts)
        self._courier = Courier(self._parts)
        self._announcer = Announcer(self._parts)
        self._subscriber = Subscriber(self._parts)
        self._intake = Intake(self._parts, self._subscriber, self._take)
        self._digests: dict[str, str] | None = None
        self._replaced: Tasks = Tasks()

    async def tick(self) -> None:
        """See which documents changed, whoever wrote them, and tell who is to be told.

        Raises StoreError.
        """
        digests = await self._parts.with_store(self._parts.store.document_digests)
        changed = digests != self._digests
        if changed:
            self._digests = digests
            self._hub.topics = frozenset(path for path in digests if is_topic(path))
        if self._parts.config.websub.hub == "own":
            self._hub.go_on()
            await self._courier.tick(changed)
        elif self._parts.config.websub.hub != "none":
            self._announcer.tick(changed)
        await self._subscriber.tick()

    async def answer(self, path: str, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request for `path` (as under the site's root: `/hub`, `/websub/TOKEN`)."""
        if path.startswith(CALLBACKS):
            await self._intake.answer(path.removeprefix(CALLBACKS), scope, receive, send)
            return
        has_hub = self._parts.config.websub.hub == "own"
        await answer_hub(self._hub if has_hub else None, scope, receive, send)

    async def _take(
        self, callback: PushCallback, digest: str, body: bytes, kind: str | None
    ) -> None:
        source = self._subscriber.source_of(callback)
        if source is None:
            return
        zone = source.timezone or self._parts.config.timezone
        now = self._parts.clock.now()
        document = Document(body, callback.topic, now, kind, zone)
        try:
            await self._take_push(source, callback.source_id, callback.token, digest, document)
        except ParseError as error:
            log.warning("%s: what was pushed is no feed: %s", source.id, error)

    def replace_config(self, config: Config) -> None:
        """Take another config in force."""
        before, self._parts.config = self._parts.config, config
        if (before.fetch, before.websub) != (config.fetch, config.websub):
            replaced, self._parts.sender = self._parts.sender, _sender(config, self._parts.clock)
            self._replaced.start(_close_later(replaced))
        if before.websub != config.websub:
            self._digests = None

    async def settled(self) -> None:
        """Wait until no verification, delivery or ping is under way."""
        for part in (self._hub, self._courier, self._announcer, self._subscriber, self._intake):
            await part.settled()

    async def close(self) -> None:
        """Give up what is under way and close every connection. Raises StoreError."""
        await self._intake.close()
        await self._subscriber.close()
        await self._hub.close()
        await self._announcer.close()
        await self._courier.close()
        await self._replaced.close()
        await self._parts.sender.close()


def _sender(config: Config, clock: Clock) -> Sender:
    return open_sender(
        config.fetch,
        clock,
        allow_private=config.websub.allow_private,
        base_url=config.base_url,
        concurrency=SENT_AT_ONCE,
        per_host=SENT_PER_HOST,
    )


async def _close_later(sender: Sender) -> None:
    """Close a sender that was replaced, once nothing it sends can be under way any more."""
    try:
        await asyncio.sleep(REPLACED_ENDS_AFTER_S)
    finally:
        await sender.close()
