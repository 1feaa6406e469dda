"""A page's address → the page, as robots.txt allows, one at a time per host, refreshes followed."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import datetime
from urllib.parse import urlsplit

from aggregator.clock import Clock
from aggregator.fetch import Fetcher
from aggregator.fetch.robots import PRODUCT, RobotsCache
from aggregator.model import Fetched, FetchFailed, FetchOutcome, FetchRequest
from aggregator.pages import PageError, open_page, refresh_of

MOST_REFRESHES = 3
Sleep = Callable[[float], Awaitable[None]]


class PageDoor:
    """Fetches pages through the one door: as robots.txt allows, one at a time per host."""

    def __init__(self, fetcher: Fetcher, clock: Clock, sleep: Sleep = asyncio.sleep) -> None:
        """`sleep` waits out a crawl-delay; tests give one that moves their clock."""
        self._fetcher = fetcher
        self._clock = clock
        self.sleep = sleep
        self._robots = RobotsCache(fetcher, clock)
        self._locks: dict[str, asyncio.Lock] = {}
        self._asked_at: dict[str, datetime] = {}

    async def document(self, request: FetchRequest) -> FetchOutcome:
        """What is at `request.url`, whatever it is."""
        return await self._get(request)

    async def get(self, request: FetchRequest) -> FetchOutcome:
        """The page at `request.url`, or at where it sends its visitors by meta refresh."""
        outcome = await self._get(request)
        for _ in range(MOST_REFRESHES):
            if not isinstance(outcome, Fetched):
                return outcome
            onward = await asyncio.to_thread(_onward, outcome)
            if onward is None:
                return outcome
            self._fetcher.release(outcome)
            ask = replace(request, url=onward, etag=None, last_modified=None, body_digest=None)
            if urlsplit(onward).netloc != urlsplit(request.url).netloc:
                ask = replace(ask, headers=())
            outcome = await self._get(replace(ask, validators_url=None))
            if isinstance(outcome, Fetched):
                # Its validators are not those of the address that was asked for.
                outcome = _without_validators(outcome, self._fetcher)
        if isinstance(outcome, Fetched):
            self._fetcher.release(outcome)
        message = f"{request.url} leads from page to page by meta refresh"
        return FetchFailed(request.url, "too-many-redirects", message)

    async def _get(self, request: FetchRequest) -> FetchOutcome:
        host = urlsplit(request.url).netloc.lower()
        async with self._locks.setdefault(host, asyncio.Lock()):
            robots = await self._robots.robots_for(request)
            if not robots.allows(request.url):
                return _forbidden(request.url, host, robots.closed)
            asked_at = self._asked_at.get(host)
            if robots.delay is not None and asked_at is not None:
                wait = asked_at + robots.delay - self._clock.now()
                await self.sleep(max(wait.total_seconds(), 0.0))
            self._asked_at[host] = self._clock.now()
            return await self._fetcher.fetch(request)

    def release(self, fetched: Fetched) -> None:
        """Say that a body is done with (see Fetcher.release)."""
        self._fetcher.release(fetched)


def _onward(outcome: Fetched) -> str | None:
    try:
        return refresh_of(open_page(outcome.body, outcome.url, outcome.content_type))
    except PageError:
        return None


def _without_validators(fetched: Fetched, fetcher: Fetcher) -> Fetched:
    """A copy without validators that holds no part of the budget: the original gives it back."""
    copy = replace(fetched, etag=None, last_modified=None, body_digest="")
    fetcher.release(fetched)
    return copy


def _forbidden(url: str, host: str, closed: bool) -> FetchFailed:
    if closed:
        message = f"robots.txt of {host} could not be had, so none of its pages is fetched"
        return FetchFailed(url, "robots-unknown", message)
    message = f"robots.txt of {host} does not let {PRODUCT} fetch {urlsplit(url).path}"
    return FetchFailed(url, "robots", message)
