"""An element of a well-formed feed → what is done with it; the reasons to decline a document."""

from __future__ import annotations

from typing import Any
from xml.sax.saxutils import escape

from aggregator.parse.names import (
    ATOM,
    ATOM_03,
    PEOPLE,
    PREFIXES,
    RDF,
    RSS_090,
    RSS_10,
    TAGS,
    TEXTS,
    VALUES,
    XML,
    name_of,
)

Element = Any  # lxml's stubs are too loose to be worth their price here

_VOID = frozenset("area base br col embed hr img input link meta param source track wbr".split())
_RSS = {
    "0.91": "RSS 0.91",
    "0.92": "RSS 0.92",
    "0.93": "RSS 0.93",
    "0.94": "RSS 0.94",
}

# What is done with an element of an entry, by its tag in XML.
TEXT, VALUE, LINK, GUID, PERSON, TAG, ENCLOSURE, MEDIA, GROUP, SOURCE = range(10)
CHECK, IMAGE, CONTRIBUTOR, ENTRY, CHANNEL, HOURS, PICTURE, ALTERNATE = range(10, 18)
_ACTIONS: dict[str, int] = {
    **dict.fromkeys(TEXTS, TEXT),
    **dict.fromkeys(VALUES, VALUE),
    **dict.fromkeys(PEOPLE, PERSON),
    **dict.fromkeys(TAGS, TAG),
    "link": LINK,
    "guid": GUID,
    "enclosure": ENCLOSURE,
    "media_content": MEDIA,
    "media_group": GROUP,
    "media_thumbnail": PICTURE,
    "itunes_image": PICTURE,
    "podcast_alternateenclosure": ALTERNATE,
    "source": SOURCE,
    "image": IMAGE,
    "textinput": IMAGE,
    "contributor": CONTRIBUTOR,
    "itunes_owner": CONTRIBUTOR,
    "item": ENTRY,
    "entry": ENTRY,
    "channel": CHANNEL,
    "skiphours": HOURS,
    "skipdays": HOURS,
}
# Names that mean something wherever they stand: among what is skipped they are a reason to decline.
MEANT = frozenset([*_ACTIONS, "hour", "day", "name", "email", "rss", "feed", "rdf_rdf"])
MEANT |= {"podcast_source"}
IMAGE_PARTS = frozenset("title link description url href width height name".split())
PERSON_PARTS = frozenset("name email uri url homepage itunes_name itunes_email".split())
_KNOWN_PREFIXES = frozenset(PREFIXES.values()) - {""}

# The same by the tag as lxml gives it; filled as tags are met.
ACTION_BY_TAG: dict[str, tuple[int, str]] = {}


class Declines(Exception):
    """The plain reader leaves the document to the tolerant one; the text says why."""


class IllFormed(Declines):
    """The document is not well-formed XML; `line` is where that showed."""

    def __init__(self, message: str, line: int | None) -> None:
        super().__init__(message)
        self.line = line


def format_of(root: Element) -> str:
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


def local_name(element: Element) -> str:
    """An element's name without namespace or prefix, in lower case."""
    return str(element.tag).rpartition("}")[2].lower()


def action_of(element: Element) -> tuple[int, str]:
    """What is done with an element, and its name."""
    tag = element.tag
    if type(tag) is not str:
        raise Declines("an entity that nobody declared")
    found = ACTION_BY_TAG.get(tag)
    if found is not None:
        return found
    name = name_of(tag)
    if name is None:
        return _by_prefix(element)
    found = (_ACTIONS.get(name, CHECK), name)
    if len(ACTION_BY_TAG) < 4096:
        ACTION_BY_TAG[tag] = found
    return found


def _by_prefix(element: Element) -> tuple[int, str]:
    """In an unknown namespace feedparser goes by the prefix, and so do we."""
    prefix, local = (element.prefix or "").lower(), local_name(element)
    name = f"{prefix}_{local}" if prefix else local
    if prefix in _KNOWN_PREFIXES:
        return _ACTIONS.get(name, CHECK), name
    if not prefix and local in MEANT:
        raise Declines(f"{local} in an unknown namespace")
    return CHECK, ""


def check_skipped(element: Element) -> None:
    """Decline where something skipped holds what means something."""
    for inner in element.iterdescendants():
        name = action_of(inner)[1]
        if name in MEANT:
            raise Declines(f"{name} in {local_name(element)}")


def check_parts(element: Element, parts: frozenset[str]) -> None:
    """Decline where a compound element holds more than its own `parts`."""
    for inner in element:
        name = action_of(inner)[1]
        if len(inner) or (name in MEANT and name not in parts):
            raise Declines(f"{name} in {local_name(element)}")


def write_content(element: Element, pieces: list[str]) -> None:
    """The element's content as HTML: names without prefixes, void elements without an end."""
    if element.text:
        pieces.append(escape(element.text))
    for child in element:
        if type(child.tag) is not str:
            raise Declines("an entity that nobody declared")
        name = local_name(child)
        if name in ("svg", "math"):
            raise Declines(f"{name} in content")
        attributes = "".join(
            f' {_attribute(child, key)}="{escape(value, {chr(34): "&quot;"})}"'
            for key, value in child.attrib.items()
        )
        pieces.append(f"<{name}{attributes}>")
        write_content(child, pieces)
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
