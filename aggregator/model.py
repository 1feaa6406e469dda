"""The nouns that travel between the stages: what was configured, fetched, said and decided.

All are frozen and slotted, sequences are tuples, and every datetime is aware and in UTC.
The names are Atom's (RFC 4287); FIELD_NAMES records what every other format calls them.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Literal

# ---------------------------------------------------------------- what was configured


@dataclass(frozen=True, slots=True)
class Category:
    """A category of feeds.yaml: its id, its title, and the rules that put entries into it."""

    id: str
    title: str
    rules: tuple[str, ...] = ()
    was: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PageRecipe:
    """How a page without a feed is read: selectors (CSS, or XPath after `xpath:`), all optional.

    `follow` leads from a front page to the pages of an edition, a selector a level; `entries`
    finds links to articles (or blocks that hold one) on any of them. The rest is looked for on
    an article's own page. `base` names the ready recipe the selectors began with.
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


@dataclass(frozen=True, slots=True)
class Source:
    """One configured origin. `every` and `at` exclude each other; neither means: learned."""

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
    """The `publish:` part: the folder (absolute) of the documents, entries in each."""

    directory: str
    entries: int = 100


@dataclass(frozen=True, slots=True)
class Config:
    """feeds.yaml, validated. `path` is the file, `digest` the SHA-256 (hex) of its bytes.

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


# ---------------------------------------------------------------- what an origin answered


@dataclass(frozen=True, slots=True)
class FetchRequest:
    """One conditional GET. `etag` and `last_modified` go out byte for byte as they came in.

    `body_digest` is the SHA-256 (hex) of the wire bytes last used: the same bytes again
    come back as NotModified with status 200, not inflated. `validators_url` is the address that
    gave the validators, where redirects led elsewhere than `url`: on the way they go to no third.
    """

    url: str
    etag: str | None = None
    last_modified: str | None = None
    body_digest: str | None = None
    allow_private: tuple[str, ...] = ()
    headers: tuple[tuple[str, str], ...] = ()
    proxy: str | None = None
    validators_url: str | None = None


@dataclass(frozen=True, slots=True)
class Freshness:
    """What the response's headers say of the next request (RFC 9111, RFC 9110 10.2.3)."""

    max_age: timedelta | None = None
    retry_after: datetime | None = None


@dataclass(frozen=True, slots=True)
class Fetched:
    """A usable response. `url` is where it came from in the end; `body` is inflated.

    `moved_to` is set when every redirect on the way was permanent (301, 308).
    """

    url: str
    status: int
    body: bytes
    body_digest: str
    content_type: str | None = None
    etag: str | None = None
    last_modified: str | None = None
    moved_to: str | None = None
    freshness: Freshness = Freshness()
    links: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class NotModified:
    """Nothing new: a 304, or (status 200) the very bytes already used. New validators are kept.

    After a 304 an absent validator means "as before"; after a 200 it means "no longer sent".
    """

    url: str
    status: int
    etag: str | None = None
    last_modified: str | None = None
    moved_to: str | None = None
    freshness: Freshness = Freshness()


@dataclass(frozen=True, slots=True)
class FetchFailed:
    """An expected failure, as a value. `reason` is a short name such as `timeout` or `http-404`,

    `message` a sentence for people; `host_rests` asks that the whole host be left alone (429, 503):
    `host` (a name, with its port unless the usual one) until `retry_after`.
    """

    url: str
    reason: str
    message: str
    status: int | None = None
    retry_after: datetime | None = None
    gone: bool = False
    host_rests: bool = False
    host: str | None = None


FetchOutcome = Fetched | NotModified | FetchFailed


# ---------------------------------------------------------------- what is remembered of a source


@dataclass(frozen=True, slots=True)
class UpdateHints:
    """How often the feed says it may be asked: ttl, sy:updatePeriod, skipHours (GMT), skipDays.

    `skip_days` are numbered as `datetime.weekday()` does: Monday is 0.
    """

    interval: timedelta | None = None
    skip_hours: frozenset[int] = frozenset()
    skip_days: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class PollState:
    """What the store remembers of a source between polls; `schedule` makes each from the last.

    `url` is the address the validators and the digest were asked at, `final_url` where redirects
    led from there, `source_url` what feeds.yaml said at the time. `next_poll_at` None means: never
    polled. `failures` counts since the last success; `failing_since` is the first of them.
    `moved_to` is where permanent redirects led, `moved_seen` how many polls in a row said so.
    `plan` holds the times learned for the next polls (seconds since 1970, commas between),
    `silent_after_s` how long without new entries is unusual, `alarms` the kinds now raised.
    """

    url: str | None = None
    etag: str | None = None
    last_modified: str | None = None
    body_digest: str | None = None
    next_poll_at: datetime | None = None
    last_poll_at: datetime | None = None
    last_success_at: datetime | None = None
    last_new_at: datetime | None = None
    interval: timedelta | None = None
    failures: int = 0
    failing_since: datetime | None = None
    outcome: str | None = None
    status: int | None = None
    error: str | None = None
    gone: bool = False
    moved_to: str | None = None
    moved_seen: int = 0
    hints: UpdateHints = UpdateHints()
    final_url: str | None = None
    source_url: str | None = None
    plan: str | None = None
    silent_after_s: float | None = None
    alarms: str | None = None


@dataclass(frozen=True, slots=True)
class Alarm:
    """Something that is wrong with a source, from `since` until `ended_at` (None: still).

    `kind` is a short stable name (docs/polling.md), `evidence` a sentence for people.
    """

    alarm_id: int
    source_name: str
    source_title: str
    kind: str
    since: datetime
    evidence: str
    ended_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class PageRecord:
    """A page to capture, as the store holds it, with its own due time.

    `kind` is index (a front page or a page of an edition; `level` counts from the front) or
    article. `edition` is the day (ISO 8601) of the edition it belongs to, `place` its order in
    it, `name` and `section` what the link to it said. `listed` False keeps its entries out of the
    feeds (an earlier edition, fetched once). `next_fetch_at` None means: never again.
    """

    page_id: int
    source_name: str
    url: str
    kind: Literal["index", "article"]
    level: int
    place: str
    found_at: datetime
    edition: str | None = None
    name: str | None = None
    section: str | None = None
    listed: bool = True
    next_fetch_at: datetime | None = None
    first_fetched_at: datetime | None = None
    fetched_at: datetime | None = None
    etag: str | None = None
    last_modified: str | None = None
    body_digest: str | None = None
    final_url: str | None = None
    failures: int = 0
    outcome: str | None = None
    status: int | None = None
    error: str | None = None


# ---------------------------------------------------------------- what a feed said


@dataclass(frozen=True, slots=True)
class Text:
    """A text construct (RFC 4287 3.1): plain text, or HTML as received, not yet cleaned.

    `base` is the address that relative links in the HTML are resolved against.
    """

    value: str
    kind: Literal["text", "html"] = "text"
    base: str | None = None
    language: str | None = None


@dataclass(frozen=True, slots=True)
class Tag:
    """A category as the origin wrote it (RFC 4287 4.2.2); ours are called category."""

    term: str
    scheme: str | None = None
    label: str | None = None


@dataclass(frozen=True, slots=True)
class Enclosure:
    """A related resource such as audio or a picture; `length` in bytes, `duration` in s."""

    url: str
    type: str | None = None
    length: int | None = None
    title: str | None = None
    duration: int | None = None


@dataclass(frozen=True, slots=True)
class Origin:
    """The feed that an entry says it was taken from: atom:source, RSS `<source>`."""

    title: str | None = None
    id: str | None = None
    link: str | None = None


@dataclass(frozen=True, slots=True)
class Note:
    """What a reader of documents repaired, skipped or found odd. `line` counts from 1."""

    code: str
    message: str
    line: int | None = None


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry as its feed said it. Absent is None or (), never an empty string.

    `raw` is the entry's own bytes in the document as it came (None where they could not be
    told apart soundly; then the capture is the whole document). `image` is the address of the
    picture that stands for the entry (media:thumbnail, itunes:image, JSON Feed's image).
    """

    guid: str | None = None
    guid_is_link: bool = False
    link: str | None = None
    title: Text | None = None
    summary: Text | None = None
    content: Text | None = None
    published: datetime | None = None
    updated: datetime | None = None
    authors: tuple[str, ...] = ()
    tags: tuple[Tag, ...] = ()
    enclosures: tuple[Enclosure, ...] = ()
    language: str | None = None
    origin: Origin | None = None
    rights: str | None = None
    comments: str | None = None
    raw: bytes | None = None
    image: str | None = None


@dataclass(frozen=True, slots=True)
class ParsedFeed:
    """A document, normalised. `entries` are in the document's order, each once.

    `chunks` holds a 16-byte digest of every entry's raw bytes, in order, when the document was
    cut soundly, else (). Entries whose chunk the caller already knew are counted in `unchanged`
    and left out of `entries`. `context` is what is needed beside an entry's raw bytes to read
    them alone: the bytes before the first entry up to and with the opening tags.
    `reader` names what read it: `plain`, `tolerant` or `json`.
    """

    format: str
    reader: str
    encoding: str
    title: str | None = None
    link: str | None = None
    id: str | None = None
    subtitle: str | None = None
    language: str | None = None
    updated: datetime | None = None
    self_link: str | None = None
    hubs: tuple[str, ...] = ()
    hints: UpdateHints = UpdateHints()
    entries: tuple[Entry, ...] = ()
    unchanged: int = 0
    chunks: tuple[bytes, ...] = ()
    context: bytes = b""
    notes: tuple[Note, ...] = ()


@dataclass(frozen=True, slots=True)
class Document:
    """A response body on its way to be parsed, with what is known of it from outside.

    `timezone` (an IANA name) is for dates that carry no zone; `fetched_at` for relative dates.
    """

    body: bytes
    url: str
    fetched_at: datetime
    content_type: str | None = None
    timezone: str = "UTC"


# Atom's name (or ours, where Atom has none) → where each other format keeps the same thing, best
# first. Prefixes are the usual ones of docs/parsing.md; aggregator.parse.assemble goes by the same
# orders, and a test holds the two together.
_RSS: dict[str, tuple[str, ...]] = {
    "guid": ("guid", "rdf:about", "dc:identifier"),
    "link": ("link", "atom:link[rel=alternate]", "guid[isPermaLink]"),
    "title": ("title", "dc:title", "itunes:title", "media:title"),
    "summary": (
        "atom:summary",
        "description",
        "abstract",
        "dc:description",
        "itunes:summary",
        "media:description",
        "itunes:subtitle",
    ),
    "content": ("atom:content", "content:encoded", "fullitem", "xhtml:body", "body"),
    "published": (
        "atom:published",
        "pubDate",
        "issued",
        "dcterms:issued",
        "dc:date",
        "created",
        "dcterms:created",
    ),
    "updated": ("atom:updated", "modified", "dcterms:modified", "lastBuildDate"),
    "authors": ("author", "dc:creator", "dc:author", "itunes:author", "media:credit"),
    "tags": ("category", "dc:subject", "keywords", "itunes:category", "itunes:keywords"),
    "enclosures": ("enclosure", "atom:link[rel=enclosure]", "media:content"),
    "image": ("media:thumbnail", "itunes:image"),
    "language": ("xml:lang", "dc:language", "channel/language"),
    "origin": ("source", "atom:source"),
    "rights": ("atom:rights", "copyright", "dc:rights"),
    "comments": ("comments",),
}
FIELD_NAMES: MappingProxyType[str, MappingProxyType[str, tuple[str, ...]]] = MappingProxyType(
    {
        "rss": MappingProxyType(_RSS),
        "atom-0.3": MappingProxyType(
            {
                "guid": ("id",),
                "link": ("link[rel=alternate]",),
                "published": ("issued", "created"),
                "updated": ("modified",),
                "tags": ("dc:subject",),
            }
        ),
        "json": MappingProxyType(
            {
                "guid": ("id",),
                "link": ("url", "external_url"),
                "title": ("title",),
                "summary": ("summary",),
                "content": ("content_html", "content_text"),
                "published": ("date_published",),
                "updated": ("date_modified",),
                "authors": ("authors", "author"),
                "tags": ("tags",),
                "enclosures": ("attachments",),
                "image": ("image", "banner_image"),
                "language": ("language",),
            }
        ),
    }
)


# ---------------------------------------------------------------- what was recognised and decided


@dataclass(frozen=True, slots=True)
class KeyedEntry:
    """An entry with what it is recognised by.

    `guid` is never empty: the feed's own, else minted from link or text. `link_key` is the link
    without what varies between tellers; `title_key` and `text_key` are digests (hex) of the
    normal form of title and visible text, `text_length` its characters. `meta_key` is one of
    link and enclosures, `digest` (SHA-256, hex) one of all three: that of the snapshot.
    `atom_id` is the guid where it is fit to be an atom:id. `position` counts from the top.
    """

    entry: Entry
    guid: str
    link_key: str | None
    title_key: str
    text_key: str
    meta_key: str
    digest: str
    text_length: int
    position: int
    atom_id: str | None = None


@dataclass(frozen=True, slots=True)
class KnownEntry:
    """An entry as the store holds it, reduced to what recognising needs (see KeyedEntry)."""

    entry_id: int
    source_id: int
    story_id: int
    guid: str
    link_key: str | None
    title_key: str
    text_key: str
    meta_key: str
    text_length: int
    published: datetime | None


@dataclass(frozen=True, slots=True)
class New:
    """An entry not seen before; `story_id` is set when a known story already carries its text.

    `same_as` is the position of an earlier entry of this document that does.
    """

    keyed: KeyedEntry
    story_id: int | None = None
    same_as: int | None = None


@dataclass(frozen=True, slots=True)
class Revised:
    """A known entry whose title, text or metadata changed; `changed` names which."""

    keyed: KeyedEntry
    known: KnownEntry
    changed: tuple[Literal["text", "title", "metadata"], ...]


@dataclass(frozen=True, slots=True)
class Same:
    """A known entry that says nothing new; `rekeyed` when only its guid was renewed."""

    keyed: KeyedEntry
    known: KnownEntry
    rekeyed: bool = False


Decided = New | Revised | Same

DecidedBy = Literal["correction", "source", "rule", "model"]


@dataclass(frozen=True, slots=True)
class CategoryDecision:
    """One category of an entry, who decided it, and the evidence (a rule, a source's id …)."""

    category: str
    decided_by: DecidedBy
    evidence: str


@dataclass(frozen=True, slots=True)
class EntryUpdate:
    """What the store is to save of one entry: the decision and, for a new one, its categories."""

    decided: Decided
    categories: tuple[CategoryDecision, ...] = ()


@dataclass(frozen=True, slots=True)
class PollUpdate:
    """All that one poll of one source changes, saved in one transaction with its validators.

    `url` is where the body came from, `body` what came (None when there was none). `listed` False
    keeps new entries out of the feeds: they go to the store and the archives only.
    """

    source_id: int
    state: PollState
    polled_at: datetime
    duration_ms: int
    feed: ParsedFeed | None = None
    entries: tuple[EntryUpdate, ...] = ()
    url: str | None = None
    body: bytes | None = None
    listed: bool = True


@dataclass(frozen=True, slots=True)
class SavedPoll:
    """What saving a poll did: counts of entries."""

    new: int = 0
    revised: int = 0
    duplicate: int = 0


# ---------------------------------------------------------------- what is kept, as it is shown


@dataclass(frozen=True, slots=True)
class ConfiguredSource:
    """A source as it was configured when store and feeds.yaml were last brought together."""

    name: str
    title: str
    url: str
    enabled: bool
    categories: tuple[str, ...]
    schedule: str | None
    removed: bool = False


@dataclass(frozen=True, slots=True)
class SourceRecord:
    """A source as the store holds it: its number there and what its schedule remembers."""

    source_id: int
    name: str
    first_url: str
    state: PollState


@dataclass(frozen=True, slots=True)
class OutputRecord:
    """A published feed as the store holds it. `kind`: category, all, uncategorized."""

    output_id: int
    name: str
    kind: str
    key: str
    title: str
    created_at: datetime
    updated_at: datetime
    revision: int


@dataclass(frozen=True, slots=True)
class Carrier:
    """An entry of a story, and the source that carries it."""

    entry_id: int
    source_name: str
    source_title: str
    guid: str
    link: str | None
    title: str | None
    published: datetime | None
    first_seen_at: datetime


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One captured version of an entry, with its readable content."""

    snapshot_id: int
    entry_id: int
    number: int
    taken_at: datetime
    digest: str
    changed: tuple[str, ...]
    title: Text | None
    link: str | None
    summary: Text | None
    content: Text | None
    published: datetime | None
    updated: datetime | None
    language: str | None
    authors: tuple[str, ...]
    tags: tuple[Tag, ...]
    enclosures: tuple[Enclosure, ...]
    rights: str | None
    feed_updated: datetime | None


@dataclass(frozen=True, slots=True)
class PublishedStory:
    """A story as a feed shows it: its lead's latest snapshot, and who carries it."""

    story_id: int
    key: str
    atom_id: str
    updated_at: datetime
    revision: int
    first_taken_at: datetime
    snapshot: Snapshot
    source_name: str
    source_title: str
    source_link: str | None
    source_feed_id: str | None
    source_first_url: str
    carriers: tuple[Carrier, ...] = ()


@dataclass(frozen=True, slots=True)
class DocumentRecord:
    """A published document: the revision its bytes last changed at, and their SHA-256 (hex)."""

    path: str
    revision: int
    rendered_revision: int
    settings: str
    digest: str
    size: int
    modified_at: datetime


@dataclass(frozen=True, slots=True)
class SourceHealth:
    """A source as `/sources` and `aggregator sources` show it."""

    name: str
    title: str
    url: str
    enabled: bool
    removed_at: datetime | None
    categories: tuple[str, ...]
    state: PollState
    entries: int
    last_poll_new: int | None
    alarms: tuple[Alarm, ...] = ()
    rhythm: bytes | None = None
    week_entries: int = 0
    duplicates: int = 0
    uncategorized: int = 0


@dataclass(frozen=True, slots=True)
class StoryDetails:
    """Everything `show` tells of a story."""

    story: PublishedStory
    created_at: datetime
    snapshots: tuple[Snapshot, ...]
    decisions: tuple[tuple[int, CategoryDecision, datetime], ...]
    outputs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class UndecidedEntry:
    """An entry whose category is to be decided anew."""

    entry_id: int
    story_id: int
    source_name: str
    title: Text | None
    summary: Text | None
    content: Text | None
    link: str | None
    authors: tuple[str, ...]
    tags: tuple[Tag, ...]
    language: str | None
