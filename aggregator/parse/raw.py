"""What a reader of a document took out of it, before anything is decided about it.

Both readers fill these; `assemble` alone decides which of several titles is the title, what a
relative link is relative to, and what a date means. So the readers can only differ in reading.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple


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


@dataclass(slots=True)
class RawEntry:
    """One entry: `texts` by element (title, description, content …), `values` likewise."""

    texts: dict[str, RawText] = field(default_factory=dict)
    values: dict[str, str] = field(default_factory=dict)
    links: list[RawLink] = field(default_factory=list)
    tags: list[RawTag] = field(default_factory=list)
    authors: dict[str, list[str]] = field(default_factory=dict)
    media: list[RawMedia] = field(default_factory=list)
    source: RawSource | None = None
    permalink: bool = True
    language: str | None = None
    line: int | None = None
    whole: bool = True
    raw: bytes | None = None


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
