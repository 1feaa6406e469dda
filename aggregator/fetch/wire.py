"""Turns aiohttp's connections into requests that are counted: every byte of a response as it comes.

aiohttp bounds single lines; here the sum is bounded, so that neither a flood of headers (or of
interim responses, chunk extensions, trailers) nor a body costs more than its cap. Its session is
left out: cookies, redirects, retries and timers are the fetcher's own business, and without them
a 304 costs half the CPU (docs/benchmarks.md).
"""

from __future__ import annotations

import asyncio
import re
import ssl
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import partial
from typing import Any

import aiohttp
from aiohttp.client_proto import ResponseHandler
from aiohttp.connector import Connection
from aiohttp.helpers import TimerNoop
from aiohttp.http import RawResponseMessage
from aiohttp.streams import EofStream, StreamReader
from multidict import CIMultiDict
from yarl import URL

from aggregator.fetch.guard import Guard
from aggregator.fetch.resolver import Resolver
from aggregator.model import Certificate

DNS_TTL = 60
# An idle connection is kept this long, and only where others of its host are waiting.
KEEP_ALIVE = 15.0
MAX_ROUTES = 4096


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
        self.certificate: Certificate | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The connection stands; TLS, where there is any, has been agreed on and verified."""
        super().connection_made(transport)
        # Read once for a connection, however many requests go over it.
        self.certificate = read_certificate(transport.get_extra_info("peercert"))

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
            if status == 304 and data[0].chunked:
                self.force_close()  # a last chunk may follow
            if self._keep is not None and (status < 300 or status >= 304) and not self._keep():
                self.force_close()
        super().feed_data(data, size)

    def data_received(self, data: bytes) -> None:
        """Count, parse, and cut the connection where a cap is passed."""
        if self._received == 0 and data[9:12] == b"304":
            data = self._without_body(data)
        self._received += len(data)
        super().data_received(data)
        if self._in_head:
            if self._received > self._max_head:
                self._cut(HeadersTooLarge())
        elif self._received > self._max_wire:
            self._cut(WireTooLarge())

    def _without_body(self, data: bytes) -> bytes:
        """A 304 without the body that some servers send along against RFC 9110 15.4.5.

        The parser would take it for the next response, and reject both.
        """
        end = data.find(b"\r\n\r\n") + 4
        if 4 <= end < len(data):
            self.force_close()
            return data[:end]
        return data

    def _cut(self, error: Exception) -> None:
        payload = self._payload
        if self.transport is not None:
            self.transport.abort()
        self.set_exception(error)
        if payload is not None and not payload.is_eof():
            payload.set_exception(error)


class Reply:
    """A response whose head is read: `raw_headers` as they came, `content` still to be read.

    Whoever is done with it calls `release`, whoever gives up on it `close`. `certificate` is
    that of the connection, None where it is not encrypted.
    """

    __slots__ = ("_connection", "certificate", "content", "raw_headers", "status")

    def __init__(
        self,
        message: RawResponseMessage,
        content: StreamReader,
        connection: Connection,
        certificate: Certificate | None,
    ) -> None:
        self.status: int = message.code
        self.raw_headers: tuple[tuple[bytes, bytes], ...] = message.raw_headers
        self.content = content
        self.certificate = certificate
        self._connection = connection

    def release(self) -> None:
        """Keep the connection for others if it can be kept: the body was read to its end."""
        if self.content.is_eof():
            self._connection.release()
        else:
            self._connection.close()

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()


def read_certificate(told: Mapping[str, Any] | None) -> Certificate | None:
    """The validity of a certificate as `ssl.SSLSocket.getpeercert` tells it; None for none."""
    if not told:
        return None
    try:
        begins, ends = (ssl.cert_time_to_seconds(told[key]) for key in ("notBefore", "notAfter"))
        return Certificate(datetime.fromtimestamp(begins, UTC), datetime.fromtimestamp(ends, UTC))
    except (KeyError, ValueError, OverflowError, OSError):
        return None  # it was good enough for OpenSSL: its dates alone shall not cost the fetch


# What must not stand in a request's head: it would end a line, or the head (RFC 9110 5.5).
_UNSAFE = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
_FIELD_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")


def request_head(target: str, host: str, headers: Mapping[str, str], method: str = "GET") -> bytes:
    """The bytes of a request's head. Raises ValueError for what cannot stand in a header."""
    lines = [f"{method} {target} HTTP/1.1\r\nHost: {host}\r\n"]
    for name, value in headers.items():
        if _UNSAFE.search(value) or not _FIELD_NAME.fullmatch(name):
            raise ValueError(f"the header {name[:40]!r} holds what no header may hold")
        lines.append(f"{name}: {value}\r\n")
    lines.append("\r\n")
    return "".join(lines).encode()


class Pool:
    """Connections that were all made under one guard, and the requests that go over them."""

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
        self._routes: dict[tuple[str, int], aiohttp.ClientRequest] = {}

    async def get(
        self,
        url: URL,
        headers: Mapping[str, str],
        proxy: URL | None,
        keep: Callable[[], bool],
        posted: bytes | None = None,
    ) -> Reply:
        """Send one GET, or a POST of `posted`, and return its response with the head read.

        Once only: but where a kept connection turns out closed by the server, the request goes
        out again on the next (RFC 9112 9.3.1). What is posted here may come twice: whoever gets
        it has to bear that. The caller closes the reply. Raises aiohttp's errors, and ValueError
        for a header that cannot be sent.
        """
        host = url.host_port_subcomponent or ""
        method = "GET" if posted is None else "POST"
        head = request_head(url.raw_path_qs, host, headers, method)
        route = self._route(url, proxy, headers.get("User-Agent", ""))
        while True:
            connection = await self._connect(route)
            handler = connection.protocol
            assert isinstance(handler, CountingHandler)
            if proxy is not None and url.scheme == "http":
                # Through a proxy the whole URL is asked for (RFC 9112 3.2.2).
                credentials = route.headers.get("Proxy-Authorization")
                extra = {"Proxy-Authorization": credentials} if credentials else {}
                head = request_head(str(url), host, {**headers, **extra}, method)
            try:
                return await self._send(head, posted, connection, handler, keep)
            except (aiohttp.ServerDisconnectedError, aiohttp.ClientOSError):
                connection.close()
                if handler.requests <= 1:
                    raise
            except BaseException:
                connection.close()
                raise

    def _route(self, url: URL, proxy: URL | None, agent: str) -> aiohttp.ClientRequest:
        """What the connector has to know: the origin, or the origin and the proxy.

        Kept for each origin. Not so through a proxy: the connector then writes into it.
        """
        if proxy is not None:
            ours = CIMultiDict({"User-Agent": agent})  # for CONNECT
            return aiohttp.ClientRequest(
                "GET", url.origin(), loop=self._loop, proxy=proxy, proxy_headers=ours
            )
        key = (f"{url.scheme}://{url.raw_host}", url.port or 0)
        route = self._routes.get(key)
        if route is None:
            if len(self._routes) >= MAX_ROUTES:
                self._routes.clear()
            route = aiohttp.ClientRequest("GET", url.origin(), loop=self._loop)
            self._routes[key] = route
        return route

    async def _connect(self, route: aiohttp.ClientRequest) -> Connection:
        try:
            return await self._connector.connect(route, traces=[], timeout=self._timeout)
        except TimeoutError as error:
            raise aiohttp.ConnectionTimeoutError(f"no connection to {route.host}") from error

    async def _send(
        self,
        head: bytes,
        posted: bytes | None,
        connection: Connection,
        handler: CountingHandler,
        keep: Callable[[], bool],
    ) -> Reply:
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
        if handler.transport is None:
            raise aiohttp.ServerDisconnectedError
        handler.start_timeout()
        handler.transport.write(head)
        if posted:
            handler.transport.write(posted)
        try:
            while True:
                message, content = await handler.read()
                if not 100 <= message.code < 200 or message.code == 101:
                    return Reply(message, content, connection, handler.certificate)
        except EofStream as error:
            raise aiohttp.ServerDisconnectedError from error

    async def close(self) -> None:
        """Close every connection."""
        await self._connector.close()


_NO_TIMER = TimerNoop()
