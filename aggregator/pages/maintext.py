"""A page without a selector for its text → the element that holds the main text."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from copy import deepcopy
from itertools import islice
from typing import Any

from lxml import etree, html

from aggregator.pages.page import LAZY, Page, text_of
from aggregator.pages.surroundings import OF_TEXT, strip_surroundings

# It logs what it ponders; none of that is news for an operator.
logging.getLogger("readability.readability").setLevel(logging.CRITICAL)


# Beyond these the search, which compares elements with one another, takes too long.
MOST_ELEMENTS = 10_000
MOST_CHARACTERS = 2**20
# readability counts commas, those of Latin script only: each Chinese one is given one of these.
COMMA = "\ue0f0,"
# A sentence in Chinese is short; readability's own bounds are for Latin script.
SHORTEST_LINE, SHORTEST_TEXT = 8, 60
# Tables and lists of an article are none of the surroundings that readability cleans away.
_SPARED = {"table": "x-table", "ul": "x-ul", "ol": "x-ol"}
_KEPT = frozenset("id class href src alt title colspan rowspan".split()) | frozenset(LAZY)
LONGEST_VALUE = 2_000
_UNREAD = ("script", "style", "noscript", "link", "meta", "iframe", "svg", "template")


def main_text(page: Page, title: str | None = None) -> Any:
    """The main text of a page as an element of its own, by readability-lxml.

    An empty `div` where none is found, or where the page is too big to look for it.
    """
    from readability import Document  # type: ignore[import-untyped]
    from readability.readability import Unparseable  # type: ignore[import-untyped]

    plain = _plain_copy(page.tree)
    if plain is None:
        return etree.Element("div")
    strip_surroundings(plain, title)
    _rename(plain, _SPARED)
    _without_names(plain)
    source = html.tostring(plain, encoding="unicode").replace("，", COMMA)
    try:
        document = Document(source, min_text_length=SHORTEST_LINE, retry_length=SHORTEST_TEXT)
        found = document.summary(html_partial=True, keep_all_images=True).replace(COMMA, "，")
        content = html.fragment_fromstring(found, create_parent="div")
        _rename(content, {ours: name for name, ours in _SPARED.items()})
    except (Unparseable, etree.LxmlError, ValueError, TypeError, AssertionError):
        # lxml asserts that there is a body where nothing was left of the page.
        return etree.Element("div")
    return content if text_of(content) else etree.Element("div")


def _rename(tree: Any, names: Mapping[str, str]) -> None:
    for element in [*tree.iter(*names)]:
        element.tag = names[element.tag]


def _without_names(tree: Any) -> None:
    """Leave of classes and ids only that they name a text: the others have been judged, and
    readability takes `media`, `comment` or `tool` within any name for a surrounding.
    """
    for element in tree.iter(etree.Element):
        names = f"{element.attrib.pop('class', '')} {element.attrib.pop('id', '')}"
        if OF_TEXT.search(names):
            element.set("class", "content")


def _plain_copy(tree: Any) -> Any:
    """A copy with nothing but what the search needs: its patterns run over every attribute."""
    if sum(1 for _ in islice(tree.iter(), MOST_ELEMENTS + 1)) > MOST_ELEMENTS:
        return None
    copy = deepcopy(tree)
    etree.strip_elements(copy, *_UNREAD, etree.Comment, with_tail=False)
    size = 0
    for element in copy.iter(etree.Element):
        size += len(element.text or "") + len(element.tail or "")
        for name, value in element.attrib.items():
            if name not in _KEPT or len(value) > LONGEST_VALUE:
                del element.attrib[name]
    return copy if size <= MOST_CHARACTERS else None
