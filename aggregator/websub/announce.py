"""Documents that changed → an outside hub that is told of each (WebSub 6)."""

from __future__ import annotations

import logging
from datetime import datetime
from urllib.parse import urlencode

from aggregator.model import Message, Ping, Replied
from aggregator.store import StoreError
from aggregator.websub.courier import said_by
from aggregator.websub.parts import Parts, Tasks
from aggregator.websub.patience import wait_after
from aggregator.websub.protocol import FORM_TYPE
from aggregator.websub.topics import is_topic, url_of_topic

log = logging.getLogger(__name__)


class Announcer:
    """Tells the hub of feeds.yaml of what changed, one document after the other."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._tasks = Tasks()
        self._is_due = True
        self._retry_at: datetime | None = None
        self._under_way = False

    def tick(self, changed: bool) -> None:
        """Start telling what is due, unless that is under way."""
        retry = self._retry_at is not None and self._retry_at <= self._parts.clock.now()
        self._is_due = self._is_due or changed or retry
        if self._is_due and not self._under_way:
            self._is_due, self._under_way = False, True
            self._tasks.start(self._tell_all())

    async def _tell_all(self) -> None:
        store = self._parts.store
        try:
            for ping in await self._parts.with_store(store.due_pings, self._parts.clock.now()):
                if is_topic(ping.topic):
                    await self._tell(ping)
            self._retry_at = await self._parts.with_store(store.next_ping_retry)
        except StoreError as error:
            self._is_due = True
            log.error("the hub is not told: %s", error)
        finally:
            self._under_way = False

    async def _tell(self, ping: Ping) -> None:
        """One POST as hubs agree on it; what the hub does not take is told again later, and later.

        Unlike a delivery it is never given up: a hub that is down for a week is told at its end.
        """
        config = self._parts.config
        topic = url_of_topic(ping.topic, config.base_url)
        form = urlencode([("hub.mode", "publish"), ("hub.url", topic), ("hub.topic", topic)])
        message = Message(config.websub.hub, form.encode(), (("Content-Type", FORM_TYPE),))
        reply = await self._parts.sender.send(message)
        told = isinstance(reply, Replied) and 200 <= reply.status < 300
        retry_at = None
        if not told:
            log.warning("the hub does not take the news of %s: %s", ping.topic, said_by(reply))
            retry_at = self._parts.clock.now() + wait_after(ping.failures)
        await self._parts.in_transaction(self._parts.store.settle_ping, ping, told, retry_at)

    async def settled(self) -> None:
        """Wait until nothing is under way."""
        await self._tasks.settled()

    async def close(self) -> None:
        """Give up what is under way: it is due still."""
        await self._tasks.close()
