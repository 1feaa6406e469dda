"""A loopback origin that does what a test scripts, down to single bytes, and records requests."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Self

from aggregator.clock import Clock, FakeClock
from aggregator.fetch import Fetcher, open_fetcher
from aggregator.model import FetchOutcome, FetchRequest, FetchSettings

START = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
LOOPBACK = ("127.0.0.0/8",)


@dataclass(frozen=True)
class Request:
    """A request as it arrived. Header names in lower case, values byte for byte (latin-1)."""

    method: str
    target: str
    headers: dict[str, str]
    connection: int
    at: float


Script = Callable[[Request, asyncio.StreamWriter], Awaitable[bool | None]]
Simple = Callable[[Request], bytes]


def reply(
    body: bytes | str = b"",
    *headers: str,
    status: int = 200,
    reason: str = "X",
    length: int | None = None,
) -> bytes:
    """A whole response. `headers` are lines; Content-Length is added, or a wrong one."""
    data = body.encode() if isinstance(body, str) else body
    lines = [f"HTTP/1.1 {status} {reason}", *headers]
    if not any(line.lower().startswith("transfer-encoding") for line in headers):
        lines.append(f"Content-Length: {len(data) if length is None else length}")
    return "\r\n".join([*lines, "", ""]).encode() + data


@dataclass
class Origin:
    """An HTTP server on a loopback address; `async with` starts and stops it.

    `answer` is called for every request: it returns the bytes to send, or is a coroutine function
    that writes by itself and returns True to keep the connection.
    """

    answer: Simple | Script
    host: str = "127.0.0.1"
    requests: list[Request] = field(default_factory=list)
    connections: int = 0
    open_now: int = 0
    most_open: int = 0
    port: int = 0

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, self.host, 0)
        self.port = self._server.sockets[0].getsockname()[1]
        self._tasks: set[asyncio.Task[Any]] = set()
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def url(self, path: str = "/feed.xml") -> str:
        return f"http://{self.host}:{self.port}{path}"

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        self.connections += 1
        self.open_now += 1
        self.most_open = max(self.most_open, self.open_now)
        number = self.connections
        try:
            while request := await self._read(reader, number):
                self.requests.append(request)
                if not await self._respond(request, writer):
                    break
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            self.open_now -= 1
            self._tasks.discard(task)
            writer.close()

    async def _respond(self, request: Request, writer: asyncio.StreamWriter) -> bool:
        answer = self.answer(request, writer) if _is_script(self.answer) else self.answer(request)  # type: ignore[call-arg]
        if isinstance(answer, bytes):
            writer.write(answer)
            await writer.drain()
            return True
        return bool(await answer)

    async def _read(self, reader: asyncio.StreamReader, number: int) -> Request | None:
        try:
            head = await reader.readuntil(b"\r\n\r\n")
        except asyncio.IncompleteReadError:
            return None
        first, *lines = head.decode("latin-1").split("\r\n")[:-2]
        method, target, _ = first.split(" ", 2)
        pairs = (line.split(": ", 1) for line in lines)
        at = asyncio.get_running_loop().time()
        return Request(method, target, {k.lower(): v for k, v in pairs}, number, at)


def _is_script(answer: object) -> bool:
    return asyncio.iscoroutinefunction(answer)


def settings(**changes: Any) -> FetchSettings:
    """FetchSettings that may reach loopback, with small times."""
    values: dict[str, Any] = {"allow_private": LOOPBACK, "timeout": 5.0, "idle_timeout": 2.0}
    return FetchSettings(**(values | changes))


def fetcher(clock: Clock | None = None, **changes: Any) -> Fetcher:
    return open_fetcher(settings(**changes), clock or FakeClock(START))


async def fetch_once(url: str, clock: Clock | None = None, **changes: Any) -> FetchOutcome:
    """One fetch with a fetcher of its own."""
    request = changes.pop("request", None) or FetchRequest(url)
    door = fetcher(clock, **changes)
    try:
        return await door.fetch(request)
    finally:
        await door.close()


def run(coroutine: Coroutine[Any, Any, Any], limit: float = 30.0) -> Any:
    """Run a test's coroutine; none may hang."""

    async def bounded() -> Any:
        return await asyncio.wait_for(coroutine, limit)

    return asyncio.run(bounded())


def fetch_from(
    answer: Simple | Script, path: str = "/feed.xml", **changes: Any
) -> tuple[FetchOutcome, list[Request]]:
    """Start an origin, fetch one path of it, and return the outcome and what it was asked."""

    async def go() -> tuple[FetchOutcome, list[Request]]:
        async with Origin(answer) as origin:
            request = changes.pop("request", None)
            if request is not None:
                changes["request"] = request(origin.url(path))
            return await fetch_once(origin.url(path), **changes), origin.requests

    result: tuple[FetchOutcome, list[Request]] = run(go())
    return result
