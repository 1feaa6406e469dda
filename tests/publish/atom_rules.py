"""An Atom document → the rules of RFC 4287 (and of validators) that it breaks."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from datetime import datetime

from lxml import etree

ATOM = "{http://www.w3.org/2005/Atom}"
XML_LANG = "{http://www.w3.org/XML/1998/namespace}lang"
KNOWN_NAMESPACES = {
    "http://www.w3.org/2005/Atom",
    "http://purl.org/dc/terms/",
    "http://www.w3.org/2007/app",
    "http://purl.org/syndication/history/1.0",
    "http://purl.org/rss/1.0/modules/syndication/",
}
FEED_ELEMENTS = set(
    "author category contributor generator icon id link logo rights subtitle title "
    "updated entry".split()
)
ENTRY_ELEMENTS = set(
    "author category content contributor id link published rights source summary title "
    "updated".split()
)
ONCE = {"content", "generator", "icon", "id", "logo", "published", "rights", "source", "subtitle"}
ONCE |= {"summary", "title", "updated"}
RELS = {
    "alternate",
    "via",
    "related",
    "hub",
    "enclosure",
    "self",
    "prev-archive",
    "next-archive",
    "current",
}

_DATE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)")
# RFC 3987: what is not an absolute IRI; ucschar as anything beyond ASCII but for what must not be.
_IRI = re.compile(
    r"[A-Za-z][A-Za-z0-9+.-]*:(?:[A-Za-z0-9._~:/?#\[\]@!$&'()*+,;=-]|%[0-9A-Fa-f]{2}|[^\x00-\x9f])+"
)
_BIDI = re.compile(
    "[\u200e\u200f\u202a-\u202e\u2066-\u2069\ufdd0-\ufdef\ufff0-\uffff\ue000-\uf8ff]"
)
_MEDIA_TYPE = re.compile(r"[A-Za-z0-9!#$&^_.+-]+/[A-Za-z0-9!#$&^_.+-]+")
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(?:-[A-Za-z0-9]{1,8})*")
_UNFIT = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ufffd\ufffe\uffff]")


def broken_rules(document: bytes, served_at: str) -> list[str]:
    """The rules that `document`, served at the address `served_at`, breaks; [] for a good one."""
    feed = etree.fromstring(document)
    return [*_feed(feed, served_at), *_everywhere(feed)]


def _names(parent: etree._Element) -> list[str]:
    return [str(child.tag).removeprefix(ATOM) for child in parent]


def _feed(feed: etree._Element, served_at: str) -> Iterator[str]:
    if feed.tag != f"{ATOM}feed":
        yield f"the root is {feed.tag}"
    names = _names(feed)
    yield from _elements(feed, FEED_ELEMENTS, ("id", "title", "updated"))
    if "entry" in names and set(names[names.index("entry") :]) != {"entry"}:
        yield "metadata after the first entry"
    selves = [e.get("href") for e in feed.iter(f"{ATOM}link") if e.get("rel") == "self"]
    if selves != [served_at]:
        yield f"self is {selves}"
    entries = feed.findall(f"{ATOM}entry")
    for name in ("id", "updated"):
        twice = [v for v, n in Counter(e.findtext(ATOM + name) for e in entries).items() if n > 1]
        if twice:
            yield f"entries share {name} {twice}"
    for entry in entries:
        yield from _entry(entry, feed)


def _entry(entry: etree._Element, feed: etree._Element) -> Iterator[str]:
    yield from _elements(entry, ENTRY_ELEMENTS, ("id", "title", "updated"))
    source = entry.find(f"{ATOM}source")
    if source is not None:
        yield from _elements(source, FEED_ELEMENTS - {"entry"}, ("id", "title", "updated"))
    holders = [entry, feed] if source is None else [entry, source, feed]
    if not any(holder.find(f"{ATOM}author") is not None for holder in holders):
        yield "no author"
    content = entry.find(f"{ATOM}content")
    links = [link.get("rel", "alternate") for link in entry.findall(f"{ATOM}link")]
    if content is None and "alternate" not in links:
        yield "neither content nor alternate"
    if links.count("alternate") > 1:
        yield "several alternates"
    terms = [(c.get("term"), c.get("scheme")) for c in entry.findall(f"{ATOM}category")]
    if len(set(terms)) < len(terms):
        yield f"a category twice: {terms}"


def _elements(parent: etree._Element, known: set[str], needed: tuple[str, ...]) -> Iterator[str]:
    names = Counter(_names(parent))
    for name, count in names.items():
        if not name.startswith("{") and name not in known:
            yield f"{name} in {parent.tag}"
        if name in ONCE and count > 1:
            yield f"{name} {count} times"
    for name in needed:
        if not (parent.findtext(ATOM + name) or "").strip():
            yield f"no {name} in {parent.tag}"


def _everywhere(feed: etree._Element) -> Iterator[str]:
    for element in feed.iter():
        tag = etree.QName(element)
        if tag.namespace not in KNOWN_NAMESPACES:
            yield f"unknown namespace {tag.namespace}"
        for value in (element.text or "", element.tail or "", *element.attrib.values()):
            if _UNFIT.search(value):
                yield f"an unfit character in {tag.localname}: {value[:40]!r}"
        yield from _values(tag.localname, element)
        language = element.get(XML_LANG)
        if language is not None and not _LANGUAGE.fullmatch(language):
            yield f"xml:lang {language}"


def _values(name: str, element: etree._Element) -> Iterator[str]:
    text = element.text or ""
    if name in ("updated", "published", "edited", "dateAccepted"):
        if not _DATE.fullmatch(text) or datetime.fromisoformat(text).year < 1970:
            yield f"{name} is {text}"
    elif name == "id" and not (_iri(text) and text.isascii()):
        yield f"id {text!r} is no absolute URI"
    elif name in ("title", "summary", "content", "rights", "subtitle"):
        if element.get("type", "text") not in ("text", "html"):
            yield f"{name} of type {element.get('type')}"
        if len(element):
            yield f"{name} has child elements"
    elif name == "name" and not text.strip():
        yield "an author without a name"
    elif name == "category":
        if not element.get("term"):
            yield "a category without a term"
        scheme = element.get("scheme")
        if scheme is not None and not (_iri(scheme) and scheme.isascii() and "[" not in scheme):
            yield f"scheme {scheme}"
    elif name == "link":
        yield from _link(element)


def _link(link: etree._Element) -> Iterator[str]:
    if not _iri(link.get("href", "")):
        yield f"link to {link.get('href', '')[:80]!r}"
    if link.get("rel", "alternate") not in RELS:
        yield f"rel {link.get('rel')}"
    if link.get("type") is not None and not _MEDIA_TYPE.fullmatch(link.get("type") or ""):
        yield f"media type {link.get('type')}"
    if link.get("length") is not None and not (link.get("length") or "").isdecimal():
        yield f"length {link.get('length')}"


def _iri(text: str) -> bool:
    if not _IRI.fullmatch(text) or _BIDI.search(text) or text.count("#") > 1:
        return False
    scheme, _, rest = text.partition(":")
    if scheme.lower() in ("http", "https"):
        host, _, path = rest.removeprefix("//").partition("/")
        return rest.startswith("//") and bool(host) and "[" not in path and "]" not in path
    return "[" not in rest and "]" not in rest
