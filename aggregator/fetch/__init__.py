"""The one door to the network: turns a FetchRequest into a FetchOutcome, whatever the origin does.

Importing this package is cheap; aiohttp is imported with the first real fetcher.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Protocol

from aggregator.clock import Clock
from aggregator.fetch.fake import FakeFetcher
from aggregator.model import Fetched, FetchOutcome, FetchRequest, FetchSettings

__all__ = ["FakeFetcher", "Fetcher", "open_fetcher"]


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
