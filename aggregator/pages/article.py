"""An article's page and its recipe → the entry it is, with what its selectors did not find."""

from __future__ import annotations

import re
from collections.abc import Iterable
from copy import deepcopy
from datetime import datetime, tzinfo
from html import escape
from itertools import islice
from typing import Any

from lxml import etree, html

from aggregator.model import Enclosure, Entry, Origin, PageRecipe, PageRecord, Tag, Text
from aggregator.pages.days import moment_in
from aggregator.pages.following import drop_pager
from aggregator.pages.maintext import main_text
from aggregator.pages.page import LAZY, Miss, Page, PageError, text_of
from aggregator.text import squeeze

MOST_PICTURES = 60
_TYPES = {"jpg": "jpeg", "jpeg": "jpeg", "png": "png", "gif": "gif", "webp": "webp", "bmp": "bmp"}
_SITE_MARKS = re.compile(
    r"\s*[_|｜丨]\s*|\s+[-–—]+\s+|-{2,}|(?<=[\u4e00-\u9fff])-(?=[\u4e00-\u9fff])"
)
# How the heads of pages name it, among systems of Chinese papers above all.
_OUTLET_METAS = frozenset(("source", "contentsource", "article:source"))
LONGEST_OUTLET = 40
_OUTLET_MARKS = ("本文转自", "来源", "稿源", "转自")


def read_article(
    page: Page,
    recipe: PageRecipe,
    record: PageRecord,
    zone: tzinfo,
    day: datetime | None = None,
    language: str | None = None,
    first: str | None = None,
) -> tuple[Entry, tuple[Miss, ...]]:
    """The entry that an article's page is, and the selectors that matched nothing on it.

    `record` says what the link to it said; `day` is the beginning of its edition's day, for a
    page that shows no date. Without `content`, or where that matches nothing, the main text is
    taken. `first` is where the article begins, for one of its further pages. Raises PageError
    where there is no text at all, ValueError for a bad selector.
    """
    misses: list[Miss] = []
    title = _first_text(page, "title", recipe.title, misses) or record.name or own_title(page)
    content = _content(page, recipe, misses, title)
    drop_pager(content, page, first or page.url)
    stated = _first_text(page, "published", recipe.published, misses)
    section = _first_text(page, "section", recipe.section, misses) or record.section
    author = _all_texts(page, "author", recipe.author, misses)
    outlet = _first_text(page, "outlet", recipe.outlet, misses) or _stated_outlet(page)
    pictures = _pictures(page, recipe, content, misses)
    if not title and not text_of(content):
        raise PageError("no-article", f"{page.url} has neither a title nor a text")
    entry = Entry(
        guid=record.url,
        guid_is_link=True,
        link=record.url,
        title=Text(title) if title else None,
        content=Text(_inner_html(content), "html", page.base),
        published=(moment_in(stated, zone) if stated else None) or day,
        authors=tuple(dict.fromkeys(author)),
        tags=(_tag(section),) if section else (),
        enclosures=pictures,
        language=language,
        origin=Origin(title=_without_mark(outlet)) if outlet else None,
        image=pictures[0].url if pictures else None,
    )
    return entry, tuple(misses)


def _content(page: Page, recipe: PageRecipe, misses: list[Miss], title: str | None) -> Any:
    """A `div` with the text: what the selector matched, else the main text of the page."""
    found = _outermost(page.find(recipe.content)) if recipe.content else []
    if recipe.content and not found:
        misses.append(page.miss("content", recipe.content))
    if not found:
        content = main_text(page, title)
    elif len(found) == 1:
        content = deepcopy(found[0])
    else:
        content = etree.Element("div")
        for one in found:
            content.append(deepcopy(one))
    content.tail = None
    _undress(content, page)
    return content


def _outermost(found: Iterable[Any]) -> list[Any]:
    """Elements without those that stand inside another of them: no text twice."""
    elements = [one for one in found if isinstance(one, etree._Element)]
    chosen = set(elements)
    return [one for one in elements if not any(up in chosen for up in one.iterancestors())]


def _undress(content: Any, page: Page) -> None:
    """Take scripts, styles and comments away; show lazy pictures where they really are."""
    etree.strip_elements(content, "script", "style", "noscript", etree.Comment, with_tail=False)
    for picture in content.iter("img"):
        address = picture_address(picture, page)
        if address:
            picture.set("src", address)
        for name in LAZY:
            picture.attrib.pop(name, None)


def picture_address(picture: Any, page: Page) -> str | None:
    """The real address of an `img`: where lazy loading keeps it, else its src."""
    for name in (*LAZY, "src"):
        value = (picture.get(name) or "").strip()
        if value and not value.startswith("data:") and (address := page.address(value)):
            return address
    return None


def _pictures(
    page: Page, recipe: PageRecipe, content: Any, misses: list[Miss]
) -> tuple[Enclosure, ...]:
    """Pictures as enclosures: those of `images`, else those in the text.

    An article without a picture is common: that `images` matches nothing is no miss.
    """
    found = page.find(recipe.images) if recipe.images else [content]
    addresses: dict[str, str | None] = {}
    for one in found:
        if not isinstance(one, etree._Element):
            if (address := page.address(str(one))) is not None:
                addresses.setdefault(address, None)
            continue
        pictures = [one] if one.tag == "img" else list(one.iter("img"))
        for picture in pictures:
            if (address := picture_address(picture, page)) is not None:
                addresses.setdefault(address, (picture.get("alt") or "").strip() or None)
    return tuple(
        Enclosure(url, _type_of(url), title=title)
        for url, title in list(addresses.items())[:MOST_PICTURES]
    )


def _type_of(url: str) -> str | None:
    ending = url.partition("?")[0].rpartition(".")[2].lower()
    return f"image/{_TYPES[ending]}" if ending in _TYPES else None


def _first_text(page: Page, key: str, selector: str | None, misses: list[Miss]) -> str | None:
    return next(iter(_all_texts(page, key, selector, misses)), None)


def _all_texts(page: Page, key: str, selector: str | None, misses: list[Miss]) -> list[str]:
    if selector is None:
        return []
    found = page.find(selector)
    if not found:
        misses.append(page.miss(key, selector))
    texts = (_value_of(one) for one in found)
    return [text for text in texts if text]


def _value_of(found: Any) -> str:
    """An element's text; a meta element's is its content, a time element's its datetime."""
    if isinstance(found, etree._Element):
        for name in ("content", "datetime") if found.tag in ("meta", "time") else ():
            if value := (found.get(name) or "").strip():
                return value
    return text_of(found)


def own_title(page: Page) -> str | None:
    """The title that a page gives itself: og:title, its only h1, or its title element's first part.

    Sites write their own name behind the title of an article: `标题_新闻频道_某某网`.
    """
    for meta in page.tree.iter("meta"):
        if meta.get("property") == "og:title" and (stated := squeeze(meta.get("content") or "")):
            return stated
    element = next(page.tree.iter("title"), None)
    whole = text_of(element) if element is not None else ""
    heads = [text for one in islice(page.tree.iter("h1"), 2) if (text := text_of(one))]
    if len(heads) == 1 and (not whole or heads[0] in whole):
        return heads[0]
    return next((part for part in _SITE_MARKS.split(whole) if part), None)


def _stated_outlet(page: Page) -> str | None:
    """The outlet that the page's head names as where it has the article from."""
    for meta in page.tree.iter("meta"):
        name = (meta.get("name") or meta.get("property") or "").strip().casefold()
        stated = squeeze(meta.get("content") or "")
        if name in _OUTLET_METAS and 0 < len(stated) <= LONGEST_OUTLET and "://" not in stated:
            return stated
    return None


def _tag(section: str) -> Tag:
    """A section as a tag: `第 01 版：要闻` is the term 要闻, the whole its label."""
    head, colon, name = section.replace(":", "：").partition("：")
    if colon and name.strip() and "版" in head:
        return Tag(name.strip(), label=section)
    return Tag(section)


def _without_mark(outlet: str) -> str:
    for mark in _OUTLET_MARKS:
        if outlet.startswith(mark):
            return outlet.removeprefix(mark).lstrip("：: ")
    return outlet


def _inner_html(content: Any) -> str:
    """What an element holds, as HTML."""
    start = escape(content.text or "", quote=False)
    return start + "".join(html.tostring(child, encoding="unicode") for child in content)
