"""Feeds that name a hub → subscriptions there, verified, renewed in time, ended when not wanted.

Each subscription has a callback and a secret of its own, both unguessable, and both new at every
renewal: the old ones are left only when the new ones stand, so that no change is missed.
"""

from __future__ import annotations

import logging
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from urllib.parse import urlencode

from aggregator.fetch.agent import is_public_url
from aggregator.model import Config, Message, PushCallback, PushStanding, Replied, Source
from aggregator.websub.courier import said_by
from aggregator.websub.parts import Parts, Tasks
from aggregator.websub.protocol import FORM_TYPE, USUAL_LEASE, decoded, read_lease

log = logging.getLogger(__name__)

LOOK_EVERY = timedelta(seconds=2)
# Subscriptions that are asked for in one look: the rest have their turn in the next.
ASKED_AT_ONCE = 16
# A request that was not verified after so long is made anew, then after twice as long …
FIRST_WAIT = timedelta(minutes=10)
LONGEST_WAIT = timedelta(days=1)
# … and a hub that denied one is left alone for a week.
AFTER_DENIAL = timedelta(days=7)
# A lease is renewed when this part of it is over.
RENEW_AFTER = 0.8
MAX_REDIRECTS = 3
# A callback that has had so many bodies is replaced: each is remembered, against replays.
MAX_BODIES = 4_096


class Subscriber:
    """Keeps subscriptions in step with what the sources' feeds say. Used on the event loop."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._tasks = Tasks()
        self._looked_at: datetime | None = None
        # All callbacks, by token, as the store has them: strangers who guess cost it nothing.
        self._callbacks: dict[str, PushCallback] | None = None
        self._names: dict[int, str] = {}

    async def tick(self) -> None:
        """Ask for, renew and end subscriptions where it is time to. Raises StoreError."""
        now = self._parts.clock.now()
        if self._looked_at is not None and abs(now - self._looked_at) < LOOK_EVERY:
            return
        self._looked_at = now
        standings, callbacks = await self._parts.with_store(self._read)
        if self._callbacks is None:
            self._callbacks = {callback.token: callback for callback in callbacks}
        self._names = {number: one.source_name for number, one in standings.items()}
        wanted = self._wanted(standings)
        await self._end_old(wanted, now)
        asking = [standing for standing in wanted.values() if self._is_to_be_asked(standing, now)]
        for standing in asking[:ASKED_AT_ONCE]:
            await self._ask(standing, now)

    def _read(self) -> tuple[dict[int, PushStanding], list[PushCallback]]:
        store = self._parts.store
        return store.push_standings(), store.push_callbacks() if self._callbacks is None else []

    def _is_to_be_asked(self, standing: PushStanding, now: datetime) -> bool:
        """Whether its time has come, or nothing stands although nothing went wrong."""
        if standing.ask_at is None or standing.ask_at <= now:
            return True
        in_use = {one.source_id for one in self._held().values() if one.state != "leaving"}
        return not standing.failures and standing.source_id not in in_use

    def _wanted(self, standings: Mapping[int, PushStanding]) -> dict[int, PushStanding]:
        if callback_root(self._parts.config) is None:
            return {}
        sources = sources_pushed(self._parts.config)
        return {
            number: standing
            for number, standing in standings.items()
            if standing.source_name in sources
        }

    def _held(self) -> dict[str, PushCallback]:
        return self._callbacks if self._callbacks is not None else {}

    # ------------------------------------------------------------ ending

    async def _end_old(self, wanted: Mapping[int, PushStanding], now: datetime) -> None:
        """Leave what is not wanted any more, and forget what has run out."""
        for callback in list(self._held().values()):
            standing = wanted.get(callback.source_id)
            is_wanted = standing is not None and (callback.hub, callback.topic) == (
                standing.hub,
                standing.topic,
            )
            over = callback.lease_until or callback.asked_at + LONGEST_WAIT
            if over <= now:
                await self._forget(callback, standing)
            elif not is_wanted and callback.state == "asked":
                await self._forget(callback, None)
            elif not is_wanted and callback.state == "active":
                await self._leave(callback)
                await self._poll_soon(callback.source_id)

    async def _forget(self, callback: PushCallback, standing: PushStanding | None) -> None:
        """Forget a callback; where it was the one in use, poll as before and ask anew."""
        self._held().pop(callback.token, None)
        now = self._parts.clock.now()

        def forget() -> None:
            store = self._parts.store
            store.drop_callback(callback.token)
            if callback.state == "active" and standing is not None:
                store.plan_asking(callback.source_id, now, standing.failures)
                store.set_next_poll(standing.source_name, now)

        await self._parts.in_transaction(forget)
        if callback.state == "active":
            log.info("the subscription to %s has ended", callback.topic)

    async def _poll_soon(self, source_id: int) -> None:
        """Nobody pushes any more: the poll that was put off for a day is due."""
        name = self._names.get(source_id)
        if name is not None:
            set_next_poll = self._parts.store.set_next_poll
            await self._parts.in_transaction(set_next_poll, name, self._parts.clock.now())

    async def _leave(self, callback: PushCallback) -> None:
        """Mark a callback as no longer used, and tell its hub."""
        leaving = replace(callback, state="leaving")
        self._held()[callback.token] = leaving
        await self._parts.in_transaction(self._parts.store.put_callback, leaving)
        self._tasks.start(self._send(leaving, "unsubscribe", self._permissions(leaving)))

    # ------------------------------------------------------------ asking

    async def _ask(self, standing: PushStanding, now: datetime) -> None:
        """Ask a hub for a subscription (5.1): the callback is kept before the hub hears of it."""
        callback = PushCallback(
            token=secrets.token_urlsafe(32),
            source_id=standing.source_id,
            hub=standing.hub,
            topic=standing.topic,
            secret=secrets.token_urlsafe(32),
            state="asked",
            asked_at=now,
        )
        wait = min(FIRST_WAIT * (1 << min(standing.failures, 10)), LONGEST_WAIT)
        unanswered = [
            one.token
            for one in self._held().values()
            if one.source_id == standing.source_id and one.state == "asked"
        ]

        def keep() -> None:
            store = self._parts.store
            for token in unanswered:
                store.drop_callback(token)
            store.put_callback(callback)
            store.plan_asking(standing.source_id, now + wait, standing.failures + 1)

        await self._parts.in_transaction(keep)
        for token in unanswered:
            self._held().pop(token, None)
        self._held()[callback.token] = callback
        self._tasks.start(self._send(callback, "subscribe", self._permissions(callback)))

    def _permissions(self, callback: PushCallback) -> tuple[str, ...]:
        """Private networks that the hub of a source may lie in: those of the source itself."""
        name = self._names.get(callback.source_id)
        sources = (source for source in self._parts.config.sources if source.id == name)
        return next((source.allow_private for source in sources), ())

    def source_of(self, callback: PushCallback) -> Source | None:
        """The source that a callback was given for, while it may be subscribed to."""
        return sources_pushed(self._parts.config).get(self._names.get(callback.source_id, ""))

    async def _send(self, callback: PushCallback, mode: str, permissions: tuple[str, ...]) -> None:
        """POST the request; a hub may name another (307, 308), and HTTPS is tried first (8.2)."""
        root = callback_root(self._parts.config)
        if root is None:
            return
        form = {
            "hub.callback": f"{root}/websub/{callback.token}",
            "hub.mode": mode,
            "hub.topic": callback.topic,
        }
        if mode == "subscribe":
            form["hub.secret"] = callback.secret
            form["hub.lease_seconds"] = str(int(USUAL_LEASE.total_seconds()))
        body = urlencode(form).encode()
        said = ""
        for hub in ways_to(callback.hub):
            for _ in range(1 + MAX_REDIRECTS):
                headers = (("Content-Type", FORM_TYPE),)
                reply = await self._parts.sender.send(Message(hub, body, headers, permissions))
                if not isinstance(reply, Replied) or reply.status not in (307, 308):
                    break
                hub = reply.location or ""
            if isinstance(reply, Replied) and 200 <= reply.status < 300:
                return
            said = said_by(reply)
        log.warning("the hub does not take a request to %s %s: %s", mode, callback.topic, said)

    # ------------------------------------------------------------ what hubs say

    def callback(self, token: str) -> PushCallback | None:
        """The callback of a token; None for one that nobody was given."""
        return self._held().get(token)

    async def confirm(self, token: str, said: Mapping[str, str]) -> str | None:
        """The challenge to answer a verification with (5.3.1); None for what we did not ask.

        A denial (5.2) is answered with "". Raises StoreError.
        """
        callback = self.callback(token)
        mode, challenge = said.get("hub.mode"), said.get("hub.challenge", "")
        if callback is None or decoded(said.get("hub.topic", "")) != decoded(callback.topic):
            return None
        if mode == "denied":
            await self._denied(callback, said.get("hub.reason", ""))
            return ""
        if not challenge:
            return None
        if mode == "unsubscribe" and callback.state == "leaving":
            self._held().pop(token, None)
            await self._parts.in_transaction(self._parts.store.drop_callback, token)
            return challenge
        if mode == "subscribe" and callback.state in ("asked", "active"):
            await self._activate(callback, read_lease(said.get("hub.lease_seconds")))
            return challenge
        return None

    async def _activate(self, callback: PushCallback, lease: timedelta | None) -> None:
        """A hub has verified: the lease runs from now, and the callback before it is left."""
        now = self._parts.clock.now()
        lease = lease or timedelta(days=1)  # older hubs do not say
        active = replace(callback, state="active", lease_until=now + lease)
        self._held()[callback.token] = active

        def keep() -> None:
            self._parts.store.put_callback(active)
            self._parts.store.plan_asking(callback.source_id, now + lease * RENEW_AFTER, 0)

        await self._parts.in_transaction(keep)
        log.info("subscribed to %s until %s", callback.topic, f"{now + lease:%Y-%m-%d %H:%M}")
        for other in list(self._held().values()):
            is_other = other.token != callback.token and other.state == "active"
            if is_other and other.source_id == callback.source_id:
                await self._leave(other)

    async def _denied(self, callback: PushCallback, reason: str) -> None:
        """A hub has no subscription for us: poll as before, and ask again in a week."""
        now = self._parts.clock.now()
        self._held().pop(callback.token, None)

        def forget() -> None:
            store = self._parts.store
            store.drop_callback(callback.token)
            standing = store.push_standings([callback.source_id]).get(callback.source_id)
            if standing is not None and callback.state != "leaving":
                failures = max(standing.failures, 1)
                store.plan_asking(callback.source_id, now + AFTER_DENIAL, failures)
                if callback.state == "active":
                    store.set_next_poll(standing.source_name, now)

        await self._parts.in_transaction(forget)
        shown = "".join(c for c in reason[:200] if c.isprintable())
        log.warning("the hub denies the subscription to %s: %s", callback.topic, shown or "no why")

    async def seen(self, callback: PushCallback, digest: str) -> bool:
        """Whether a body came to this callback before. Many bodies wear it out: it is replaced."""
        seen, count = await self._parts.with_store(
            self._parts.store.seen_pushes, callback.token, digest
        )
        if count >= MAX_BODIES:
            now = self._parts.clock.now()
            plan = self._parts.store.plan_asking
            await self._parts.in_transaction(plan, callback.source_id, now, 0)
        return seen

    # ------------------------------------------------------------ the whole

    async def settled(self) -> None:
        """Wait until no request is under way."""
        await self._tasks.settled()

    async def close(self) -> None:
        """Give up what is under way."""
        await self._tasks.close()


def callback_root(config: Config) -> str | None:
    """The address under which hubs reach us; None where they cannot."""
    if config.websub.callback is not None:
        return config.websub.callback
    return config.base_url if is_public_url(config.base_url) else None


def sources_pushed(config: Config) -> dict[str, Source]:
    """The sources that may be subscribed to: feeds in force, unless their `websub` says no."""
    return {
        source.id: source
        for source in config.sources
        if source.enabled and source.websub and source.page is None and source.recipe is None
    }


def ways_to(hub: str) -> Iterable[str]:
    """The addresses of a hub in the order to try: by HTTPS first, where strangers may listen."""
    if hub.lower().startswith("http://") and is_public_url(hub):
        yield "https://" + hub[7:]
    yield hub
