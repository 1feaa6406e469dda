"""What feeds.yaml says, checked: categories, sources, settings."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Literal


@dataclass(frozen=True, slots=True)
class Category:
    """A category of feeds.yaml: its id, its title, and the rules that put entries into it.

    `precision` is the share of right decisions that the learned classifier must promise here.
    `entries` of its feed, where it says other than `publish.entries`. `private`: its feed is for
    those who have a token.
    """

    id: str
    title: str
    rules: tuple[str, ...] = ()
    was: tuple[str, ...] = ()
    precision: float = 0.98
    entries: int | None = None
    private: bool = False


@dataclass(frozen=True, slots=True)
class Output:
    """A saved query of `outputs:`, published as a feed like a category's."""

    id: str
    title: str
    query: str
    was: tuple[str, ...] = ()
    entries: int | None = None
    private: bool = False


@dataclass(frozen=True, slots=True)
class PageRecipe:
    """How a page without a feed is read: selectors (CSS, or XPath after `xpath:`), all optional.

    `follow` leads from a front page to the pages of an edition, a selector a level; `entries`
    finds links to articles (or blocks that hold one) on any of them. The rest is looked for on
    an article's own page; `next` leads to its next one. `base` names the ready recipe the
    selectors began with.
    """

    follow: tuple[str, ...] = ()
    entries: str | None = None
    title: str | None = None
    content: str | None = None
    published: str | None = None
    author: str | None = None
    section: str | None = None
    images: str | None = None
    outlet: str | None = None
    base: str | None = None
    next: str | None = None


@dataclass(frozen=True, slots=True)
class JsonRecipe:
    """How a JSON answer is read: JMESPath expressions. `entries` is asked of the whole answer,

    the rest of each entry. Every one but `entries` may be left out.
    """

    entries: str
    id: str | None = None
    title: str | None = None
    link: str | None = None
    summary: str | None = None
    content: str | None = None
    published: str | None = None
    updated: str | None = None
    author: str | None = None
    section: str | None = None
    images: str | None = None
    outlet: str | None = None


@dataclass(frozen=True, slots=True)
class SitemapRecipe:
    """How a sitemap is read: addresses that hold one of `match` (none: all), not older than

    `window` where the sitemap dates them.
    """

    match: tuple[str, ...] = ()
    window: timedelta = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Source:
    """One configured origin. `every` and `at` exclude each other; neither means: learned.

    `content` is how much of its entries is republished; `fulltext` how the page of each is read.
    `template` is the configured address, with its `{date:…}`, while `url` is that of one day.
    """

    id: str
    title: str
    url: str
    categories: tuple[str, ...] = ()
    enabled: bool = True
    every: timedelta | None = None
    at: str | None = None
    timezone: str | None = None
    language: str | None = None
    initial: int = 20
    was: tuple[str, ...] = ()
    allow_private: tuple[str, ...] = ()
    headers: tuple[tuple[str, str], ...] = ()
    proxy: str | None = None
    map: tuple[tuple[str, str], ...] = ()
    page: PageRecipe | None = None
    backfill: timedelta | None = None
    honor_removals: bool | None = None
    json: JsonRecipe | None = None
    sitemap: SitemapRecipe | None = None
    websub: bool = True
    content: Literal["full", "summary"] = "full"
    fulltext: PageRecipe | None = None
    template: str | None = None

    @property
    def recipe(self) -> JsonRecipe | SitemapRecipe | None:
        """How its document is read where that is no feed (a front page's is `page`)."""
        return self.json or self.sitemap


@dataclass(frozen=True, slots=True)
class FetchSettings:
    """The `fetch:` part of feeds.yaml: caps (bytes, seconds) and permissions of every fetch.

    `host_delay` is the least time in seconds between two requests to one public host; private
    hosts that may be fetched at all need no spacing.
    """

    allow_private: tuple[str, ...] = ()
    user_agent: str | None = None
    proxy: str | None = None
    per_host: int = 2
    host_delay: float = 0.5
    concurrency: int = 256
    timeout: float = 60.0
    idle_timeout: float = 30.0
    max_wire_bytes: int = 16 * 2**20
    max_body_bytes: int = 16 * 2**20
    max_header_bytes: int = 64 * 2**10
    max_redirects: int = 10
    max_in_flight_bytes: int = 64 * 2**20


@dataclass(frozen=True, slots=True)
class PublishSettings:
    """The `publish:` part: the folder (absolute) of the documents, entries in each.

    `per_source`: of these at most so many of one source.
    """

    directory: str
    entries: int = 100
    per_source: int | None = None


@dataclass(frozen=True, slots=True)
class WebSubSettings:
    """The `websub:` part: the hub that the feeds name, and what strangers may ask of our own.

    `hub` is `own`, `none`, or the address of an outside hub. `callback` is the address under which
    hubs reach us, where that is not `base_url`. `allow_private` are networks (CIDR)
    that callbacks and hubs may lie in although private: those of `fetch:` do not count here, since
    strangers name these addresses. The caps are numbers of subscriptions.
    """

    hub: str = "own"
    callback: str | None = None
    allow_private: tuple[str, ...] = ()
    max_subscriptions: int = 20_000
    max_per_host: int = 1_000


@dataclass(frozen=True, slots=True)
class StoriesSettings:
    """How reposts are recognised: by likeness within `window_days` days, 1 to 365."""

    window_days: int = 14


@dataclass(frozen=True, slots=True)
class Config:
    """feeds.yaml, validated. `path` is the file, `digest` the SHA-256 (hex) of its bytes.

    `outlets` holds names of outlets, each with its other names and hosts.
    `store` is `sqlite:` and an absolute path. Relative paths of the file are resolved already.
    """

    path: str
    digest: str
    title: str
    base_url: str
    timezone: str
    store: str
    listen: str
    publish: PublishSettings
    fetch: FetchSettings
    categories: tuple[Category, ...]
    sources: tuple[Source, ...]
    websub: WebSubSettings = WebSubSettings()
    honor_removals: bool = False
    gone_after: timedelta = timedelta(days=7)
    outputs: tuple[Output, ...] = ()
    stories: StoriesSettings = StoriesSettings()
    outlets: tuple[tuple[str, tuple[str, ...]], ...] = ()

    @property
    def published(self) -> tuple[Category | Output, ...]:
        """Categories and saved queries: each is a feed, and they share one namespace."""
        return (*self.categories, *self.outputs)

    def entries_of(self, name: str) -> int:
        """How many stories the feed of an output shows."""
        own = next((one.entries for one in self.published if one.id == name), None)
        return own or self.publish.entries

    @property
    def hub_url(self) -> str | None:
        """The hub that every published feed names (`rel=hub`); None where there is none."""
        if self.websub.hub == "none":
            return None
        return f"{self.base_url}/hub" if self.websub.hub == "own" else self.websub.hub
