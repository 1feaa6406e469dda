"""What feedgen cannot write itself → elements, through its extension interface.

feedgen 1.0 drops rel, type, length and title of entry links, writes only title and link into
atom:source, gives titles no type, and writes its own version into the generator (shared facts).
Its Atom elements carry a literal xmlns instead of a namespace, so names here are bare too.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from feedgen.ext.base import BaseEntryExtension, BaseExtension
from lxml import etree

DCTERMS = "http://purl.org/dc/terms/"
APP = "http://www.w3.org/2007/app"
PREFIXES = {"app": APP, "dcterms": DCTERMS}
XML_LANG = "{http://www.w3.org/XML/1998/namespace}lang"

Attributes = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class ExtraElement:
    """An element to add: its name (bare, or {namespace}name), attributes, text and children."""

    name: str
    text: str | None = None
    attributes: Attributes | None = None
    children: Sequence[ExtraElement] = ()


def _append(parent: Any, extra: ExtraElement) -> None:
    element = etree.SubElement(parent, extra.name, dict(extra.attributes or {}))
    element.text = extra.text
    for child in extra.children:
        _append(element, child)


class _Extra:
    """What both extensions do: type the title, set xml:lang, append elements in order."""

    def __init__(self) -> None:
        self.elements: list[ExtraElement] = []
        self.title_type: str | None = None
        self.language: str | None = None

    def extend_atom(self, element: Any) -> Any:
        """Called by feedgen with the finished feed or entry element."""
        if self.language:
            element.set(XML_LANG, self.language)
        if self.title_type:
            element.find("title").set("type", self.title_type)
        for extra in self.elements:
            _append(element, extra)
        return element


class FeedExtra(_Extra, BaseExtension):  # type: ignore[misc]
    """The extension of the feed."""

    def extend_ns(self) -> dict[str, str]:
        """The prefixes declared on the feed element."""
        return dict(PREFIXES)


class EntryExtra(_Extra, BaseEntryExtension):  # type: ignore[misc]
    """The extension of an entry."""
