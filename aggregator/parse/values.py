"""An element of a well-formed feed → the value it has: text, link, enclosure, person, tag."""

from __future__ import annotations

from typing import Any
from xml.sax.saxutils import escape

from aggregator.parse.elements import (
    CHANNEL,
    CONTRIBUTOR,
    ENTRY,
    IMAGE,
    LINK,
    MEANT,
    PERSON,
    PERSON_PARTS,
    SOURCE,
    Declines,
    Element,
    action_of,
    check_skipped,
    local_name,
    write_content,
)
from aggregator.parse.links import plain_ampersands
from aggregator.parse.markup import looks_like_html, mend
from aggregator.parse.names import MAKERS, TAG_LISTS, TEXTS, XML
from aggregator.parse.raw import RawEntry, RawLink, RawMedia, RawSource, RawTag, RawText

_TYPES = {"text": "text/plain", "plain": "text/plain", "html": "text/html"}
_TYPES |= {"xhtml": "application/xhtml+xml"}
_TYPES |= {name: name for name in ("text/plain", "text/html", "application/xhtml+xml")}
XHTML = "application/xhtml+xml"
# A named tuple's own constructor is a Python function; this is what it calls, at a third the cost.
_new = tuple.__new__


class Values:
    """Reads the elements of one document; what holds for all of them is found out once."""

    def __init__(self, data: bytes, feed_format: str) -> None:
        self._data = data
        self._mends: bool | None = None
        # One search through the document spares a look-up at every element.
        self._bases = self._languages = b"xml:" in data
        self._atom = feed_format.startswith("Atom")
        self._atom10 = feed_format == "Atom 1.0"

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
            if kind == XHTML:
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
        if kind != XHTML:
            raise Declines(f"{name} holds elements, but says it does not")
        only = element[0]
        if (
            self._atom10
            and len(element) == 1
            and local_name(only) == "div"
            and not (element.text or "").strip()
            and not (only.tail or "").strip()
        ):
            element = only
        pieces: list[str] = []
        write_content(element, pieces)
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
        get = dict(element.items()).get
        href = get("href") or get("url") or get("uri")
        if href:
            kind = get("type")
            rel = get("rel", "alternate").lower()
            kind = kind.lower() if kind else kind
            base = self._base(element)
            return _new(RawLink, (rel, href.strip(), kind, base, get("length"), get("title")))
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

    def _alternate(self, element: Element, entry: RawEntry) -> None:
        """The same episode in another form, to be had at one or several addresses."""
        for part in element:
            name = action_of(part)[1]
            uri = part.get("uri") if name == "podcast_source" else None
            if len(part) or (uri is None and name in MEANT):
                raise Declines(f"{name} in an alternate enclosure")
            if uri:
                kind = part.get("contentType") or element.get("type")
                entry.media.append(
                    RawMedia(
                        "podcast_source",
                        uri.strip(),
                        kind.lower() if kind else None,
                        element.get("length"),
                        base=self._base(part),
                        title=element.get("title"),
                    )
                )

    def _person(self, element: Element, name: str, people: dict[str, list[str]]) -> None:
        if name == "podcast_person" and element.get("role", "host").lower() not in MAKERS:
            return
        told = ""
        if len(element):
            parts: dict[str, str] = {}
            for part in element:
                short = (action_of(part)[1]).removeprefix("itunes_")
                if short in ("name", "email"):
                    parts[short] = self._value(part) or parts.get(short, "")
                elif len(part) or (short in MEANT and short not in PERSON_PARTS):
                    raise Declines(f"{short} in {name}")
            told = parts.get("name") or parts.get("email") or ""
            if not told and _own_text(element):
                raise Declines(f"text beside elements in {name}")
        else:
            told = self._value(element) or ""
        if told:
            people.setdefault(name, []).append(told)

    def _tag(self, element: Element, name: str, entry: RawEntry) -> None:
        attributes = element.attrib
        term = attributes.get("term") if attributes else None
        text = (element.text or "").strip() if not term or len(element) else ""
        if not text.isascii():
            text = self._mend(text)
        get = attributes.get
        term = term or text or get("text") or ""
        scheme = get("scheme") or get("domain")
        if not len(element) and name not in TAG_LISTS:
            entry.tags.append(_new(RawTag, (term.strip(), scheme, get("label"))))
            return
        terms = term.split(",") if name in TAG_LISTS else [term]
        for inner in element:  # itunes:category nests
            if action_of(inner)[1] != name:
                raise Declines(f"elements in {name}")
            self._tag(inner, name, entry)
        entry.tags.extend(RawTag(each.strip(), scheme, get("label")) for each in terms)

    def _source(self, element: Element, entry: RawEntry) -> None:
        source = entry.source = RawSource()
        url = element.get("url")
        if url:
            source.links.append(RawLink("alternate", url, None, self._base(element)))
        for child in element:
            action, name = action_of(child)
            if name == "title":
                text = self._text(child, name, None)
                source.title = text.value if text is not None else source.title
            elif name == "id":
                source.id = self._value(child) or source.id
            elif action == LINK:
                link = self._link(child)
                if link is not None:
                    source.links.append(link)
            elif action in (ENTRY, SOURCE, CHANNEL, IMAGE):
                raise Declines(f"{name} in source")
            elif len(child) and action not in (PERSON, CONTRIBUTOR):
                check_skipped(child)
        source.title = source.title or self._mend(_own_text(element)) or None


def keep_link(entry: RawEntry, link: RawLink) -> None:
    """Keep a link with its entry: an enclosure among the media, any other among the links."""
    if link.rel == "enclosure":
        entry.media.append(
            RawMedia("link", link.href, link.type, link.length, base=link.base, title=link.title)
        )
    else:
        entry.links.append(link)


def _own_text(element: Element) -> str:
    return "".join([element.text or "", *(child.tail or "" for child in element)]).strip()
