"""A configured source, fetched once → what would be stored of it, and what is odd about it."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, tzinfo
from typing import Any
from zoneinfo import ZoneInfo

from aggregator.cli.foreseen import Foreseen, Foresight
from aggregator.cli.probe_page import EARLIER_DAYS, MOST_ARTICLES, PageProbe, probe_page
from aggregator.cli.reading import (
    Reader,
    ReadFeed,
    Unread,
    moment_of,
    newest,
    read_address,
    shown_title,
)
from aggregator.cli.shown import ShownArticle, foreseen_shown, print_article, shown_article
from aggregator.clock import Clock
from aggregator.config import shown_url
from aggregator.crawl import ArticleDoor, PageDoor
from aggregator.fetch import Fetcher
from aggregator.model import (
    Config,
    Entry,
    Fetched,
    FetchRequest,
    PageRecord,
    ParsedFeed,
    Source,
)
from aggregator.pages import PageError, reading_of
from aggregator.pages.days import dated, is_dated, local_day
from aggregator.pages.page import clean_address
from aggregator.pages.parts import part_rows

STALE = timedelta(days=90)


@dataclass(frozen=True, slots=True)
class Probe:
    """What one fetch of a source showed. `error` is set where it gave no feed.

    `newest` holds (date or None, title, where to) of the newest entries; `categories` counts
    entries by the category they would be in. Of JSON and sitemaps: `matches` says what each
    expression gives, `parts` are the sitemaps of an index, `articles` its first entries.
    """

    source: str
    error: str | None = None
    format: str | None = None
    encoding: str | None = None
    title: str | None = None
    entries: int = 0
    newest: tuple[tuple[datetime | None, str, Foreseen], ...] = ()
    categories: tuple[tuple[str, int], ...] = ()
    repaired: tuple[str, ...] = ()
    odd: tuple[str, ...] = ()
    matches: tuple[str, ...] = ()
    parts: tuple[str, ...] = ()
    articles: tuple[ShownArticle, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """The object of `check --probe --json`."""
        return {
            "source": self.source,
            "outcome": "failed" if self.error else "ok",
            "error": self.error,
            "format": self.format,
            "encoding": self.encoding,
            "title": self.title,
            "entries": self.entries,
            "newest": [
                {
                    "published": moment and moment.strftime("%Y-%m-%dT%H:%M:%SZ"),
                    "title": title,
                    "categories": list(foreseen.categories),
                    "why": list(foreseen.why),
                }
                for moment, title, foreseen in self.newest
            ],
            "categories": dict(self.categories),
            "repaired": list(self.repaired),
            "odd": list(self.odd),
            "matches": list(self.matches),
            "parts": list(self.parts),
            "articles": [one.as_json() for one in self.articles],
        }


AnyProbe = Probe | PageProbe


async def probe_sources(
    config: Config,
    sources: Sequence[Source],
    door: Fetcher,
    reader: Reader,
    clock: Clock,
    on_probe: Callable[[AnyProbe], None] = lambda probe: None,
) -> list[AnyProbe]:
    """Probe sources at once (the fetcher bounds how many); the answers in the sources' order."""
    foresight = await asyncio.to_thread(Foresight.of, config)

    async def one(source: Source) -> AnyProbe:
        if source.page is not None:
            shown = await probe_page(config, source, foresight, door, clock)
            on_probe(shown)
            return shown
        probe = await _probe_document(config, source, foresight, door, reader, clock)
        on_probe(probe)
        return probe

    return list(await asyncio.gather(*map(one, sources)))


async def _probe_document(
    config: Config,
    source: Source,
    foresight: Foresight,
    door: Fetcher,
    reader: Reader,
    clock: Clock,
) -> Probe:
    """A feed, a JSON answer or a sitemap; of an index also its newest sitemap."""

    async def read(url: str) -> ReadFeed | Unread:
        request = FetchRequest(
            url,
            allow_private=source.allow_private,
            headers=source.headers,
            proxy=source.proxy or config.fetch.proxy,
        )
        zone = source.timezone or config.timezone
        return await read_address(request, door, reader, clock, zone, source.recipe)

    now = clock.now()
    today = local_day(now, ZoneInfo(source.timezone or config.timezone))
    whole = await read(dated(source.url, today))
    earlier: tuple[str, ...] = ()
    for back in range(1, EARLIER_DAYS + 1) if is_dated(source.url) else ():
        if isinstance(whole, ReadFeed) or whole.status not in (404, 410):
            break
        day = today - timedelta(days=back)
        whole = await read(dated(source.url, day))
        earlier = (f"today's is not there (yet): this is that of {day}",)
    if isinstance(whole, Unread):
        return Probe(source.id, error=whole.message)
    feed = whole.feed
    parts: tuple[str, ...] = ()
    if feed.parts and source.sitemap is not None:
        rows = part_rows({}, feed.parts, source.id, now, source.sitemap.window, True)
        parts = tuple(row.url for row in rows)
        inner = await read(parts[0]) if parts else Unread(source.url, "all its sitemaps are old")
        if isinstance(inner, Unread):
            return Probe(source.id, error=f"{parts[0] if parts else ''} {inner.message}".strip())
        feed = inner.feed
    described = await asyncio.to_thread(describe, source, feed, foresight, now, whole.moved_to)
    probe = replace(described, parts=parts, odd=(*earlier, *described.odd))
    if source.fulltext is None:
        return probe
    return await _with_texts(
        config, source, newest(feed, MOST_TEXTS), probe, foresight, door, clock
    )


async def _with_texts(
    config: Config,
    source: Source,
    entries: Sequence[Entry],
    probe: Probe,
    foresight: Foresight,
    door: Fetcher,
    clock: Clock,
) -> Probe:
    """The probe with the full texts of its newest entries, as they would be stored."""
    texts = ArticleDoor(PageDoor(door, clock))
    zone = ZoneInfo(source.timezone or config.timezone)
    articles: list[ShownArticle] = []
    odd: list[str] = []
    left = MOST_ARTICLES

    async def is_part(url: str) -> bool:
        nonlocal left
        left -= 1
        return left >= 0

    for entry in entries:
        left -= 1
        if left < 0:
            break
        if (url := clean_address(entry.link, source.url)) is None:
            odd.append("an entry has no link to its full text")
            continue
        record = PageRecord(0, source.id, url, "fulltext", 0, "", clock.now())
        request = FetchRequest(
            url, allow_private=source.allow_private, proxy=source.proxy or config.fetch.proxy
        )
        try:
            reading = reading_of(source, record, zone)
            outcome, found = await texts.get(request, reading, is_part)
        except PageError as error:
            odd.append(str(error))
            continue
        if isinstance(outcome, Fetched):
            door.release(outcome)
        if found is None:
            odd.append(getattr(outcome, "message", f"{url} could not be had"))
            continue
        odd += map(str, found.misses)
        shown = replace(entry, content=found.entry.content, title=entry.title or found.entry.title)
        shown = replace(
            shown,
            published=entry.published or found.entry.published,
            enclosures=entry.enclosures or found.entry.enclosures,
        )
        (foreseen,) = foresight.place(source, [entry])  # decided when the feed brings it
        articles.append(shown_article(shown, foreseen, len(found.bodies)))
    return replace(probe, articles=tuple(articles), odd=(*probe.odd, *odd))


def describe(
    source: Source,
    feed: ParsedFeed,
    foresight: Foresight,
    now: datetime,
    moved_to: str | None = None,
) -> Probe:
    """What a feed read for a source shows. Pure."""
    placed = foresight.place(source, feed.entries)
    decided = {id(entry): found for entry, found in zip(feed.entries, placed, strict=True)}
    counts = Counter(category for found in placed for category in found.categories)
    repaired = [note for note in feed.notes if note.code not in _LOST | {"matched"}]
    lost = [note for note in feed.notes if note.code in _LOST]
    return Probe(
        source.id,
        format=feed.format,
        encoding=feed.encoding,
        title=feed.title,
        entries=len(feed.entries),
        newest=tuple(
            (moment_of(entry), shown_title(entry.title), decided[id(entry)])
            for entry in newest(feed)
        ),
        categories=tuple(counts.most_common()),
        repaired=tuple(f"line {n.line}: {n.message}" if n.line else n.message for n in repaired),
        odd=tuple(
            [note.message for note in lost] + list(_odd(feed, source, now, moved_to)),
        ),
        matches=tuple(note.message for note in feed.notes if note.code == "matched"),
        articles=tuple(
            shown_article(entry, decided[id(entry)])
            for entry in (newest(feed, MOST_SHOWN) if source.recipe else ())
        ),
    )


MOST_SHOWN, MOST_TEXTS = 5, 3
_LOST = frozenset(
    "entry-skipped duplicate truncated date-unreadable stopped selector passed-over".split()
)


def _odd(feed: ParsedFeed, source: Source, now: datetime, moved_to: str | None) -> Iterator[str]:
    if moved_to:
        yield f"moved for good to {shown_url(moved_to)}: write that as its url"
    if not feed.entries:
        yield "no entries"
        return
    total = len(feed.entries)
    moments = [moment for entry in feed.entries if (moment := moment_of(entry))]
    if len(moments) < total:
        yield f"{total - len(moments)} of {total} entries have no date"
    if moments and now - max(moments) > STALE:
        yield f"the newest entry is {(now - max(moments)).days} days old"
    future = sum(moment > now + timedelta(days=1) for moment in moments)
    if future:
        yield f"{future} of {total} entries are dated in the future: is the time zone right?"
    untitled = sum(entry.title is None for entry in feed.entries)
    if untitled:
        yield f"{untitled} of {total} entries have no title"
    links = Counter(entry.link for entry in feed.entries)
    if total > 1 and len(links) == 1:
        yield "all entries have the same link" if feed.entries[0].link else "no entry has a link"
    guids = Counter(entry.guid for entry in feed.entries if entry.guid)
    twice = sum(count - 1 for count in guids.values())
    if twice:
        yield f"{twice} entries have the id of another one"
    if all(not (entry.content or entry.summary) for entry in feed.entries):
        yield "titles only, no text" if untitled < total else "addresses only, no titles"
    if not source.enabled:
        yield "not enabled: it is not polled"


def print_probe(probe: Probe, zone: tzinfo, echo: Callable[[str], None]) -> None:
    """Tell a person what a probe showed; the times of JSON's and sitemaps' entries in `zone`."""
    if probe.error:
        echo(f"{probe.source}: FAILED: {probe.error}")
        return
    facts = [probe.format or "", f"{probe.entries} entries", probe.encoding or ""]
    echo(f"{probe.source}: {', '.join(fact for fact in facts if fact)}")
    for url in probe.parts[:5]:
        echo(f"    sitemap {url}")
    if len(probe.parts) > 5:
        echo(f"    sitemap and {len(probe.parts) - 5} more")
    for text in probe.matches:
        echo(f"    {text}")
    for one in probe.articles:
        print_article(one, zone, echo)
    for moment, title, foreseen in () if probe.articles else probe.newest:
        date = moment.strftime("%Y-%m-%d %H:%M") if moment else "without a date  "
        echo(f"    {date}  {title}  {foreseen_shown(foreseen)}")
    if probe.categories:
        echo("    in " + ", ".join(f"{name} {count}" for name, count in probe.categories))
    for text in probe.repaired[:5]:
        echo(f"    repaired: {text}")
    if len(probe.repaired) > 5:
        echo(f"    repaired: and {len(probe.repaired) - 5} more (aggregator parse shows them)")
    for text in probe.odd[:10]:
        echo(f"    odd: {text}")
