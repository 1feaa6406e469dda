"""Turns aiohttp into a client that counts: every byte of a response, headers apart, as it comes.

aiohttp bounds single lines; here the sum is bounded, so that neither a flood of headers (or of
interim responses, chunk extensions, trailers) nor a body costs more than its cap.
"""

from __future__ import annotations

import asyncio
import socket
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.client_proto import ResponseHandler

from aggregator.fetch.guard import Guard

# Threads that wait for the resolver: a slow name server holds one, not the event loop.
DNS_THREADS = 32
DNS_TTL = 60
# An idle connection is kept this long, and only where others of its host are waiting.
KEEP_ALIVE = 15.0


class HeadersTooLarge(Exception):
    """The headers of a response are over their cap."""


class WireTooLarge(Exception):
    """A response is over its cap on the wire, its framing included."""


class CountingHandler(ResponseHandler):
    """One connection's protocol: counts what comes in for the request under way."""

    def __init__(self, loop: asyncio.AbstractEventLoop, max_head: int, max_wire: int) -> None:
        super().__init__(loop)
        self._max_head = max_head
        self._max_wire = max_head + max_wire
        self._in_head = True
        self._received = 0

    def set_response_params(self, **params: Any) -> None:
        """A new request begins on this connection."""
        self._in_head = True
        self._received = 0
        super().set_response_params(**params)

    def feed_data(self, data: Any, size: int = 0) -> None:
        """The headers are complete; interim responses (1xx) do not count as that."""
        if data[0].code >= 200:
            self._in_head = False
        super().feed_data(data, size)

    def data_received(self, data: bytes) -> None:
        """Count, parse, and cut the connection where a cap is passed."""
        self._received += len(data)
        super().data_received(data)
        if self._in_head:
            if self._received > self._max_head:
                self._cut(HeadersTooLarge())
        elif self._received > self._max_wire:
            self._cut(WireTooLarge())

    def _cut(self, error: Exception) -> None:
        payload = self._payload
        if self.transport is not None:
            self.transport.abort()
        self.set_exception(error)
        if payload is not None and not payload.is_eof():
            payload.set_exception(error)


class Resolver(AbstractResolver):
    """getaddrinfo in threads of its own: uvloop's and asyncio's are few, and shared."""

    def __init__(self, executor: ThreadPoolExecutor) -> None:
        self._executor = executor

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        """Every address of `host`, numeric. Raises OSError."""
        loop = asyncio.get_running_loop()
        ask = partial(socket.getaddrinfo, host, port, family, socket.SOCK_STREAM)
        rows = await loop.run_in_executor(self._executor, ask)
        return [
            ResolveResult(
                hostname=host,
                host=_numeric(sockaddr),
                port=port,
                family=found,
                proto=protocol,
                flags=socket.AI_NUMERICHOST | socket.AI_NUMERICSERV,
            )
            for found, _, protocol, _, sockaddr in rows
        ]

    async def close(self) -> None:
        """The threads belong to the fetcher."""


def _numeric(sockaddr: tuple[Any, ...]) -> str:
    """A sockaddr's address, with its zone where it has one."""
    if len(sockaddr) == 4 and sockaddr[3]:
        return f"{sockaddr[0]}%{sockaddr[3]}"
    return str(sockaddr[0])


class NoCookies(aiohttp.DummyCookieJar):
    """A jar that keeps nothing and does not even read what it is given."""

    def update_cookies_from_headers(self, headers: Any, response_url: Any) -> None:
        """Nothing is kept."""


_NO_AUTO_HEADERS = ("Accept", "Accept-Encoding", "User-Agent", "Content-Type")


def open_pool(
    guard: Guard, resolver: Resolver, *, max_head: int, max_wire: int, idle_timeout: float
) -> aiohttp.ClientSession:
    """A session with connections of its own, all made under `guard`.

    How many there are is the business of the lanes; redirects, decompression and the total time
    are the fetcher's. Needs a running loop.
    """
    connector = aiohttp.TCPConnector(
        limit=0,
        ttl_dns_cache=DNS_TTL,
        resolver=resolver,
        keepalive_timeout=KEEP_ALIVE,
        socket_factory=guard.socket,
    )
    loop = asyncio.get_running_loop()
    # The one private name of aiohttp used here; tests/fetch/test_wire.py fails should it go.
    connector._factory = partial(CountingHandler, loop, max_head, max_wire)  # type: ignore[assignment]
    return aiohttp.ClientSession(
        connector=connector,
        cookie_jar=NoCookies(),
        auto_decompress=False,
        skip_auto_headers=_NO_AUTO_HEADERS,
        timeout=aiohttp.ClientTimeout(
            total=None, sock_connect=idle_timeout, sock_read=idle_timeout, ceil_threshold=3600
        ),
        max_line_size=max_head,
        max_field_size=max_head,
        max_headers=max(max_head // 4, 1),
        trust_env=False,
    )
