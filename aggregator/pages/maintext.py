"""A page without a selector for its text → the element that holds the main text."""

from __future__ import annotations

import logging
from copy import deepcopy
from typing import Any

from lxml import etree, html

from aggregator.pages.page import Page, text_of

# It logs what it ponders; none of that is news for an operator.
logging.getLogger("readability.readability").setLevel(logging.CRITICAL)


def main_text(page: Page) -> Any:
    """The main text of a page as an element of its own, by readability-lxml.

    An empty `div` where none is found.
    """
    from readability import Document  # type: ignore[import-untyped]
    from readability.readability import Unparseable  # type: ignore[import-untyped]

    source = html.tostring(deepcopy(page.tree), encoding="unicode")
    try:
        found = Document(source, url=None).summary(html_partial=True)
        content = html.fragment_fromstring(found, create_parent="div")
    except (Unparseable, etree.LxmlError, ValueError, TypeError):
        return etree.Element("div")
    return content if text_of(content) else etree.Element("div")
