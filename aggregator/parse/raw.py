"""What a reader of a document took out of it, before anything is decided about it.

Both readers fill these; `assemble` alone decides which of several titles is the title, what a
relative link is relative to, and what a date means. So the readers can only differ in reading.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

# No feed has more; a document that pretends to would cost more than all others together.
ENTRY_LIMIT = 50_000


class RawText(NamedTuple):
    """Text as it stood; `type` a media type, `base` the xml:base in force ('' for none)."""

    value: str
    type: str
    base: str = ""
    language: str | None = None


class RawLink(NamedTuple):
    """A link, not yet resolved. RSS's `<link>` text has rel `alternate`, as Atom's default is."""

    rel: str
    href: str
    type: str | None = None
    base: str = ""
    length: str | None = None
    title: str | None = None


class RawTag(NamedTuple):
    """A category: RSS's text is the term, its domain the scheme."""

    term: str
    scheme: str | None = None
    label: str | None = None


class RawMedia(NamedTuple):
    """An enclosure or a media:content. `kind` is the element's name; `medium` as in Media RSS."""

    kind: str
    url: str
    type: str | None = None
    length: str | None = None
    duration: str | None = None
    medium: str | None = None
    base: str = ""
    title: str | None = None


@dataclass(slots=True)
class RawSource:
    """atom:source or RSS `<source>`."""

    title: str | None = None
    id: str | None = None
    links: list[RawLink] = field(default_factory=list)


@dataclass(slots=True, init=False)
class RawEntry:
    """One entry: `texts` by element (title, description, content …), `values` likewise."""

    texts: dict[str, RawText]
    values: dict[str, str]
    links: list[RawLink]
    tags: list[RawTag]
    authors: dict[str, list[str]]
    media: list[RawMedia]
    images: list[str]
    source: RawSource | None
    permalink: bool
    language: str | None
    line: int | None
    whole: bool
    raw: bytes | None

    def __init__(self, line: int | None = None, language: str | None = None) -> None:
        # By hand, since dataclasses' default factories make this half as slow again.
        self.texts = {}
        self.values = {}
        self.links = []
        self.tags = []
        self.authors = {}
        self.media = []
        self.images = []
        self.source = None
        self.permalink = True
        self.language = language
        self.line = line
        self.whole = True
        self.raw = None


@dataclass(slots=True)
class RawFeed:
    """A document: its format's name, what it says of itself, and its entries in order."""

    format: str = ""
    texts: dict[str, RawText] = field(default_factory=dict)
    values: dict[str, str] = field(default_factory=dict)
    links: list[RawLink] = field(default_factory=list)
    authors: dict[str, list[str]] = field(default_factory=dict)
    hours: list[str] = field(default_factory=list)
    days: list[str] = field(default_factory=list)
    language: str | None = None
    entries: list[RawEntry] = field(default_factory=list)
