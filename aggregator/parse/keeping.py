"""What feedparser's parsers come across → RawFeed, every value under its own element's name.

By itself feedparser lets one element overwrite another (media:description the summary, dc:date
the update), resolves links against what it knows, and guesses at dates.
"""

from __future__ import annotations

import re
from typing import Any

from aggregator.parse.links import plain_ampersands
from aggregator.parse.markup import fit
from aggregator.parse.names import MAKERS, PEOPLE, TAG_LISTS, TAGS, TEXTS, VALUES
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

# A document may have so many start tags, and one more for every so many bytes. Long feeds have
# one for a hundred and more; without a bound 1 MiB of tags keeps feedparser busy for many seconds.
TAGS_FREE = 10_000
BYTES_A_TAG = 72

_VOID_END = re.compile(
    r"</(?:area|base|br|col|embed|hr|img|input|link|meta|param|source|track|wbr)>"
)


class Enough(Exception):
    """The document has more tags than its size excuses."""


class Keeping:
    """Keeps every element's value under the element's name; mixed into feedparser's parsers."""

    def __init__(self, *arguments: Any) -> None:
        self.raw = RawFeed()
        self._depths: dict[tuple[int, str], int] = {}
        self._people: list[dict[str, str]] = []
        self._alternates: list[dict[str, str]] = []
        self._attributes: list[dict[str, str]] = []
        self._tags_left = TAGS_FREE
        super().__init__(*arguments)

    def allow_tags(self, size: int) -> None:
        """Let a document of `size` bytes have so many start tags."""
        self._tags_left = TAGS_FREE + size // BYTES_A_TAG

    # ---- where a value belongs

    def _place(self: Any) -> Any:
        if self.insource:
            return self.raw.entries[-1].source if self.inentry else None
        if self.inimage or self.intextinput:
            return None
        return self.raw.entries[-1] if self.inentry else self.raw

    def _shallowest(self: Any, place: Any, name: str) -> bool:
        """The element nearest to the entry wins; among equals the last."""
        key = (id(place), name)
        if self.depth > self._depths.get(key, self.depth):
            return False
        self._depths[key] = self.depth
        return True

    # ---- entries

    def _start_item(self: Any, attrs_d: dict[str, str]) -> None:
        self.insource = self.inimage = self.intextinput = 0
        super()._start_item(attrs_d)  # type: ignore[misc]
        self.entries.clear()
        self.entries.append(type(self.feeddata)())
        entry = RawEntry(self._line(), self.lang)
        entry.whole = False
        if attrs_d.get("rdf:about"):
            entry.values["about"] = attrs_d["rdf:about"].strip()
        self.raw.entries.append(entry)

    _start_entry = _start_item

    def _end_item(self: Any) -> None:
        super()._end_item()  # type: ignore[misc]
        if self.raw.entries:
            self.raw.entries[-1].whole = True

    _end_entry = _end_item

    def _line(self: Any) -> int | None:
        return None

    def _cdf_common(self: Any, attrs_d: dict[str, str]) -> None:
        """CDF's attributes are not read."""

    # ---- formats

    def unknown_starttag(self: Any, tag: str, attrs: list[tuple[str, str]]) -> None:
        """Counts the tags: each costs feedparser some 10 µs, whatever its length."""
        self._tags_left -= 1
        if self._tags_left < 0 or len(self.raw.entries) > ENTRY_LIMIT:
            raise Enough
        super().unknown_starttag(tag, attrs)  # type: ignore[misc]

    def unknown_endtag(self: Any, tag: str) -> None:
        """feedparser lets an xml:base outlive its element where there is none outside."""
        super().unknown_endtag(tag)  # type: ignore[misc]
        self.baseuri = self.basestack[-1] if self.basestack else ""

    def _start_rss(self: Any, attrs_d: dict[str, str]) -> None:
        super()._start_rss(attrs_d)  # type: ignore[misc]
        self.raw.language = self.lang

    def _start_rdf_rdf(self: Any, attrs_d: dict[str, str]) -> None:
        """A namespace declared beside it does not make it Atom."""
        self.raw.language = self.lang
        if self.version.startswith("atom"):
            self.version = "rss10"

    def _start_feed(self: Any, attrs_d: dict[str, str]) -> None:
        self.raw.language = self.lang
        self.version = ""
        super()._start_feed(attrs_d)  # type: ignore[misc]
        if "http://www.w3.org/2005/Atom" in self.namespaces_in_use.values():
            self.version = "atom10"

    # ---- texts and values

    def _start_text(self: Any, name: str, attrs_d: dict[str, str]) -> None:
        self.push_content("x_" + name, attrs_d, TEXTS[name], 1)

    def _end_text(self: Any, name: str) -> None:
        # Not "in content", feedparser spares itself a deep copy of the parameters.
        within, self.incontent = max(0, self.incontent - 1), 0
        value = self.pop("x_" + name)
        params = dict(self.contentparams)
        self.incontent = within
        self.contentparams.clear()
        place = self._place()
        if not value or place is None:
            return
        if isinstance(place, RawSource):
            if name == "title":
                place.title = value
            return
        kind = params.get("type") or TEXTS[name]
        if kind == "application/xhtml+xml":
            value = _VOID_END.sub("", value)
        text = RawText(fit(value), kind, params.get("base") or "", params.get("language"))
        if self._shallowest(place, name):
            place.texts[name] = text

    def _start_value(self: Any, name: str, attrs_d: dict[str, str]) -> None:
        self.push("x_" + name, 1)

    def _end_value(self: Any, name: str) -> None:
        value = self.pop("x_" + name)
        place = self._place()
        if not value or place is None:
            return
        if isinstance(place, RawSource):
            if name == "id":
                place.id = value
        elif name in ("hour", "day"):
            if place is self.raw:
                (self.raw.hours if name == "hour" else self.raw.days).append(value)
        elif self._shallowest(place, name):
            place.values[name] = fit(value)

    def _start_guid(self: Any, attrs_d: dict[str, str]) -> None:
        if self.inentry and not self.insource:
            permalink = attrs_d.get("ispermalink", "true").strip().lower()
            self.raw.entries[-1].permalink = permalink == "true"
        self.push("x_guid", 1)

    def _end_guid(self: Any) -> None:
        self._end_value("guid")

    # ---- links and media

    def _start_link(self: Any, attrs_d: dict[str, str]) -> None:
        href = attrs_d.get("href") or attrs_d.get("url") or attrs_d.get("uri")
        if href:
            self._keep_link(
                RawLink(
                    attrs_d.get("rel", "alternate"),
                    fit(href.strip()),
                    attrs_d.get("type"),
                    self.baseuri,
                    attrs_d.get("length"),
                    attrs_d.get("title"),
                )
            )
        else:
            self.push("x_link", 1)

    def _end_link(self: Any) -> None:
        value = self.pop("x_link")
        if value:
            link = fit(plain_ampersands(value))
            self._keep_link(RawLink("alternate", link, None, self.baseuri))

    def _keep_link(self: Any, link: RawLink) -> None:
        place = self._place()
        if place is None:
            return
        if link.rel == "enclosure" and isinstance(place, RawEntry):
            place.media.append(
                RawMedia(
                    "link", link.href, link.type, link.length, base=link.base, title=link.title
                )
            )
        else:
            place.links.append(link)

    def _start_enclosure(self: Any, attrs_d: dict[str, str]) -> None:
        self._keep_media("enclosure", attrs_d)

    def _start_media_thumbnail(self: Any, attrs_d: dict[str, str]) -> None:
        self._keep_image(attrs_d.get("url") or attrs_d.get("href"))

    def _start_itunes_image(self: Any, attrs_d: dict[str, str]) -> None:
        self._keep_image(attrs_d.get("href") or attrs_d.get("url"))

    def _keep_image(self: Any, url: str | None) -> None:
        place = self._place()
        if url and isinstance(place, RawEntry):
            place.images.append(fit(url.strip()))

    def _end_media_thumbnail(self: Any) -> None:
        """Nothing is kept of its text."""

    def _start_media_content(self: Any, attrs_d: dict[str, str]) -> None:
        self._keep_media("media_content", attrs_d)

    def _start_podcast_alternateenclosure(self: Any, attrs_d: dict[str, str]) -> None:
        self._alternates.append(attrs_d)

    def _end_podcast_alternateenclosure(self: Any) -> None:
        if self._alternates:
            self._alternates.pop()

    def _start_podcast_source(self: Any, attrs_d: dict[str, str]) -> None:
        uri, place = attrs_d.get("uri"), self._place()
        if not (uri and self._alternates and isinstance(place, RawEntry)):
            return
        of = self._alternates[-1]
        kind = attrs_d.get("contenttype") or of.get("type")
        place.media.append(
            RawMedia(
                "podcast_source",
                fit(uri.strip()),
                kind.lower() if kind else None,
                of.get("length"),
                base=self.baseuri,
                title=of.get("title"),
            )
        )

    def _end_podcast_source(self: Any) -> None:
        """It is empty."""

    def _keep_media(self: Any, kind: str, attrs_d: dict[str, str]) -> None:
        url = attrs_d.get("url") or attrs_d.get("href") or attrs_d.get("uri")
        place = self._place()
        if url and isinstance(place, RawEntry):
            place.media.append(
                RawMedia(
                    kind,
                    fit(url.strip()),
                    attrs_d.get("type"),
                    attrs_d.get("length") or attrs_d.get("filesize"),
                    attrs_d.get("duration"),
                    attrs_d.get("medium"),
                    self.baseuri,
                )
            )

    # ---- source

    def _start_source(self: Any, attrs_d: dict[str, str]) -> None:
        self.push("source", 1)
        if self.inentry:
            self.insource = 1
            source = RawSource()
            if attrs_d.get("url"):
                source.links.append(RawLink("alternate", attrs_d["url"], None, self.baseuri))
            self.raw.entries[-1].source = source

    def _end_source(self: Any) -> None:
        value = self.pop("source")
        if self.insource and self.inentry and value:
            source = self.raw.entries[-1].source
            source.title = source.title or value
        self.insource = 0

    # ---- authors and categories

    def _start_person(self: Any, name: str, attrs_d: dict[str, str]) -> None:
        self.push("x_" + name, 1)
        person = {"role": attrs_d.get("role", "host")} if name == "podcast_person" else {}
        self._people.append(person)

    def _end_person(self: Any, name: str) -> None:
        text = self.pop("x_" + name)
        person = self._people.pop() if self._people else {}
        place = self._place()
        if person.get("role", "host").lower() not in MAKERS:
            return
        told = person.get("name") or person.get("email") or text
        if told and isinstance(place, (RawEntry, RawFeed)):
            place.authors.setdefault(name, []).append(fit(told))

    def _keep_of_person(self: Any, name: str) -> None:
        value = self.pop("x_person_" + name)
        if value and self._people:
            self._people[-1][name] = value

    def _start_tag(self: Any, name: str, attrs_d: dict[str, str]) -> None:
        self.push("x_" + name, 1)
        self._attributes.append(attrs_d)

    def _end_tag(self: Any, name: str) -> None:
        text = self.pop("x_" + name) or ""
        attributes = self._attributes.pop() if self._attributes else {}
        place = self._place()
        if isinstance(place, RawEntry):
            term = attributes.get("term") or text or attributes.get("text") or ""
            scheme = attributes.get("scheme") or attributes.get("domain")
            terms = term.split(",") if name in TAG_LISTS else [term]
            label = attributes.get("label")
            place.tags.extend(RawTag(fit(each.strip()), scheme, label) for each in terms)

    # ---- what feedparser would stumble over

    def handle_charref(self: Any, ref: str) -> None:
        """A reference to no character XML knows is left out, not an error."""
        digits = ref.lower()
        try:
            code = int(digits[1:], 16) if digits.startswith("x") else int(digits)
        except ValueError:
            return
        if 0 < code <= 0x10FFFF and not 0xD800 <= code <= 0xDFFF:
            super().handle_charref(ref)  # type: ignore[misc]


def _bind(kind: str, name: str) -> None:
    """Give Keeping the two methods that feedparser calls for the element `name`."""
    begin, finish = getattr(Keeping, "_start_" + kind), getattr(Keeping, "_end_" + kind)
    setattr(Keeping, "_start_" + name, lambda self, attrs_d: begin(self, name, attrs_d))
    setattr(Keeping, "_end_" + name, lambda self: finish(self, name))


for _kind, _names in (
    ("text", TEXTS),
    ("value", VALUES | {"hour", "day"}),
    ("person", PEOPLE),
    ("tag", TAGS),
):
    for _name in _names:
        _bind(_kind, _name)
for _name in ("name", "email", "itunes_name", "itunes_email"):
    _short = _name.removeprefix("itunes_")
    setattr(
        Keeping,
        "_start_" + _name,
        lambda self, attrs_d, short=_short: self.push("x_person_" + short, 1),
    )
    setattr(Keeping, "_end_" + _name, lambda self, short=_short: self._keep_of_person(short))
