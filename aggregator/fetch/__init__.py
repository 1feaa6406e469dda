"""The one door to the network: turns a FetchRequest into a FetchOutcome, whatever the origin does.

A Sender is its small second wing, for messages to addresses that strangers name (WebSub): one hop,
a short answer, lanes of its own.

Importing this package is cheap; aiohttp is imported with the first real fetcher.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Protocol

from aggregator.clock import Clock
from aggregator.fetch.fake import FakeFetcher
from aggregator.model import (
    Fetched,
    FetchFailed,
    FetchOutcome,
    FetchRequest,
    FetchSettings,
    Message,
    Replied,
)

__all__ = ["FakeFetcher", "Fetcher", "Sender", "open_fetcher", "open_sender"]


class Fetcher(Protocol):
    """Fetches one thing at a time, many at once; every expected failure is a value."""

    async def fetch(self, request: FetchRequest) -> FetchOutcome:
        """Ask for `request.url` and follow where it leads. Never raises but for cancellation.

        May wait for a slot: start as many at once as there is work, the fetcher queues them.
        Equal requests under way at the same time are one request, and share its outcome.
        """
        ...

    def release(self, fetched: Fetched) -> None:
        """Say that `fetched.body` is done with, once for each time it was returned.

        Its bytes count against `max_in_flight_bytes` until then.
        """
        ...

    async def close(self) -> None:
        """Close every connection. The fetcher may not be used afterwards."""
        ...


class Sender(Protocol):
    """Sends one message at a time, many at once; every expected failure is a value."""

    async def send(self, message: Message) -> Replied | FetchFailed:
        """Send `message` to its address and to no other: a redirect is an answer like any.

        Waits for a slot of the host. Never raises but for cancellation.
        """
        ...

    async def close(self) -> None:
        """Close every connection. The sender may not be used afterwards."""
        ...


def open_fetcher(
    settings: FetchSettings,
    clock: Clock,
    *,
    base_url: str | None = None,
    allow_files: bool = False,
    rests: Mapping[str, datetime] | None = None,
) -> Fetcher:
    """A Fetcher on the real network.

    `base_url` goes into the User-Agent where it is public; `allow_files` lets `file:` URLs and
    absolute paths through; `rests` are the hosts to leave alone until a time, as earlier
    FetchFailed named them by `host` and `retry_after`. Raises ValueError for an entry of
    `allow_private` that is no network. Needs no running loop.
    """
    from aggregator.fetch.http import HttpFetcher

    return HttpFetcher(settings, clock, base_url=base_url, allow_files=allow_files, rests=rests)


def open_sender(
    settings: FetchSettings,
    clock: Clock,
    *,
    allow_private: tuple[str, ...],
    base_url: str | None = None,
    concurrency: int = 64,
    per_host: int = 4,
) -> Sender:
    """A Sender on the real network.

    Of `settings` count the proxy, the user agent and the idle limit; not its permissions: private
    networks that may be reached are `allow_private` alone. Raises ValueError for a network that
    is none. Needs no running loop.
    """
    from aggregator.fetch.sender import HttpSender

    limits = (max(concurrency, 1), max(per_host, 1))
    return HttpSender(settings, clock, allow_private, base_url, *limits)
