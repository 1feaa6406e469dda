"""A front page, or a page of an edition → the links to follow and the articles to capture."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Literal

from lxml import etree

from aggregator.model import PageRecipe
from aggregator.pages.page import Miss, Page, frames_of, text_of

MOST_LINKS = 500  # of one kind on one page
DEEPEST = 8
_NO_PAGE = re.compile(r"\.(?:pdf|jpe?g|png|gif|webp|zip|rar|docx?|mp[34])(?:\?|$)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class PageLink:
    """A page to capture next: `number` is its order among its kind on the page it stands on."""

    url: str
    kind: Literal["index", "article"]
    level: int
    number: int
    name: str | None = None


@dataclass(frozen=True, slots=True)
class Index:
    """What a page of links holds. `own_name` is what a link to the page itself calls it."""

    links: tuple[PageLink, ...] = ()
    misses: tuple[Miss, ...] = ()
    own_name: str | None = None

    @property
    def is_barren(self) -> bool:
        """Whether nothing at all was found."""
        return not self.links


def read_index(page: Page, recipe: PageRecipe, level: int) -> Index:
    """The links of `page`, which stands `level` links from the front page.

    `follow` has a selector a level; `entries` is looked for on every level. A page where neither
    matches and that is made of frames leads to these, on the same level. Raises ValueError for a
    selector that cannot be read.
    """
    misses: list[Miss] = []
    follow, own_name = _follow(page, recipe, level, misses)
    articles = _articles(page, recipe, misses)
    if not follow and not articles and level < DEEPEST:
        frames = frames_of(page)
        links = [PageLink(url, "index", level, at) for at, url in enumerate(frames[:20])]
        return Index(tuple(links), () if links else tuple(misses))
    return Index((*follow, *articles), tuple(misses), own_name)


def _follow(
    page: Page, recipe: PageRecipe, level: int, misses: list[Miss]
) -> tuple[list[PageLink], str | None]:
    if level >= len(recipe.follow):
        return [], None
    selector = recipe.follow[level]
    found = page.find(selector)
    if not found:
        misses.append(page.miss("follow", selector))
    links: dict[str, PageLink] = {}
    own_name = None
    for element in found:
        url, name = _link(page, element)
        if url is None or _NO_PAGE.search(url):
            continue
        if url == page.url:
            own_name = own_name or name
        elif url in links:
            # A page is often linked twice, by its picture and by its name.
            known = links[url]
            links[url] = PageLink(url, "index", level + 1, known.number, known.name or name)
        elif len(links) < MOST_LINKS:
            links[url] = PageLink(url, "index", level + 1, len(links), name)
    return list(links.values()), own_name


def _articles(page: Page, recipe: PageRecipe, misses: list[Miss]) -> list[PageLink]:
    if recipe.entries is None:
        return []
    found = page.find(recipe.entries)
    if not found:
        misses.append(page.miss("entries", recipe.entries))
    links: dict[str, PageLink] = {}
    for element in found:
        url, name = _link(page, element)
        if url is None or _NO_PAGE.search(url) or url == page.url:
            continue
        known = links.get(url)
        if known is not None:
            number, name = known.number, known.name or name
            links[url] = PageLink(url, "article", 0, number, name)
        elif len(links) < MOST_LINKS:
            links[url] = PageLink(url, "article", 0, len(links), name)
    return list(links.values())


def _link(page: Page, found: Any) -> tuple[str | None, str | None]:
    """The address and the name of what a selector matched: a link, a block with one, or a text."""
    if not isinstance(found, etree._Element):
        return page.address(str(found)), None
    element: Any = found
    if not found.get("href"):
        within = (one for one in found.iter("a", "area") if page.address(one.get("href")))
        above = (one for one in found.iterancestors("a"))
        element = next(within, None)
        if element is None:
            element = next(above, None)
    if element is None:
        return None, None
    name = text_of(element) or element.get("title") or element.get("alt") or None
    return page.address(element.get("href")), name
