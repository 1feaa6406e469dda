"""An RSS document → what RSS 2.0, its best practices and the W3C validator find amiss in it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from email.utils import parsedate_to_datetime

from lxml import etree

ATOM = "{http://www.w3.org/2005/Atom}"
KNOWN_NAMESPACES = {
    "http://www.w3.org/2005/Atom",
    "http://purl.org/dc/elements/1.1/",
    "http://purl.org/dc/terms/",
    "http://purl.org/rss/1.0/modules/content/",
    "http://purl.org/rss/1.0/modules/syndication/",
    "http://search.yahoo.com/mrss/",
}
CHANNEL = set("title link description docs generator language lastBuildDate ttl item".split())
ITEM = set("title link description author category enclosure guid pubDate".split())
MANY = {"item", "category"}
_UNFIT = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ufffd\ufffe\uffff]")
_PLAIN_TITLE = re.compile(rb"<title>([^<]*)</title>")


def broken_rules(document: bytes, served_at: str) -> list[str]:
    """The rules that a document breaks that is served at an address; [] for a good one."""
    rss = etree.fromstring(document)
    return [*_whole(rss, served_at), *_text(document, rss)]


def _whole(rss: etree._Element, served_at: str) -> Iterator[str]:
    channel = rss.find("channel")
    if rss.tag != "rss" or rss.get("version") != "2.0" or channel is None:
        yield "it is no RSS 2.0"
        return
    yield from _names(channel, CHANNEL, ("title", "link", "description"))
    own = [one.get("href") for one in channel.findall(f"{ATOM}link") if one.get("rel") == "self"]
    if own != [served_at]:
        yield f"its self link is {own}"
    names = [one.findtext("guid") for one in channel.findall("item")]
    if len(names) != len(set(names)):
        yield "a guid stands twice"
    for item in channel.findall("item"):
        yield from _item(item)


def _item(item: etree._Element) -> Iterator[str]:
    yield from _names(item, ITEM, ("guid", "title"))
    guid = item.find("guid")
    if guid is not None and guid.get("isPermaLink") != "false":
        yield "a guid that is no address must say so"
    enclosure = item.find("enclosure")
    if enclosure is not None:
        missing = {"url", "length", "type"} - set(enclosure.keys())
        if missing or not str(enclosure.get("length")).isdigit():
            yield f"an enclosure without {missing or 'a length'}"
    date = item.findtext("pubDate")
    if date is not None and parsedate_to_datetime(date).tzinfo is None:
        yield f"pubDate {date}"


def _names(parent: etree._Element, known: set[str], needed: tuple[str, ...]) -> Iterator[str]:
    names = [child.tag for child in parent if isinstance(child.tag, str)]
    for name in names:
        if "}" not in name and name not in known:
            yield f"RSS has no {name} in {parent.tag}"
        if "}" in name and name[1:].partition("}")[0] not in KNOWN_NAMESPACES:
            yield f"the validator does not know {name}"
    for name in known - MANY:
        if names.count(name) > 1:
            yield f"{name} stands twice in {parent.tag}"
    for name in needed:
        if not (parent.findtext(name) or "").strip():
            yield f"{parent.tag} has no {name}"


def _text(document: bytes, rss: etree._Element) -> Iterator[str]:
    for title in _PLAIN_TITLE.findall(document):
        if b"&amp;" in title or b"&lt;" in title:
            yield f"a title that may be taken for HTML: {title.decode()}"
    for element in rss.iter():
        if element.text and _UNFIT.search(element.text):
            yield f"a sign that is not fit for XML in {element.tag}"
