"""Turns aiohttp's connections into GETs that are counted: every byte of a response as it comes.

aiohttp bounds single lines; here the sum is bounded, so that neither a flood of headers (or of
interim responses, chunk extensions, trailers) nor a body costs more than its cap. Its session is
left out: cookies, redirects, retries and timers are the fetcher's own business, and without them
a 304 costs half the CPU (docs/benchmarks.md).
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.client_proto import ResponseHandler
from aiohttp.connector import Connection
from aiohttp.helpers import TimerNoop
from yarl import URL

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
        self._keep: Callable[[], bool] | None = None
        self.requests = 0

    def begin(self, keep: Callable[[], bool] | None = None) -> None:
        """A new request starts on this connection; `keep` is asked once its head is complete."""
        self.requests += 1
        self._keep = keep
        self._in_head = True
        self._received = 0

    def feed_data(self, data: Any, size: int = 0) -> None:
        """The headers are complete; interim responses (1xx) do not count as that."""
        status = data[0].code
        if status >= 200:
            self._in_head = False
            if self._keep is not None and (status < 300 or status >= 304) and not self._keep():
                self.force_close()
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


class Request(aiohttp.ClientRequest):
    """A GET with the headers it was given, Host, and nothing else."""

    def update_auto_headers(self, skip_auto_headers: Any) -> None:
        """None are added."""

    def update_cookies(self, cookies: Any) -> None:
        """There are none."""


class Pool:
    """Connections that were all made under one guard, and the GETs that go over them."""

    def __init__(
        self, guard: Guard, resolver: Resolver, *, max_head: int, max_wire: int, idle_timeout: float
    ) -> None:
        """Needs a running loop. How many connections there are is the business of the lanes."""
        self._loop = asyncio.get_running_loop()
        self._connector = aiohttp.TCPConnector(
            limit=0,
            ttl_dns_cache=DNS_TTL,
            resolver=resolver,
            keepalive_timeout=KEEP_ALIVE,
            socket_factory=guard.socket,
        )
        # The one private name of aiohttp used here; tests/fetch/test_hostile.py fails without it.
        make_handler: Any = partial(CountingHandler, self._loop, max_head, max_wire)
        self._connector._factory = make_handler
        self._max_head = max_head
        self._idle_timeout = idle_timeout
        self._timeout = aiohttp.ClientTimeout(
            total=None, sock_connect=idle_timeout, sock_read=idle_timeout, ceil_threshold=1e9
        )

    async def get(
        self, url: URL, headers: Mapping[str, str], proxy: URL | None, keep: Callable[[], bool]
    ) -> aiohttp.ClientResponse:
        """Send one GET and return its response with the head read. Raises aiohttp's errors.

        Once only: but where a kept connection turns out closed by the server, the request goes
        out again on the next (RFC 9112 9.3.1). The caller closes the response.
        """
        while True:
            request = Request(
                "GET",
                url,
                headers=headers,
                loop=self._loop,
                response_class=aiohttp.ClientResponse,
                timer=_NO_TIMER,
                ssl=True,
                proxy=proxy,
            )
            connection = await self._connect(request)
            handler = connection.protocol
            assert isinstance(handler, CountingHandler)
            try:
                return await self._send(request, connection, handler, keep)
            except (aiohttp.ServerDisconnectedError, aiohttp.ClientOSError):
                if handler.requests <= 1:
                    raise

    async def _connect(self, request: Request) -> Connection:
        try:
            return await self._connector.connect(request, traces=[], timeout=self._timeout)
        except TimeoutError as error:
            raise aiohttp.ConnectionTimeoutError(f"no connection to {request.host}") from error

    async def _send(
        self,
        request: Request,
        connection: Connection,
        handler: CountingHandler,
        keep: Callable[[], bool],
    ) -> aiohttp.ClientResponse:
        handler.begin(keep)
        handler.set_response_params(
            timer=_NO_TIMER,
            read_until_eof=True,
            auto_decompress=False,
            read_timeout=self._idle_timeout,
            max_line_size=self._max_head,
            max_field_size=self._max_head,
            max_headers=max(self._max_head // 4, 1),
        )
        try:
            response = await request.send(connection)
            try:
                return await response.start(connection)
            except BaseException:
                response.close()
                raise
        except aiohttp.ClientError:
            connection.close()
            raise
        except OSError as error:
            connection.close()
            raise aiohttp.ClientOSError(*error.args) from error
        except BaseException:
            connection.close()
            raise

    async def close(self) -> None:
        """Close every connection."""
        await self._connector.close()


_NO_TIMER = TimerNoop()
