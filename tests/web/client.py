"""An ASGI application → a uvicorn server on a loopback port, asked over real HTTP."""

from __future__ import annotations

import asyncio
import http.client
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from types import TracebackType

from aggregator.clock import FakeClock
from aggregator.web.app import create_app
from aggregator.web.server import build_server
from aggregator.web.state import WebState
from tests.web.builder import Site


@dataclass(frozen=True)
class Reply:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode()


class Served:
    """A Site served for the time of a `with`: `ask` goes through a socket."""

    def __init__(self, site: Site) -> None:
        self.clock = FakeClock(site.now)
        self.state = WebState(site.config, self.clock)
        self.app = create_app(self.state)
        self.server = build_server(self.app, "127.0.0.1:0")
        self._thread = threading.Thread(target=self._run)

    def _run(self) -> None:
        asyncio.run(self.server.run_until_cancelled())

    def __enter__(self) -> Served:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self.server.stop()
        self._thread.join(timeout=10)
        self.state.close()
        assert not self._thread.is_alive()

    def ask(self, path: str, method: str = "GET", **headers: str) -> Reply:
        """One request; `If_None_Match="…"` names a header. The listening socket queues it."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.ask_with(path, method, named)

    def ask_with(self, path: str, method: str, headers: Mapping[str, str]) -> Reply:
        host, port = self.server.addresses[0].rsplit(":", 1)
        connection = http.client.HTTPConnection(host, int(port), timeout=10)
        try:
            connection.putrequest(method, path, skip_accept_encoding=True)
            for name, value in headers.items():
                connection.putheader(name, value)
            connection.putheader("Connection", "close")
            connection.endheaders()
            answer = connection.getresponse()
            found = {name.lower(): value for name, value in answer.getheaders()}
            return Reply(answer.status, found, answer.read())
        finally:
            connection.close()
