"""A selector and a tree → the elements it matches, or the ids and classes nearest to it."""

from __future__ import annotations

import re
from collections import Counter
from difflib import SequenceMatcher
from functools import lru_cache
from typing import Any

from cssselect import HTMLTranslator, SelectorError
from lxml import etree

XPATH = "xpath:"
MOST_NAMES = 2_000
_NAME = re.compile(r"[#.]?[A-Za-z_\u4e00-\u9fff][\w-]*")


def select(tree: Any, selector: str) -> list[Any]:
    """What `selector` matches below `tree`, in the document's order: elements, or texts (XPath).

    Raises ValueError for a selector that cannot be read.
    """
    try:
        found = _compiled(selector)(tree)
    except etree.XPathError as error:
        raise ValueError(f"`{selector}` cannot be applied: {error}") from error
    return found if isinstance(found, list) else [str(found)]


@lru_cache(maxsize=1024)
def _compiled(selector: str) -> etree.XPath:
    try:
        if selector.startswith(XPATH):
            return etree.XPath(selector.removeprefix(XPATH).strip())
        return etree.XPath(HTMLTranslator().css_to_xpath(selector, prefix="descendant-or-self::"))
    except (SelectorError, etree.XPathError) as error:
        raise ValueError(f"`{selector}` is no selector: {error}") from error


def nearest(tree: Any, selector: str, count: int = 5) -> tuple[str, ...]:
    """The ids, classes and own elements on the page that are most like those of `selector`.

    For a person who mends a recipe. The last part of the selector that the page lacks is what is
    compared; without any likeness the page's ids and most frequent classes are named.
    """
    names = _names(tree)
    wanted = [name for name in _NAME.findall(selector.removeprefix(XPATH)) if name not in names]
    scored = sorted(
        ((max((_likeness(want, name) for want in wanted), default=0.0), name) for name in names),
        key=lambda pair: (-pair[0], names[pair[1]]),
    )
    near = [name for score, name in scored if score >= 0.5][:count]
    if near:
        return tuple(near)
    told = [name for name in names if name[0] in "#."]
    return tuple((told or list(names))[:count])


def _likeness(one: str, other: str) -> float:
    a, b = one.lstrip("#.").lower(), other.lstrip("#.").lower()
    if len(min(a, b, key=len)) >= 3 and (a in b or b in a):
        return 0.9
    return SequenceMatcher(None, a, b).ratio()


def _names(tree: Any) -> dict[str, int]:
    """`#id`, `.class` and elements that HTML does not know → their rank on the page."""
    counted: Counter[str] = Counter()
    for element in tree.iter(etree.Element):
        if element.get("id"):
            counted["#" + element.get("id").strip()[:60]] += 1
        for name in (element.get("class") or "").split()[:10]:
            counted["." + name[:60]] += 1
        if isinstance(element.tag, str) and ("-" in element.tag or element.tag == "date"):
            counted[element.tag] += 1
        if len(counted) > MOST_NAMES:
            break
    ids = [name for name in counted if name[0] == "#"]
    others = [name for name, _ in counted.most_common() if name[0] != "#"]
    return {name: rank for rank, name in enumerate([*ids, *others])}
