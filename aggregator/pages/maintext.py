"""A page without a selector for its text → the element that holds the main text."""

from __future__ import annotations

import logging
from copy import deepcopy
from itertools import islice
from typing import Any

from lxml import etree, html

from aggregator.pages.page import LAZY, Page, text_of

# It logs what it ponders; none of that is news for an operator.
logging.getLogger("readability.readability").setLevel(logging.CRITICAL)


# Beyond these the search, which compares elements with one another, takes too long.
MOST_ELEMENTS = 10_000
MOST_CHARACTERS = 2**20
_KEPT = frozenset("id class href src alt title colspan rowspan".split()) | frozenset(LAZY)
LONGEST_VALUE = 2_000
_UNREAD = ("script", "style", "noscript", "link", "meta", "iframe", "svg", "template")


def main_text(page: Page) -> Any:
    """The main text of a page as an element of its own, by readability-lxml.

    An empty `div` where none is found, or where the page is too big to look for it.
    """
    from readability import Document  # type: ignore[import-untyped]
    from readability.readability import Unparseable  # type: ignore[import-untyped]

    plain = _plain_copy(page.tree)
    if plain is None:
        return etree.Element("div")
    source = html.tostring(plain, encoding="unicode")
    try:
        found = Document(source, url=None).summary(html_partial=True)
        content = html.fragment_fromstring(found, create_parent="div")
    except (Unparseable, etree.LxmlError, ValueError, TypeError, AssertionError):
        # lxml asserts that there is a body where nothing was left of the page.
        return etree.Element("div")
    return content if text_of(content) else etree.Element("div")


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
