"""Turns a host's name into its addresses, in threads that hold up neither the loop nor the end.

uvloop's and asyncio's own threads for this are few and shared; those of concurrent.futures are
waited for when the program ends, and a name server that does not answer can take half a minute.
"""

from __future__ import annotations

import asyncio
import queue
import socket
import threading
from typing import Any

from aiohttp.abc import AbstractResolver, ResolveResult

# A slow name server holds one of them, not the others.
MAX_THREADS = 32

_Job = tuple[asyncio.AbstractEventLoop, "asyncio.Future[Any]", tuple[str, int, int]]


class Resolver(AbstractResolver):
    """getaddrinfo in daemon threads, started when first needed."""

    def __init__(self) -> None:
        self._jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._threads = 0
        self._open_jobs = 0

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        """Every address of `host`, numeric. Raises OSError."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Any] = loop.create_future()
        self._open_jobs += 1
        if self._open_jobs > self._threads and self._threads < MAX_THREADS:
            self._threads += 1
            threading.Thread(target=self._work, name="dns", daemon=True).start()
        self._jobs.put((loop, future, (host, port, family)))
        rows = await future
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

    def _work(self) -> None:
        """What one thread does until `stop`."""
        while (job := self._jobs.get()) is not None:
            loop, future, (host, port, family) = job
            answer: Any
            try:
                answer = socket.getaddrinfo(host, port, family, socket.SOCK_STREAM)
            except (OSError, UnicodeError, ValueError) as error:
                answer = error
            try:
                loop.call_soon_threadsafe(self._done, future, answer)
            except RuntimeError:  # the loop has ended meanwhile
                return

    def _done(self, future: asyncio.Future[Any], answer: Any) -> None:
        self._open_jobs -= 1
        if future.done():
            return
        if isinstance(answer, OSError):
            future.set_exception(answer)
        elif isinstance(answer, Exception):
            future.set_exception(OSError(f"not a host's name: {answer}"))
        else:
            future.set_result(answer)

    def stop(self) -> None:
        """Let the threads end. Not `close`: aiohttp calls that for each pool it belongs to."""
        for _ in range(self._threads):
            self._jobs.put(None)
        self._threads = 0

    async def close(self) -> None:
        """The resolver belongs to the fetcher, not to a pool."""


def _numeric(sockaddr: tuple[Any, ...]) -> str:
    """A sockaddr's address, with its zone where it has one."""
    if len(sockaddr) == 4 and sockaddr[3]:
        return f"{sockaddr[0]}%{sockaddr[3]}"
    return str(sockaddr[0])
