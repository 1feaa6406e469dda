"""A configured source without a feed, read once → its edition, its selectors' matches, articles."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from aggregator.cli.foreseen import Foresight
from aggregator.cli.shown import ShownArticle, print_article, shown_article
from aggregator.clock import Clock
from aggregator.crawl import ArticleDoor, PageDoor
from aggregator.fetch import Fetcher
from aggregator.model import (
    Config,
    Fetched,
    FetchOutcome,
    FetchRequest,
    PageRecipe,
    PageRecord,
    Source,
)
from aggregator.pages import (
    Index,
    Page,
    PageError,
    open_page,
    read_index,
    reading_of,
    whole_recipe,
)
from aggregator.pages.days import dated, day_in_address, is_dated, local_day
from aggregator.pages.edition import is_other_day, rows_of
from aggregator.pages.whole import content_type

MOST_ARTICLES = 5
MOST_PAGES = 4  # beside the front page
EARLIER_DAYS = 7  # looked back, where today has no edition
_ON_ARTICLES = ("title", "content", "published", "author", "section", "images", "outlet")


@dataclass(slots=True)
class PageProbe:
    """What a source without a feed showed. `selectors`: key → (selector, matches on each page)."""

    source: str
    error: str | None = None
    front: str | None = None
    edition: date | None = None
    encoding: str | None = None
    robots: str | None = None
    pages: list[tuple[str, str | None, int | None]] = field(default_factory=list)
    found: int = 0
    selectors: dict[str, tuple[str, list[int]]] = field(default_factory=dict)
    articles: list[ShownArticle] = field(default_factory=list)
    odd: list[str] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        """The object of `check --probe --json`."""
        return {
            "source": self.source,
            "outcome": "failed" if self.error else "ok",
            "error": self.error,
            "front": self.front,
            "edition": self.edition and self.edition.isoformat(),
            "encoding": self.encoding,
            "robots": self.robots,
            "pages": [
                {"url": url, "name": name, "articles": count} for url, name, count in self.pages
            ],
            "entries": self.found,
            "selectors": {
                key: {"selector": selector, "matches": counts}
                for key, (selector, counts) in self.selectors.items()
            },
            "articles": [one.as_json() for one in self.articles],
            "odd": self.odd,
        }


async def probe_page(
    config: Config, source: Source, foresight: Foresight, fetcher: Fetcher, clock: Clock
) -> PageProbe:
    """Read a source without a feed as a poll would, but at most five articles; store nothing."""
    assert source.page is not None
    return await _Probing(config, source, foresight, PageDoor(fetcher, clock), clock).run()


class _Probing:
    def __init__(
        self,
        config: Config,
        source: Source,
        foresight: Foresight,
        door: PageDoor,
        clock: Clock,
    ) -> None:
        assert source.page is not None
        self.foresight = foresight
        self.config = config
        self.source = source
        self.door = door
        self.now = clock.now()
        self.recipe: PageRecipe = whole_recipe(source.page)
        self.zone = ZoneInfo(source.timezone or config.timezone)
        self.probe = PageProbe(source.id)

    async def run(self) -> PageProbe:
        front = await self._front()
        if front is not None:
            rows = await self._edition(*front)
            await self._articles(rows)
        return self.probe

    async def _fetch(self, url: str) -> tuple[Page | None, FetchOutcome]:
        """A page; None where it could not be had or read, with the reason in the outcome."""
        outcome = await self.door.get(self._request(url))
        if not isinstance(outcome, Fetched):
            return None, outcome
        try:
            return await asyncio.to_thread(
                open_page, outcome.body, outcome.url, outcome.content_type
            ), outcome
        finally:
            self.door.release(outcome)

    def _request(self, url: str) -> FetchRequest:
        """As a poll would ask, unconditionally; the source's headers go to its own host only."""
        at_home = urlsplit(url).netloc == urlsplit(self.source.url).netloc
        return FetchRequest(
            url=url,
            allow_private=self.source.allow_private,
            headers=self.source.headers if at_home else (),
            proxy=self.source.proxy or self.config.fetch.proxy,
        )

    async def _front(self) -> tuple[PageRecord, Index] | None:
        """The front page of today's edition, or of the latest one within a week."""
        today = local_day(self.now, self.zone)
        back = EARLIER_DAYS if is_dated(self.source.url) else 0
        for day in (today - timedelta(days=number) for number in range(back + 1)):
            url = dated(self.source.url, day)
            try:
                page, outcome = await self._fetch(url)
            except PageError as error:
                self.probe.error = str(error)
                return None
            if page is None:
                self.probe.error = self.probe.error or getattr(outcome, "message", "no page")
                self.probe.robots = self._robots(outcome)
                if back and outcome.status in (404, 410):
                    continue
                return None
            index = read_index(page, self.recipe, 0)
            if back and is_other_day(page, index, day):
                continue
            self.probe.error = None
            return self._took(page, index, day if back else day_in_address(page.url), url, today)
        self.probe.error = f"no edition within {EARLIER_DAYS} days: {self.probe.error}"
        return None

    def _robots(self, outcome: FetchOutcome) -> str | None:
        reason = getattr(outcome, "reason", None)
        return "forbids it" if reason in ("robots", "robots-unknown") else None

    def _took(
        self, page: Page, index: Index, day: date | None, url: str, today: date
    ) -> tuple[PageRecord, Index] | None:
        probe = self.probe
        probe.front, probe.edition, probe.encoding = page.url, day, page.encoding
        probe.robots = "allows it"
        if is_dated(self.source.url) and day != today:
            probe.odd.append(f"today's edition is not out: this is that of {day}")
        self._count(page, "follow", self.recipe.follow[0] if self.recipe.follow else None)
        self._count(page, "entries", self.recipe.entries)
        probe.odd += [str(miss) for miss in index.misses]
        if index.is_barren:
            probe.error = "; ".join(map(str, index.misses)) or f"no links on {page.url}"
            return None
        root = PageRecord(0, self.source.id, url, "index", 0, "", self.now)
        edition = day.isoformat() if day else None
        return replace(root, edition=edition, section=index.own_name), index

    def _count(self, page: Page, key: str, selector: str | None) -> int:
        if selector is None:
            return 0
        matches = len(page.find(selector))
        self.probe.selectors.setdefault(key, (selector, []))[1].append(matches)
        return matches

    async def _edition(self, root: PageRecord, index: Index) -> list[PageRecord]:
        """The rows of the articles found on the front page and the first pages it leads to."""
        rows = list(rows_of(root, index, self.now))
        waiting = [row for row in rows if row.kind == "index"]
        articles = {row.url: row for row in rows if row.kind == "article"}
        self.probe.pages.append((root.url, root.section, len(articles)))
        asked = 0
        barren: list[str] = []
        seen = {root.url, *(row.url for row in waiting)}
        while waiting:
            row = waiting.pop(0)
            if asked >= MOST_PAGES:
                self.probe.pages.append((row.url, row.name, None))
                continue
            asked += 1
            try:
                page, outcome = await self._fetch(row.url)
            except PageError as error:
                self.probe.odd.append(str(error))
                continue
            if page is None:
                self.probe.odd.append(getattr(outcome, "message", row.url))
                continue
            inner = read_index(page, self.recipe, row.level)
            found = list(rows_of(row, inner, self.now))
            deeper = [one for one in found if one.kind == "index" and one.url not in seen]
            seen |= {one.url for one in deeper}
            here = [one for one in found if one.kind == "article"]
            if row.level < len(self.recipe.follow):
                key = f"follow[{row.level}]" if row.level else "follow"
                self._count(page, key, self.recipe.follow[row.level])
            self._count(page, "entries", self.recipe.entries)
            self.probe.pages.append((row.url, row.name, len(here)))
            articles = {**{one.url: one for one in here}, **articles}
            # A page on which articles stand is to be seen, however deep it lies.
            waiting = [*waiting, *deeper] if articles else [*deeper, *waiting]
            barren += map(str, inner.misses) if inner.is_barren else ()
        if not articles:
            self.probe.odd += barren
        self.probe.found = len(articles)
        return sorted(articles.values(), key=lambda row: row.place)

    async def _articles(self, rows: list[PageRecord]) -> None:
        doors = ArticleDoor(self.door)
        known = {row.url for row in rows}
        left = MOST_ARTICLES  # of articles' pages, be they of one article

        async def is_part(url: str) -> bool:
            nonlocal left
            left -= 1
            return left >= 0 and url not in known

        for row in rows:
            left -= 1
            if left < 0:
                break
            reading = reading_of(self.source, row, self.zone)
            try:
                outcome, whole = await doors.get(self._request(row.url), reading, is_part)
            except PageError as error:
                self.probe.odd.append(str(error))
                continue
            if whole is None:
                self.probe.odd.append(getattr(outcome, "message", row.url))
                continue
            if isinstance(outcome, Fetched):
                self.door.release(outcome)
            page = open_page(whole.bodies[0][1], whole.bodies[0][0], content_type(whole.encoding))
            for key in _ON_ARTICLES:
                self._count(page, key, getattr(self.recipe, key))
            self.probe.odd += [str(miss) for miss in whole.misses]
            (foreseen,) = self.foresight.place(self.source, [whole.entry])
            self.probe.articles.append(shown_article(whole.entry, foreseen, len(whole.bodies)))
        if not rows:
            self.probe.error = "no article was found on any page"


def print_page_probe(probe: PageProbe, zone: ZoneInfo, echo: Callable[[str], None]) -> None:
    """Tell a person what the probe of a source without a feed showed."""
    if probe.error:
        echo(f"{probe.source}: FAILED: {probe.error}")
    else:
        day = f"edition of {probe.edition}, " if probe.edition else ""
        echo(f"{probe.source}: {day}{probe.found} articles found, {probe.encoding}")
    if probe.front:
        echo(f"    front page {probe.front}")
    if probe.robots:
        echo(f"    robots.txt {probe.robots}")
    for url, name, count in probe.pages:
        told = "not fetched by a probe" if count is None else f"{count} articles"
        echo(f"    page  {name or url}: {told}")
    for key, (selector, counts) in probe.selectors.items():
        echo(f"    {key}: {selector}  matches {', '.join(map(str, counts))}")
    for one in probe.articles:
        print_article(one, zone, echo)
    for text in dict.fromkeys(probe.odd):
        echo(f"    odd: {text}")
