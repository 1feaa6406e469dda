"""Requests to `/websub/TOKEN` → verifications confirmed (WebSub 5.3) and pushes taken (7)."""

from __future__ import annotations

import asyncio
import hashlib
import logging
from collections.abc import Awaitable, Callable
from urllib.parse import parse_qsl

from starlette.types import Receive, Scope, Send

from aggregator.model import PushCallback
from aggregator.store import StoreError
from aggregator.websub.endpoints import RETRY_AFTER_S, header, read_body, say
from aggregator.websub.parts import Parts, Tasks
from aggregator.websub.protocol import MAX_FIELDS, BadRequest, is_signed
from aggregator.websub.subscriber import Subscriber

log = logging.getLogger(__name__)

# Bodies that are read or saved at a time; more are asked to come again.
AT_ONCE = 8
READ_WITHIN_S = 30.0
# The hub is answered when the push is saved, or after so long: then it is saved all the same.
ANSWER_WITHIN_S = 3.0
MAX_CHALLENGE = 2_000

# Takes a pushed body into the corridor: the callback, digest, body, media type.
Take = Callable[[PushCallback, str, bytes, str | None], Awaitable[None]]


class Intake:
    """Answers hubs. Used on the event loop."""

    def __init__(self, parts: Parts, subscriber: Subscriber, take: Take) -> None:
        self._parts = parts
        self._subscriber = subscriber
        self._take = take
        self._tasks = Tasks()
        self._under_way = 0

    async def answer(self, token: str, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request for a callback."""
        callback = self._subscriber.callback(token)
        retry = {"retry-after": str(RETRY_AFTER_S)}
        try:
            if callback is None:
                await say(send, 404, "Nobody was given this address.\n")
            elif scope["method"] == "GET":
                await self._confirm(token, scope, send)
            elif scope["method"] != "POST":
                await say(send, 405, "GET verifies, POST pushes.\n", {"allow": "GET, POST"})
            elif callback.state == "asked":
                await say(send, 404, "This subscription is not verified.\n")
            elif callback.state == "leaving":
                await say(send, 410, "This subscription has ended.\n")
            elif self._under_way >= AT_ONCE:
                await say(send, 503, "Too many at once.\n", retry)
            else:
                await self._receive(callback, scope, receive, send)
        except StoreError as error:
            log.error("a hub could not be answered: %s", error)
            await say(send, 503, "Nothing can be kept just now.\n", retry)
        except BadRequest as error:
            await say(send, error.status, f"{error}.\n")

    async def _confirm(self, token: str, scope: Scope, send: Send) -> None:
        try:
            query = scope["query_string"].decode("ascii")
            said = dict(parse_qsl(query, keep_blank_values=True, max_num_fields=MAX_FIELDS))
        except ValueError:
            said = {}
        challenge = await self._subscriber.confirm(token, said)
        if challenge is None or len(challenge) > MAX_CHALLENGE:
            await say(send, 404, "This was not asked for.\n")
        else:
            await say(send, 200, challenge)

    async def _receive(
        self, callback: PushCallback, scope: Scope, receive: Receive, send: Send
    ) -> None:
        self._under_way += 1
        work: asyncio.Task[None] | None = None
        try:
            if (header(scope, b"content-encoding") or "identity").strip().lower() != "identity":
                raise BadRequest(415, "send the document as it is, without a content coding")
            try:
                async with asyncio.timeout(READ_WITHIN_S):
                    body = await read_body(receive, self._parts.config.fetch.max_wire_bytes)
            except TimeoutError:
                raise BadRequest(408, "the document came too slowly") from None
            if not is_signed(callback.secret, body, header(scope, b"x-hub-signature")):
                log.warning("a push for %s is not signed as agreed: ignored", callback.topic)
                raise BadRequest(403, "the signature does not match")
            digest = hashlib.sha256(body).hexdigest()
            if await self._subscriber.seen(callback, digest):
                await say(send, 200, "It was here before.\n")
                return
            kind = header(scope, b"content-type")
            work = self._tasks.start(self._saved(callback, digest, body, kind))
        finally:
            if work is None:
                self._under_way -= 1
        done, _ = await asyncio.wait([work], timeout=ANSWER_WITHIN_S)
        if done:
            work.result()
        await say(send, 200 if done else 202, "Taken.\n")

    async def _saved(
        self, callback: PushCallback, digest: str, body: bytes, kind: str | None
    ) -> None:
        try:
            await self._take(callback, digest, body, kind)
        finally:
            self._under_way -= 1

    async def settled(self) -> None:
        """Wait until nothing is being saved."""
        await self._tasks.settled()

    async def close(self) -> None:
        """Give up what is under way: the daily poll brings it."""
        await self._tasks.close()
