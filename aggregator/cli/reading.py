"""An address → the feed it gives, or why it gives none: what `add` and `check --probe` share."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol
from urllib.parse import urlsplit

from aggregator.clock import Clock
from aggregator.html import visible_text
from aggregator.model import (
    Document,
    Entry,
    Fetched,
    FetchFailed,
    FetchOutcome,
    FetchRequest,
    JsonRecipe,
    ParsedFeed,
    SitemapRecipe,
    Text,
)
from aggregator.parse import ParseError
from aggregator.text import shorten, squeeze


class Door(Protocol):
    """What of a Fetcher is needed here."""

    async def fetch(self, request: FetchRequest) -> FetchOutcome:
        """The outcome of one request."""

    def release(self, fetched: Fetched) -> None:
        """Give a body back."""


class Reader(Protocol):
    """What of a FeedReader is needed here."""

    async def read(self, document: Document) -> ParsedFeed:
        """The feed of a document; raises ParseError."""


@dataclass(frozen=True, slots=True)
class ReadFeed:
    """An address that gives a feed. `url` is the one to keep: where permanent redirects led."""

    url: str
    feed: ParsedFeed
    moved_to: str | None = None


@dataclass(frozen=True, slots=True)
class Unread:
    """An address that gives none, and why; `page` is what came instead, if anything came."""

    url: str
    message: str
    status: int | None = None
    page: Fetched | None = None


async def read_address(
    request: FetchRequest,
    door: Door,
    reader: Reader,
    clock: Clock,
    timezone: str,
    recipe: JsonRecipe | SitemapRecipe | None = None,
) -> ReadFeed | Unread:
    """Fetch and read once, without validators; nothing is stored."""
    outcome = await door.fetch(request)
    if isinstance(outcome, FetchFailed):
        return Unread(request.url, outcome.message, outcome.status)
    if not isinstance(outcome, Fetched):
        return Unread(request.url, f"answered {outcome.status} without a body", outcome.status)
    try:
        document = Document(
            *(outcome.body, outcome.url, clock.now(), outcome.content_type, timezone, recipe)
        )
        feed = await reader.read(document)
    except ParseError as error:
        return Unread(request.url, str(error), outcome.status, outcome)
    finally:
        door.release(outcome)
    return ReadFeed(outcome.moved_to or request.url, feed, outcome.moved_to)


def typed_networks(url: str) -> tuple[str, ...]:
    """The private network that a typed address names by number or as localhost: it is meant."""
    host = (urlsplit(url).hostname or "").lower()
    if host == "localhost":
        return ("127.0.0.0/8", "::1/128")
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return ()
    return (str(ipaddress.ip_network(address)),) if address.is_private else ()


def shown_title(text: Text | None, limit: int = 70) -> str:
    """A title as a person sees it, in one line."""
    if text is None:
        return "(no title)"
    plain = visible_text(text.value) if text.kind == "html" else text.value
    return shorten(squeeze(plain), limit) or "(no title)"


def moment_of(entry: Entry) -> datetime | None:
    """When an entry was published, else updated."""
    return entry.published or entry.updated


def newest(feed: ParsedFeed, count: int = 3) -> list[Entry]:
    """The newest entries of a feed; those without a date last, in the feed's order."""
    oldest = datetime.min.replace(tzinfo=UTC)
    return sorted(feed.entries, key=lambda entry: moment_of(entry) or oldest, reverse=True)[:count]


def entry_line(entry: Entry) -> str:
    """One line for a list of entries: date and title."""
    moment = moment_of(entry)
    date = moment.strftime("%Y-%m-%d %H:%M") if moment else "without a date  "
    return f"{date}  {shown_title(entry.title)}"
