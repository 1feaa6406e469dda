"""A sitemap → the entries it lists; a sitemap index → the sitemaps it names.

sitemaps.org/protocol.html; Google's news, image and video extensions; hreflang by xhtml:link.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass, field
from datetime import datetime, timedelta, tzinfo
from typing import Any

from lxml import etree

from aggregator.model import FeedPart, Note, SitemapRecipe
from aggregator.parse.dates import parse_date
from aggregator.parse.errors import ParseError
from aggregator.parse.markup import fit
from aggregator.parse.raw import (
    ENTRY_LIMIT,
    RawEntry,
    RawFeed,
    RawLink,
    RawMedia,
    RawSource,
    RawTag,
    RawText,
)

GZIP = b"\x1f\x8b"
# Of a packed sitemap at most this much is unpacked; the fetcher's cap holds for all others.
MOST_BYTES = 16 * 2**20
MOST_PARTS = 1_000
MOST_PICTURES = 60
_LINE_LIMIT = 50_000


@dataclass(slots=True)
class Sitemap:
    """What a sitemap holds: entries, each with the bytes it stood in, or other sitemaps.

    `passed` counts the addresses that the recipe leaves out.
    """

    raw: RawFeed = field(default_factory=lambda: RawFeed(format="sitemap"))
    parts: list[FeedPart] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)
    passed: int = 0


def unpacked(body: bytes) -> bytes:
    """The body of a sitemap.xml.gz as XML; any other as it is. Raises ParseError."""
    if not body.startswith(GZIP):
        return body
    inflater = zlib.decompressobj(wbits=16 + zlib.MAX_WBITS)
    try:
        whole = inflater.decompress(body, MOST_BYTES + 1)
    except zlib.error as error:
        raise ParseError("not-a-feed", f"the packed sitemap is damaged: {error}") from None
    if len(whole) > MOST_BYTES:
        raise ParseError(
            "too-large", f"the sitemap is over {MOST_BYTES // 2**20} MiB when unpacked"
        )
    return whole


def read_sitemap(body: bytes, recipe: SitemapRecipe, fetched_at: datetime, zone: tzinfo) -> Sitemap:
    """What a sitemap in XML, or a list of addresses a line, says. Raises ParseError."""
    found = Sitemap()
    oldest = fetched_at - recipe.window
    if not body.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<"):
        _read_lines(body, recipe, found)
        return found
    root = _root(body)
    name = etree.QName(root).localname
    if name not in ("urlset", "sitemapindex"):
        if name in ("rss", "feed", "RDF"):
            raise ParseError("not-a-feed", "a feed, not a sitemap: remove `sitemap:`")
        raise ParseError("not-a-feed", f"<{name}> is no sitemap")
    for element in root.iterchildren(etree.Element):
        said = _said(element)
        location = _text(said.get("loc"))
        if location is None:
            continue
        stated = _moment(_text(said.get("lastmod")), zone, fetched_at)
        if name == "sitemapindex":
            if len(found.parts) < MOST_PARTS:
                changed = _end_of(said.get("lastmod"), stated, fetched_at)
                found.parts.append(FeedPart(location, changed))
            continue
        news = said.get("news") or {}
        dated = _moment(_text(news.get("publication_date")), zone, fetched_at) or stated
        if not _wanted(location, recipe) or (dated is not None and dated < oldest):
            found.passed += 1
        elif len(found.raw.entries) < ENTRY_LIMIT:
            entry = _entry(location, said, news)
            entry.raw = etree.tostring(element, encoding="utf-8", with_tail=False)
            found.raw.entries.append(entry)
    return found


def _root(body: bytes) -> Any:
    # Entities are not expanded, nothing is loaded; what is broken is read as far as it goes.
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, recover=True, remove_comments=True, remove_pis=True
    )
    try:
        root = etree.fromstring(body, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise ParseError("not-a-feed", f"the sitemap is no XML: {error}") from None
    if root is None:
        raise ParseError("empty", "the sitemap is empty")
    return root


def _read_lines(body: bytes, recipe: SitemapRecipe, found: Sitemap) -> None:
    """A sitemap of plain text: an address a line."""
    lines = body.decode("utf-8", "replace").lstrip("\ufeff").splitlines()[:_LINE_LIMIT]
    addresses = [line.strip() for line in lines if line.strip()]
    if not addresses or not all(one.startswith(("http://", "https://")) for one in addresses):
        raise ParseError("not-a-feed", "neither XML nor a list of addresses")
    for address in addresses:
        if _wanted(address, recipe):
            found.raw.entries.append(_entry(address, {}, {}))
        else:
            found.passed += 1


def _wanted(location: str, recipe: SitemapRecipe) -> bool:
    return not recipe.match or any(part in location for part in recipe.match)


def _said(element: Any) -> dict[str, Any]:
    """The children by their local names: a text, or (news, image …) a mapping; lists for several.

    Namespaces are not looked at: sites write them with and without s, and in versions.
    """
    said: dict[str, Any] = {}
    for child in element.iterchildren(etree.Element):
        name = etree.QName(child).localname
        value: Any = _said(child) if len(child) else (child.text or "").strip()
        if name == "link" and child.get("href"):
            value = {"href": child.get("href"), "hreflang": child.get("hreflang")}
        if name in ("image", "video", "link"):
            said.setdefault(name, []).append(value)
        elif name not in said:
            said[name] = value
    return said


def _text(value: Any) -> str | None:
    return fit(value).strip() or None if isinstance(value, str) else None


def _moment(text: str | None, zone: tzinfo, fetched_at: datetime) -> datetime | None:
    return parse_date(text, zone, fetched_at) if text else None


def _end_of(text: Any, moment: datetime | None, fetched_at: datetime) -> datetime | None:
    """A day alone may mean any time of it: the latest that has been."""
    if moment is None or len(_text(text) or "") > len("2026-11-23"):
        return moment
    return min(moment + timedelta(days=1), max(fetched_at, moment))


def _entry(location: str, said: dict[str, Any], news: dict[str, Any]) -> RawEntry:
    raw = RawEntry()
    raw.values["guid"] = location
    raw.links.append(RawLink("alternate", location))
    title = _text(news.get("title"))
    if title is not None:
        raw.texts["title"] = RawText(title, "text/plain")
    if (dated := _text(news.get("publication_date"))) is not None:
        raw.values["published"] = dated
    if (stated := _text(said.get("lastmod"))) is not None:
        raw.values["updated"] = stated
    publication = news.get("publication")
    if isinstance(publication, dict):
        raw.language = _text(publication.get("language"))
        if (name := _text(publication.get("name"))) is not None:
            raw.source = RawSource(title=name)
    for key in ("keywords", "genres"):
        words = (_text(news.get(key)) or "").replace("，", ",").split(",")
        raw.tags.extend(RawTag(word.strip()) for word in words if word.strip())
    for image in said.get("image", ())[:MOST_PICTURES]:
        if isinstance(image, dict) and (url := _text(image.get("loc"))) is not None:
            label = _text(image.get("caption")) or _text(image.get("title"))
            raw.images.append(url)
            raw.media.append(RawMedia("enclosure", url, medium="image", title=label))
    return raw
