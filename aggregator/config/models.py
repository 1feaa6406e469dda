"""The keys of feeds.yaml as pydantic models: their types, defaults, meanings and examples."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema
from pydantic_core import PydanticCustomError

from aggregator.config import recipes, recognising, values
from aggregator.config.values import InvalidValue
from aggregator.model import FetchSettings, PublishSettings, StoriesSettings, WebSubSettings
from aggregator.query import QueryError, parse_query


def checked(check: Callable[[str], Any]) -> BeforeValidator:
    """A pydantic validator of a check: InvalidValue becomes an error with message and hint."""

    def validate(value: Any) -> Any:
        if not isinstance(value, str):
            raise PydanticCustomError("string_type", "Input should be a valid string")
        try:
            return check(value)
        except InvalidValue as error:
            context = {"message": error.message, "hint": error.hint}
            raise PydanticCustomError("invalid_value", "{message}", context) from error

    return BeforeValidator(validate)


def unless_secret(check: Callable[[str], str]) -> Callable[[str], str]:
    """A check that waits for the environment when the value takes something in by ${NAME}."""
    return lambda text: text if "${" in text else check(text)


def check_rule(text: str) -> str:
    """A rule or query in the language of docs/queries.md."""
    try:
        parse_query(text)
    except QueryError as error:
        message = f"{error.message}, at character {error.position + 1} of `{text}`"
        raise InvalidValue(message, error.hint) from error
    return text


def _one_or_list(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


_ID_PATTERN = "^[a-z0-9][a-z0-9-]*$"
_DURATION_PATTERN = r"^(\d+ *w)? *(\d+ *d)? *(\d+ *h)? *(\d+ *m(in)?)? *(\d+ *s)?$"


def _text(form: str) -> WithJsonSchema:
    """A text of a known form; `format` is what the table of keys calls it."""
    return WithJsonSchema({"type": "string", "format": form})


_ID_ITEM = {"type": "string", "format": "id", "pattern": _ID_PATTERN}
Id = Annotated[str, checked(values.check_id), WithJsonSchema(_ID_ITEM)]
FeedId = Annotated[str, checked(values.check_feed_id), WithJsonSchema(_ID_ITEM)]
Duration = Annotated[
    timedelta,
    checked(values.parse_duration),
    WithJsonSchema({"type": "string", "format": "time-span", "pattern": _DURATION_PATTERN}),
]
Pause = Annotated[float, checked(values.parse_pause), _text("short-wait")]
Size = Annotated[
    int,
    checked(values.parse_size),
    WithJsonSchema({"type": ["string", "integer"], "format": "size"}),
]
Zone = Annotated[str, checked(values.check_timezone), _text("time-zone")]
Language = Annotated[str, checked(values.check_language), _text("language-tag")]
Network = Annotated[str, checked(values.check_network), _text("network")]
Selector = Annotated[str, checked(recipes.check_selector), _text("selector")]
Expression = Annotated[str, checked(recipes.check_expression), _text("expression")]
NextPage = Annotated[
    Selector | None,
    Field(
        title="next page",
        description="Link to the next page of a long article; by default 下一页, rel=next and "
        "numbers are followed.",
        examples=["a.next"],
    ),
]
Epaper = Annotated[str, checked(recipes.check_epaper), _text("e-paper-system")]
Cron = Annotated[str, checked(values.check_cron), _text("cron")]
Rule = Annotated[str, checked(check_rule), _text("query")]
SourceUrl = Annotated[
    str, checked(unless_secret(values.check_source_url)), _text("address-or-path")
]
Include = Annotated[str, checked(unless_secret(values.check_include)), _text("address-or-path")]
Proxy = Annotated[str, checked(unless_secret(values.check_proxy)), _text("address")]
HeaderName = Annotated[str, checked(values.check_header_name)]
HeaderValue = Annotated[str, checked(unless_secret(values.check_header_value))]
FilePath = Annotated[str, checked(values.check_path), _text("path")]
BaseUrl = Annotated[str, checked(values.check_base_url), _text("address")]
Store = Annotated[str, checked(values.check_store), _text("store")]
Hub = Annotated[str, checked(values.check_hub), _text("hub")]
Listen = Annotated[str, checked(values.check_listen), _text("host-and-port")]


def _one_or_many(item: dict[str, Any]) -> list[Any]:
    schema = {"anyOf": [item, {"type": "array", "items": item}]}
    return [BeforeValidator(_one_or_list), WithJsonSchema(schema)]


Ids = Annotated[list[Id], *_one_or_many(_ID_ITEM)]
Rules = Annotated[list[Rule], *_one_or_many({"type": "string", "format": "query"})]
Networks = Annotated[list[Network], *_one_or_many({"type": "string", "format": "network"})]
Includes = Annotated[list[Include], *_one_or_many({"type": "string", "format": "address-or-path"})]
Selectors = Annotated[list[Selector], *_one_or_many({"type": "string", "format": "selector"})]
Texts = Annotated[list[str], *_one_or_many({"type": "string"})]
Extent = Annotated[
    str,
    checked(values.check_extent),
    WithJsonSchema({"type": "string", "enum": list(values.EXTENTS)}),
]
OutletName = Annotated[
    str, checked(recognising.check_outlet), WithJsonSchema({"type": "string", "format": "outlet"})
]
OutletNames = Annotated[list[OutletName], *_one_or_many({"type": "string", "format": "outlet"})]
WindowDays = Annotated[int, checked(recognising.parse_window), _text("days")]
Title = Annotated[str, Field(min_length=1, max_length=1000)]


_FETCH = FetchSettings()
_PUBLISH = PublishSettings(directory="public")
_WEBSUB = WebSubSettings()
_STORIES = StoriesSettings()


class Section(BaseModel):
    """A mapping of feeds.yaml; a key it does not know is an error."""

    model_config = ConfigDict(extra="forbid", ser_json_timedelta="float")


class PublishSection(Section):
    """Where documents are written, and how long they are."""

    directory: FilePath = Field(
        default="public",
        title="folder",
        description="Folder the documents are written to.",
        examples=["public"],
    )
    entries: int = Field(
        default=_PUBLISH.entries,
        ge=1,
        le=100_000,
        title="entries",
        description="Entries in each published feed; older ones stand in its archives.",
        examples=[100],
    )
    per_source: int | None = Field(
        default=None,
        ge=1,
        le=100_000,
        title="entries of one source",
        description="Of the entries of a feed at most so many are of one source, so that a busy "
        "one does not crowd out the others; what is left out stands in the archives.",
        examples=[20],
    )


class FetchSection(Section):
    """How sources are fetched: permissions, politeness, caps."""

    allow_private: Networks = Field(
        default_factory=list,
        title="private networks",
        description="Networks (CIDR) that may be fetched although they are private.",
        examples=[["127.0.0.0/8"]],
    )
    user_agent: str | None = Field(
        default=None,
        min_length=1,
        pattern=r"^[\x20-\x7e]+$",
        title="user agent",
        description="What the fetcher calls itself; by default product, version and address.",
        examples=["my-reader/1.0 (+https://example.org/bot)"],
    )
    proxy: Proxy | None = Field(
        default=None,
        title="proxy",
        description="HTTP proxy for every source that names none; `${NAME}` is taken in.",
        examples=["http://127.0.0.1:3128"],
    )
    per_host: int = Field(
        default=_FETCH.per_host,
        ge=1,
        le=16,
        title="connections per host",
        description="Connections at once to one host.",
    )
    host_delay: Pause = Field(
        default=_FETCH.host_delay,
        title="pause per host",
        description="Wait between two requests to one host.",
        examples=["500ms", "2s"],
    )
    concurrency: int = Field(
        default=_FETCH.concurrency,
        ge=1,
        le=1000,
        title="connections",
        description="Connections at once in all.",
    )
    timeout: Duration = Field(
        default=timedelta(seconds=_FETCH.timeout),
        title="time limit",
        description="Time limit of one fetch, redirects and body included.",
        examples=["60s"],
    )
    idle_timeout: Duration = Field(
        default=timedelta(seconds=_FETCH.idle_timeout),
        title="idle limit",
        description="Longest silence of an origin within a fetch.",
        examples=["30s"],
    )
    max_wire_bytes: Size = Field(
        default=_FETCH.max_wire_bytes,
        title="size as sent",
        description="Largest body as it comes over the wire.",
        examples=["16MiB"],
    )
    max_body_bytes: Size = Field(
        default=_FETCH.max_body_bytes,
        title="size unpacked",
        description="Largest body after decompression.",
        examples=["16MiB"],
    )
    max_header_bytes: Size = Field(
        default=_FETCH.max_header_bytes,
        title="size of headers",
        description="Largest head of a response.",
        examples=["64KiB"],
    )
    max_redirects: int = Field(
        default=_FETCH.max_redirects,
        ge=0,
        le=50,
        title="redirects",
        description="Redirects followed in one fetch.",
    )
    max_in_flight_bytes: Size = Field(
        default=_FETCH.max_in_flight_bytes,
        title="bodies in flight",
        description="Bytes of all bodies fetched and not yet saved.",
        examples=["64MiB"],
    )


class WebSubSection(Section):
    """Who tells subscribers of changes at once (W3C WebSub)."""

    hub: Hub = Field(
        default=_WEBSUB.hub,
        title="hub",
        description="Who tells subscribers of changes: `own` is `/hub` of `aggregator run`; an "
        "address is a hub elsewhere, told after each change; `none`: nobody. See docs/push.md.",
        examples=["own", "https://pubsubhubbub.appspot.com/"],
    )
    callback: BaseUrl | None = Field(
        default=None,
        title="callback",
        description="Address under which hubs reach this daemon, to push what their feeds have "
        "new; by default `base_url`, where that is public. Without either nothing is subscribed.",
        examples=["https://news.example.org"],
    )
    allow_private: Networks = Field(
        default_factory=list,
        title="private networks",
        description="Networks (CIDR) that callbacks and hubs may lie in although private. Those "
        "of `fetch.allow_private` do not count here: strangers name these addresses.",
        examples=[["192.168.1.0/24"]],
    )
    max_subscriptions: int = Field(
        default=_WEBSUB.max_subscriptions,
        ge=0,
        le=1_000_000,
        title="subscriptions",
        description="Subscriptions that the own hub takes in all.",
    )
    max_per_host: int = Field(
        default=_WEBSUB.max_per_host,
        ge=1,
        le=1_000_000,
        title="subscriptions per host",
        description="Subscriptions that the own hub takes of one callback host.",
    )


def _entries(noun: str) -> Any:
    return Field(
        default=None,
        ge=1,
        le=100_000,
        title="entries",
        description=f"Stories in the feed of this {noun}, where other than `publish.entries`.",
        examples=[50],
    )


def _private(what: str) -> Any:
    return Field(
        default=False,
        title="private",
        description=f"`true`: the {what}'s feed is for those who have a token alone, and stands on "
        "no page, in no list and in no file. See docs/private.md.",
    )


class CategorySection(Section):
    """A category: one published feed."""

    id: FeedId = Field(
        title="id",
        description="Name in addresses and files: `/feeds/ID.atom`.",
        examples=["domestic"],
    )
    title: Title | None = Field(
        default=None,
        title="title",
        description="Title of the feed; by default the id.",
        examples=["国内"],
    )
    rules: Rules = Field(
        default_factory=list,
        title="rules",
        description="Queries; an entry that one of them matches is in this category, "
        "unless its source has a category of its own. See docs/queries.md.",
        examples=[["title:全国", "source:chinanews-*"]],
    )
    entries: int | None = _entries("category")
    precision: float = Field(
        default=0.98,
        ge=0.5,
        le=1,
        title="precision",
        description="How many of the entries that the learned classifier puts here must be right; "
        "it leaves the rest in 未分类. See docs/categories.md.",
        examples=[0.95],
    )
    private: bool = _private("category")
    was: Ids = Field(
        default_factory=list,
        title="former ids",
        description="What the category was called before; subscribers are led to the new address.",
        examples=[["china"]],
    )


class OutputSection(Section):
    """A saved query: a feed like a category's, of what it matches in any source."""

    id: FeedId = Field(
        title="id",
        description="Name in addresses and files: `/feeds/ID.atom`. Categories and outputs share "
        "their names.",
        examples=["social-work"],
    )
    title: Title | None = Field(
        default=None,
        title="title",
        description="Title of the feed; by default the id.",
        examples=["社工"],
    )
    query: Rule = Field(
        title="query",
        description="What stands in the feed, of what was stored before too. See docs/queries.md.",
        examples=["社工 OR 志愿者 -招聘"],
    )
    entries: int | None = _entries("output")
    private: bool = _private("output")
    was: Ids = Field(
        default_factory=list,
        title="former ids",
        description="What the output was called before; subscribers are led to the new address.",
        examples=[["volunteers"]],
    )


class PageSection(Section):
    """How a page that has no feed is read: CSS selectors, or XPath after `xpath:`."""

    follow: Selectors = Field(
        default_factory=list,
        title="links to follow",
        description="Links from the front page to the pages of an edition; a list has a selector "
        "a level.",
        examples=["#list li a"],
    )
    entries: Selector | None = Field(
        default=None,
        title="articles",
        description="Links to articles, or blocks that hold one, on any of these pages.",
        examples=["#articlelist a"],
    )
    title: Selector | None = Field(
        default=None,
        title="title",
        description="Title on an article's page; by default the text of the link.",
        examples=["#Title"],
    )
    content: Selector | None = Field(
        default=None,
        title="content",
        description="Text on an article's page; by default the main text is found.",
        examples=["founder-content", "#ozoom"],
    )
    published: Selector | None = Field(
        default=None,
        title="date",
        description="Date on an article's page; by default the day of the edition.",
        examples=["date"],
    )
    author: Selector | None = Field(
        default=None, title="authors", description="Authors on an article's page."
    )
    section: Selector | None = Field(
        default=None,
        title="section",
        description="Section on an article's page; by default the text of the link that led to "
        "the page it stands on.",
    )
    images: Selector | None = Field(
        default=None,
        title="pictures",
        description="Pictures of an article; by default those in its text.",
        examples=[".attachment img"],
    )
    outlet: Selector | None = Field(
        default=None, title="outlet", description="Who carried the article first."
    )
    next: NextPage = None


class JsonSection(Section):
    """How a JSON answer is read: JMESPath expressions."""

    entries: Expression = Field(
        title="entries",
        description="The list of entries, in the whole answer.",
        examples=["data.list", "@"],
    )
    id: Expression | None = Field(
        default=None,
        title="id",
        description="What an entry is recognised by; by default its link.",
        examples=["id"],
    )
    title: Expression | None = Field(
        default=None, title="title", description="Title of an entry.", examples=["title"]
    )
    link: Expression | None = Field(
        default=None,
        title="link",
        description="Address of its page; relative ones begin at the source's.",
        examples=["url", "join('', ['/article/', to_string(id), '.html'])"],
    )
    summary: Expression | None = Field(
        default=None, title="summary", description="Summary, text or HTML.", examples=["intro"]
    )
    content: Expression | None = Field(
        default=None, title="content", description="Full text, text or HTML.", examples=["body"]
    )
    published: Expression | None = Field(
        default=None,
        title="date",
        description="When it was published: a date as text, or Unix time in s or ms.",
        examples=["ctime"],
    )
    updated: Expression | None = Field(
        default=None, title="update", description="When it was changed, likewise."
    )
    author: Expression | None = Field(
        default=None,
        title="authors",
        description="Authors: a text or a list of texts.",
        examples=["authors[].name"],
    )
    section: Expression | None = Field(
        default=None, title="section", description="Sections or tags: a text or a list of texts."
    )
    images: Expression | None = Field(
        default=None,
        title="pictures",
        description="Addresses of pictures: a text or a list of texts.",
        examples=["[cover, images[].src][]"],
    )
    outlet: Expression | None = Field(
        default=None, title="outlet", description="Who carried it first.", examples=["source"]
    )


class SitemapSection(Section):
    """Which addresses of a sitemap are taken."""

    match: Texts = Field(
        default_factory=list,
        title="parts of addresses",
        description="Only addresses that hold this text, or one of these.",
        examples=["/news/", ["/2026/", "/article/"]],
    )


class FulltextSection(Section):
    """How the page of an entry is read: CSS selectors, or XPath after `xpath:`."""

    content: Selector | None = Field(
        default=None,
        title="content",
        description="The text on the page; by default the main text is found.",
        examples=["#artibody"],
    )
    title: Selector | None = Field(
        default=None, title="title", description="Title, for entries that have none."
    )
    published: Selector | None = Field(
        default=None, title="date", description="Date, for entries that have none."
    )
    author: Selector | None = Field(
        default=None, title="authors", description="Authors, for entries that have none."
    )
    images: Selector | None = Field(
        default=None,
        title="pictures",
        description="Pictures, for entries that have none; by default those in the text.",
    )
    outlet: Selector | None = Field(
        default=None, title="outlet", description="Who carried it first, where the feed is silent."
    )
    next: NextPage = None


def _all_or_keys(value: Any) -> Any:
    """`true` takes all as it is by default; `false` is as if the key were not there."""
    if isinstance(value, bool):
        return {} if value else None
    if isinstance(value, str) and value.lower() in ("true", "yes", "on"):
        return {}
    if isinstance(value, str) and value.lower() in ("false", "no", "off"):
        return None
    return value


class SourceSection(Section):
    """A source: one feed that is polled."""

    id: Id = Field(
        title="id",
        description="Name of the source; keep it, or say in `was` what it was.",
        examples=["chinanews-china"],
    )
    title: Title | None = Field(
        default=None,
        title="title",
        description="Name shown beside its entries; by default the id.",
        examples=["中国新闻网·国内"],
    )
    url: SourceUrl = Field(
        title="address",
        description="Address of the feed, or a path (relative to this file); `${NAME}` is taken "
        "from the environment.",
        examples=["https://www.chinanews.com.cn/rss/china.xml"],
    )
    category: Ids = Field(
        default_factory=list,
        title="category",
        description="Category of its entries, one id or a list; without it rules decide.",
        examples=["domestic", ["domestic", "local"]],
    )
    enabled: bool = Field(
        default=True,
        title="enabled",
        description="`false`: not polled, everything kept.",
    )
    every: Duration | None = Field(
        default=None,
        title="interval",
        description="How often it is polled; without `every` and `at` the rhythm is learned.",
        examples=["30m", "2h", "1d"],
    )
    at: Cron | None = Field(
        default=None,
        title="times",
        description="When it is polled: cron (minute hour day month weekday) in its time zone.",
        examples=["0 6 * * 1-5"],
    )
    timezone: Zone | None = Field(
        default=None,
        title="time zone",
        description="Zone of dates that carry none, and of `at`; by default the top one.",
        examples=["Asia/Shanghai"],
    )
    language: Language | None = Field(
        default=None,
        title="language",
        description="Language of its entries where the feed does not say (RFC 5646).",
        examples=["zh-CN"],
    )
    initial: int = Field(
        default=20,
        ge=0,
        le=1_000_000,
        title="initial entries",
        description="Entries of a new source that reach the feeds at once; older ones are kept.",
    )
    was: Ids = Field(
        default_factory=list,
        title="former ids",
        description="What the source was called before; its history stays with it.",
        examples=[["chinanews"]],
    )
    allow_private: Networks = Field(
        default_factory=list,
        title="private networks",
        description="Networks (CIDR) that this source may be fetched from although private.",
        examples=[["192.168.1.0/24"]],
    )
    headers: dict[HeaderName, HeaderValue] = Field(
        default_factory=dict,
        title="headers",
        description="Headers sent with each request; secrets by `${NAME}`.",
        examples=[{"Authorization": "Bearer ${FEED_TOKEN}"}],
    )
    proxy: Proxy | None = Field(
        default=None,
        title="proxy",
        description="HTTP proxy for this source; `${NAME}` is taken in.",
        examples=["http://${PROXY_USER}:${PROXY_PASSWORD}@127.0.0.1:3128"],
    )
    map: dict[str, Id] = Field(
        default_factory=dict,
        title="map",
        description="The origin's own categories and sections to ours.",
        examples=[{"秀洲新闻": "local"}],
    )
    content: Extent = Field(
        default="full",
        title="content",
        description="How much is republished: `full`, or `summary` for only the summary (else the "
        "beginning of the text) and the link. All of it is kept.",
        examples=["summary"],
    )
    fulltext: Annotated[FulltextSection | None, BeforeValidator(_all_or_keys)] = Field(
        default=None,
        title="full text",
        description="`true`, or selectors: the page of each new entry is fetched and its text "
        "stands beside the feed's own. See docs/sources.md.",
        examples=[True, {"content": "#artibody"}],
    )
    page: PageSection | None = Field(
        default=None,
        title="page",
        description="Selectors of a page that has no feed. See docs/sources.md.",
    )
    epaper: Epaper | None = Field(
        default=None,
        title="e-paper",
        description="System of an e-paper, whose selectors are known: "
        + ", ".join(f"`{name}`" for name in recipes.EPAPERS)
        + ". `page` overrides parts of it.",
        examples=["founder"],
    )
    websub: bool = Field(
        default=True,
        title="push",
        description="`false`: only polled, even where its feed names a hub. See docs/push.md.",
    )
    honor_removals: bool | None = Field(
        default=None,
        title="removals",
        description="`honor_removals` for this source alone.",
    )
    backfill: Duration | None = Field(
        default=None,
        title="backfill",
        description="How far back earlier editions (or days' JSON answers) are fetched, once, "
        "where the address holds `{date:FORMAT}`; they are kept and do not flood the feeds. Of a "
        "sitemap: how old an address may be, by default `7d`.",
        examples=["7d"],
    )
    json_: JsonSection | None = Field(
        default=None,
        alias="json",
        title="JSON",
        description="Expressions that read a JSON answer. See docs/sources.md.",
    )
    sitemap: Annotated[SitemapSection | None, BeforeValidator(_all_or_keys)] = Field(
        default=None,
        title="sitemap",
        description="`true`: the address is that of a (news) sitemap or of an index of some. "
        "See docs/sources.md.",
    )


class StoriesSection(Section):
    """What stories are made of."""

    window: WindowDays = Field(
        default=_STORIES.window_days,
        title="window",
        description="How long after an article its reposts are still recognised by likeness, in "
        "whole days. The same text is recognised however old. See docs/stories.md.",
        examples=["14d", "4w"],
    )


class FeedsFile(Section):
    """feeds.yaml: what is polled, how it is sorted, where it is published."""

    title: Title = Field(
        default="Aggregator",
        title="title",
        description="Title of the whole collection.",
        examples=["我的订阅"],
    )
    base_url: BaseUrl = Field(
        default="http://127.0.0.1:8000",
        title="public address",
        description="Address under which readers reach the feeds; every self link begins with it.",
        examples=["https://news.example.org"],
    )
    timezone: Zone = Field(
        default="UTC",
        title="time zone",
        description="Zone of dates that carry none, and of `at` (IANA name).",
        examples=["Asia/Shanghai"],
    )
    store: Store = Field(
        default="sqlite:aggregator.db",
        title="store",
        description="Where everything is kept: `sqlite:` and a path.",
        examples=["sqlite:aggregator.db"],
    )
    listen: Listen = Field(
        default="127.0.0.1:8000",
        title="listen",
        description="Where the web server listens, HOST:PORT.",
        examples=["127.0.0.1:8000", "[::]:8000"],
    )
    publish: PublishSection = Field(
        default=PublishSection(),
        title="publishing",
        description="Where and how much is published.",
    )
    fetch: FetchSection = Field(
        default=FetchSection(),
        title="fetching",
        description="Permissions, politeness and caps of every fetch.",
    )
    honor_removals: bool = Field(
        default=False,
        title="removals",
        description="`true`: what a source withdraws is taken down without asking. See "
        "docs/removal.md.",
    )
    gone_after: Duration = Field(
        default=timedelta(days=7),
        title="gone after",
        description="How long the page of an entry must have been gone before that is obeyed.",
        examples=["3d"],
    )
    websub: WebSubSection = Field(
        default=WebSubSection(),
        title="push",
        description="Who tells subscribers of changes at once.",
    )
    stories: StoriesSection = Field(
        default=StoriesSection(),
        title="stories",
        description="How reposts are recognised.",
    )
    outlets: dict[OutletName, OutletNames] = Field(
        default_factory=dict,
        title="outlets",
        description="Outlets that texts credit, each with its other names and hosts, beside what "
        "the sources' titles and hosts tell. See docs/stories.md.",
        examples=[{"嘉兴日报": ["嘉报集团", "jiaxingren.com"]}],
    )
    include: Includes = Field(
        default_factory=list,
        title="included lists",
        description="OPML lists (addresses or paths) whose feeds are sources too; read again "
        "daily. Folders are categories; `${NAME}` is taken in.",
        examples=["https://example.org/list.opml", ["friends.opml"]],
    )
    categories: list[CategorySection] = Field(
        default_factory=list,
        title="categories",
        description="Categories, in the order in which they are shown; each is one feed.",
    )
    sources: list[SourceSection] = Field(
        title="sources",
        description="What is polled.",
    )
    outputs: list[OutputSection] = Field(
        default_factory=list,
        title="outputs",
        description="Saved queries; each is one feed like a category's.",
    )
