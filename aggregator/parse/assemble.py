"""What a reader took out of a document → the entries and the feed it says, in Atom's words."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from aggregator.html import visible_text
from aggregator.model import (
    Document,
    Enclosure,
    Entry,
    Note,
    Origin,
    ParsedFeed,
    Tag,
    Text,
    UpdateHints,
)
from aggregator.parse import quick
from aggregator.parse.dates import is_empty_date, parse_date
from aggregator.parse.links import is_web, resolve
from aggregator.parse.raw import RawEntry, RawFeed, RawLink, RawSource, RawTag, RawText

# Where each field is kept, best first; model.said.FIELD_NAMES tells the same.
_TITLES = ("title", "dc_title", "itunes_title", "media_title")
_CONTENTS = ("content", "content_encoded", "fullitem", "xhtml_body", "body")
_SUMMARIES = (
    "summary description abstract dc_description dcterms_abstract itunes_summary "
    "media_description itunes_subtitle subtitle".split()
)
_PUBLISHED = "published pubdate issued dcterms_issued dc_date created dcterms_created".split()
_UPDATED = ("updated", "modified", "dcterms_modified", "lastbuilddate")
_AUTHORS = ("author", "dc_creator", "dc_author", "itunes_author", "media_credit", "podcast_person")
_INHERITED = ("author", "dc_creator")
_FEED_UPDATED = ("updated", "lastbuilddate", "modified", "dcterms_modified", "pubdate", "dc_date")
_RIGHTS = ("rights", "copyright", "dc_rights", "media_copyright")

TITLE_LIMIT = 4096
NOTE_LIMIT = 20
_HTML = frozenset(["text/html", "application/xhtml+xml"])
_XML = ("+xml", "/xml")
_PERIODS = {"hourly": 1, "daily": 24, "weekly": 168, "monthly": 720, "yearly": 8760}
_WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_DURATION = re.compile(r"\s*(?:(?:(\d{1,4}):)?(\d{1,4}):)?(\d{1,7})(?:\.\d+)?\s*\Z")
_MAIL_NAME = re.compile(r"\s*[^\s@<>()]+@[^\s@<>()]+\s*\(([^()]+)\)\s*\Z")
_NAME_MAIL = re.compile(r"\s*([^<>()]+?)\s*[<(]\s*[^\s@<>()]*@[^\s@<>()]*\s*[>)]\s*\Z")
_ZONE_CACHE: dict[str, ZoneInfo] = {}


def assemble(raw: RawFeed, document: Document) -> ParsedFeed:
    """The feed that `raw` says, its entries in order, each once; notes tell what was left out."""
    return _Assembly(raw, document).feed()


def _zone(name: str) -> ZoneInfo:
    zone = _ZONE_CACHE.get(name)
    if zone is None:
        zone = _ZONE_CACHE[name] = ZoneInfo(name)
    return zone


def _guid(values: dict[str, str]) -> str | None:
    for name in ("guid", "id", "about", "dc_identifier"):
        if name in values:
            return values[name]
    return None


def _first(texts: dict[str, RawText], names: tuple[str, ...] | list[str]) -> RawText | None:
    for name in names:
        if name in texts:
            return texts[name]
    return None


class _Assembly:
    """The work on one document: what its entries share, and the notes made on the way."""

    def __init__(self, raw: RawFeed, document: Document) -> None:
        self._raw = raw
        self._document = document
        self._zone = _zone(document.timezone)
        self._atom = raw.format.startswith("Atom")
        self._notes: list[Note] = []
        self._told: dict[str, int] = {}
        self._dates: dict[str, datetime] = {}
        self._known_tags: dict[RawTag, Tag] = {}
        self._known_people: dict[tuple[str, ...], tuple[str, ...]] = {}
        self._base = document.url or self._own_address() or ""
        self._outer = self._base
        self._link = self._feed_link()
        # RSS: relative links are relative to the channel's link. Atom: RFC 4287 section 2.
        if self._link and (not self._atom or not self._base):
            self._base = self._link
        # RFC 4287 section 4.1.1: the feed's author is each entry's that names none. RSS's
        # managingEditor and a podcast's owner are no such thing.
        own = {name: people for name, people in raw.authors.items() if name in _INHERITED}
        self._authors = _authors(own)
        self._language = _language(raw.language or raw.values.get("language"))

    def feed(self) -> ParsedFeed:
        """The whole feed."""
        raw = self._raw
        entries = self._entries()
        title, subtitle = _first(raw.texts, ("title", "dc_title")), None
        for name in ("subtitle", "description", "tagline", "itunes_summary"):
            subtitle = subtitle or self._visible(raw.texts.get(name))
        return ParsedFeed(
            format=raw.format,
            reader="",
            encoding="",
            title=self._visible(title),
            link=self._link,
            id=raw.values.get("id") or None,
            subtitle=subtitle,
            language=self._language,
            updated=self._date(raw.values, _FEED_UPDATED, 0, None),
            self_link=self._related("self"),
            hubs=tuple(
                dict.fromkeys(
                    hub for link in raw.links if link.rel == "hub" and (hub := self._absolute(link))
                )
            ),
            hints=_hints(raw),
            entries=tuple(entries),
            notes=self._all_notes(),
        )

    def _feed_link(self) -> str | None:
        link = _alternate(self._raw.links)
        if link is None:
            return None
        found = self._absolute(link)
        return found if is_web(found) else None

    def _own_address(self) -> str | None:
        """Where the feed says it is to be had, for a document that came from nowhere."""
        own = next((link.href for link in self._raw.links if link.rel == "self"), None)
        return own if is_web(own) else None

    def _related(self, rel: str) -> str | None:
        found = next((link for link in self._raw.links if link.rel == rel), None)
        return self._absolute(found) if found is not None else None

    def _absolute(self, link: RawLink) -> str | None:
        return resolve(self._base_of(link.base), link.href)

    def _base_of(self, base: str) -> str:
        return (resolve(self._outer, base) or self._base) if base else self._base

    def _entries(self) -> list[Entry]:
        entries: list[Entry] = []
        seen: dict[str, Entry] = {}
        for number, raw in enumerate(self._raw.entries, 1):
            entry = self._entry(raw, number)
            if entry is None:
                continue
            if entry.guid is not None:
                before = seen.get(entry.guid)
                if before is not None and replace(before, raw=entry.raw) == entry:
                    self._note("duplicate", f"entry {number} repeats another; left out", raw.line)
                    continue
                seen[entry.guid] = entry
            entries.append(entry)
        return entries

    def _note(self, code: str, message: str, line: int | None) -> None:
        told = self._told[code] = self._told.get(code, 0) + 1
        if told <= NOTE_LIMIT:
            self._notes.append(Note(code, message, line))

    def _all_notes(self) -> tuple[Note, ...]:
        more = [
            Note(code, f"{told - NOTE_LIMIT} more like the {NOTE_LIMIT} above")
            for code, told in self._told.items()
            if told > NOTE_LIMIT
        ]
        return (*self._notes, *more)

    def _entry(self, raw: RawEntry, number: int) -> Entry | None:
        values, texts = raw.values, raw.texts
        guid, link = _guid(values), self._entry_link(raw.links)
        permalink = False
        if link is None and raw.permalink and "guid" in values and is_web(guid):
            link, permalink = resolve(self._base, guid), True
        title = self._text(_first(texts, _TITLES))
        content = self._text(_first(texts, _CONTENTS))
        summary = self._text(_first(texts, _SUMMARIES))
        # Mostly these are all the texts there are.
        others = len(texts) - (title is not None) - (content is not None) - (summary is not None)
        published = self._date(values, _PUBLISHED, number, raw.line)
        if not (guid or link or title or content or summary or published):
            self._note("entry-skipped", f"entry {number} says nothing; skipped", raw.line)
            return None
        if title is not None and len(title.value) > TITLE_LIMIT:
            title = replace(title, value=title.value[: TITLE_LIMIT - 1] + "…")
        # By place, in the order of Entry's fields: keywords cost half a microsecond.
        return quick.entry(
            guid,
            permalink or (guid is not None and guid == link),
            link,
            title,
            summary,
            content,
            published,
            self._date(values, _UPDATED, number, raw.line),
            (self._people(raw.authors) if raw.authors else ()) or self._authors,
            self._tags(raw.tags) if raw.tags else (),
            self._enclosures(raw) if raw.media else (),
            self._entry_language(raw),
            self._origin(raw.source) if raw.source is not None else None,
            self._visible(_first(texts, _RIGHTS)) if others else None,
            resolve(self._base, values["comments"]) if "comments" in values else None,
            raw.raw,
            resolve(self._base, raw.images[0]) if raw.images else None,
        )

    def _tags(self, tags: list[RawTag]) -> tuple[Tag, ...]:
        """Each tag once. Entries share their tags, and so do these."""
        known = self._known_tags
        found: dict[RawTag, Tag] = {}
        for raw in tags:
            made = known.get(raw)
            if made is None:
                term = raw.term or (raw.label or "").strip()
                if not term:
                    continue
                made = known[raw] = quick.tag(term, raw.scheme, raw.label)
            found[raw] = made
        return tuple(found.values())

    def _people(self, written: dict[str, list[str]]) -> tuple[str, ...]:
        if len(written) > 1:
            return _authors(written)
        ((name, people),) = written.items()
        key = (name, *people)
        found = self._known_people.get(key)
        if found is None:
            found = self._known_people[key] = _authors(written)
        return found

    def _entry_language(self, raw: RawEntry) -> str | None:
        own = raw.values.get("dc_language")
        if raw.language is None or raw.language is self._raw.language:
            return _language(own) if own else self._language
        return _language(raw.language)

    def _entry_link(self, links: list[RawLink]) -> str | None:
        if not links:
            return None
        best = links[0]
        if len(links) > 1 or best.rel != "alternate" or (best.type or "text/html") not in _HTML:
            found = _alternate(links)
            if found is None:
                return None
            best = found
        return resolve(self._base_of(best.base) if best.base else self._base, best.href)

    def _text(self, raw: RawText | None) -> Text | None:
        if raw is None:
            return None
        value, kind, base, language = raw
        return quick.text(
            value,
            "html" if kind in _HTML or kind.endswith(_XML) else "text",
            self._base_of(base) if base else self._base,
            _language(language) if language else None,
        )

    def _visible(self, raw: RawText | None) -> str | None:
        if raw is None or not raw.value:
            return None
        if raw.type in _HTML:
            return visible_text(raw.value) or None
        return raw.value

    def _date(
        self,
        values: dict[str, str],
        names: tuple[str, ...] | list[str],
        number: int,
        line: int | None,
    ) -> datetime | None:
        for name in names:
            written = values.get(name)
            if written is None:
                continue
            found = self._dates.get(written)  # published and updated are often the same
            if found is None:
                found = parse_date(written, self._zone, self._document.fetched_at)
            if found is not None:
                self._dates[written] = found
                return found
            if not is_empty_date(written):
                what = f"entry {number}" if number else "the feed"
                shown = written if len(written) <= 60 else written[:59] + "…"
                self._note("date-unreadable", f"{what}: {name} “{shown}” names no date", line)
        return None

    def _enclosures(self, raw: RawEntry) -> tuple[Enclosure, ...]:
        found: dict[str, Enclosure] = {}
        duration = _seconds(raw.values.get("itunes_duration"))
        # Other forms of the same come after it, wherever they stand.
        for media in sorted(raw.media, key=lambda media: media.kind == "podcast_source"):
            url = resolve(self._base_of(media.base), media.url)
            if url is None or url in found:
                continue
            if media.kind == "podcast_source" and not is_web(url):
                continue  # ipfs: and the like: no feed reader could follow it
            length = _whole(media.length)
            own = _seconds(media.duration) or (duration if not found else None)
            kind = media.type or _MEDIUMS.get(media.medium or "")
            found[url] = Enclosure(url, kind, length, media.title, own)
        return tuple(found.values())

    def _origin(self, source: RawSource) -> Origin | None:
        link = _alternate(source.links) or next(iter(source.links), None)
        address = self._absolute(link) if link is not None else None
        if not (source.title or source.id or address):
            return None
        return Origin(source.title or None, source.id or None, address)


_MEDIUMS = {"image": "image/*", "audio": "audio/*", "video": "video/*"}


def _alternate(links: list[RawLink]) -> RawLink | None:
    """The link to what the entry is about: an HTML alternate, else the first alternate."""
    first = None
    for link in links:
        if link.rel == "alternate" and link.href:
            if link.type is None or link.type in _HTML:
                return link
            first = first or link
    return first


def _language(tag: str | None) -> str | None:
    """A language tag in BCP 47's form: `zh_CN` is `zh-CN`."""
    return tag.strip().replace("_", "-")[:35] or None if tag else None


def _authors(written: dict[str, list[str]]) -> tuple[str, ...]:
    for name in _AUTHORS:
        found = [person for person in map(person_name, written.get(name, ())) if person]
        if found:
            return tuple(dict.fromkeys(found))
    return ()


def person_name(written: str) -> str:
    """The name in `mail (name)`, `name <mail>` or `name (mail)`; else the text itself."""
    if "@" not in written:
        return written.strip()
    found = _MAIL_NAME.match(written) or _NAME_MAIL.match(written)
    return found.group(1).strip() if found else written.strip()


def _whole(number: str | None) -> int | None:
    """A count of bytes; None for what is none, and for 0, which feeds write for "unknown"."""
    digits = (number or "").strip()
    return (
        int(digits) or None if digits.isascii() and digits.isdigit() and len(digits) < 16 else None
    )


def _seconds(duration: str | None) -> int | None:
    """`1:02:03`, `62:03` or seconds → seconds."""
    found = _DURATION.match(duration) if duration else None
    if found is None:
        return None
    hours, minutes, seconds = (int(part or 0) for part in found.groups())
    return hours * 3600 + minutes * 60 + seconds or None


def _hints(raw: RawFeed) -> UpdateHints:
    """RSS 2.0 ttl (minutes), skipHours, skipDays; the syndication module's period."""
    intervals = []
    minutes = _whole(raw.values.get("ttl"))
    if minutes:
        intervals.append(timedelta(minutes=min(minutes, 525_600)))
    period = raw.values.get("sy_updateperiod", "").strip().lower()
    if period in _PERIODS:
        frequency = _whole(raw.values.get("sy_updatefrequency")) or 1
        intervals.append(timedelta(hours=_PERIODS[period]) / frequency)
    hours = frozenset(int(hour) % 24 for hour in map(str.strip, raw.hours) if _is_hour(hour))
    days = frozenset(
        _WEEKDAYS.index(day[:3])
        for day in (d.strip().lower() for d in raw.days)
        if day[:3] in _WEEKDAYS
    )
    return UpdateHints(max(intervals, default=None), hours, days)


def _is_hour(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= 2 and int(text) <= 24
