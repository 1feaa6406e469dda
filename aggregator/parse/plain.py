"""Well-formed XML of a known shape → what it says, at the speed of lxml.

It says what the tolerant reader says of the same document, or declines. A test holds the two
together, field by field.
"""

from __future__ import annotations

import re
from typing import Any
from xml.sax.saxutils import escape

from lxml import etree

from aggregator.parse.links import plain_ampersands
from aggregator.parse.markup import looks_like_html, mend
from aggregator.parse.names import (
    ATOM,
    ATOM_03,
    PEOPLE,
    PREFIXES,
    RDF,
    RSS_090,
    RSS_10,
    TAG_LISTS,
    TAGS,
    TEXTS,
    VALUES,
    XML,
    name_of,
)
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

Element = Any  # lxml's stubs are too loose to be worth their price here

_TYPES = {"text": "text/plain", "plain": "text/plain", "html": "text/html"}
_TYPES |= {"xhtml": "application/xhtml+xml"}
_TYPES |= {name: name for name in ("text/plain", "text/html", "application/xhtml+xml")}
_XHTML = "application/xhtml+xml"
_XHTML_TEXTS = frozenset(name for name, kind in TEXTS.items() if kind == _XHTML)
_VOID = frozenset("area base br col embed hr img input link meta param source track wbr".split())
_RSS = {
    "0.91": "RSS 0.91",
    "0.92": "RSS 0.92",
    "0.93": "RSS 0.93",
    "0.94": "RSS 0.94",
}
_PLACE = re.compile(r",? line \d+, column \d+\Z")
_DOCTYPE = re.compile(rb"<!DOCTYPE([^>\[]*)([>\[])")

# What is done with an element of an entry, by its tag in XML.
_SKIP, _TEXT, _VALUE, _LINK, _GUID, _PERSON, _TAG, _ENCLOSURE, _MEDIA, _GROUP, _SOURCE = range(11)
_CHECK, _IMAGE, _CONTRIBUTOR, _ENTRY, _CHANNEL, _HOURS, _PICTURE = range(11, 18)
_ACTIONS: dict[str, int] = {
    **dict.fromkeys(TEXTS, _TEXT),
    **dict.fromkeys(VALUES, _VALUE),
    **dict.fromkeys(PEOPLE, _PERSON),
    **dict.fromkeys(TAGS, _TAG),
    "link": _LINK,
    "guid": _GUID,
    "enclosure": _ENCLOSURE,
    "media_content": _MEDIA,
    "media_group": _GROUP,
    "media_thumbnail": _PICTURE,
    "itunes_image": _PICTURE,
    "source": _SOURCE,
    "image": _IMAGE,
    "textinput": _IMAGE,
    "contributor": _CONTRIBUTOR,
    "itunes_owner": _CONTRIBUTOR,
    "item": _ENTRY,
    "entry": _ENTRY,
    "channel": _CHANNEL,
    "skiphours": _HOURS,
    "skipdays": _HOURS,
}
# Names that mean something wherever they stand: among what is skipped they are a reason to decline.
_MEANT = frozenset([*_ACTIONS, "hour", "day", "name", "email", "rss", "feed", "rdf_rdf"])
_IMAGE_PARTS = frozenset("title link description url href width height name".split())
_PERSON_PARTS = frozenset("name email uri url homepage itunes_name itunes_email".split())
_KNOWN_PREFIXES = frozenset(PREFIXES.values()) - {""}

# A named tuple's own constructor is a Python function; this is what it calls, at a third the cost.
_new = tuple.__new__

_actions: dict[str, tuple[int, str]] = {}

_PARSER = etree.XMLParser(
    encoding="utf-8",
    resolve_entities=False,
    no_network=True,
    load_dtd=False,
    huge_tree=False,
    recover=False,
    remove_comments=True,
    remove_pis=True,
    collect_ids=False,
)


class Declines(Exception):
    """The plain reader leaves the document to the tolerant one; the text says why."""


class IllFormed(Declines):
    """The document is not well-formed XML; `line` is where that showed."""

    def __init__(self, message: str, line: int | None) -> None:
        super().__init__(message)
        self.line = line


def read_plain(data: bytes) -> RawFeed:
    """What a document in UTF-8 says. Raises IllFormed, or Declines for an unknown shape."""
    netscape = False
    if b"<!DOCTYPE" in data[:4096]:
        doctype = _DOCTYPE.search(data, 0, 4096)
        if doctype is None or doctype.group(2) == b"[":
            raise Declines("the document type declares entities")
        netscape = b"netscape" in doctype.group(1).lower()
        blank = b"\n" * doctype.group().count(b"\n")
        data = data[: doctype.start()] + blank + data[doctype.end() :]
    try:
        root = etree.fromstring(data, _PARSER)
    except etree.XMLSyntaxError as error:
        message = (error.msg or "not well-formed").partition("\n")[0]
        raise IllFormed(_PLACE.sub("", message), error.lineno or None) from None
    return _Reading(root, data, netscape).feed


class _Reading:
    """The reading of one document."""

    def __init__(self, root: Element, data: bytes, netscape: bool) -> None:
        self._data = data
        self._mends: bool | None = None
        # One search through the document spares a look-up at every element.
        self._bases = self._languages = b"xml:" in data
        self.feed = RawFeed(format="RSS 0.91 (Netscape)" if netscape else _format(root))
        self._atom = self.feed.format.startswith("Atom")
        self._atom10 = self.feed.format == "Atom 1.0"
        if "base" in root.attrib or "lang" in root.attrib:
            raise Declines("xml:base or xml:lang without their prefix")
        self._deep: dict[str, tuple[int, RawText | str]] = {}
        self.feed.language = self._language(root, None)
        if _action(root)[0] == _ENTRY:
            self._entry(root)
        else:
            self._whole(root)

    def _whole(self, root: Element) -> None:
        for child in root:
            action, name = _action(child)
            if action == _CHANNEL:
                for inner in child:
                    self._of_feed(inner)
            else:
                self._of_feed(child, name)

    def _of_feed(self, child: Element, name: str = "") -> None:
        feed = self.feed
        action, name = _action(child)
        if action == _ENTRY:
            self._entry(child)
        elif action == _TEXT:
            text = self._text(child, name, self.feed.language)
            if text is not None:
                feed.texts[name] = text
        elif action == _VALUE:
            value = self._value(child)
            if value:
                feed.values[name] = value
        elif action == _LINK:
            link = self._link(child)
            if link is not None:
                feed.links.append(link)
        elif action == _PERSON:
            self._person(child, name, feed.authors)
        elif action == _HOURS:
            self._hours(child, name)
        elif action == _IMAGE:
            _check_parts(child, _IMAGE_PARTS)
        elif action == _CONTRIBUTOR:
            _check_parts(child, _PERSON_PARTS)
        elif action in (_SOURCE, _CHANNEL, _GUID):
            raise Declines(f"{name} in an unusual place")
        elif len(child) and action != _TAG:
            _check_skipped(child)

    def _hours(self, child: Element, name: str) -> None:
        for inner in child:
            part = _action(inner)[1]
            if part not in ("hour", "day"):
                raise Declines(f"{part} in {name}")
            value = self._value(inner)
            if value:
                (self.feed.hours if part == "hour" else self.feed.days).append(value)

    # ---- entries

    def _entry(self, item: Element) -> None:
        if len(self.feed.entries) >= ENTRY_LIMIT:
            return
        entry = RawEntry(line=item.sourceline, language=self.feed.language)
        attributes = item.attrib
        if attributes:
            entry.language = self._language(item, self.feed.language)
            about = attributes.get(f"{{{RDF}}}about")
            if about:
                entry.values["about"] = about.strip()
            if "base" in attributes or "lang" in attributes:
                raise Declines("xml:base or xml:lang without their prefix")
        self._deep.clear()
        self._children(item, entry, 1)
        for name, (_, found) in self._deep.items():
            if isinstance(found, RawText):
                entry.texts.setdefault(name, found)
            else:
                entry.values.setdefault(name, found)
        self.feed.entries.append(entry)

    def _children(self, parent: Element, entry: RawEntry, depth: int) -> None:
        """What an entry's elements say. Long, because it is where the time of a feed goes:

        the two commonest cases, text and values without attributes, are done in place.
        """
        known = _actions.get
        texts, values = entry.texts, entry.values
        simple = depth == 1 and not self._bases
        language = entry.language
        for child in parent:
            action, name = known(child.tag) or _action(child)
            if action == _TEXT:
                if simple and not len(child) and not child.attrib and name not in _XHTML_TEXTS:
                    value = child.text
                    if not value or not (value := value.strip()):
                        continue
                    if not value.isascii():
                        value = self._mend(value)
                    kind = TEXTS[name]
                    if kind == "text/plain" and not self._atom and looks_like_html(value):
                        kind = "text/html"
                    texts[name] = _new(RawText, (value, kind, "", language))
                    continue
                text = self._text(child, name, language)
                if text is None:
                    continue
                if depth == 1:
                    texts[name] = text
                else:
                    self._keep_deep(name, depth, text)
            elif action == _VALUE:
                found = self._value(child)
                if not found:
                    continue
                if depth == 1:
                    values[name] = found
                else:
                    self._keep_deep(name, depth, found)
            elif action == _TAG:
                self._tag(child, name, entry)
            elif action == _LINK:
                link = self._link(child)
                if link is not None:
                    _keep_link(entry, link)
            else:
                self._rare(child, action, name, entry, depth)

    def _rare(self, child: Element, action: int, name: str, entry: RawEntry, depth: int) -> None:
        if action == _PERSON:
            self._person(child, name, entry.authors)
        elif action == _GUID:
            value = self._value(child)
            permalink = child.get("isPermaLink", child.get("ispermalink", "true"))
            entry.permalink = permalink.strip().lower() == "true"
            if value:
                entry.values["guid"] = value
        elif action in (_ENCLOSURE, _MEDIA):
            self._media(child, name, entry)
            self._children(child, entry, depth + 1)
        elif action == _GROUP:
            self._children(child, entry, depth + 1)
        elif action == _PICTURE:
            url = child.get("url") or child.get("href")
            if len(child):
                raise Declines(f"elements in {name}")
            if url:
                entry.images.append(url.strip())
        elif action == _SOURCE:
            self._source(child, entry)
        elif action == _IMAGE:
            _check_parts(child, _IMAGE_PARTS)
        elif action == _CONTRIBUTOR:
            _check_parts(child, _PERSON_PARTS)
        elif action in (_ENTRY, _CHANNEL, _HOURS):
            raise Declines(f"{name} in an entry")
        elif len(child):
            _check_skipped(child)

    def _keep_deep(self, name: str, depth: int, found: RawText | str) -> None:
        kept = self._deep.get(name)
        if kept is None or depth <= kept[0]:
            self._deep[name] = (depth, found)

    # ---- texts and values

    def _text(self, element: Element, name: str, language: str | None) -> RawText | None:
        kind = TEXTS[name]
        attributes = element.attrib
        if attributes:
            stated = attributes.get("type")
            if stated is not None:
                kind = _TYPES.get(stated) or _TYPES.get(stated.lower(), "")
            if stated is None or len(attributes) > 1:
                self._check_text(name, attributes)
            if not kind:
                raise Declines(f"{name} of an unusual type")
            if self._languages:
                language = self._language(element, language)
        if len(element):
            value = self._inline(element, kind, name)
        else:
            value = element.text
            if not value:
                return None
            if kind == _XHTML:
                value = escape(value)
        value = value.strip()
        if not value:
            return None
        value = self._mend(value)
        if kind == "text/plain" and not self._atom and looks_like_html(value):
            kind = "text/html"
        base = (element.base or "") if self._bases else ""
        return _new(RawText, (value, kind, base, language))

    def _check_text(self, name: str, attributes: Any) -> None:
        if attributes.get("mode", "escaped") not in ("escaped", "xml"):
            raise Declines(f"{name} in an unusual mode")
        if "base" in attributes or "lang" in attributes:
            raise Declines("xml:base or xml:lang without their prefix")

    def _inline(self, element: Element, kind: str, name: str) -> str:
        """XHTML unwrapped: its own div is RFC 4287's envelope (3.1.1.3), not content."""
        if kind != _XHTML:
            raise Declines(f"{name} holds elements, but says it does not")
        only = element[0]
        if (
            self._atom10
            and len(element) == 1
            and _local(only) == "div"
            and not (element.text or "").strip()
            and not (only.tail or "").strip()
        ):
            element = only
        pieces: list[str] = []
        _write_content(element, pieces)
        return "".join(pieces)

    def _mend(self, text: str) -> str:
        """`mend`, where the document can need it at all.

        Text encoded twice, or with Windows-1252's bytes as characters, holds characters from
        U+0080 to U+00BF, which UTF-8 writes with C2 in front; or they came as references.
        """
        if text.isascii():
            return text
        if self._mends is None:
            self._mends = b"\xc2" in self._data or b"&#" in self._data
        return mend(text) if self._mends else text

    def _value(self, element: Element) -> str | None:
        if len(element):
            raise Declines("elements where a value should be")
        value = element.text
        if not value:
            return None
        value = value.strip()
        return value if value.isascii() else self._mend(value)

    def _language(self, element: Element, inherited: str | None) -> str | None:
        if not self._languages:
            return inherited
        own = element.get(XML + "lang")
        return inherited if own is None else own or None

    def _base(self, element: Element) -> str:
        return (element.base or "") if self._bases else ""

    # ---- links, media, people, tags

    def _link(self, element: Element) -> RawLink | None:
        if len(element):
            raise Declines("elements in a link")
        get = element.get
        href = get("href") or get("url") or get("uri")
        if href:
            kind = get("type")
            return RawLink(
                get("rel", "alternate").lower(),
                href.strip(),
                kind.lower() if kind else kind,
                self._base(element),
                get("length"),
                get("title"),
            )
        value = element.text
        if not value or not (value := value.strip()):
            return None
        return _new(
            RawLink,
            (
                "alternate",
                plain_ampersands(self._mend(value)),
                None,
                self._base(element),
                None,
                None,
            ),
        )

    def _media(self, element: Element, name: str, entry: RawEntry) -> None:
        get = element.get
        url = get("url") or get("href") or get("uri")
        if url:
            kind = get("type")
            entry.media.append(
                RawMedia(
                    name,
                    url.strip(),
                    kind.lower() if kind else kind,
                    get("length") or get("fileSize") or get("filesize"),
                    get("duration"),
                    get("medium"),
                    self._base(element),
                )
            )

    def _person(self, element: Element, name: str, people: dict[str, list[str]]) -> None:
        told = ""
        if len(element):
            parts: dict[str, str] = {}
            for part in element:
                short = (_action(part)[1]).removeprefix("itunes_")
                if short in ("name", "email"):
                    parts[short] = self._value(part) or parts.get(short, "")
                elif len(part) or (short in _MEANT and short not in _PERSON_PARTS):
                    raise Declines(f"{short} in {name}")
            told = parts.get("name") or parts.get("email") or ""
            if not told and _own_text(element):
                raise Declines(f"text beside elements in {name}")
        else:
            told = self._value(element) or ""
        if told:
            people.setdefault(name, []).append(told)

    def _tag(self, element: Element, name: str, entry: RawEntry) -> None:
        text = (element.text or "").strip()
        if not text.isascii():
            text = self._mend(text)
        if not len(element) and not element.attrib and name not in TAG_LISTS:
            entry.tags.append(_new(RawTag, (text, None, None)))
            return
        get = element.get
        term = get("term") or text or get("text") or ""
        scheme = get("scheme") or get("domain")
        if not len(element) and name not in TAG_LISTS:
            entry.tags.append(_new(RawTag, (term.strip(), scheme, get("label"))))
            return
        terms = term.split(",") if name in TAG_LISTS else [term]
        for inner in element:  # itunes:category nests
            if _action(inner)[1] != name:
                raise Declines(f"elements in {name}")
            self._tag(inner, name, entry)
        entry.tags.extend(RawTag(each.strip(), scheme, get("label")) for each in terms)

    def _source(self, element: Element, entry: RawEntry) -> None:
        source = entry.source = RawSource()
        url = element.get("url")
        if url:
            source.links.append(RawLink("alternate", url, None, self._base(element)))
        for child in element:
            action, name = _action(child)
            if name == "title":
                text = self._text(child, name, None)
                source.title = text.value if text is not None else source.title
            elif name == "id":
                source.id = self._value(child) or source.id
            elif action == _LINK:
                link = self._link(child)
                if link is not None:
                    source.links.append(link)
            elif action in (_ENTRY, _SOURCE, _CHANNEL, _IMAGE):
                raise Declines(f"{name} in source")
            elif len(child) and action not in (_PERSON, _CONTRIBUTOR):
                _check_skipped(child)
        source.title = source.title or self._mend(_own_text(element)) or None


def _keep_link(entry: RawEntry, link: RawLink) -> None:
    if link.rel == "enclosure":
        entry.media.append(
            RawMedia("link", link.href, link.type, link.length, base=link.base, title=link.title)
        )
    else:
        entry.links.append(link)


def _own_text(element: Element) -> str:
    return "".join([element.text or "", *(child.tail or "" for child in element)]).strip()


def _format(root: Element) -> str:
    """The format's name, from the root element; Declines for a root that is no feed's."""
    tag = root.tag
    namespace, _, local = tag[1:].rpartition("}") if tag[0] == "{" else ("", "", tag)
    if local in ("feed", "entry") and namespace == ATOM:
        return "Atom 1.0"
    if local == "feed" and namespace == ATOM_03 and root.get("version") == "0.3":
        return "Atom 0.3"
    if local == "rss" and PREFIXES.get(namespace) == "":
        version = root.get("version", "")
        if version.startswith("2."):
            return "RSS 2.0"
        return _RSS.get(version, "RSS")
    if local == "RDF" and namespace == RDF:
        spaces = {name for child in root if type(child.tag) is str for name in [_space(child.tag)]}
        if RSS_10 in spaces:
            return "RSS 1.0"
        if RSS_090 in spaces:
            return "RSS 0.90"
    raise Declines(f"the root is {local}")


def _space(tag: str) -> str:
    return tag[1:].partition("}")[0] if tag[0] == "{" else ""


def _local(element: Element) -> str:
    return str(element.tag).rpartition("}")[2].lower()


def _action(element: Element) -> tuple[int, str]:
    """What is done with an element, and its name."""
    tag = element.tag
    if type(tag) is not str:
        raise Declines("an entity that nobody declared")
    found = _actions.get(tag)
    if found is not None:
        return found
    name = name_of(tag)
    if name is None:
        return _by_prefix(element)
    found = (_ACTIONS.get(name, _CHECK), name)
    if len(_actions) < 4096:
        _actions[tag] = found
    return found


def _by_prefix(element: Element) -> tuple[int, str]:
    """In an unknown namespace feedparser goes by the prefix, and so do we."""
    prefix, local = (element.prefix or "").lower(), _local(element)
    name = f"{prefix}_{local}" if prefix else local
    if prefix in _KNOWN_PREFIXES:
        return _ACTIONS.get(name, _CHECK), name
    if not prefix and local in _MEANT:
        raise Declines(f"{local} in an unknown namespace")
    return _CHECK, ""


def _check_skipped(element: Element) -> None:
    """Decline where something skipped holds what means something."""
    for inner in element.iterdescendants():
        name = _action(inner)[1]
        if name in _MEANT:
            raise Declines(f"{name} in {_local(element)}")


def _check_parts(element: Element, parts: frozenset[str]) -> None:
    for inner in element:
        name = _action(inner)[1]
        if len(inner) or (name in _MEANT and name not in parts):
            raise Declines(f"{name} in {_local(element)}")


def _write_content(element: Element, pieces: list[str]) -> None:
    """The element's content as HTML: names without prefixes, void elements without an end."""
    if element.text:
        pieces.append(escape(element.text))
    for child in element:
        if type(child.tag) is not str:
            raise Declines("an entity that nobody declared")
        name = _local(child)
        if name in ("svg", "math"):
            raise Declines(f"{name} in content")
        attributes = "".join(
            f' {_attribute(child, key)}="{escape(value, {chr(34): "&quot;"})}"'
            for key, value in child.attrib.items()
        )
        pieces.append(f"<{name}{attributes}>")
        _write_content(child, pieces)
        if name not in _VOID:
            pieces.append(f"</{name}>")
        if child.tail:
            pieces.append(escape(child.tail))


def _attribute(element: Element, key: str) -> str:
    if key[0] != "{":
        return key.lower()
    if key.startswith(XML):
        return "xml:" + key.rpartition("}")[2].lower()
    raise Declines(f"the attribute {key} in content")
