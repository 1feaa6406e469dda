"""An output and its rendered entries → the bytes of its documents in Atom, RSS 2.0, JSON Feed.

A document is joined from a head, which is written here, and entries rendered before.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from functools import lru_cache

from feedgen.feed import FeedGenerator

from aggregator.model import OutputRecord
from aggregator.publish.feedgen_extension import (
    ATOM,
    HISTORY,
    RSS_PREFIXES,
    SYNDICATION,
    ExtraElement,
    FeedExtra,
    link,
    with_plain_titles,
)
from aggregator.publish.shown import timestamp
from aggregator.text import fit_for_xml, squeeze

ATOM_TYPE = "application/atom+xml"
RSS_TYPE = "application/rss+xml"
JSON_TYPE = "application/feed+json"
JSON_VERSION = "https://jsonfeed.org/version/1.1"
_END = b"</feed>"
_RSS_END = b"</channel></rss>"

# How often a feed that changes seldom or often is to be asked for, in minutes: what it says of
# itself is one of these, each a whole number of times an hour or a day.
RHYTHMS = (15, 30, 60, 120, 240, 480, 720, 1440)
_IN_AN_HOUR, _IN_A_DAY = 60, 1440


@dataclass(frozen=True, slots=True)
class Place:
    """Where a document stands among those of its output (RFC 5005).

    `name` is the archive's own, None for the subscription document; `before` and `after` name
    archives. `rhythm` is how often it changes, in minutes; `language` that of all its entries;
    `hub` the address that tells of its changes (WebSub 4). `own` is the document's address where
    it stands in no output's place, as a search's does.
    """

    name: str | None = None
    before: str | None = None
    after: str | None = None
    rhythm: int | None = None
    language: str | None = None
    updated_at: datetime | None = None
    hub: str | None = None
    own: str | None = None

    def address(self, base_url: str, output: str, ending: str) -> str:
        """Where the document is served."""
        if self.own is not None:
            return self.own
        return address_of(base_url, output, self.name, ending)


SUBSCRIPTION = Place()


def address_of(base_url: str, output: str, archive: str | None, ending: str) -> str:
    """The address of an output's document, or of one of its archives."""
    inner = f"{output}/{archive}" if archive else output
    return f"{base_url}/feeds/{inner}.{ending}"


def render_feed(
    output: OutputRecord,
    site_title: str,
    base_url: str,
    entries: Sequence[bytes],
    place: Place = SUBSCRIPTION,
) -> bytes:
    """The Atom document of `output`, self link and all, around entries rendered before.

    Every address in it is built from `base_url`, but for the hub that it names; its id is the
    output's own and holds neither base_url nor name. Its `updated` is the output's, never the
    present.
    """
    head = _atom_head(_Naming.of(output, site_title, base_url), replace(place, updated_at=None))
    updated = timestamp(place.updated_at or output.updated_at)
    head = head.replace(_SOME_TIME_AS_ATOM, updated.encode(), 1)
    return b"\n".join([head, *entries, _END + b"\n"])


@dataclass(frozen=True, slots=True)
class _Naming:
    """What of an output stands in the heads of its documents, times aside."""

    name: str
    kind: str
    key: str
    label: str
    title: str
    site: str
    base_url: str

    @classmethod
    def of(cls, output: OutputRecord, site_title: str, base_url: str) -> _Naming:
        label, site = squeeze(fit_for_xml(output.title)), squeeze(fit_for_xml(site_title))
        title = f"{label} - {site}" if site and site != label else label or output.name
        return cls(output.name, output.kind, output.key, label, title, site, base_url)


# Heads are kept, since writing one costs as much as joining twenty documents; in place of their
# time stands one that is no output's.
_HEADS_KEPT = 2_048
_SOME_TIME = datetime(1999, 12, 31, 23, 59, 59, tzinfo=UTC)
_SOME_TIME_AS_ATOM = _SOME_TIME.isoformat().encode()
_SOME_TIME_AS_RSS = _SOME_TIME.strftime("%a, %d %b %Y %H:%M:%S +0000").encode()


@lru_cache(maxsize=_HEADS_KEPT)
def _atom_head(naming: _Naming, place: Place) -> bytes:
    feed = FeedGenerator()
    feed.register_extension("extra", FeedExtra, None, atom=True, rss=False)
    feed.id(f"urn:uuid:{dashed(naming.key)}")
    feed.title(naming.title)
    feed.updated(_SOME_TIME)
    feed.author(name=naming.site or "aggregator")
    # No version: a new release must not change the bytes of every document.
    feed.generator("aggregator")
    extra: FeedExtra = feed.extra
    extra.title_type = "text"
    extra.language = place.language
    extra.elements = [
        link("self", place.address(naming.base_url, naming.name, "atom"), type=ATOM_TYPE),
        link("alternate", f"{naming.base_url}/", type="text/html"),
        *_history(naming.name, naming.base_url, place),
        *([link("hub", place.hub)] if place.hub is not None else []),
        *_rhythm(place.rhythm),
    ]
    if naming.kind == "category":
        scheme = f"{naming.base_url}/c/"
        about = {"term": naming.name, "scheme": scheme, "label": naming.label}
        extra.elements.append(ExtraElement("category", attributes=about))
    text: bytes = feed.atom_str(encoding="UTF-8")
    return text.strip().removesuffix(_END)


def _history(name: str, base_url: str, place: Place) -> list[ExtraElement]:
    """The links from a document to its neighbours (RFC 5005 4)."""
    elements: list[ExtraElement] = []
    neighbours = {"prev-archive": place.before, "next-archive": place.after}
    if place.name is not None:
        elements.append(ExtraElement(f"{{{HISTORY}}}archive"))
        current = address_of(base_url, name, None, "atom")
        elements.append(link("current", current, type=ATOM_TYPE))
    for rel, archive in neighbours.items():
        if archive is not None:
            address = address_of(base_url, name, archive, "atom")
            elements.append(link(rel, address, type=ATOM_TYPE))
    return elements


def _rhythm(minutes: int | None) -> list[ExtraElement]:
    """sy:updatePeriod and sy:updateFrequency (RSS 1.0 module Syndication)."""
    if minutes is None:
        return []
    hourly = minutes <= _IN_AN_HOUR
    times = (_IN_AN_HOUR if hourly else _IN_A_DAY) // minutes
    return [
        ExtraElement(f"{{{SYNDICATION}}}updatePeriod", "hourly" if hourly else "daily"),
        ExtraElement(f"{{{SYNDICATION}}}updateFrequency", str(times)),
    ]


def render_rss(
    output: OutputRecord,
    site_title: str,
    base_url: str,
    entries: Sequence[bytes],
    place: Place = SUBSCRIPTION,
) -> bytes:
    """The RSS 2.0 document of `output`, to be read as `render_feed`."""
    head = _rss_head(_Naming.of(output, site_title, base_url), replace(place, updated_at=None))
    built = format_datetime(output.updated_at.astimezone(UTC))
    head = head.replace(_SOME_TIME_AS_RSS, built.encode(), 1)
    return b"\n".join([head, *entries, _RSS_END + b"\n"])


@lru_cache(maxsize=_HEADS_KEPT)
def _rss_head(naming: _Naming, place: Place) -> bytes:
    feed = FeedGenerator()
    feed.register_extension("extra", FeedExtra, None, atom=False, rss=True)
    extra: FeedExtra = feed.extra
    extra.prefixes = RSS_PREFIXES
    feed.title(naming.title)
    address = replace(place, name=None).address(naming.base_url, naming.name, "rss")
    feed.link(href=address, rel="self", type=RSS_TYPE)
    feed.link(href=f"{naming.base_url}/", rel="alternate")
    feed.description(naming.site or naming.title)
    feed.generator("aggregator")
    feed.language(place.language)
    feed.lastBuildDate(_SOME_TIME)
    about = {"rel": "hub", "href": place.hub or ""}
    hubs = [ExtraElement(f"{{{ATOM}}}link", attributes=about)] if place.hub is not None else []
    extra.rss_elements = [*hubs, *_rhythm(place.rhythm)]
    if place.rhythm is not None:
        feed.ttl(str(place.rhythm))
    text: bytes = with_plain_titles(feed.rss_str(encoding="UTF-8"))
    return text.strip().removesuffix(_RSS_END)


def render_json(
    output: OutputRecord,
    site_title: str,
    base_url: str,
    entries: Sequence[bytes],
    place: Place = SUBSCRIPTION,
) -> bytes:
    """The JSON Feed 1.1 document of `output`; `next_url` leads to the archive that follows."""
    naming = _Naming.of(output, site_title, base_url)
    head: dict[str, object] = {
        "version": JSON_VERSION,
        "title": naming.title,
        "home_page_url": f"{base_url}/",
        "feed_url": place.address(base_url, output.name, "json"),
        "authors": [{"name": naming.site or "aggregator"}],
    }
    if place.before is not None:
        head["next_url"] = address_of(base_url, output.name, place.before, "json")
    if place.language:
        head["language"] = place.language
    if place.hub is not None:
        head["hubs"] = [{"type": "WebSub", "url": place.hub}]
    opening = json.dumps(head, ensure_ascii=False, indent=1).removesuffix("\n}")
    return b"".join(
        [opening.encode("utf-8", "replace"), b',\n "items": [\n', b",\n".join(entries), b"\n]}\n"]
    )


def rhythm_of(entered: Sequence[datetime]) -> int | None:
    """How often an output changes, in minutes, from when its newest entries came; one of RHYTHMS.

    Entries that came within a quarter of an hour came together. None where too little is known.
    """
    shortest = timedelta(minutes=RHYTHMS[0])
    moments: list[datetime] = []
    for moment in sorted(entered):
        if not moments or moment - moments[-1] >= shortest:
            moments.append(moment)
    if len(moments) < 3:
        return None
    mean = (moments[-1] - moments[0]) / (len(moments) - 1)
    # Not slower than it is: whoever comes as often as this says misses little.
    return max((step for step in RHYTHMS if timedelta(minutes=step) <= mean), default=RHYTHMS[0])


def language_of(languages: Iterable[str]) -> str | None:
    """The language that all entries of a feed are in; None where they differ or do not say."""
    counted = Counter(languages)
    return next(iter(counted)) or None if len(counted) == 1 else None


def dashed(key: str) -> str:
    """32 hex digits as a UUID is written (RFC 9562 4)."""
    return f"{key[:8]}-{key[8:12]}-{key[12:16]}-{key[16:20]}-{key[20:]}"
