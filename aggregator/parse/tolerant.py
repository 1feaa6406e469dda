"""Text of any shape that resembles a feed → what it says, by feedparser's reading.

feedparser's own parsers are driven here; what they come across is kept by `keeping`.
"""

from __future__ import annotations

import io
import re
import xml.sax
import xml.sax.handler
from typing import Any

from feedparser.api import LooseFeedParser, StrictFeedParser, replace_doctype

from aggregator.model import Note
from aggregator.parse.errors import ParseError
from aggregator.parse.keeping import Enough, Keeping
from aggregator.parse.markup import fit
from aggregator.parse.raw import RawFeed

FORMATS = {
    "rss090": "RSS 0.90",
    "rss091n": "RSS 0.91 (Netscape)",
    "rss091u": "RSS 0.91",
    "rss092": "RSS 0.92",
    "rss093": "RSS 0.93",
    "rss094": "RSS 0.94",
    "rss20": "RSS 2.0",
    "rss10": "RSS 1.0",
    "rss": "RSS",
    "atom01": "Atom 0.1",
    "atom02": "Atom 0.2",
    "atom03": "Atom 0.3",
    "atom10": "Atom 1.0",
    "atom": "Atom",
    "cdf": "CDF",
}

# One tag's attributes; each costs a thousand bytes on its way through expat and feedparser.
ATTRIBUTES = 4000
_LONG_TAG = re.compile(r"<[A-Za-z][^<>]{8192,}")

_DECLARATION = re.compile(r"\A\s*<\?xml[^>]*\?>")


def read_tolerantly(text: str) -> tuple[RawFeed, list[Note]]:
    """What `text` says, however broken it is. Raises ParseError where it resembles no feed."""
    _refuse_monstrous_tags(text)
    data = _DECLARATION.sub(_same_lines, fit(text), count=1).encode("utf-8", "replace")
    version, data, entities = replace_doctype(data)
    notes: list[Note] = []
    parser = _read_strictly(data, notes)
    if parser is None:
        parser = _Loose("", None, "utf-8", entities)
        _set_flags(parser, len(data))
        try:
            parser.feed(data.decode("utf-8", "replace"))
        except Enough:
            notes.append(_ENOUGH)
        except (RecursionError, AssertionError, ValueError, LookupError, TypeError) as error:
            notes.append(Note("stopped", f"reading stopped early: {type(error).__name__}"))
    raw = parser.raw
    raw.format = FORMATS.get(version or parser.version, "")
    _leave_out_cut_off(raw, text, notes)
    if not raw.format and not raw.entries:
        raise ParseError("not-a-feed", "neither RSS nor Atom nor JSON Feed")
    raw.format = raw.format or "unknown"
    return raw, notes


def _refuse_monstrous_tags(text: str) -> None:
    for found in _LONG_TAG.finditer(text):
        if found.group().count("=") > ATTRIBUTES:
            raise ParseError("too-expensive", f"a tag of more than {ATTRIBUTES} attributes")


_ENOUGH = Note("stopped", "more tags than a feed of this size has; the rest is not read")


def _same_lines(found: re.Match[str]) -> str:
    return "\n" * found.group().count("\n")


def _read_strictly(data: bytes, notes: list[Note]) -> Any:
    parser = _Strict("", None, "utf-8")
    _set_flags(parser, len(data))
    reader = xml.sax.make_parser()
    reader.setFeature(xml.sax.handler.feature_namespaces, 1)
    reader.setFeature(xml.sax.handler.feature_external_ges, 0)
    reader.setContentHandler(parser)
    reader.setErrorHandler(parser)
    source = xml.sax.xmlreader.InputSource()
    source.setByteStream(io.BytesIO(data))
    try:
        reader.parse(source)
    except xml.sax.SAXParseException as error:
        notes.append(Note("ill-formed", error.getMessage(), error.getLineNumber()))
        return None
    except Enough:
        notes.append(_ENOUGH)
    except (xml.sax.SAXException, RecursionError, ValueError, LookupError, TypeError) as error:
        notes.append(Note("ill-formed", str(error) or type(error).__name__))
        return None
    return parser


def _set_flags(parser: Any, size: int) -> None:
    parser.resolve_relative_uris = False
    parser.sanitize_html = False
    parser.allow_tags(size)


def _leave_out_cut_off(raw: RawFeed, text: str, notes: list[Note]) -> None:
    """A document that stops in the middle keeps the entries that stand whole."""
    if not raw.entries or raw.entries[-1].whole:
        return
    low = text.lower()
    ends = max(map(low.rfind, ("</rss", "</feed", "</channel", ":rdf>", ":feed>")))
    if ends > max(map(low.rfind, ("<item", "<entry", ":item", ":entry"))):
        return
    cut = raw.entries.pop()
    notes.append(
        Note("truncated", "the document stops in the middle of an entry; left out", cut.line)
    )


class _Strict(Keeping, StrictFeedParser):  # type: ignore[misc]
    """feedparser's reader of well-formed documents."""

    _locator: Any = None

    def setDocumentLocator(self, locator: Any) -> None:  # noqa: N802 - the SAX interface
        """Lets entries know their lines."""
        self._locator = locator

    def _line(self) -> int | None:
        return self._locator.getLineNumber() if self._locator is not None else None


class _Loose(Keeping, LooseFeedParser):  # type: ignore[misc]
    """feedparser's reader of everything else."""
