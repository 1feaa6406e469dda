"""What a feed said: entries and their parts, and what every format calls them (FIELD_NAMES)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Literal

from aggregator.model.configured import JsonRecipe, SitemapRecipe


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
class UpdateHints:
    """How often the feed says it may be asked: ttl, sy:updatePeriod, skipHours (GMT), skipDays.

    `skip_days` are numbered as `datetime.weekday()` does: Monday is 0.
    """

    interval: timedelta | None = None
    skip_hours: frozenset[int] = frozenset()
    skip_days: frozenset[int] = frozenset()


NO_HINTS = UpdateHints()


@dataclass(frozen=True, slots=True)
class FeedPart:
    """Another document that a document names as a part of itself: a sitemap of an index.

    `updated` is when it last changed, as far as it is told.
    """

    url: str
    updated: datetime | None = None


@dataclass(frozen=True, slots=True)
class Known:
    """What the last reading of a source left behind, so that the next one need not read it again.

    `digests` are a ParsedFeed's chunks, joined; `stretch` is its stretch.
    """

    digests: bytes = b""
    stretch: bytes = b""

    @property
    def chunks(self) -> tuple[bytes, ...]:
        """The digests apart, in the document's order."""
        digests = self.digests
        return tuple([digests[at : at + 16] for at in range(0, len(digests), 16)])


@dataclass(frozen=True, slots=True)
class ParsedFeed:
    """A document, normalised. `entries` are in the document's order, each once.

    `chunks` holds a 16-byte digest of every entry's raw bytes, in order, when the document was
    cut soundly, else (). Entries whose chunk the caller already knew are counted in `unchanged`
    and left out of `entries`. `stretch` is by what the next reading sees at once that no entry
    changed (aggregator.parse.stretch); `untouched` says that this one saw it. `context` is what
    is needed beside an entry's raw bytes to read them alone: the bytes before the first entry up
    to and with the opening tags. `parts` are documents to be read besides, as a sitemap index has
    them. `reader` names what read it: `plain`, `tolerant`, `json` or `recipe`.
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
    hints: UpdateHints = NO_HINTS
    entries: tuple[Entry, ...] = ()
    unchanged: int = 0
    chunks: tuple[bytes, ...] = ()
    context: bytes = b""
    notes: tuple[Note, ...] = ()
    stretch: bytes = b""
    untouched: bool = False
    parts: tuple[FeedPart, ...] = ()

    @property
    def known(self) -> Known:
        """What the next reading of this source may be told."""
        return Known(b"".join(self.chunks), self.stretch)


@dataclass(frozen=True, slots=True)
class Document:
    """A response body on its way to be parsed, with what is known of it from outside.

    `timezone` (an IANA name) is for dates that carry no zone; `fetched_at` for relative dates.
    `recipe` says how it is read where it is no feed.
    """

    body: bytes
    url: str
    fetched_at: datetime
    content_type: str | None = None
    timezone: str = "UTC"
    recipe: JsonRecipe | SitemapRecipe | None = None


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
    "authors": (
        "author",
        "dc:creator",
        "dc:author",
        "itunes:author",
        "media:credit",
        "podcast:person",
    ),
    "tags": ("category", "dc:subject", "keywords", "itunes:category", "itunes:keywords"),
    "enclosures": (
        "enclosure",
        "atom:link[rel=enclosure]",
        "media:content",
        "podcast:alternateEnclosure",
    ),
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
