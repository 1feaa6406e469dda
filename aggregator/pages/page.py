"""A response body → a page that selectors can be asked of, its links absolute and clean."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urljoin, urlsplit, urlunsplit

from lxml import etree, html

from aggregator.pages.decode import decode_page
from aggregator.pages.limits import too_tangled
from aggregator.pages.select import nearest, select
from aggregator.text import squeeze

# Where lazy pictures keep their real address, the likeliest first.
LAZY = ("data-original", "data-src", "data-lazy-src", "data-echo", "data-url", "_src", "original")
# Beyond this a page is no article and no list, and would hold a thread for too long.
MOST_BYTES = 4 * 2**20
_REFRESH = re.compile(r"^\s*([\d.]*)\s*[;,]\s*(?:url\s*=)?\s*[\"']?\s*([^\"'\s]+)", re.IGNORECASE)
_SCRIPTED = re.compile(
    r"(?:window\.|self\.|top\.|document\.)*location(?:\.href)?\s*=\s*[\"']([^\"'\s<>]{1,500})[\"']"
    r"|location\.(?:replace|assign)\(\s*[\"']([^\"'\s<>]{1,500})[\"']"
)
LONGEST_REFRESH_S = 30.0
_SESSION = frozenset(
    "jsessionid phpsessid sessionid session_id sid aspsessionid cfid cftoken".split()
)
_SESSION_PATH = re.compile(r";(?:jsessionid|phpsessid|sid)=[^/;?]*", re.IGNORECASE)
_SAFE = "/?:@!$&'()*+,;=-._~%[]"


class PageError(Exception):
    """A body that is no page to be read. The message is for people."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Miss:
    """A selector that matched nothing: the recipe's key, and what on the page is like it."""

    key: str
    selector: str
    nearest: tuple[str, ...]
    url: str

    def __str__(self) -> str:
        hint = f"; the page has {', '.join(self.nearest)}" if self.nearest else ""
        return f"`{self.key}: {self.selector}` matches nothing on {self.url}{hint}"


@dataclass(frozen=True, slots=True)
class Page:
    """A page as a tree. `url` is where it came from, `base` what its links are relative to."""

    tree: Any
    url: str
    base: str
    encoding: str

    def find(self, selector: str) -> list[Any]:
        """What a selector matches, in order. Raises ValueError for one that cannot be read."""
        return select(self.tree, selector)

    def miss(self, key: str, selector: str) -> Miss:
        """That `selector` matched nothing here, with what is nearest to it."""
        return Miss(key, selector, nearest(self.tree, selector), self.url)

    def address(self, link: str | None) -> str | None:
        """A link of this page as an absolute, clean http(s) address; None for any other."""
        return clean_address(link, self.base)


def open_page(body: bytes, url: str, content_type: str | None = None) -> Page:
    """Parse an HTML page as it came. Raises PageError for what is none."""
    if len(body) > MOST_BYTES:
        raise PageError(
            "too-large", f"{url} is over {MOST_BYTES // 2**20} MiB, too long for a page"
        )
    kind = (content_type or "").partition(";")[0].strip().lower()
    if kind.startswith(("image/", "audio/", "video/")) or kind in ("application/pdf",):
        raise PageError("no-page", f"{url} is no page, but {kind}")
    text, encoding = decode_page(body, content_type)
    if too_tangled(text):
        raise PageError("no-page", f"{url} has a tag with thousands of attributes")
    parser = html.HTMLParser(encoding="utf-8", no_network=True)
    try:
        data = text.encode("utf-8", "surrogatepass")
        tree = html.document_fromstring(data, parser=parser) if text.strip() else None
    except (etree.ParserError, etree.XMLSyntaxError, ValueError) as error:
        raise PageError("no-page", f"{url} cannot be read as HTML: {error}") from error
    if tree is None:
        raise PageError("empty", f"{url} is empty")
    stated = next((one.get("href") for one in tree.iter("base") if one.get("href")), None)
    base = clean_address(stated, url) or url
    return Page(tree, url, base, encoding)


def clean_address(link: str | None, base: str) -> str | None:
    """A link as an absolute http(s) address without fragment and session junk; None for others."""
    if not link or len(link) > 4000:
        return None
    # The HTML standard's "strip": line ends and tabs inside an address mean nothing.
    link = re.sub(r"[\t\r\n]", "", link).strip().replace("\\", "/")
    try:
        parts = urlsplit(urljoin(base, link))
        host = parts.hostname
        _ = parts.port
    except ValueError:
        return None
    if parts.scheme not in ("http", "https") or not host:
        return None
    path = quote(_SESSION_PATH.sub("", parts.path) or "/", safe=_SAFE)
    return urlunsplit((parts.scheme, parts.netloc.lower(), path, _query(parts.query), ""))


def _query(query: str) -> str:
    """A query without session parameters and without the `div=-1` of Founder's own links."""
    parts = [part for part in query.split("&") if part and part != "div=-1"]
    kept = [part for part in parts if part.partition("=")[0].lower() not in _SESSION]
    return quote("&".join(kept), safe=_SAFE)


def refresh_of(page: Page) -> str | None:
    """Where a page sends its visitors at once: meta refresh, or a script that does only that."""
    for meta in page.tree.iter("meta"):
        if (meta.get("http-equiv") or "").strip().lower() != "refresh":
            continue
        found = _REFRESH.match(meta.get("content") or "")
        if found and _seconds(found[1]) <= LONGEST_REFRESH_S:
            return _elsewhere(page, found[2])
    if text_of(page.tree.body if page.tree.find("body") is not None else page.tree).strip():
        return None
    if any(True for _ in page.tree.iter("a", "frame", "iframe")):
        return None
    for script in page.tree.iter("script"):
        found = _SCRIPTED.search((script.text or "")[:5000])
        if found:
            return _elsewhere(page, found[1] or found[2])
    return None


def _seconds(text: str) -> float:
    try:
        return float(text or 0)
    except ValueError:
        return 0.0


def _elsewhere(page: Page, link: str) -> str | None:
    address = page.address(link)
    return None if address == page.url else address


def frames_of(page: Page) -> tuple[str, ...]:
    """The addresses of the documents a page is framed of."""
    found = (page.address(one.get("src")) for one in page.tree.iter("frame", "iframe"))
    return tuple(dict.fromkeys(one for one in found if one and one != page.url))


def take_out(element: Any) -> None:
    """Take an element out of its tree and leave the text behind it; one that is out stays out."""
    parent, tail = element.getparent(), element.tail
    if parent is None:
        return
    if tail:
        before = element.getprevious()
        if before is not None:
            before.tail = (before.tail or "") + tail
        else:
            parent.text = (parent.text or "") + tail
    element.tail = None
    parent.remove(element)


def text_of(found: Any) -> str:
    """The visible text of what a selector matched, squeezed; scripts and styles are none."""
    if not isinstance(found, etree._Element):
        return squeeze(str(found))
    unseen = {"script", "style", "template", "noscript"}
    runs: list[str] = []
    skipped: Any = None
    for event, node in etree.iterwalk(found, events=("start", "end", "comment", "pi")):
        if event == "start" and skipped is None:
            if node.tag in unseen:
                skipped = node
            else:
                runs.append(node.text or "")
                runs.append(" " if node.tag in ("br", "p", "div", "li", "h1", "h2", "h3") else "")
        elif event == "end":
            skipped = None if skipped is node else skipped
            if skipped is None and node is not found:
                runs.append(node.tail or "")
        elif skipped is None and node is not found:
            runs.append(node.tail or "")
    return squeeze("".join(runs).replace("\xa0", " "))
