"""Well-formed XML of a known shape → what it says, at the speed of lxml.

It says what the tolerant reader says of the same document, or declines. A test holds the two
together, field by field.
"""

from __future__ import annotations

import re

from lxml import etree

from aggregator.parse.elements import (
    ACTION_BY_TAG,
    ALTERNATE,
    CHANNEL,
    CONTRIBUTOR,
    ENCLOSURE,
    ENTRY,
    GROUP,
    GUID,
    HOURS,
    IMAGE,
    IMAGE_PARTS,
    LINK,
    MEDIA,
    PERSON,
    PERSON_PARTS,
    PICTURE,
    SOURCE,
    TAG,
    TEXT,
    VALUE,
    Declines,
    Element,
    IllFormed,
    action_of,
    check_parts,
    check_skipped,
    format_of,
)
from aggregator.parse.markup import looks_like_html
from aggregator.parse.names import RDF, TAG_LISTS, TEXTS
from aggregator.parse.raw import (
    ENTRY_LIMIT,
    RawEntry,
    RawFeed,
    RawTag,
    RawText,
)
from aggregator.parse.values import XHTML, Values, keep_link

# Atom's types of text that is not itself XML.
_ESCAPED = {"text": "text/plain", "html": "text/html"}
_PLACE = re.compile(r",? line \d+, column \d+\Z")
_DOCTYPE = re.compile(rb"<!DOCTYPE([^>\[]*)([>\[])")

# A named tuple's own constructor is a Python function; this is what it calls, at a third the cost.
_new = tuple.__new__

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


class _Reading(Values):
    """The reading of one document."""

    def __init__(self, root: Element, data: bytes, netscape: bool) -> None:
        self.feed = RawFeed(format="RSS 0.91 (Netscape)" if netscape else format_of(root))
        super().__init__(data, self.feed.format)
        if "base" in root.attrib or "lang" in root.attrib:
            raise Declines("xml:base or xml:lang without their prefix")
        self._deep: dict[str, tuple[int, RawText | str]] = {}
        self.feed.language = self._language(root, None)
        if action_of(root)[0] == ENTRY:
            self._entry(root)
        else:
            self._whole(root)

    def _whole(self, root: Element) -> None:
        for child in root:
            action, name = action_of(child)
            if action == CHANNEL:
                for inner in child:
                    self._of_feed(inner)
            else:
                self._of_feed(child, name)

    def _of_feed(self, child: Element, name: str = "") -> None:
        feed = self.feed
        action, name = action_of(child)
        if action == ENTRY:
            self._entry(child)
        elif action == TEXT:
            text = self._text(child, name, self.feed.language)
            if text is not None:
                feed.texts[name] = text
        elif action == VALUE:
            value = self._value(child)
            if value:
                feed.values[name] = value
        elif action == LINK:
            link = self._link(child)
            if link is not None:
                feed.links.append(link)
        elif action == PERSON:
            self._person(child, name, feed.authors)
        elif action == HOURS:
            self._hours(child, name)
        elif action == IMAGE:
            check_parts(child, IMAGE_PARTS)
        elif action == CONTRIBUTOR:
            check_parts(child, PERSON_PARTS)
        elif action in (SOURCE, CHANNEL, GUID):
            raise Declines(f"{name} in an unusual place")
        elif len(child) and action != TAG:
            check_skipped(child)

    def _hours(self, child: Element, name: str) -> None:
        for inner in child:
            part = action_of(inner)[1]
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

        the commonest cases, text of a plain type and values, are done in place.
        """
        known = ACTION_BY_TAG.get
        texts, values, tags = entry.texts, entry.values, entry.tags
        simple = depth == 1 and not self._bases
        language = entry.language
        for child in parent:
            action, name = known(child.tag) or action_of(child)
            if action == TEXT:
                attributes = child.items()  # at half the cost of its dict-like attrib
                if not attributes:
                    kind = TEXTS[name]
                elif len(attributes) == 1 and attributes[0][0] == "type":
                    kind = _ESCAPED.get(attributes[0][1], XHTML)
                else:
                    kind = XHTML
                if simple and kind != XHTML and not len(child):
                    value = child.text
                    if not value or not (value := value.strip()):
                        continue
                    if not value.isascii():
                        value = self._mend(value)
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
            elif action == VALUE:
                found = child.text
                if not found or not (found := found.strip()) or len(child):
                    found = self._value(child)  # which declines what holds elements
                    if not found:
                        continue
                elif not found.isascii():
                    found = self._mend(found)
                if depth == 1:
                    values[name] = found
                else:
                    self._keep_deep(name, depth, found)
            elif action == TAG:
                attributes = child.items()
                if len(child) or name in TAG_LISTS or attributes[1:]:
                    self._tag(child, name, entry)
                elif not attributes:
                    term = (child.text or "").strip()
                    tags.append(_new(RawTag, (self._mend(term), None, None)))
                elif attributes[0][0] == "term" and attributes[0][1]:
                    tags.append(_new(RawTag, (attributes[0][1].strip(), None, None)))
                else:
                    self._tag(child, name, entry)
            elif action == LINK:
                link = self._link(child)
                if link is not None:
                    keep_link(entry, link)
            else:
                self._rare(child, action, name, entry, depth)

    def _rare(self, child: Element, action: int, name: str, entry: RawEntry, depth: int) -> None:
        if action == PERSON:
            self._person(child, name, entry.authors)
        elif action == GUID:
            value = self._value(child)
            permalink = child.get("isPermaLink", child.get("ispermalink", "true"))
            entry.permalink = permalink.strip().lower() == "true"
            if value:
                entry.values["guid"] = value
        elif action in (ENCLOSURE, MEDIA):
            self._media(child, name, entry)
            self._children(child, entry, depth + 1)
        elif action == GROUP:
            self._children(child, entry, depth + 1)
        elif action == PICTURE:
            url = child.get("url") or child.get("href")
            if len(child):
                raise Declines(f"elements in {name}")
            if url:
                entry.images.append(url.strip())
        elif action == SOURCE:
            self._source(child, entry)
        elif action == ALTERNATE:
            self._alternate(child, entry)
        elif action == IMAGE:
            check_parts(child, IMAGE_PARTS)
        elif action == CONTRIBUTOR:
            check_parts(child, PERSON_PARTS)
        elif action in (ENTRY, CHANNEL, HOURS):
            raise Declines(f"{name} in an entry")
        elif len(child):
            check_skipped(child)

    def _keep_deep(self, name: str, depth: int, found: RawText | str) -> None:
        kept = self._deep.get(name)
        if kept is None or depth <= kept[0]:
            self._deep[name] = (depth, found)
