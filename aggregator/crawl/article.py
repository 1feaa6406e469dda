"""An article's address → the article whole: its page, and those it goes on at, in their order."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace

from aggregator.crawl.door import PageDoor
from aggregator.model import Fetched, FetchFailed, FetchOutcome, FetchRequest
from aggregator.pages import PageError, open_page
from aggregator.pages.following import MOST_PAGES
from aggregator.pages.whole import Part, Reading, Whole, joined, read_part

# Of all pages of an article together at most this much is kept.
MOST_BYTES = 8 * 2**20
# So often an article is tried again whole where one of its further pages could not be had; then
# it is taken without that page, for half of it is better than nothing.
PATIENCE = 2

IsPart = Callable[[str], Awaitable[bool]]


class ArticleDoor:
    """Fetches articles, each whole; keeps nothing."""

    def __init__(self, door: PageDoor) -> None:
        self._door = door

    async def get(
        self,
        request: FetchRequest,
        reading: Reading,
        is_part: IsPart,
    ) -> tuple[FetchOutcome, Whole | None]:
        """Fetch an article's page and those it goes on at; None in place of it where none came.

        `is_part` is asked before each further page: whether it is to be fetched, or is known for
        an article of its own. The body of the outcome is the caller's to release. Raises
        PageError, the body given back.
        """
        outcome = await self._door.get(request)
        if not isinstance(outcome, Fetched):
            return outcome, None
        try:
            return await self._whole(request, reading, outcome, is_part)
        except BaseException:
            self._door.release(outcome)
            raise

    async def _whole(
        self,
        request: FetchRequest,
        reading: Reading,
        first: Fetched,
        is_part: IsPart,
    ) -> tuple[FetchOutcome, Whole]:
        start = first.url
        parts = [await asyncio.to_thread(_read, first, reading, start, 1)]
        bodies = [(first.url, first.body)]
        seen, lacking = {request.url, first.url}, None
        while (onward := parts[-1].onward) is not None and len(parts) < MOST_PAGES:
            if onward in seen or not await is_part(onward):
                break
            seen.add(onward)
            try:
                part, body = await self._further(request, reading, onward, start, len(parts) + 1)
            except PageError as error:
                lacking = f"its page {len(parts) + 1} could not be had: {error}"
                if reading.record.failures < PATIENCE:
                    raise PageError("incomplete", lacking) from error
                break
            if any(part.text == one.text for one in parts):
                break  # some servers answer any number with the first page, or the last
            if sum(len(one) for _, one in bodies) + len(body) > MOST_BYTES:
                break
            bodies.append((part.page.url, body))
            parts.append(part)
        if len(parts) > 1 or lacking is not None:
            # What changes on a later page does not show in the first one's validators.
            self._door.release(first)
            first = replace(first, etag=None, last_modified=None, body_digest="")
        return first, joined(parts, bodies, lacking)

    async def _further(
        self, request: FetchRequest, reading: Reading, url: str, start: str, number: int
    ) -> tuple[Part, bytes]:
        """Page `number` of an article, with its raw page. Raises PageError where there is none."""
        ask = replace(request, url=url, etag=None, last_modified=None, body_digest=None)
        outcome = await self._door.get(replace(ask, validators_url=None))
        if isinstance(outcome, FetchFailed):
            raise PageError(outcome.reason, outcome.message)
        if not isinstance(outcome, Fetched):
            raise PageError("unsolicited-304", f"{url} answered {outcome.status}")
        try:
            part = await asyncio.to_thread(_read, outcome, reading, start, number)
            return part, bytes(outcome.body)
        finally:
            self._door.release(outcome)


def _read(fetched: Fetched, reading: Reading, first: str, number: int) -> Part:
    page = open_page(fetched.body, fetched.url, fetched.content_type)
    return read_part(page, reading, first, number)
