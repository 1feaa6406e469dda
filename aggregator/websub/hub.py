"""Subscription requests → subscriptions whose intent was verified (WebSub 5), or refusals.

A request that is accepted waits in memory, bounded in all and per callback host, until its callback
has confirmed it; only then is there a row in the store. A flood of requests thus costs neither rows
nor time of the thread that saves polls. Requests that wait at a crash are lost, and are made again
by their subscribers, whom nobody has confirmed anything.
"""

from __future__ import annotations

import logging
import secrets
from collections import Counter
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from aggregator.fetch.addresses import Address, BadAddress
from aggregator.fetch.addresses import read as read_address
from aggregator.fetch.guard import networks
from aggregator.fetch.guard import read_address as read_ip
from aggregator.model import FetchFailed, HubSubscription, Message, Replied
from aggregator.store import StoreError
from aggregator.websub.parts import Parts, Tasks
from aggregator.websub.protocol import BadRequest, SubscriptionRequest, with_parameters
from aggregator.websub.topics import path_of_topic

log = logging.getLogger(__name__)

# Requests that wait for their verification, in all and of one callback host.
MAX_WAITING = 2_000
MAX_WAITING_PER_HOST = 200
# Verifications under way at a time, in all and to one host.
AT_ONCE = 16
AT_ONCE_PER_HOST = 4
# A callback that could not be reached is asked again so long after each failure.
AGAIN_AFTER = (timedelta(seconds=3), timedelta(seconds=30))
MAX_CALLBACK = 2_048


@dataclass(frozen=True, slots=True)
class Waiting:
    """A request that waits for its verification. `topic` is the document's path."""

    request: SubscriptionRequest
    topic: str
    host: str
    not_before: datetime
    attempts: int = 0


class Hub:
    """Takes requests and verifies them. Used on the event loop."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._waiting: dict[tuple[str, str], Waiting] = {}
        self._waiting_hosts: Counter[str] = Counter()
        self._active: Counter[str] = Counter()
        self._tasks = Tasks()
        # The paths that can be subscribed to; kept in step by the courier.
        self.topics: frozenset[str] = frozenset()

    def accept(self, request: SubscriptionRequest) -> None:
        """Take a request to be verified. Raises BadRequest, whose status is the answer."""
        topic = path_of_topic(request.topic, self._parts.config.base_url)
        if topic is None or topic not in self.topics:
            raise BadRequest(404, "hub.topic is no feed of this site; take its rel=self address")
        key = (topic, request.callback)
        is_new = key not in self._waiting
        if is_new and len(self._waiting) >= MAX_WAITING:  # first of all: it costs nothing
            raise BadRequest(503, "too many requests wait to be verified; come again later")
        host = self._callback_host(request.callback)
        if is_new and self._waiting_hosts[host] >= MAX_WAITING_PER_HOST:
            raise BadRequest(429, "too many requests of this callback host wait to be verified")
        waiting = Waiting(request, topic, host, self._parts.clock.now())
        if self._waiting.pop(key, None) is None:
            self._waiting_hosts[host] += 1
        self._waiting[key] = waiting
        self.go_on()

    def _callback_host(self, callback: str) -> str:
        """The callback's host, for the caps. Raises BadRequest for one nobody could be asked at."""
        if len(callback) > MAX_CALLBACK:
            raise BadRequest(400, f"hub.callback is over {MAX_CALLBACK} characters")
        try:
            address = read_address(callback)
        except BadAddress as error:
            raise BadRequest(400, f"hub.callback: {error}") from error
        if read_ip(address.host) is not None and not self._may_be_asked(address):
            raise BadRequest(403, "hub.callback lies at a private address")
        return address.host

    def _may_be_asked(self, address: Address) -> bool:
        """Whether the guard would let a literal address through; names it sees when connecting."""
        ip = read_ip(address.host)
        allowed = networks(self._parts.config.websub.allow_private)
        return not address.is_private or any(
            ip in network for network in allowed if ip and ip.version == network.version
        )

    # ------------------------------------------------------------ verification of intent

    def go_on(self) -> None:
        """Start the verifications that there is room for; called again whenever one ends."""
        now = self._parts.clock.now()
        ready: list[tuple[str, str]] = []
        starting: Counter[str] = Counter()
        room = AT_ONCE - self._active.total()
        for key, waiting in self._waiting.items():
            if len(ready) >= room:
                break
            if waiting.not_before > now:
                continue
            if self._active[waiting.host] + starting[waiting.host] < AT_ONCE_PER_HOST:
                starting[waiting.host] += 1
                ready.append(key)
        for key in ready:
            waiting = self._waiting.pop(key)
            self._count_down(self._waiting_hosts, waiting.host)
            self._active[waiting.host] += 1
            self._tasks.start(self._verify(waiting))

    async def _verify(self, waiting: Waiting) -> None:
        try:
            asked_at = self._parts.clock.now()
            reply, challenge = await self._ask(waiting)
            if isinstance(reply, FetchFailed) or reply.status >= 500:
                self._ask_again(waiting)
            elif 200 <= reply.status < 300 and reply.body == challenge.encode():
                await self._confirm(waiting, asked_at)
            else:
                log.debug("hub: %s does not confirm %s", waiting.host, waiting.request.mode)
        except StoreError as error:
            log.error("hub: a verified request is lost: %s", error)
        except Exception:
            log.exception("hub: verifying a request raised an error of this program")
        finally:
            self._count_down(self._active, waiting.host)
            self.go_on()

    async def _ask(self, waiting: Waiting) -> tuple[Replied | FetchFailed, str]:
        """The GET of 5.3, and the challenge in it: random, for this once."""
        request, challenge = waiting.request, secrets.token_urlsafe(32)
        parameters = [
            ("hub.mode", request.mode),
            ("hub.topic", request.topic),
            ("hub.challenge", challenge),
        ]
        if request.mode == "subscribe":
            parameters.append(("hub.lease_seconds", str(int(request.lease.total_seconds()))))
        url = with_parameters(request.callback, parameters)
        return await self._parts.sender.send(Message(url)), challenge

    def _ask_again(self, waiting: Waiting) -> None:
        """Nobody answered: come back, unless a newer request of the same waits, or it is enough."""
        key = (waiting.topic, waiting.request.callback)
        if waiting.attempts >= len(AGAIN_AFTER) or key in self._waiting:
            return
        wait = AGAIN_AFTER[waiting.attempts]
        self._waiting[key] = replace(
            waiting, attempts=waiting.attempts + 1, not_before=self._parts.clock.now() + wait
        )
        self._waiting_hosts[waiting.host] += 1

    async def _confirm(self, waiting: Waiting, asked_at: datetime) -> None:
        """Keep or forget what was verified; a request that has no room any more is denied."""
        full = await self._parts.in_transaction(self._save, waiting, asked_at)
        if full is None:
            log.info("hub: %s: %s of %s", waiting.topic, waiting.request.mode, waiting.host)
            return
        await self._parts.sender.send(denial(waiting.request.callback, waiting.request.topic, full))

    def _save(self, waiting: Waiting, asked_at: datetime) -> str | None:
        store, request = self._parts.store, waiting.request
        if request.mode == "unsubscribe":
            store.unsubscribe(waiting.topic, request.callback)
            return None
        full = self._full(waiting.topic, request.callback, waiting.host)
        if full is None:
            until = asked_at + request.lease
            named = (waiting.topic, request.topic, request.callback, waiting.host)
            store.subscribe(HubSubscription(*named, request.secret, until), asked_at)
        return full

    def _full(self, topic: str, callback: str, host: str) -> str | None:
        """Why a new subscription cannot be kept; None where it can, or is there already."""
        store, settings = self._parts.store, self._parts.config.websub
        if store.has_subscription(topic, callback):
            return None
        total, of_host = store.count_subscriptions(host)
        if total >= settings.max_subscriptions:
            return "this hub has as many subscriptions as it takes"
        if of_host >= settings.max_per_host:
            return "this hub has as many subscriptions of this callback host as it takes"
        return None

    @staticmethod
    def _count_down(counter: Counter[str], host: str) -> None:
        counter[host] -= 1
        if counter[host] <= 0:
            del counter[host]

    # ------------------------------------------------------------ the whole

    @property
    def waiting(self) -> int:
        """How many requests wait to be verified."""
        return len(self._waiting)

    async def settled(self) -> None:
        """Wait until every verification under way has ended."""
        await self._tasks.settled()

    async def close(self) -> None:
        """Give up what is under way."""
        self._waiting.clear()
        await self._tasks.close()


def denial(callback: str, topic: str, reason: str) -> Message:
    """The GET that tells a subscriber that there is no subscription (5.2)."""
    parameters = [("hub.mode", "denied"), ("hub.topic", topic), ("hub.reason", reason)]
    return Message(with_parameters(callback, parameters))
