"""Turns a Message to an address that a stranger named into the answer: one hop, short, guarded.

Callbacks and hubs of WebSub are asked here. Redirects are not followed (to a hub they are
failures), answers are cut short, nobody is spaced apart as sources are: how many requests a host
gets at once is bounded instead, and the lanes are this sender's own: polling never waits for it.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from urllib.parse import urljoin

from yarl import URL

from aggregator.clock import Clock
from aggregator.fetch import addresses
from aggregator.fetch.addresses import Address, without_credentials
from aggregator.fetch.agent import user_agent
from aggregator.fetch.answers import REDIRECTS, read_head
from aggregator.fetch.failures import explain
from aggregator.fetch.headers import retry_after
from aggregator.fetch.lanes import Lane, Lanes
from aggregator.fetch.pools import Pools
from aggregator.fetch.wire import Reply
from aggregator.model import FetchFailed, FetchSettings, Message, Replied

# An answer in full, from the connection on: whoever is slower has failed.
TIMEOUT_S = 10.0
# Of an answer so much is read (a challenge that comes back); what is longer is cut off.
MAX_ANSWER = 4 * 2**10
MAX_HEAD = 16 * 2**10


class HttpSender:
    """The Sender on the real network."""

    def __init__(
        self,
        settings: FetchSettings,
        clock: Clock,
        allow_private: tuple[str, ...],
        base_url: str | None,
        concurrency: int,
        per_host: int,
    ) -> None:
        self._clock = clock
        self._allow_private = allow_private
        self._proxy = settings.proxy
        self._lanes = Lanes(concurrency, per_host, host_delay=0.0)
        own_limits = replace(
            settings,
            idle_timeout=min(settings.idle_timeout, TIMEOUT_S),
            max_header_bytes=MAX_HEAD,
            max_wire_bytes=16 * MAX_ANSWER,
        )
        self._pools = Pools(own_limits)
        self._headers = {
            "User-Agent": user_agent(base_url, settings.user_agent),
            "Accept": "*/*",
            "Accept-Encoding": "identity",
        }

    async def send(self, message: Message) -> Replied | FetchFailed:
        """See Sender.send."""
        try:
            address = addresses.read(message.url)
            lane = await self._lanes.enter(address.lane, spaced=False)
            try:
                async with asyncio.timeout(TIMEOUT_S):
                    return await self._exchange(message, address, lane)
            finally:
                self._lanes.leave(address.lane, lane)
        except Exception as error:  # whatever the other side does, the next one gets its turn
            reason, said = explain(error)
            return FetchFailed(without_credentials(message.url), reason, said)

    async def _exchange(self, message: Message, address: Address, lane: Lane) -> Replied:
        permissions = (*self._allow_private, *message.allow_private)
        pool = self._pools.pool(permissions, self._proxy)
        if self._proxy is not None:
            await self._pools.check_target(address.host, permissions)
        response = await pool.get(
            address.url,
            self._request_headers(message, address),
            None if self._proxy is None else URL(self._proxy),
            lambda: self._lanes.is_busy(lane),
            message.body,
        )
        try:
            head = read_head(response.status, response.raw_headers, MAX_HEAD)
            body = await _beginning(response)
        except BaseException:
            response.close()
            raise
        response.release()
        location = head.fields.get(b"location") if head.status in REDIRECTS else None
        return Replied(
            status=head.status,
            body=body,
            location=urljoin(address.text, location) if location else None,
            retry_after=retry_after(head.fields.get(b"retry-after"), self._clock.now()),
        )

    def _request_headers(self, message: Message, address: Address) -> dict[str, str]:
        headers = {**self._headers, **dict(message.headers)}
        if address.authorization is not None:
            headers["Authorization"] = address.authorization
        if message.body is not None:
            headers["Content-Length"] = str(len(message.body))
        return headers

    async def close(self) -> None:
        """See Sender.close."""
        await self._pools.close()


async def _beginning(response: Reply) -> bytes:
    """The first bytes of a body, MAX_ANSWER and one at most: so a longer one can be told."""
    pieces: list[bytes] = []
    size = 0
    while size <= MAX_ANSWER and (piece := await response.content.readany()):
        pieces.append(piece)
        size += len(piece)
    return b"".join(pieces)[: MAX_ANSWER + 1]
