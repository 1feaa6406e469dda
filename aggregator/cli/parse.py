"""`parse`: a feed's file or address → what it says, normalised, for people or as JSON."""

from __future__ import annotations

import asyncio
import ipaddress
import json
import sys
import zlib
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit

import typer

from aggregator.cli.options import JsonOption
from aggregator.clock import SystemClock
from aggregator.html import visible_text
from aggregator.model import Document, Enclosure, Entry, FetchSettings, ParsedFeed, Text
from aggregator.parse import FeedReader, ParseError

# A file by itself may be a bomb too.
LONGEST_INFLATED = 64 * 2**20
_LOOPBACK = ("127.0.0.0/8", "::1/128")


def command(
    source: Annotated[
        str, typer.Argument(metavar="FILE|URL", help="A file, an http(s) address, or - for input.")
    ],
    as_json: JsonOption = False,
    url: Annotated[
        str, typer.Option("--url", help="The address a file came from; relative links need it.")
    ] = "",
    timezone: Annotated[
        str | None, typer.Option("--timezone", help="The zone of dates that carry none.")
    ] = None,
    config: Annotated[
        Path, typer.Option("--config", "-c", help="feeds.yaml, for its fetch settings and zone.")
    ] = Path("feeds.yaml"),
) -> None:
    """Show what a feed (a file or a URL) says, normalised. Exit code 1 when it says nothing."""
    settings, zone = _settings(config)
    zone = _known_zone(timezone or zone)
    try:
        feed = asyncio.run(_read(source, url, zone, settings))
    except (ParseError, OSError, _Unfetched) as error:
        typer.echo(f"aggregator: {source}: {_explained(error)}", err=True)
        raise typer.Exit(1) from error
    if as_json:
        typer.echo(json.dumps(as_json_object(feed), ensure_ascii=False, indent=2))
    else:
        _show(feed, source)


class _Unfetched(Exception):
    """The address gave no body."""


def _explained(error: Exception) -> str:
    if isinstance(error, ParseError):
        return f"{error} ({error.reason})"
    if isinstance(error, OSError):
        return error.strerror or str(error)
    return str(error)


def _settings(config: Path) -> tuple[FetchSettings, str]:
    """The fetch settings and the zone of feeds.yaml where there is one, else the defaults."""
    if not config.exists():
        return FetchSettings(), "UTC"
    from aggregator.cli.options import load_or_exit

    loaded = load_or_exit(config)
    return loaded.fetch, loaded.timezone


def _known_zone(name: str) -> str:
    from zoneinfo import ZoneInfo

    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        typer.echo(f"aggregator: no time zone is called {name}; try Asia/Shanghai", err=True)
        raise typer.Exit(2) from None
    return name


async def _read(source: str, url: str, zone: str, settings: FetchSettings) -> ParsedFeed:
    if source.lower().startswith(("http://", "https://")):
        document = await _fetched(source, zone, settings)
    else:
        body = _input(source)
        document = Document(body, url, datetime.now(UTC), None, zone)
    reader = FeedReader()
    try:
        return await reader.read(document)
    finally:
        await reader.close()


def _input(source: str) -> bytes:
    """What stands in a file or comes in; gzip undone, as far as it goes where it is cut short."""
    body = sys.stdin.buffer.read() if source == "-" else Path(source).read_bytes()
    if not body.startswith(b"\x1f\x8b"):
        return body
    inflating = zlib.decompressobj(wbits=31)
    try:
        body = inflating.decompress(body, LONGEST_INFLATED)
    except zlib.error as error:
        raise _Unfetched(f"damaged gzip data: {error}") from None
    if not inflating.eof:
        typer.echo(f"aggregator: {source}: the gzip data stops in the middle", err=True)
    return body


async def _fetched(url: str, zone: str, settings: FetchSettings) -> Document:
    from aggregator.fetch import open_fetcher
    from aggregator.model import Fetched, FetchFailed, FetchRequest

    clock = SystemClock()
    fetcher = open_fetcher(settings, clock)
    try:
        request = FetchRequest(url, allow_private=(*settings.allow_private, *_typed_loopback(url)))
        outcome = await fetcher.fetch(request)
    finally:
        await fetcher.close()
    if isinstance(outcome, Fetched):
        return Document(outcome.body, outcome.url, clock.now(), outcome.content_type, zone)
    if isinstance(outcome, FetchFailed):
        raise _Unfetched(f"{outcome.message} ({outcome.reason})")
    raise _Unfetched(f"answered {outcome.status} without a body")


def _typed_loopback(url: str) -> tuple[str, ...]:
    """Whoever types this machine's own address means it; a redirect may still not leave it."""
    host = urlsplit(url).hostname or ""
    if host == "localhost":
        return _LOOPBACK
    try:
        return _LOOPBACK if ipaddress.ip_address(host).is_loopback else ()
    except ValueError:
        return ()


# ---------------------------------------------------------------- for scripts


def as_json_object(feed: ParsedFeed) -> dict[str, Any]:
    """The object of `parse --json`: see design.md, section 2, and docs/parsing.md."""
    return {
        "title": feed.title,
        "link": feed.link,
        "language": feed.language,
        "format": feed.format,
        "reader": feed.reader,
        "encoding": feed.encoding,
        "entries": [_json_entry(entry) for entry in feed.entries],
        "notes": [
            {"code": note.code, "message": note.message, "line": note.line} for note in feed.notes
        ],
    }


def _json_entry(entry: Entry) -> dict[str, Any]:
    return {
        "id": entry.guid,
        "title": _seen(entry.title),
        "link": entry.link,
        "published": _utc(entry.published or entry.updated),
        "updated": _utc(entry.updated),
        "authors": list(entry.authors),
        "categories": [tag.term for tag in entry.tags],
        "summary": entry.summary.value if entry.summary else None,
        "content": entry.content.value if entry.content else None,
        "enclosures": [_json_enclosure(enclosure) for enclosure in entry.enclosures],
    }


def _json_enclosure(enclosure: Enclosure) -> dict[str, Any]:
    return {"url": enclosure.url, "type": enclosure.type, "length": enclosure.length}


def _seen(text: Text | None) -> str | None:
    """What a reader sees of a title: its markup is gone, its references are resolved."""
    if text is None:
        return None
    return visible_text(text.value) if text.kind == "html" else " ".join(text.value.split())


def _utc(moment: datetime | None) -> str | None:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ") if moment else None


# ---------------------------------------------------------------- for people


def _show(feed: ParsedFeed, source: str) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text as Line

    console = Console()
    say = partial(console.print, soft_wrap=True)  # a link broken in two is no link
    facts = Table.grid(padding=(0, 2))
    for name, value in _facts(feed, source):
        facts.add_row(Line(name, style="dim"), Line(value))
    console.print(facts)
    for heading, codes, style in _NOTES:
        chosen = [note for note in feed.notes if (note.code in _SKIPPED) == codes]
        if chosen:
            say(Line(f"\n{heading} ({len(chosen)})", style=style))
        for note in chosen:
            place = f"line {note.line}: " if note.line else ""
            say(Line(f"  {place}{note.message}"))
    say(Line(f"\nEntries ({len(feed.entries)})", style="bold"))
    for number, entry in enumerate(feed.entries, 1):
        say(Line(f"{number:4}  {_seen(entry.title) or '(no title)'}", style="bold"))
        for line in _entry_lines(entry):
            say(Line(f"      {line}", style="dim"))


_SKIPPED = frozenset(["entry-skipped", "duplicate", "truncated", "date-unreadable", "stopped"])
_NOTES = (("Repaired", False, "yellow"), ("Skipped", True, "red"))
_READERS = {
    "plain": "plain (well-formed, known shape)",
    "tolerant": "tolerant (feedparser)",
    "json": "JSON",
}


def _facts(feed: ParsedFeed, source: str) -> list[tuple[str, str]]:
    hints = feed.hints
    told = [
        ("Source", source),
        ("Title", feed.title),
        ("Link", feed.link),
        ("Self", feed.self_link),
        ("Hub", " ".join(feed.hubs)),
        ("Language", feed.language),
        ("Updated", _utc(feed.updated)),
        ("Ask every", str(hints.interval) if hints.interval else None),
        ("Format", feed.format),
        ("Read by", _READERS.get(feed.reader, feed.reader)),
        ("Encoding", feed.encoding),
    ]
    return [(name, value) for name, value in told if value]


def _entry_lines(entry: Entry) -> list[str]:
    when = " · ".join(
        f"{name} {_utc(moment)}"
        for name, moment in (("published", entry.published), ("updated", entry.updated))
        if moment
    )
    told = [
        when or "no date",
        entry.link or (entry.guid and f"no link; id {entry.guid}") or "no link, no id",
        " · ".join([*entry.authors, *(f"#{tag.term}" for tag in entry.tags)]),
        *(f"enclosure {e.url} {e.type or ''} {e.length or ''}".rstrip() for e in entry.enclosures),
        _sizes(entry),
    ]
    return [line for line in told if line]


def _sizes(entry: Entry) -> str:
    parts = [
        f"{name} {len(visible_text(text.value))} characters"
        for name, text in (("summary", entry.summary), ("content", entry.content))
        if text
    ]
    return ", ".join(parts) or "no text"
