"""An ASGI application and a `HOST:PORT` → a uvicorn server, alone or inside a running loop."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import socket
from collections.abc import Iterator

import uvicorn
from starlette.types import ASGIApp

from aggregator.web.protocol import BoundedProtocol

# What a client in the middle of a download is given when the server ends.
GRACE_S = 2
KEEP_ALIVE_S = 15
BACKLOG = 2_048


class ListenError(Exception):
    """The address cannot be listened on; the message names it and the way out."""


class WrongListen(ListenError):
    """What was asked for is no address at all."""


class Server(uvicorn.Server):
    """A uvicorn server that leaves signals to its owner and closes well when cancelled."""

    def __init__(self, config: uvicorn.Config, sockets: list[socket.socket]) -> None:
        super().__init__(config)
        self.sockets = sockets

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave the signal handlers as they are: the daemon has its own."""
        yield

    async def run_until_cancelled(self) -> None:
        """Serve until `should_exit` is set or the task is cancelled, then end gracefully.

        Open requests are given GRACE_S seconds.
        """
        serving = asyncio.create_task(self.serve(self.sockets))
        try:
            await asyncio.shield(serving)
        except asyncio.CancelledError:
            self.should_exit = True
            await serving
            raise

    def stop(self) -> None:
        """Ask it to end; open requests are given GRACE_S seconds."""
        self.should_exit = True

    @property
    def addresses(self) -> list[str]:
        """`HOST:PORT` of each socket: with the port that the system chose where 0 was asked."""
        names = [listening.getsockname()[:2] for listening in self.sockets]
        return [f"[{host}]:{port}" if ":" in host else f"{host}:{port}" for host, port in names]


def build_server(app: ASGIApp, listen: str, access_log: bool = False) -> Server:
    """A server for `app` that listens already, so that a taken port is known at once.

    It trusts no header about who asks or by what name, installs no signal handlers and does not
    touch logging. Raises ListenError.
    """
    host, port = parse_listen(listen)
    config = uvicorn.Config(
        app,
        http=BoundedProtocol,
        log_config=None,
        access_log=access_log,
        lifespan="off",
        ws="none",
        proxy_headers=False,
        server_header=False,
        timeout_keep_alive=KEEP_ALIVE_S,
        timeout_graceful_shutdown=GRACE_S,
    )
    return Server(config, open_sockets(host, port))


def parse_listen(listen: str) -> tuple[str, int]:
    """`HOST:PORT` or `[IPv6]:PORT` as a pair; an empty host means every address.

    Raises WrongListen.
    """
    host, colon, port = listen.rpartition(":")
    host = host[1:-1] if host.startswith("[") and host.endswith("]") else host
    if not colon or not (port.isascii() and port.isdigit()) or int(port) > 65_535:
        raise WrongListen(f"listen: {listen} is not HOST:PORT, such as 127.0.0.1:8000")
    return host, int(port)


def open_sockets(host: str, port: int) -> list[socket.socket]:
    """Listening sockets on every address that `host` has here. Raises ListenError."""
    sockets: list[socket.socket] = []
    refused: OSError | None = None
    try:
        found = socket.getaddrinfo(
            host or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )
    except (OSError, UnicodeError) as error:  # UnicodeError: a label too long for a host name
        raise _refusal(host, port, error) from error
    for family, _, _, _, address in dict.fromkeys(found):
        try:
            sockets.append(_listening(family, address))
        except OSError as error:  # a machine without IPv6 still has the rest
            refused = error
    if refused is not None and (not sockets or refused.errno == errno.EADDRINUSE):
        for opened in sockets:
            opened.close()
        raise _refusal(host, port, refused) from refused
    return sockets


def _refusal(host: str, port: int, error: Exception) -> ListenError:
    why = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    shown = f"[{host}]" if ":" in host else host
    return ListenError(
        f"cannot listen on {shown}:{port}: {why}; "
        "choose another with --listen HOST:PORT or in feeds.yaml"
    )


def _listening(family: int, address: object) -> socket.socket:
    opened = socket.socket(family, socket.SOCK_STREAM)
    try:
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            opened.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        opened.bind(address)  # type: ignore[arg-type]
        opened.listen(BACKLOG)
        opened.setblocking(False)
    except OSError:
        opened.close()
        raise
    return opened
