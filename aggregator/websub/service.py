"""The daemon's part in WebSub: one tick a second, and the addresses that others ask."""

from __future__ import annotations

import asyncio
from concurrent.futures import Executor

from starlette.types import Receive, Scope, Send

from aggregator.clock import Clock
from aggregator.fetch import Sender, open_sender
from aggregator.model import Config
from aggregator.store import Store
from aggregator.websub.announce import Announcer
from aggregator.websub.courier import Courier
from aggregator.websub.endpoints import answer_hub
from aggregator.websub.hub import Hub
from aggregator.websub.parts import Parts, Tasks
from aggregator.websub.topics import is_topic

# Of all hosts together, and of one: verifications, deliveries and what else is sent.
SENT_AT_ONCE = 96
SENT_PER_HOST = 16
# A sender that was replaced is given so long to end what it was at.
REPLACED_ENDS_AFTER_S = 15.0


class WebSub:
    """Our own hub, or word to an outside one. Used on the daemon's event loop."""

    def __init__(self, config: Config, store: Store, clock: Clock, writer: Executor) -> None:
        """`writer` is the one thread on which the store is used."""
        self._parts = Parts(config, store, clock, writer, _sender(config, clock))
        self._hub = Hub(self._parts)
        self._courier = Courier(self._parts)
        self._announcer = Announcer(self._parts)
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

    async def answer(self, path: str, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request for `path` (as under the site's root: `/hub`)."""
        has_hub = self._parts.config.websub.hub == "own"
        await answer_hub(self._hub if has_hub else None, scope, receive, send)

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
        for part in (self._hub, self._courier, self._announcer):
            await part.settled()

    async def close(self) -> None:
        """Give up what is under way and close every connection. Raises StoreError."""
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
