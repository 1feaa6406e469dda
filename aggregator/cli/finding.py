"""An address that a person typed → the feeds found there, and everything that was tried."""

from __future__ import annotations

from dataclasses import dataclass, field

from aggregator.cli.reading import Door, Reader, ReadFeed, Unread, read_address, typed_networks
from aggregator.clock import Clock
from aggregator.discover import Candidate, declared_feeds, guessed_feeds
from aggregator.model import FetchRequest

MAX_DECLARED = 6
MAX_GUESSED = 14


@dataclass(slots=True)
class Search:
    """What a search found, the likeliest first, and what it tried: (address, how, outcome)."""

    found: list[ReadFeed] = field(default_factory=list)
    tried: list[tuple[str, str, str]] = field(default_factory=list)


class Finder:
    """Looks for feeds through one fetcher; only private networks that were typed may be reached."""

    def __init__(self, door: Door, reader: Reader, clock: Clock, timezone: str) -> None:
        self._door = door
        self._reader = reader
        self._clock = clock
        self._timezone = timezone

    async def find(self, url: str) -> Search:
        """The feed at `url`; else those its page names; else one where habit has it."""
        search = Search()
        allowed = typed_networks(url)
        first = await self._try(Candidate(url, "as typed"), allowed, search)
        if isinstance(first, ReadFeed) or url.startswith("file:"):
            return search
        address = url
        if first.page is not None:
            page = first.page
            address = page.url
            declared = declared_feeds(page.body, page.url, page.content_type, page.links)
            for candidate in declared[:MAX_DECLARED]:
                await self._try(candidate, allowed, search)
        elif first.status is None:
            return search  # nobody answers there: guessing would only ask again
        if not search.found:
            for candidate in guessed_feeds(address)[:MAX_GUESSED]:
                if any(candidate.url == tried for tried, _, _ in search.tried):
                    continue
                if isinstance(await self._try(candidate, allowed, search), ReadFeed):
                    break
        return search

    async def _try(
        self, candidate: Candidate, allowed: tuple[str, ...], search: Search
    ) -> ReadFeed | Unread:
        request = FetchRequest(candidate.url, allow_private=allowed)
        read = await read_address(request, self._door, self._reader, self._clock, self._timezone)
        if isinstance(read, ReadFeed):
            search.tried.append((candidate.url, candidate.how, "a feed"))
            if all(read.url != other.url for other in search.found):
                search.found.append(read)
        else:
            search.tried.append((candidate.url, candidate.how, read.message))
        return read
