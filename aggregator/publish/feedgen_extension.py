"""What feedgen cannot write itself → elements, through its extension interface.

feedgen 1.0 drops rel, type, length and title of entry links, writes only title and link into
atom:source, gives titles no type, writes its own version into the generator, and sets the
process's locale to write a date. Its Atom elements carry a literal xmlns instead of a namespace,
so names here are bare too.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from feedgen.ext.base import BaseEntryExtension, BaseExtension
from lxml import etree

DCTERMS = "http://purl.org/dc/terms/"
DC = "http://purl.org/dc/elements/1.1/"
APP = "http://www.w3.org/2007/app"
HISTORY = "http://purl.org/syndication/history/1.0"
SYNDICATION = "http://purl.org/rss/1.0/modules/syndication/"
ATOM = "http://www.w3.org/2005/Atom"
CONTENT = "http://purl.org/rss/1.0/modules/content/"
MEDIA = "http://search.yahoo.com/mrss/"
# The prefixes that every document of a format declares, so that entries need not.
PREFIXES = {"app": APP, "dcterms": DCTERMS, "fh": HISTORY, "sy": SYNDICATION}
RSS_PREFIXES = {
    "atom": ATOM,
    "content": CONTENT,
    "dc": DC,
    "dcterms": DCTERMS,
    "media": MEDIA,
    "sy": SYNDICATION,
}
XML_LANG = "{http://www.w3.org/XML/1998/namespace}lang"

Attributes = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class ExtraElement:
    """An element to add: its name (bare, or {namespace}name), attributes, text and children."""

    name: str
    text: str | None = None
    attributes: Attributes | None = None
    children: Sequence[ExtraElement] = ()


def link(rel: str, href: str, **attributes: str) -> ExtraElement:
    """An Atom link (RFC 4287 4.2.7); attributes that are "" are left out."""
    given = {name: value for name, value in attributes.items() if value}
    return ExtraElement("link", attributes={"rel": rel, "href": href, **given})


def append(parent: Any, extra: ExtraElement) -> None:
    """Add an element with what is in it to `parent`."""
    element = etree.SubElement(parent, extra.name, dict(extra.attributes or {}))
    element.text = extra.text
    for child in extra.children:
        append(element, child)


def without_declarations(element: Any, prefixes: Mapping[str, str]) -> bytes:
    """The bytes of an entry without the declarations of prefixes that the feed element has."""
    etree.cleanup_namespaces(element, top_nsmap=dict(prefixes))
    opening, rest = etree.tostring(element, encoding="utf-8").split(b">", 1)
    for prefix, namespace in prefixes.items():
        opening = opening.replace(f' xmlns:{prefix}="{namespace}"'.encode(), b"")
    return bytes(opening + b">" + rest)


_TITLE = re.compile(rb"<title>[^<]*</title>")


def with_plain_titles(rss: bytes) -> bytes:
    """RSS whose titles, which are text without markup, cannot be taken for HTML.

    Readers differ on whether `&lt;` in a title is a sign or begins a tag; `&#x3C;` is a sign to all
    (RSS Advisory Board, Really Simple Syndication Best Practices Profile, "Character Data").
    """
    return _TITLE.sub(
        lambda title: title[0].replace(b"&amp;", b"&#x26;").replace(b"&lt;", b"&#x3C;"), rss
    )


class _Extra:
    """What both extensions do: type the title, set xml:lang, append elements in order."""

    def __init__(self) -> None:
        self.elements: list[ExtraElement] = []
        self.rss_elements: list[ExtraElement] = []
        self.title_type: str | None = None
        self.language: str | None = None

    def extend_atom(self, element: Any) -> Any:
        """Called by feedgen with the finished feed or entry element."""
        if self.language:
            element.set(XML_LANG, self.language)
        if self.title_type:
            element.find("title").set("type", self.title_type)
        for extra in self.elements:
            append(element, extra)
        return element

    def extend_rss(self, element: Any) -> Any:
        """Called by feedgen with the finished `rss` or `item` element."""
        channel = element.find("channel")
        for extra in self.rss_elements:
            append(element if channel is None else channel, extra)
        return element


class FeedExtra(_Extra, BaseExtension):  # type: ignore[misc]
    """The extension of the feed."""

    def __init__(self, prefixes: Mapping[str, str] = PREFIXES) -> None:
        super().__init__()
        self.prefixes = prefixes

    def extend_ns(self) -> dict[str, str]:
        """The prefixes declared on the feed element."""
        return dict(self.prefixes)


class EntryExtra(_Extra, BaseEntryExtension):  # type: ignore[misc]
    """The extension of an entry."""
