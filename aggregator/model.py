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


@dataclass(frozen=True, slots=True)
class FetchSettings:
    """The `fetch:` part of feeds.yaml: caps (bytes, seconds) and permissions of every fetch."""

    allow_private: tuple[str, ...] = ()
    user_agent: str | None = None
    proxy: str | None = None
    per_host: int = 2
    concurrency: int = 64
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
    come back as NotModified with status 200, not inflated.
    """

    url: str
    etag: str | None = None
    last_modified: str | None = None
    body_digest: str | None = None
    allow_private: tuple[str, ...] = ()
    headers: tuple[tuple[str, str], ...] = ()
    proxy: str | None = None


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

    `message` a sentence for people; `host_rests` asks that the whole host be left alone (429, 503).
    """

    url: str
    reason: str
    message: str
    status: int | None = None
    retry_after: datetime | None = None
    gone: bool = False
    host_rests: bool = False


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

    `url` is the address the validators and the digest belong to. `next_poll_at` None means: never
    polled. `failures` counts since the last success; `failing_since` is the first of them.
    `moved_to` is where permanent redirects led, `moved_seen` how many polls in a row said so.
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
    told apart soundly; then the capture is the whole document).
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


# Atom's name → where each other format keeps the same thing, in order of preference.
FIELD_NAMES: MappingProxyType[str, MappingProxyType[str, tuple[str, ...]]] = MappingProxyType({})
