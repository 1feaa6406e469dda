"""A page of a long article → the address of its next page, and its text without the pager."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urlsplit

from lxml import etree

from aggregator.model import PageRecipe
from aggregator.pages.page import Page, take_out, text_of

# An article of more pages than this is cut: no text is so long, but a loop may be.
MOST_PAGES = 20
_NEXT = re.compile(
    r"[\s\[【（(]*(?:下一页|下页|后一页|下一頁|next(?: page)?)[\s\]】）)>»›→]*$", re.IGNORECASE
)
# What leads from page to page, and what may stand around it.
_PAGER = re.compile(
    r"[\s\d\[\]【】()（）<>«»‹›|｜/…·.]*"
    r"(?:[第共]?\s*\d+\s*[页頁]|[上下前后][一1]?[页頁]|首页|尾页|末页|第一页|最后一页|next|prev\w*|page)?"
    r"[\s\d\[\]【】()（）<>«»‹›|｜/…·.:：]*",
    re.IGNORECASE,
)
_LONGEST_PAGER = 60
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
    """Which page of the article that begins at `first` an address is; None for another article.

    Whether an address says http or https makes no difference.
    """
    first, address = first.partition("//")[2], address.partition("//")[2]
    stem, number = _apart(first)
    other, place = _apart(address)
    if other == _bare(first) or (number == 1 and other == stem):
        return place or 1
    return None


def drop_pager(content: Any, page: Page, first: str) -> None:
    """Take from the text of a page, in place, what leads to the article's other pages.

    The links, and the block around them where nothing else stands in it.
    """
    for link in [*content.iter("a")]:
        address = page.address(link.get("href"))
        if address is None or place_in(address, first) is None:
            continue
        # A picture that leads to the next one is a part of the article.
        if link.find(".//img") is None and _PAGER.fullmatch(text_of(link)):
            take_out(_whole_pager(link, content))


def _whole_pager(link: Any, content: Any) -> Any:
    """The outermost element around a link that holds nothing but a pager."""
    block = link
    for up in link.iterancestors():
        text = text_of(up)
        if up is content or len(text) > _LONGEST_PAGER or up.find(".//img") is not None:
            break
        if any(not _PAGER.fullmatch(part) for part in text.split()):
            break
        block = up
    return block


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
