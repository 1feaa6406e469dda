"""A web page and its address → the addresses where its feed may be, the likeliest first."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, quote, urljoin, urlsplit

from aggregator.text import squeeze

FEED_TYPES = frozenset(
    {
        "application/rss+xml",
        "application/atom+xml",
        "application/rdf+xml",
        "application/feed+json",
        "application/x-rss+xml",
        "text/rss+xml",
    }
)
# Types that feeds are served as, and much else too: believed only where the page says alternate.
_LOOSE_TYPES = frozenset({"application/xml", "text/xml", "application/json", "text/rss"})
MAX_CANDIDATES = 25
MAX_HTML = 4 * 2**20
_COMMON = ("/feed", "/rss", "/rss.xml", "/atom.xml", "/feed.xml", "/index.xml", "/feed.json")
_FEEDLIKE = re.compile(
    r"(?i)(?:^|[/._?=&-])(?:feeds?|rss2?|atom|rdf)(?:$|[/._?=&-])|\.(?:rss|atom|rdf)$"
)
_FEEDLIKE_TEXT = re.compile(r"(?i)^\s*(?:rss|atom|feed|xml|rss订阅|订阅|rss feed)\s*$")
_COMMENTS = re.compile(r"(?i)comments?[/_-]?(?:feed|rss)|[?&/]comments?\b|评论")


@dataclass(frozen=True, slots=True)
class Candidate:
    """An address that may be a feed's; `how` says in words where it was found."""

    url: str
    how: str
    title: str | None = None


def declared_feeds(
    body: bytes,
    url: str,
    content_type: str | None = None,
    links: Iterable[tuple[str, str]] = (),
) -> tuple[Candidate, ...]:
    """The feeds that a page names itself: Link headers, `<link rel="alternate">`, anchors.

    `links` are the response's Link headers as (rel, address). HTML Standard 4.6.7.1 (alternate);
    RFC 8288. Feeds of comments come last; each address once, at most MAX_CANDIDATES.
    """
    found: list[Candidate] = []
    for rel, target in links:
        if "alternate" in rel.lower().split():
            found.append(Candidate(target, "Link header"))
    document = _html(body, content_type)
    if document is not None:
        base = _base(document, url)
        found.extend(_link_elements(document, base))
        found.extend(_anchors(document, base))
    return _unique(found, url)


def _html(body: bytes, content_type: str | None) -> Any:
    from lxml import etree
    from lxml import html as lxml_html

    charset = re.search(r"(?i)charset=[\"']?([\w.:-]+)", content_type or "")
    # Without a charset in the headers: UTF-8 if it is that, else what the page's meta says.
    for encoding in (charset[1] if charset else _utf_8(body), None):
        try:
            parser = lxml_html.HTMLParser(encoding=encoding)
            return lxml_html.document_fromstring(body[:MAX_HTML], parser=parser)
        except LookupError:
            continue
        except (etree.LxmlError, ValueError, AssertionError):
            return None
    return None


def _utf_8(body: bytes) -> str | None:
    try:
        body[:MAX_HTML].decode()
    except UnicodeDecodeError as error:
        return "utf-8" if error.start > MAX_HTML - 4 else None
    return "utf-8"


def _base(document: Any, url: str) -> str:
    for element in document.iter("base"):
        if element.get("href"):
            return _joined(url, element.get("href")) or url
    return url


def _joined(base: str, reference: str) -> str | None:
    try:
        return urljoin(base, reference.strip())
    except ValueError:
        return None


def _link_elements(document: Any, base: str) -> Iterator[Candidate]:
    for element in document.iter("link"):
        rel = (element.get("rel") or "").lower().split()
        kind = (element.get("type") or "").partition(";")[0].strip().lower()
        is_feed = kind in FEED_TYPES or ("feed" in rel and kind in ("", *_LOOSE_TYPES))
        if kind in _LOOSE_TYPES and "alternate" in rel:
            is_feed = is_feed or bool(_FEEDLIKE.search(element.get("href") or ""))
        target = _joined(base, element.get("href") or "")
        if is_feed and target and ("alternate" in rel or "feed" in rel or not rel):
            title = squeeze(element.get("title") or "") or None
            yield Candidate(target, "named by the page", title)


def _anchors(document: Any, base: str) -> Iterator[Candidate]:
    for element in document.iter("a"):
        href = element.get("href")
        if not href:
            continue
        target = _joined(base, href)
        if target is None:
            continue
        text = squeeze("".join(element.itertext()))[:80]
        path = urlsplit(target)._replace(scheme="", netloc="").geturl()
        if _FEEDLIKE_TEXT.match(text) or _FEEDLIKE.search(path):
            yield Candidate(target, "linked on the page", text or None)


def _unique(found: Iterable[Candidate], url: str) -> tuple[Candidate, ...]:
    seen = {url.partition("#")[0]}
    first: list[Candidate] = []
    last: list[Candidate] = []
    for candidate in found:
        plain = _fetchable(candidate.url)
        if plain is None or plain in seen:
            continue
        seen.add(plain)
        comments = _COMMENTS.search(plain) or _COMMENTS.search(candidate.title or "")
        kept = Candidate(plain, candidate.how, candidate.title)
        (last if comments else first).append(kept)
    return tuple((first + last)[:MAX_CANDIDATES])


def _fetchable(url: str) -> str | None:
    """The address without fragment, `feed:` as what it stands for; None for other schemes."""
    url = url.partition("#")[0].strip()
    if url.lower().startswith("feed:"):
        rest = url[5:]
        url = rest if rest.lower().startswith("http") else "https:" + rest
    try:
        parts = urlsplit(url)
    except ValueError:
        return None
    return url if parts.scheme.lower() in ("http", "https") and parts.hostname else None


# ---------------------------------------------------------------- habits of sites


def guessed_feeds(url: str) -> tuple[Candidate, ...]:
    """Where the feed of a page is by the habit of its site, then by common usage."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return ()
    host = (parts.hostname or "").removeprefix("www.").removeprefix("m.")
    root = f"{parts.scheme}://{parts.netloc}"
    segments = [segment for segment in parts.path.split("/") if segment]
    found = [
        Candidate(address, f"habit of {name}")
        for name, habit in _HABITS
        for address in habit(host, root, segments, parts.query)
    ]
    folder = root + parts.path.rstrip("/")
    if segments:
        found.append(Candidate(folder + "/feed/", "common path"))
        found.append(Candidate(folder + "/rss", "common path"))
    found.extend(Candidate(root + path, "common path") for path in _COMMON)
    found.append(Candidate(root + "/?feed=rss2", "common path"))
    return _unique(found, url)


Habit = Callable[[str, str, list[str], str], Iterator[str]]


def _youtube(host: str, root: str, segments: list[str], query: str) -> Iterator[str]:
    if host not in ("youtube.com", "youtu.be"):
        return
    feeds = "https://www.youtube.com/feeds/videos.xml"
    if len(segments) >= 2 and segments[0] == "channel":
        yield f"{feeds}?channel_id={segments[1]}"
    if len(segments) >= 2 and segments[0] == "user":
        yield f"{feeds}?user={segments[1]}"
    for playlist in parse_qs(query).get("list", [])[:1]:
        yield f"{feeds}?playlist_id={quote(playlist)}"


def _github(host: str, root: str, segments: list[str], query: str) -> Iterator[str]:
    if host != "github.com":
        return
    if len(segments) >= 2:
        repository = f"https://github.com/{segments[0]}/{segments[1]}"
        order = ["releases", "commits", "tags"]
        if len(segments) > 2 and segments[2] in order:
            order.sort(key=lambda name: name != segments[2])
        yield from (f"{repository}/{name}.atom" for name in order)
    elif segments:
        yield f"https://github.com/{segments[0]}.atom"


def _reddit(host: str, root: str, segments: list[str], query: str) -> Iterator[str]:
    if (host == "reddit.com" or host.endswith(".reddit.com")) and len(segments) >= 2:
        yield f"{root}/{segments[0]}/{segments[1]}/.rss"


def _medium(host: str, root: str, segments: list[str], query: str) -> Iterator[str]:
    if host == "medium.com" and segments:
        yield f"https://medium.com/feed/{segments[0]}"
    elif host.endswith(".medium.com"):
        yield f"{root}/feed"


def _mastodon(host: str, root: str, segments: list[str], query: str) -> Iterator[str]:
    if len(segments) == 1 and segments[0].startswith("@"):
        yield f"{root}/{segments[0]}.rss"


def _blogger(host: str, root: str, segments: list[str], query: str) -> Iterator[str]:
    if ".blogspot." in f".{host}.":
        yield f"{root}/feeds/posts/default"


def _wordpress(host: str, root: str, segments: list[str], query: str) -> Iterator[str]:
    if "category" in segments or "tag" in segments or "author" in segments:
        yield f"{root}/{'/'.join(segments)}/feed/"
    elif segments and segments[0] == "wp-json":
        yield f"{root}/feed/"


def _rsshub(host: str, root: str, segments: list[str], query: str) -> Iterator[str]:
    """An RSSHub instance serves a feed at every route; its documentation lies under /routes."""
    if host.startswith(("rsshub.", "docs.rsshub.")):
        route = segments[1:] if segments[:1] in (["routes"], ["zh"]) else segments
        if route:
            yield f"https://rsshub.app/{'/'.join(route)}"


_HABITS: tuple[tuple[str, Habit], ...] = (
    ("YouTube", _youtube),
    ("GitHub", _github),
    ("Reddit", _reddit),
    ("Medium", _medium),
    ("Mastodon", _mastodon),
    ("Blogger", _blogger),
    ("WordPress", _wordpress),
    ("RSSHub", _rsshub),
)
