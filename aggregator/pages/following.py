"""A page of a long article → the address of its next page, if it has one."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from lxml import etree

from aggregator.model import PageRecipe
from aggregator.pages.page import Page, text_of

# An article of more pages than this is cut: no text is so long, but a loop may be.
MOST_PAGES = 20
_NEXT = re.compile(
    r"[\s\[【（(]*(?:下一页|下页|后一页|下一頁|next(?: page)?)[\s\]】）)>»›→]*$", re.IGNORECASE
)
_NUMBER = re.compile(
    r"(.*?)(?:[_-](\d{1,2})|[?&](?:p|page|pn|pageno)=(\d{1,2})|/(\d{1,2}))?$", re.IGNORECASE
)
_ENDING = re.compile(r"(\.s?html?|\.php|\.aspx?|\.jsp)$|/$", re.IGNORECASE)


def next_page(page: Page, recipe: PageRecipe, first: str, number: int) -> str | None:
    """Where the article goes on that began at `first`, `page` being its page `number` (from 1).

    By the recipe's `next`; else by a link that says 下一页, by rel=next, or by the next number,
    and then only to an address of the same article: 下一篇 and a blog's next post are others.
    """
    if recipe.next is not None:
        found = page.find(recipe.next)
        if not found:
            return None
        href = found[0].get("href") if isinstance(found[0], etree._Element) else str(found[0])
        address = page.address(href)
        is_near = address is not None and urlsplit(address).netloc == urlsplit(first).netloc
        return address if is_near else None
    for link in page.tree.iter("a", "link"):
        address = page.address(link.get("href"))
        if address is None or place_in(address, first) != number + 1:
            continue
        rels = (link.get("rel") or "").lower().split()
        label = text_of(link) if link.tag == "a" else ""
        if "next" in rels or _NEXT.match(label) or label == str(number + 1):
            return address
    return None


def place_in(address: str, first: str) -> int | None:
    """Which page of the article that begins at `first` an address is; None for another article."""
    stem, number = _apart(first)
    other, place = _apart(address)
    if other == _bare(first) or (number == 1 and other == stem):
        return place or 1
    return None


def _bare(address: str) -> str:
    path, mark, query = address.partition("?")
    return _ENDING.sub("", path) + (mark + query if query else "")


def _apart(address: str) -> tuple[str, int | None]:
    """An address without its ending and its page's number, and the number."""
    bare = _bare(address)
    found = _NUMBER.match(bare)
    if found is None:
        return bare, None
    number = next((int(part) for part in found.groups()[1:] if part), None)
    return found[1], number
