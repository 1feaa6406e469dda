"""An independent subscriber: written from the Recommendation alone, on plain sockets of asyncio.

It shares no code with aggregator/websub. One server stands for any number of callbacks (paths).
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Self
from urllib.parse import parse_qs, urlencode, urlsplit

Answer = tuple[int, bytes]


@dataclass(frozen=True)
class Asked:
    """A request as it arrived; header names in lower case."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes

    @property
    def path(self) -> str:
        return urlsplit(self.target).path

    @property
    def parameters(self) -> dict[str, list[str]]:
        return parse_qs(urlsplit(self.target).query, keep_blank_values=True)

    def one(self, name: str) -> str:
        (value,) = self.parameters[name]
        return value


@dataclass
class Subscriber:
    """Confirms what it is told to (`agrees`), takes what is delivered, and keeps every request."""

    answer: Callable[[Asked], Answer | Awaitable[Answer]] | None = None
    host: str = "127.0.0.1"
    agrees: Callable[[Asked], bool] = lambda asked: True
    asked: list[Asked] = field(default_factory=list)
    port: int = 0
    most_at_once: int = 0
    _now: int = 0

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, self.host, 0)
        self.port = self._server.sockets[0].getsockname()[1]
        self._tasks: set[asyncio.Task[Any]] = set()
        self._changed = asyncio.Condition()
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def callback(self, path: str = "/cb") -> str:
        return f"http://{self.host}:{self.port}{path}"

    @property
    def verifications(self) -> list[Asked]:
        return [one for one in self.asked if one.method == "GET"]

    @property
    def delivered(self) -> list[Asked]:
        return [one for one in self.asked if one.method == "POST"]

    async def until(self, true: Callable[[], bool], patience: float = 10) -> None:
        """Wait until `true`, looked at after every request."""
        async with asyncio.timeout(patience), self._changed:
            await self._changed.wait_for(true)

    def _respond(self, asked: Asked) -> Answer | Awaitable[Answer]:
        if self.answer is not None:
            return self.answer(asked)
        return self.usual(asked)

    def usual(self, asked: Asked) -> Answer:
        """What a subscriber does: 5.3.1 for a GET, 2xx for a POST (7)."""
        if asked.method == "POST":
            return 204, b""
        if not self.agrees(asked) or "hub.challenge" not in asked.parameters:
            return 404, b""
        return 200, asked.one("hub.challenge").encode()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            while asked := await self._read(reader):
                self._now += 1
                self.most_at_once = max(self.most_at_once, self._now)
                try:
                    answer = self._respond(asked)
                    status, body = await answer if not isinstance(answer, tuple) else answer
                finally:
                    self._now -= 1
                head = f"HTTP/1.1 {status} X\r\nContent-Length: {len(body)}\r\n\r\n"
                writer.write(head.encode() + (body if status != 204 else b""))
                await writer.drain()
                async with self._changed:
                    self.asked.append(asked)
                    self._changed.notify_all()
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            self._tasks.discard(task)
            writer.close()
            with suppress(ConnectionError):
                await writer.wait_closed()

    async def _read(self, reader: asyncio.StreamReader) -> Asked | None:
        try:
            head = await reader.readuntil(b"\r\n\r\n")
        except asyncio.IncompleteReadError:
            return None
        first, *lines = head.decode("latin-1").split("\r\n")[:-2]
        method, target, _ = first.split(" ", 2)
        headers = {k.lower(): v for k, v in (line.split(": ", 1) for line in lines)}
        body = await reader.readexactly(int(headers.get("content-length", "0")))
        return Asked(method, target, headers, body)


def form(**parameters: str | int) -> bytes:
    """`mode="subscribe"` → hub.mode=subscribe, and so on, as a form."""
    return urlencode({f"hub.{name}": value for name, value in parameters.items()}).encode()


def is_signed_with(asked: Asked, secret: str) -> bool:
    """Whether a delivery bears the HMAC-SHA256 of its body (7.1)."""
    method, _, given = asked.headers["x-hub-signature"].partition("=")
    digest = {"sha1": hashlib.sha1, "sha256": hashlib.sha256}[method]
    return hmac.new(secret.encode(), asked.body, digest).hexdigest() == given
