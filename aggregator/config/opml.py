"""OPML → the feeds it lists with their folders, and sources by category → OPML."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from aggregator.model import Category, Source
from aggregator.text import fit_for_xml, squeeze

MAX_OUTLINES = 200_000


class OpmlError(ValueError):
    """A file that is no OPML: what is wrong and in which line (from 1; 0: as a whole)."""

    def __init__(self, message: str, line: int = 0, column: int = 0) -> None:
        place = f"line {line}, column {column}: " if line else ""
        super().__init__(place + message)
        self.message = message
        self.line = line
        self.column = column


@dataclass(frozen=True, slots=True)
class Outline:
    """One feed of an OPML file. `folders` are the titles around it, the outermost first."""

    url: str
    title: str | None
    folders: tuple[str, ...]
    line: int
    language: str | None = None


def read_opml(content: bytes) -> tuple[Outline, ...]:
    """The feeds of an OPML document (OPML 2.0; 1.0 and 1.1 alike), in its order.

    Names of attributes are read in any case, as `xmlurl` is found in the wild. Raises OpmlError
    for what is not well-formed, is no OPML or lists no feed. No entity or file is ever resolved.
    """
    # Blank lines before the XML declaration are an error to XML, and common in the wild.
    stripped = content.lstrip()
    above = content[: len(content) - len(stripped)].count(b"\n")
    found = list(_outlines(_parsed(stripped, above), above))
    if not found:
        raise OpmlError("no feed is listed: no outline has an xmlUrl")
    return tuple(found)


def _parsed(content: bytes, above: int) -> Any:
    from lxml import etree

    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
    try:
        root = etree.fromstring(content, parser)
    except etree.XMLSyntaxError as error:
        line, column = error.position
        place = (max(line, 1) + above, max(column, 1))
        raise OpmlError(_plain(error.msg), *place) from error
    if etree.QName(root).localname.lower() != "opml":
        name = etree.QName(root).localname
        message = f"this is no OPML: its root element is <{name}>"
        raise OpmlError(message, _line(root, above), 1)
    for element in root:
        if isinstance(element.tag, str) and etree.QName(element).localname.lower() == "body":
            return element
    raise OpmlError("this OPML has no <body>", _line(root, above), 1)


def _line(element: Any, above: int) -> int:
    return int(element.sourceline or 0) + above


def _plain(message: str | None) -> str:
    return "not well-formed XML: " + (message or "unknown").partition(", line ")[0]


def _outlines(body: Any, above: int) -> Iterator[Outline]:
    """All outlines with an address, without recursion: files nest as deep as they like."""
    stack: list[tuple[Iterator[Any], tuple[str, ...]]] = [(iter(body), ())]
    count = 0
    while stack:
        children, folders = stack[-1]
        element = next(children, None)
        if element is None:
            stack.pop()
            continue
        if not isinstance(element.tag, str):
            continue
        count += 1
        if count > MAX_OUTLINES:
            raise OpmlError(f"more than {MAX_OUTLINES} outlines", _line(element, above), 1)
        about = {str(name).lower(): str(value) for name, value in element.attrib.items()}
        title = squeeze(about.get("title") or about.get("text") or "") or None
        url = about.get("xmlurl", "").strip()
        if url:
            named = folders or _folders_named(about.get("category", ""))
            language = squeeze(about.get("language", "")) or None
            yield Outline(url, title, named, _line(element, above), language)
        inner = folders if url or title is None else (*folders, title)
        stack.append((iter(element), inner))


def _folders_named(category: str) -> tuple[str, ...]:
    """OPML 2.0's `category` attribute: slash-delimited paths, separated by commas; the first."""
    first = category.split(",")[0]
    return tuple(part for part in map(squeeze, first.split("/")) if part)


def write_opml(
    title: str,
    categories: Iterable[Category],
    sources: Iterable[Source],
    urls: Mapping[str, str],
) -> bytes:
    """OPML 2.0 with a folder a category; sources without one stand beside the folders.

    `urls` maps a source's id to the address to show. A source of several categories stands in
    each. The same input gives the same bytes: no date is written.
    """
    from lxml import etree

    root = etree.Element("opml", version="2.0")
    head = etree.SubElement(root, "head")
    etree.SubElement(head, "title").text = fit_for_xml(title)
    body = etree.SubElement(root, "body")
    listed = list(sources)
    for category in categories:
        members = [source for source in listed if category.id in source.categories]
        if members:
            folder = etree.SubElement(body, "outline", _texts(category.title))
            for source in members:
                _add_source(folder, source, urls[source.id])
    for source in listed:
        if not source.categories:
            _add_source(body, source, urls[source.id])
    etree.indent(root)
    written: bytes = etree.tostring(root, xml_declaration=True, encoding="UTF-8")
    return written + b"\n"


def _texts(title: str) -> dict[str, str]:
    shown = fit_for_xml(title)
    return {"text": shown, "title": shown}


def _add_source(parent: Any, source: Source, url: str) -> None:
    from lxml import etree

    about = {"type": "rss", **_texts(source.title), "xmlUrl": fit_for_xml(url)}
    if source.language:
        about["language"] = source.language
    etree.SubElement(parent, "outline", about)
