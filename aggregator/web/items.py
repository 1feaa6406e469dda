"""Requests for `/items/…` → a story's page, one of its snapshots, or what changed between two."""

from __future__ import annotations

import asyncio
import re
from collections import OrderedDict
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from aggregator.difference import Paragraph, differences, is_changed, paragraphs_of
from aggregator.model import StoryDetails
from aggregator.publish.shown import content_of
from aggregator.web.answers import Answers, make_page
from aggregator.web.article import page_html
from aggregator.web.found import related_lines
from aggregator.web.freshness import cache_control
from aggregator.web.item import Item, Version, lead_snapshots, moments_of, read_item
from aggregator.web.memento import (
    Versioned,
    around,
    chosen,
    link_of_original,
    link_of_version,
    memento_datetime,
    parse_accept_datetime,
    parse_stamp,
    stamp,
    timemap,
    whole_second,
)
from aggregator.web.resource import Header, Resource
from aggregator.web.state import WebState
from aggregator.web.view import headline_of
from aggregator.web.words import Words

_KEY = re.compile(r"[0-9a-f]{32}")
# Pages kept in memory, at some 20 KB each.
_PAGES_KEPT = 256
# A snapshot does not change, but for being taken down.
_SNAPSHOT_AGE_S = 600


class Items:
    """The handlers of a story's pages."""

    def __init__(self, state: WebState, answers: Answers) -> None:
        self._state = state
        self._answers = answers
        self._kept: OrderedDict[tuple[Any, ...], Resource] = OrderedDict()

    async def item(self, request: Request) -> Response:
        """The story with its latest text; Accept-Datetime leads to an earlier one (RFC 7089)."""
        key = request.path_params["item"]
        details = await self._details(key)
        if details is None:
            return await self._absent(request, key)
        versioned, moments = self._versioned(key), moments_of(details)
        wanted = request.headers.get("accept-datetime")
        if wanted is not None:
            now = self._state.clock.now()
            moment = parse_accept_datetime(wanted.encode("latin-1"), now)
            if moment is None:
                return self._answers.wrong_datetime(request.scope)
            link = link_of_original(versioned, moments[0], moments[-1])
            at = chosen(moments, moment)
            return self._answers.chosen_version(versioned.version(at), link)
        link = link_of_original(versioned, moments[0], moments[-1])
        page = await self._page(request, key, None, [link])
        return self._answers.page(request.scope, page)

    async def snapshot(self, request: Request) -> Response:
        """One snapshot of the story, a memento; another time leads to the one in force then."""
        key, wanted = request.path_params["item"], parse_stamp(request.path_params["stamp"])
        details = await self._details(key)
        if details is None or wanted is None:
            return await self._absent(request, key)
        versioned, moments = self._versioned(key), moments_of(details)
        at = chosen(moments, wanted)
        if at != wanted:
            erased = await self._state.read(lambda reader: reader.erased_at(key, wanted))
            if erased is not None:
                return self._answers.removed(request.scope, erased.legal)
        near = around(moments, at)
        if at != wanted:
            link = link_of_original(versioned, near.first, near.last)
            return self._answers.chosen_version(versioned.version(at), link)
        headers = [link_of_version(versioned, at, near), memento_datetime(at)]
        page = await self._page(request, key, at, headers)
        return self._answers.page(request.scope, page, cache_control(_SNAPSHOT_AGE_S))

    async def diff(self, request: Request) -> Response:
        """What changed between two snapshots: `?from=` and `?to=`, else the last two."""
        key = request.path_params["item"]
        details = await self._details(key)
        if details is None:
            return await self._absent(request, key)
        moments = moments_of(details)
        old = self._asked_version(request, "from", moments, moments[max(len(moments) - 2, 0)])
        new = self._asked_version(request, "to", moments, moments[-1])
        words = self._answers.words(request.scope)
        page = await asyncio.to_thread(
            self._diff_page, words, details, min(old, new), max(old, new)
        )
        return self._answers.page(request.scope, page)

    async def timemap(self, request: Request) -> Response:
        """All versions of the story, as a TimeMap in link format (RFC 7089 5)."""
        key = request.path_params["item"]
        details = await self._details(key)
        if details is None:
            return await self._absent(request, key)
        versioned = self._versioned(key)
        body = timemap(versioned, versioned.timemap, moments_of(details))
        return self._answers.timemap(request.scope, body)

    # ------------------------------------------------------------ what they are made of

    async def _details(self, key: str) -> StoryDetails | None:
        """The story of this very key; None for one that was merged into another, too."""
        found = await self._named(key)
        return found if found is not None and found.story.key == key else None

    async def _named(self, key: str) -> StoryDetails | None:
        """The story that has or had this key."""
        if not _KEY.fullmatch(key):
            return None
        return await self._state.read(lambda reader: reader.story_details(key))

    async def _absent(self, request: Request, key: str) -> Response:
        """A key written in another way, or of a story that was merged into another, leads to the

        address; anything else is nowhere.
        """
        plain = key.lower().replace("-", "")
        found = await self._named(plain)
        if found is not None and found.story.key != key:
            before, _, rest = request.url.path.partition(f"items/{key}")
            where = "timemap/items" if before.endswith("timemap/") else "items"
            return self._answers.moved(self._state.site.uri(f"{where}/{found.story.key}{rest}"))
        removal = None
        if _KEY.fullmatch(plain):
            removal = await self._state.read(lambda reader: reader.removal_of(plain))
        if removal is not None:
            return self._answers.removed(request.scope, removal.legal)
        return self._answers.lost(request.scope)

    def _versioned(self, key: str) -> Versioned:
        site = self._state.site
        return Versioned(
            site.uri(f"items/{key}"),
            site.uri(f"timemap/items/{key}"),
            site.uri(f"items/{key}/") + "{stamp}",
        )

    @staticmethod
    def _asked_version(
        request: Request, name: str, moments: Sequence[datetime], otherwise: datetime
    ) -> datetime:
        wanted = parse_stamp(request.query_params.get(name, ""))
        return otherwise if wanted is None else chosen(moments, wanted)

    async def _page(
        self, request: Request, key: str, at: datetime | None, headers: Sequence[Header]
    ) -> Resource:
        state, words = self._state, self._answers.words(request.scope)
        # What is indexed later brings more related stories, and no revision.
        stand = await state.read(lambda reader: (reader.current_revision(), reader.unindexed()))
        now = state.clock.now()
        day = now.astimezone(state.zone).date()
        name = (key, at, stand, day, state.config.digest, state.config.base_url, words.language)
        page = self._kept.get(name)
        if page is None:
            item = await state.read(lambda reader: read_item(reader, key, at, now))
            assert item is not None  # its details were there a moment ago
            page = await asyncio.to_thread(self._rendered, words, item, at, headers)
            self._kept[name] = page
            while len(self._kept) > _PAGES_KEPT:
                self._kept.popitem(last=False)
        return page

    def _rendered(
        self, words: Words, item: Item, at: datetime | None, headers: Sequence[Header]
    ) -> Resource:
        kinds = {kind: words(f"media_{kind}") for kind in ("picture", "video", "audio")}
        body = self._answers.render(
            "item.html",
            words,
            item=item,
            at=at,
            is_latest=at is None or at == whole_second(item.versions[-1].taken_at),
            content=page_html(item.content, kinds),
            summary=page_html(item.summary, kinds),
            own=page_html(item.own, kinds),
            versions=distinct(item.versions),
            related=related_lines(item.related),
        )
        return make_page(body, headers, vary=ITEM_VARY)

    def _diff_page(
        self, words: Words, details: StoryDetails, old: datetime, new: datetime
    ) -> Resource:
        paragraphs = changes(details, old, new)
        body = self._answers.render(
            "diff.html",
            words,
            key=details.story.key,
            title=headline_of(details.story.snapshot, details.story.source_title),
            language=details.story.snapshot.language,
            old=old,
            new=new,
            old_stamp=stamp(old),
            new_stamp=stamp(new),
            moments=[(moment, stamp(moment)) for moment in moments_of(details)],
            paragraphs=paragraphs,
            changed=any(is_changed(one) for one in paragraphs),
        )
        return make_page(body)


ITEM_VARY = "Accept-Datetime, Accept-Language, Accept-Encoding"


def distinct(versions: Sequence[Version]) -> list[Version]:
    """The versions that have an address, the newest first: of one second the last."""
    return list({one.stamp: one for one in versions}.values())[::-1]


def changes(details: StoryDetails, old: datetime, new: datetime) -> list[Paragraph]:
    """What changed between the snapshots of two seconds: the title first, then the text."""
    by_second = {whole_second(one.taken_at): one for one in lead_snapshots(details)}
    texts = []
    for moment in (old, new):
        shown = by_second[moment]
        content, summary = content_of(shown)
        title = headline_of(shown, details.story.source_title)
        texts.append([title, *paragraphs_of(content or summary)])
    return differences(texts[0], texts[1])
