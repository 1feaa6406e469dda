"""Documents that changed → subscribers that have them (WebSub 7), and an outside hub that knows.

What is due follows from the store: a subscription whose document has another digest than the one
last delivered. So nothing is lost by a crash, whichever process published, and a subscriber that
was slow gets the latest document once. Few requests go to a host at once, so that a slow one holds
up its own deliveries only, and those that failed before have room of their own.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
from collections import OrderedDict
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path

from aggregator.model import Delivery, DeliveryResult, FetchFailed, Message, Replied
from aggregator.store import StoreError
from aggregator.websub.hub import denial
from aggregator.websub.parts import Parts, Tasks
from aggregator.websub.patience import PATIENCE, wait_after
from aggregator.websub.protocol import link_header, signature
from aggregator.websub.queue import Queue
from aggregator.websub.topics import media_type, url_of_topic

log = logging.getLogger(__name__)

# Deliveries under way: in all and to one host; of those that failed before likewise. More at a
# time make polls late (docs/benchmarks.md), fewer let a few slow hosts hold up the others.
AT_ONCE, AT_ONCE_PER_HOST = 24, 4
FAILED_AT_ONCE, FAILED_PER_HOST = 8, 2
# Deliveries read from the store at a time.
A_LOAD = 500
# Results are saved together, after at most this long.
SAVE_AFTER_S = 0.2
LAPSED_EVERY = timedelta(minutes=1)
_BODIES_KEPT = 8


class Courier:
    """Sends what is due and remembers what became of it. Used on the event loop."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._tasks = Tasks()
        self._fresh = Queue(AT_ONCE, AT_ONCE_PER_HOST)
        self._failed = Queue(FAILED_AT_ONCE, FAILED_PER_HOST)
        # What is being sent, by number, until its result is saved.
        self._under_way: dict[int, Delivery] = {}
        self._results: list[DeliveryResult] = []
        self._saving: asyncio.Task[None] | None = None
        self._loading = asyncio.Lock()
        self._retry_at: datetime | None = None
        self._lapsed_at: datetime | None = None
        self._bodies: OrderedDict[str, tuple[str, bytes]] = OrderedDict()

    async def tick(self, changed: bool) -> None:
        """Send what is due: after a change, or when a retry's time has come. Raises StoreError."""
        now = self._parts.clock.now()
        if self._lapsed_at is None or now - self._lapsed_at >= LAPSED_EVERY:
            await self._parts.in_transaction(self._parts.store.drop_lapsed, now)
            self._lapsed_at = now
        if changed:
            self._fresh.renew()
            self._failed.renew()
        elif self._retry_at is not None and self._retry_at <= now:
            self._failed.renew()
            self._retry_at = None
        await self._go_on()

    async def _go_on(self) -> None:
        """Start what there is room for, loading more where nothing that waits can start."""
        async with self._loading:
            for queue in (self._fresh, self._failed):
                self._start_waiting(queue)
                while queue.wants_more():
                    await self._load(queue)
                    self._start_waiting(queue)

    def _start_waiting(self, queue: Queue) -> None:
        while (delivery := queue.take()) is not None:
            self._under_way[delivery.subscription_id] = delivery
            self._tasks.start(self._deliver(delivery, queue))

    async def _load(self, queue: Queue) -> None:
        without = queue.hosts()
        limit = A_LOAD + len(self._under_way)
        loaded, retry_at = await self._parts.with_store(
            self._read_due, queue is self._failed, without, limit
        )
        fresh = [one for one in loaded if one.subscription_id not in self._under_way]
        queue.loaded(fresh, without, all_of=len(loaded) < limit)
        self._retry_at = retry_at

    def _read_due(
        self, failed: bool, without: frozenset[str], limit: int
    ) -> tuple[list[Delivery], datetime | None]:
        store, now = self._parts.store, self._parts.clock.now()
        return store.due_deliveries(now, failed, without, limit), store.next_delivery_retry(now)

    async def _deliver(self, delivery: Delivery, queue: Queue) -> None:
        result = None
        try:
            result = await self._send(delivery)
        except Exception:
            log.exception("hub: a delivery raised an error of this program")
            result = self._failure(delivery, delivery.digest, None)
        finally:
            queue.done(delivery.host)
            if result is None:  # cancelled at the end: it is due still
                self._under_way.pop(delivery.subscription_id, None)
            else:
                self._note(result, queue)

    def _note(self, result: DeliveryResult, queue: Queue) -> None:
        """Keep a result until it is saved with others, and start what waits for its room."""
        self._results.append(result)
        if self._saving is None:
            self._saving = self._tasks.start(self._save_results())
        self._start_waiting(queue)
        if queue.wants_more() and not self._loading.locked():
            self._tasks.start(self._go_on_quietly())

    async def _send(self, delivery: Delivery) -> DeliveryResult:
        number = delivery.subscription_id
        if delivery.digest is None:
            # The document is gone, as with an output that was removed: so is the subscription.
            message = denial(delivery.callback, delivery.topic_url, "the feed is gone")
            await self._parts.sender.send(message)
            return DeliveryResult(number, None, "gone")
        try:
            digest, body = await self._body(delivery.topic, delivery.digest)
        except OSError:  # the record stands, the file does not: the publisher will mend it
            return self._failure(delivery, delivery.digest, None)
        config = self._parts.config
        topic = url_of_topic(delivery.topic, config.base_url)
        headers = [
            ("Content-Type", media_type(delivery.topic)),
            ("Link", link_header(config.hub_url or "", topic)),
        ]
        if delivery.secret is not None:
            headers.append(("X-Hub-Signature", signature(delivery.secret, body)))
        reply = await self._parts.sender.send(Message(delivery.callback, body, tuple(headers)))
        if isinstance(reply, Replied) and 200 <= reply.status < 300:
            return DeliveryResult(number, digest, "done")
        if isinstance(reply, Replied) and reply.status == 410:
            log.info("hub: %s: %s says it is gone", delivery.topic, delivery.host)
            return DeliveryResult(number, digest, "gone")
        return self._failure(delivery, digest, reply)

    def _failure(
        self, delivery: Delivery, digest: str | None, reply: Replied | FetchFailed | None
    ) -> DeliveryResult:
        """When to try again: the wait grows; a document is given up after a day of failures."""
        now = self._parts.clock.now()
        since = delivery.failing_since or now
        retry_at = now + wait_after(delivery.failures)
        if reply is not None and reply.retry_after is not None:
            retry_at = min(max(retry_at, reply.retry_after), now + PATIENCE)
        said = "no document" if reply is None else said_by(reply)
        log.debug("hub: %s not delivered to %s: %s", delivery.topic, delivery.host, said)
        if retry_at - since > PATIENCE:
            log.info("hub: %s: %s could not be reached for a day", delivery.topic, delivery.host)
            return DeliveryResult(delivery.subscription_id, digest, "given-up")
        return DeliveryResult(delivery.subscription_id, digest, "later", retry_at, since)

    async def _body(self, topic: str, digest: str) -> tuple[str, bytes]:
        """A topic's document with its digest: that of the file, which may be newer. OSError."""
        kept = self._bodies.get(topic)
        if kept is None or kept[0] != digest:
            path = Path(self._parts.config.publish.directory, topic)
            body = await asyncio.to_thread(path.read_bytes)
            kept = self._bodies[topic] = (hashlib.sha256(body).hexdigest(), body)
            while len(self._bodies) > _BODIES_KEPT:
                self._bodies.popitem(last=False)
        return kept

    async def _save_results(self) -> None:
        """Save results together, and go on with what they left due."""
        await asyncio.sleep(SAVE_AFTER_S)
        results, self._results = self._results, []
        self._saving = None
        try:
            await self._parts.in_transaction(self._settle, results)
        except StoreError as error:
            # They are due still, and delivered twice: better than not at all.
            log.error("hub: what became of deliveries cannot be kept: %s", error)
        for result in results:
            sent = self._under_way.pop(result.subscription_id)
            if sent.digest != result.digest or result.outcome == "later":
                self._fresh.is_due = True
            if result.retry_at is not None:
                self._retry_at = min(self._retry_at or result.retry_at, result.retry_at)
        await self._go_on_quietly()

    def _settle(self, results: Sequence[DeliveryResult]) -> None:
        self._parts.store.settle_deliveries(results)

    async def _go_on_quietly(self) -> None:
        try:
            await self._go_on()
        except StoreError as error:
            log.error("hub: %s", error)

    async def settled(self) -> None:
        """Wait until nothing is under way."""
        await self._tasks.settled()

    async def close(self) -> None:
        """Give up what is under way; what has its result already is saved first."""
        await self._tasks.close()
        if self._results:
            await self._parts.in_transaction(self._settle, self._results)


def said_by(reply: Replied | FetchFailed) -> str:
    """What a reply that does not please says, in a few words."""
    return reply.message if isinstance(reply, FetchFailed) else f"status {reply.status}"
