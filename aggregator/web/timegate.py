"""A feed and a time → the feed as it stood then, at an address of its own (RFC 7089)."""

from __future__ import annotations

import asyncio
import hashlib
import re
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Scope

from aggregator.model import OutputRecord, PublishedStory
from aggregator.publish.entry import render_story
from aggregator.publish.feed import Place, render_feed, render_json, render_rss
from aggregator.store import StoreReader
from aggregator.web.addresses import Site
from aggregator.web.answers import Answers, response_of
from aggregator.web.asked import asked_of
from aggregator.web.documents import (
    CONTENT_TYPES,
    DIGEST_LENGTH,
    FEED_KINDS,
    SAFE,
    VARY,
    kind_of,
    output_of,
)
from aggregator.web.freshness import cache_control
from aggregator.web.memento import (
    Around,
    Versioned,
    link_of_original,
    link_of_version,
    memento_datetime,
    parse_accept_datetime,
    parse_stamp,
    stamp,
    timemap,
    whole_second,
)
from aggregator.web.resource import Resource, answer_of, make_resource
from aggregator.web.state import WebState

# Rendering an earlier feed costs what writing it anew would: some are kept.
_KEPT = 64
# What stood there does not change, but for being taken down.
_AGE_S = 600
# Versions that a TimeMap lists; further ones stand in further parts.
TIMEMAP_PART = 1_000
_PAST = re.compile(r"feeds/([a-z0-9-]+)/([0-9]{14})\.(atom|rss|json)")


@dataclass(frozen=True, slots=True)
class _Past:
    """An output as it stood: the last change that counts, and the stories, newest first."""

    output: OutputRecord
    revision: int
    changed_at: datetime
    near: Around
    stories: Sequence[PublishedStory] = ()


def is_past(path: str) -> bool:
    """Whether a path (`feeds/all/20261123043000.atom`) is that of a feed at a time."""
    return _PAST.fullmatch(path) is not None


def versioned(site: Site, path: str) -> Versioned:
    """Where the versions of the feed at `path` (`feeds/all.atom`) are."""
    name, kind = output_of(path), kind_of(path)
    pattern = site.uri(f"feeds/{name}/") + "{stamp}." + kind
    return Versioned(site.uri(path), site.uri(f"timemap/{path}"), pattern)


class TimeGate:
    """Answers for feeds at an earlier time."""

    def __init__(self, state: WebState, answers: Answers) -> None:
        self._state = state
        self._answers = answers
        self._kept: OrderedDict[tuple[str, int, str, int], Resource] = OrderedDict()

    async def choose(self, path: str, wanted: bytes, scope: Scope) -> Response | None:
        """302 to the version of a feed that was in force at the time that is wanted, or 400.

        None for a feed that is no output's and has no earlier versions.
        """
        moment = parse_accept_datetime(wanted, self._state.clock.now())
        if moment is None:
            return self._answers.wrong_datetime(scope)
        return await self._lead(path, moment)

    async def _lead(self, path: str, moment: datetime) -> Response | None:
        past = await self._state.read(lambda reader: _past(reader, output_of(path), moment))
        if past is None:
            return None
        feed = versioned(self._state.site, path)
        link = link_of_original(feed, past.near.first, past.near.last)
        return self._answers.chosen_version(feed.version(past.changed_at), link)

    async def past(self, path: str, scope: Scope) -> Response:
        """The feed as it stood at the time in its address; another time leads to that in force."""
        found = _PAST.fullmatch(path)
        wanted = parse_stamp(found[2]) if found is not None else None
        if found is None or wanted is None:
            return self._answers.lost(scope)
        name, kind = found[1], found[3]
        config = self._state.config
        limits = config.entries_of(name), config.publish.per_source
        past = await self._state.read(lambda reader: _past(reader, name, wanted, limits))
        if past is None:
            return await self._answers.unknown_feed(scope, f"{name}.{kind}")
        original = f"feeds/{name}.{kind}"
        at = whole_second(past.changed_at)
        if at != wanted:
            return await self._lead(original, wanted) or self._answers.lost(scope)
        resource = await self._resource(past, kind)
        links = link_of_version(versioned(self._state.site, original), at, past.near)
        further = [links, memento_datetime(at), cache_control(_AGE_S)]
        return response_of(answer_of(resource, asked_of(scope), further))

    async def timemap(self, request: Request) -> Response:
        """The versions of a feed (RFC 7089 5), a thousand in a part: `?part=2`."""
        path = f"feeds/{request.path_params['name']}"
        if kind_of(path) not in FEED_KINDS:
            return self._answers.lost(request.scope)
        asked = request.query_params.get("part", "1")
        part = int(asked) if re.fullmatch("[1-9][0-9]{0,5}", asked) else 0
        read = await self._state.read(lambda reader: _moments(reader, output_of(path), part))
        if read is None or not read[0]:
            return self._answers.lost(request.scope)
        moments, parts = read
        feed = versioned(self._state.site, path)
        addresses = [feed.timemap, *(f"{feed.timemap}?part={n}" for n in range(2, parts + 1))]
        own = addresses[part - 1]
        others = [address for address in addresses if address != own]
        ends = part == 1, part == parts
        body = timemap(feed, own, moments, others, ends)
        return self._answers.timemap(request.scope, body)

    async def _resource(self, past: _Past, kind: str) -> Resource:
        revision = await self._state.read(lambda reader: reader.current_revision())
        key = past.output.name, past.revision, kind, revision
        if key not in self._kept:
            self._kept[key] = await asyncio.to_thread(self._rendered, past, kind)
            while len(self._kept) > _KEPT:
                self._kept.popitem(last=False)
        return self._kept[key]

    def _rendered(self, past: _Past, kind: str) -> Resource:
        body = render_past(past, kind, self._state.config.title, self._state.site.root)
        digest = hashlib.sha256(body).hexdigest()[:DIGEST_LENGTH]
        opaque = f"{past.revision}-{digest}"
        return make_resource(body, opaque, CONTENT_TYPES[kind], VARY, described=SAFE)


def render_past(past: _Past, kind: str, site_title: str, base_url: str) -> bytes:
    """The document of an output as it stood, with its own address in it."""
    entries = [getattr(render_story(story), kind) for story in past.stories]
    name = stamp(past.changed_at)
    output = replace(past.output, updated_at=past.changed_at)
    place = Place(name, updated_at=past.changed_at)
    if kind == "atom":
        return render_feed(output, site_title, base_url, entries, place)
    if kind == "json":
        return render_json(output, site_title, base_url, entries, place)
    named = replace(output, name=f"{output.name}/{name}")
    return render_rss(named, site_title, base_url, entries)


def _past(
    reader: StoreReader,
    name: str,
    moment: datetime,
    limits: tuple[int, int | None] | None = None,
) -> _Past | None:
    """What an output was at a moment, or at first where that is earlier; None for no output.

    With `limits` (entries, entries of one source) also what stood in it.
    """
    output = next((one for one in reader.outputs() if one.name == name), None)
    if output is None:
        return None
    change = reader.change_at(output.output_id, moment)
    if change is None:
        first = reader.changes_around(output.output_id, moment)[0]
        change = reader.change_at(output.output_id, first) if first is not None else None
    if change is None:
        return None
    revision, changed_at = change
    near = Around(*reader.changes_around(output.output_id, changed_at))
    listed = reader.listed_at(output.output_id, revision, *limits) if limits else []
    found = reader.stories_as_of([one.story_id for one in listed], changed_at)
    stories = [found[one.story_id] for one in listed if one.story_id in found]
    return _Past(output, revision, changed_at, near, stories)


def _moments(reader: StoreReader, name: str, part: int) -> tuple[list[datetime], int] | None:
    """The versions in one part of an output's TimeMap, and how many parts there are."""
    output = next((one for one in reader.outputs() if one.name == name), None)
    if output is None or part < 1:
        return None
    count = reader.count_changes(output.output_id)
    moments = reader.changes(output.output_id, TIMEMAP_PART, (part - 1) * TIMEMAP_PART)
    return moments, -(-count // TIMEMAP_PART)
