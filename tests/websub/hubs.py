"""A site with our own hub: a real store, documents on disk, a real sender, a clock that is told."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from aggregator.clock import FakeClock
from aggregator.model import WebSubSettings
from aggregator.web.app import create_app
from aggregator.web.server import build_server
from aggregator.web.state import WebState
from aggregator.websub import WebSub
from tests.web.builder import Site

LOOPBACK = ("127.0.0.0/8",)
Told = tuple[int, dict[str, str], bytes]


class HubSite:
    """The hub of a Site under a test: asked over real HTTP, ticked by hand."""

    def __init__(self, folder: Path, **settings: Any) -> None:
        given = {"allow_private": LOOPBACK, **settings}
        self.site = Site(folder, websub=WebSubSettings(**given))
        self.clock = FakeClock(self.site.now)
        self._writer = ThreadPoolExecutor(1)
        self.taken: list[tuple[Any, ...]] = []
        self.push = self._open()

    def _open(self) -> WebSub:
        parts = (self.site.config, self.site.store, self.clock, self._writer)
        return WebSub(*parts, self.take)

    async def take(self, *pushed: Any) -> None:
        """Where pushed documents end in tests of the hub alone."""
        self.taken.append(pushed)

    @property
    def topic(self) -> str:
        return f"{self.site.config.base_url}/feeds/all.atom"

    @asynccontextmanager
    async def served(self) -> AsyncIterator[HubSite]:
        """Serve it for the length of the block."""
        await self.publish(b"<feed>first</feed>")
        state = WebState(self.site.config, self.clock)
        server = build_server(create_app(state, lambda *a: self.push.answer(*a)), "127.0.0.1:0")
        serving = asyncio.create_task(server.run_until_cancelled())
        self.address = server.addresses[0]
        try:
            yield self
        finally:
            await self.push.close()
            serving.cancel()
            await asyncio.gather(serving, return_exceptions=True)
            await asyncio.sleep(0)  # connections that were closed are let go of
            state.close()

    def close(self) -> None:
        self._writer.shutdown(wait=True)
        self.site.close()

    async def publish(self, body: bytes, name: str = "all") -> None:
        """Write a document as the publisher does, and let the hub see it."""
        await asyncio.get_running_loop().run_in_executor(
            self._writer, self.site.publish, name, body
        )
        await self.push.tick()

    async def restart(self, **settings: Any) -> None:
        """End the hub and begin another on the same store."""
        await self.push.close()
        websub = replace(self.site.config.websub, **settings)
        self.site.config = replace(self.site.config, websub=websub)
        self.push = self._open()
        await self.push.tick()

    async def post(
        self,
        body: bytes,
        content_type: str | None = "application/x-www-form-urlencoded",
        method: str = "POST",
        path: str = "/hub",
    ) -> Told:
        """One request to the hub: status, headers, body."""
        host, port = self.address.rsplit(":", 1)
        reader, writer = await asyncio.open_connection(host, int(port))
        lines = [f"{method} {path} HTTP/1.1", f"Host: {self.address}", "Connection: close"]
        lines += [f"Content-Length: {len(body)}"]
        lines += [f"Content-Type: {content_type}"] if content_type else []
        writer.write("\r\n".join([*lines, "", ""]).encode() + body)
        answer = await reader.read()
        writer.close()
        await writer.wait_closed()
        head, _, content = answer.partition(b"\r\n\r\n")
        first, *rest = head.decode("latin-1").split("\r\n")
        headers = {k.lower(): v for k, v in (line.split(": ", 1) for line in rest)}
        return int(first.split()[1]), headers, content

    async def settled(self) -> None:
        """Wait until nothing is being verified or delivered."""
        await self.push.settled()

    def rows(self, sql: str = "select topic, callback, lease_until from hub_subscriptions") -> Any:
        """What the store holds; only while nothing is under way."""
        return self._writer.submit(
            lambda: self.site.store._db.execute(sql).fetchall()  # type: ignore[attr-defined]
        ).result()
