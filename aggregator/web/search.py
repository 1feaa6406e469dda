"""Requests for `/search…` → what was found, as a page or a feed; and how browsers search here."""

from __future__ import annotations

import asyncio
import hashlib
from collections import OrderedDict
from collections.abc import Callable
from datetime import datetime
from html import escape
from typing import Any
from urllib.parse import urlencode
from uuid import NAMESPACE_URL, uuid5

from starlette.requests import Request
from starlette.responses import Response

from aggregator.model import COUNTED, Found, OutputRecord
from aggregator.publish.entry import render_story
from aggregator.publish.feed import Place, language_of, render_feed, render_json, render_rss
from aggregator.query import Query, QueryError, parse_query, print_query
from aggregator.store import StoreReader
from aggregator.text import fit_for_xml, shorten, squeeze
from aggregator.web.answers import Answers, make_page, response_of
from aggregator.web.asked import asked_of
from aggregator.web.documents import CONTENT_TYPES, FEED_KINDS, SAFE
from aggregator.web.found import line_of
from aggregator.web.freshness import cache_control
from aggregator.web.resource import Resource, answer_of, make_resource
from aggregator.web.state import WebState
from aggregator.web.words import Words

ON_A_PAGE = 20
IN_A_FEED = 50
LAST_PAGE = 50
# A query is cut where no person would have written on.
LONGEST_QUERY = 1_000
_KEPT = 128
_FEED_AGE_S = 300
_OPENSEARCH = "application/opensearchdescription+xml; charset=utf-8"


class Search:
    """The handlers of searches; a result is kept as long as the store stays as it is."""

    def __init__(self, state: WebState, answers: Answers) -> None:
        self._state = state
        self._answers = answers
        self._kept: OrderedDict[tuple[Any, ...], Resource] = OrderedDict()

    async def page(self, request: Request) -> Response:
        """`?q=` with `sort=time` and `page=`; without a query, how to write one."""
        words = self._answers.words(request.scope)
        asked = fit_for_xml(squeeze(request.query_params.get("q", "")))[:LONGEST_QUERY]
        by_time = request.query_params.get("sort") == "time"
        page = _page_number(request.query_params.get("page", "1"))
        state = self._state
        mistake: QueryError | None = None
        query: Query | None = None
        try:
            query = parse_query(asked, state.zone) if asked else None
        except QueryError as error:
            mistake = error
        if query is None:
            page_of = make_page(self._rendered(words, asked, by_time, mistake))
            return self._answers.page(request.scope, page_of)

        def make(reader: StoreReader) -> tuple[Found, int]:
            found = reader.search(query, ON_A_PAGE, (page - 1) * ON_A_PAGE, not by_time)
            return found, reader.unindexed()

        async def render() -> Resource:
            found, waiting = await state.read(make)
            about = (words, asked, by_time, None, query, found, page, waiting)
            return make_page(await asyncio.to_thread(self._rendered, *about))

        day = state.clock.now().astimezone(state.zone).date()
        key = ("page", asked, by_time, page, day, words.language)
        return self._answers.page(request.scope, await self._resource(key, render))

    async def feed(self, request: Request) -> Response:
        """`/search.atom?q=` (and .rss, .json): the newest stories that match."""
        kind = request.path_params["kind"]
        asked = fit_for_xml(squeeze(request.query_params.get("q", "")))[:LONGEST_QUERY]
        if kind not in FEED_KINDS:
            return self._answers.lost(request.scope)
        try:
            query = parse_query(asked, self._state.zone)
        except QueryError as error:
            said = f"q: {error.message} (character {error.position + 1})"
            text = f"{said}; {error.hint}\n" if error.hint else f"{said}\n"
            headers = {"x-content-type-options": "nosniff", "cache-control": "no-cache"}
            return Response(text, 400, headers, media_type="text/plain")

        async def render() -> Resource:
            found, since = await self._state.read(
                lambda reader: (reader.search(query, IN_A_FEED), _since(reader))
            )
            body = await asyncio.to_thread(self._document, kind, asked, query, found, since)
            digest = hashlib.sha256(body).hexdigest()[:16]
            return make_resource(
                body, digest, CONTENT_TYPES[kind], "Accept-Encoding", described=SAFE
            )

        resource = await self._resource(("feed", kind, asked), render)
        answer = answer_of(resource, asked_of(request.scope), [cache_control(_FEED_AGE_S)])
        return response_of(answer)

    async def description(self, request: Request) -> Response:
        """How browsers search here (OpenSearch 1.1)."""
        site, title = self._state.site, self._state.config.title
        name = escape(shorten(squeeze(fit_for_xml(title)), 16)) or "aggregator"
        body = (
            '<?xml version="1.0" encoding="UTF-8"?>\n'
            '<OpenSearchDescription xmlns="http://a9.com/-/spec/opensearch/1.1/">'
            f"<ShortName>{name}</ShortName><Description>{name}</Description>"
            "<InputEncoding>UTF-8</InputEncoding>"
            f'<Url type="text/html" template="{escape(site.uri("search"))}?q={{searchTerms}}"/>'
            '<Url type="application/atom+xml" '
            f'template="{escape(site.uri("search.atom"))}?q={{searchTerms}}"/>'
            "</OpenSearchDescription>\n"
        ).encode()
        digest = hashlib.sha256(body).hexdigest()[:16]
        resource = make_resource(body, digest, _OPENSEARCH, "Accept-Encoding")
        answer = answer_of(resource, asked_of(request.scope), [cache_control(_FEED_AGE_S)])
        return response_of(answer)

    # ------------------------------------------------------------ what they are made of

    async def _resource(self, key: tuple[Any, ...], render: Callable[[], Any]) -> Resource:
        state = self._state
        stand = await state.read(lambda reader: (reader.current_revision(), reader.unindexed()))
        key = (*key, *stand, state.config.digest, state.config.base_url)
        found = self._kept.get(key)
        if found is None:
            found = self._kept[key] = await render()
            while len(self._kept) > _KEPT:
                self._kept.popitem(last=False)
        return found

    def _rendered(
        self,
        words: Words,
        asked: str,
        by_time: bool,
        mistake: QueryError | None,
        query: Query | None = None,
        found: Found | None = None,
        page: int = 1,
        waiting: int = 0,
    ) -> bytes:
        site = self._state.site

        def here_with(**further: Any) -> str:
            given = {"q": asked, **{name: value for name, value in further.items() if value}}
            return f"{site.local('search')}?{urlencode(given)}"

        lines = None
        if query is not None and found is not None:
            lines = [line_of(hit, query) for hit in found.hits]
        return self._answers.render(
            "search.html",
            words,
            asked=asked,
            by_time=by_time,
            mistake=mistake,
            lines=lines,
            count=found.count if found is not None else None,
            most=COUNTED,
            is_more=found is not None and found.is_more and page < LAST_PAGE,
            page=page,
            waiting=waiting,
            here_with=here_with,
            feed=self._address("atom", asked),
            output_line=output_line(self._for_ever(asked, query)),
        )

    def _for_ever(self, asked: str, query: Query | None) -> str:
        """The query as feeds.yaml is to hold it: days of this zone by their moments in UTC."""
        return asked if query is None or query == parse_query(asked) else print_query(query)

    def _address(self, kind: str, asked: str) -> str:
        return f"{self._state.site.uri(f'search.{kind}')}?{urlencode({'q': asked})}"

    def _document(
        self, kind: str, asked: str, query: Query, found: Found, since: datetime
    ) -> bytes:
        """The feed of what was found. Its `updated` is that of what it shows, never the present."""
        entries = [render_story(hit.story) for hit in found.hits]
        config = self._state.config
        updated = max((hit.story.updated_at for hit in found.hits), default=since)
        key = uuid5(NAMESPACE_URL, f"search {print_query(query)}").hex
        output = OutputRecord(0, "search", "query", key, asked, since, updated, 0)
        language = language_of(entry.language for entry in entries)
        place = Place(language=language, own=self._address(kind, asked))
        render = {"atom": render_feed, "rss": render_rss, "json": render_json}[kind]
        bodies = [getattr(entry, kind) for entry in entries]
        return render(output, config.title, config.base_url, bodies, place)


def output_line(asked: str) -> str:
    """The line of feeds.yaml that publishes a search."""
    title, query = (text.replace("'", "''") for text in (shorten(asked, 40), asked))
    return f"- {{id: my-search, title: '{title}', query: '{query}'}}"


def _page_number(text: str) -> int:
    return min(int(text), LAST_PAGE) if text.isascii() and text.isdigit() and int(text) else 1


def _since(reader: StoreReader) -> datetime:
    """The time of a feed that shows nothing: when the store began."""
    return min(output.created_at for output in reader.outputs())
