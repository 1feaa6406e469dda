"""The state of the program → its pages: the feeds, the sources, and `/healthz`."""

from __future__ import annotations

import asyncio
import json
import os
import re
from collections import Counter, OrderedDict
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from starlette.requests import Request
from starlette.responses import Response

from aggregator.drift import advice, event, name
from aggregator.model import Alarm, SourceHealth
from aggregator.store import StoreError
from aggregator.web.addresses import public_host, without_secrets
from aggregator.web.answers import Answers, make_page
from aggregator.web.health import StoreFacts, health, read_facts, readiness
from aggregator.web.resource import Resource
from aggregator.web.state import WebState
from aggregator.web.view import (
    BROKEN,
    STATES,
    TROUBLED,
    State,
    advice_of,
    error_of,
    hours_of,
    in_order_of_trouble,
    read_feeds,
    state_of,
)
from aggregator.web.words import Words

if TYPE_CHECKING:
    from aggregator.web.metrics import Metrics

# Asking often costs no more than asking once in this time.
FACTS_AGE = timedelta(seconds=2)
_PAGES_KEPT = 8
# Removals on one page.
_REMOVALS_SHOWN = 100
# As ConfigError quotes: `    7 |   - {id: domestic}`, and the marks under it.
_QUOTED = re.compile(r"\s*\d*\s+\|")
_Facts = tuple[datetime, StoreFacts]


@dataclass(frozen=True, slots=True)
class SourceLine:
    """A source as the page shows it: nothing in it is secret."""

    title: str
    host: str
    state: State
    error: str | None
    since: datetime | None
    failures: int
    last_poll_at: datetime | None
    outcome: str
    next_poll_at: datetime | None
    entries: int
    alarms: tuple[tuple[str, datetime, str], ...] = ()
    advice: str | None = None
    hours: tuple[float, ...] = ()
    week_entries: int = 0
    duplicates: int = 0
    unsorted_part: int | None = None


class Pages:
    """The handlers of the pages; each renders at most once for what it would show."""

    def __init__(self, state: WebState, answers: Answers) -> None:
        self._state = state
        self._answers = answers
        self._kept: OrderedDict[tuple[Any, ...], Resource] = OrderedDict()
        self._making = asyncio.Lock()
        self._facts: _Facts | None = None
        self._reading: asyncio.Task[_Facts] | None = None
        self._metrics: Metrics | None = None

    async def home(self, request: Request) -> Response:
        """The feeds, each with its newest stories and its address."""
        words = self._answers.words(request.scope)
        state = self._state
        revision = await state.read(lambda reader: reader.current_revision())
        today = state.clock.now().astimezone(state.zone).date()
        key = ("home", revision, state.config.digest, state.config.base_url, today, words.language)

        async def make() -> Resource:
            feeds = await state.read(read_feeds)
            return await asyncio.to_thread(self._rendered, "home.html", words, feeds=feeds)

        page = await self._page(key, make)
        return self._answers.page(request.scope, page)

    async def sources(self, request: Request) -> Response:
        """Every source with its health, the broken ones first."""
        words = self._answers.words(request.scope)
        read_at, facts = await self._current_facts()
        troubles = self._troubles(words)
        key = ("sources", read_at, tuple(troubles), self._state.config.digest, words.language)
        page = await self._page(
            key, lambda: asyncio.to_thread(self._sources_page, words, facts, troubles)
        )
        return self._answers.page(request.scope, page)

    def _sources_page(
        self, words: Words, facts: StoreFacts, troubles: Sequence[tuple[str, str]]
    ) -> Resource:
        lines = [
            source_line(source, words, self._state.secrets)
            for source in in_order_of_trouble(facts.sources)
        ]
        broken = sum(line.state in TROUBLED for line in lines)
        counts = Counter(line.state for line in lines)
        states = [(state, counts[state]) for state in STATES if counts[state]]
        return self._rendered(
            "sources.html",
            words,
            lines=lines,
            broken=broken,
            states=states,
            troubles=troubles,
            drifts=[drift_line(alarm, words) for alarm in facts.drifts],
        )

    async def removed(self, request: Request) -> Response:
        """What was taken down, since when and why; a page at a time: `?page=2`."""
        words = self._answers.words(request.scope)
        state = self._state
        asked = request.query_params.get("page", "1")
        page = int(asked) if re.fullmatch("[1-9][0-9]{0,5}", asked) else 1
        first = (page - 1) * _REMOVALS_SHOWN
        count, found = await state.read(
            lambda reader: (reader.count_removals(), reader.removals(_REMOVALS_SHOWN, first))
        )
        if page > 1 and not found:
            return self._answers.lost(request.scope)
        pages = max(1, -(-count // _REMOVALS_SHOWN))
        body = await asyncio.to_thread(
            self._rendered, "removed.html", words, removals=found, count=count, page=page,
            pages=pages,
        )  # fmt: skip
        return self._answers.page(request.scope, body)

    async def healthz(self, request: Request) -> Response:
        """Whether all is well, for monitors: 200, or 503 when the store cannot be read."""
        try:
            _, facts = await self._current_facts()
        except StoreError as error:
            problem = self._fit_to_show(str(error))
            return _json(503, {"status": "failed", "problems": [problem]})
        told = [f"{what}: {message}" for what, message in self._told()]
        return _json(200, health(facts, self._state.clock.now(), told))

    async def readyz(self, request: Request) -> Response:
        """Whether the program can do its work: the store can be written, nobody is overdue."""
        state = self._state
        try:
            _, facts = await self._current_facts()
        except StoreError as error:
            return _json(503, {"status": "failed", "problems": [self._fit_to_show(str(error))]})
        trouble = state.last_store_error
        file = state.config.store.partition(":")[2]
        if trouble is None and not (
            os.access(file, os.W_OK) and os.access(Path(file).parent, os.W_OK)
        ):
            trouble = "the store cannot be written"
        told = self._fit_to_show(trouble) if trouble else None
        problems = readiness(facts, state.clock.now(), told)
        status = "failed" if problems else "ok"
        return _json(503 if problems else 200, {"status": status, "problems": problems})

    async def metrics(self, request: Request) -> Response:
        """Figures for Prometheus."""
        if self._metrics is None:
            from aggregator.web.metrics import Metrics  # its library costs what a page does not

            self._metrics = Metrics()
        _, facts = await self._current_facts()
        body = await self._metrics.collect(self._state, facts.sources)
        headers = {"cache-control": "no-store", "x-content-type-options": "nosniff"}
        return Response(body, 200, headers, media_type=self._metrics.content_type)

    async def css(self, request: Request) -> Response:
        """The one style sheet."""
        return self._answers.style_sheet(request.scope)

    # ------------------------------------------------------------ what the pages are made of

    def _rendered(self, template: str, words: Words, **values: Any) -> Resource:
        return make_page(self._answers.render(template, words, **values))

    async def _page(
        self, key: tuple[Any, ...], make: Callable[[], Awaitable[Resource]]
    ) -> Resource:
        """The page of `key`; one is made at a time, so that a crowd waits for the first."""
        page = self._kept.get(key)
        if page is None:
            async with self._making:
                page = self._kept.get(key)
                if page is None:
                    page = self._kept[key] = await make()
                    while len(self._kept) > _PAGES_KEPT:
                        self._kept.popitem(last=False)
        return page

    async def _current_facts(self) -> _Facts:
        now = self._state.clock.now()
        if self._facts is not None and abs(now - self._facts[0]) < FACTS_AGE:
            return self._facts
        if self._reading is None:
            self._reading = asyncio.create_task(self._read_facts(now))
        return await asyncio.shield(self._reading)

    async def _read_facts(self, now: datetime) -> _Facts:
        try:
            self._facts = now, await self._state.read(read_facts)
            return self._facts
        finally:
            self._reading = None

    def _told(self) -> list[tuple[str, str]]:
        """What the daemon reported, by the key of its words, fit to be shown."""
        state = self._state
        told = (
            ("config_error", state.config_error),
            ("publish_error", state.last_publish_error),
            ("store_error", state.last_store_error),
        )
        return [(what, self._fit_to_show(message)) for what, message in told if message]

    def _fit_to_show(self, message: str) -> str:
        """Without secrets, where on this machine things are, and lines quoted of feeds.yaml.

        A quoted line may hold a secret that is not in force, and so not known, yet.
        """
        config = self._state.config
        message = "\n".join(line for line in message.split("\n") if not _QUOTED.match(line))
        for path in (config.path, config.publish.directory, config.store.partition(":")[2]):
            message = message.replace(path, Path(path).name)
        return without_secrets(message, secrets=self._state.secrets)

    def _troubles(self, words: Words) -> list[tuple[str, str]]:
        return [(words(what), message) for what, message in self._told()]


def drift_line(alarm: Alarm, words: Words) -> tuple[str, datetime, str, str]:
    """What a category does, since when, the evidence, and what to do."""
    told = f"{alarm.source_title} {event(alarm.kind, words.language)}"
    return told, alarm.since, words.evidence(alarm.evidence), advice(alarm.kind, words.language)


def source_line(source: SourceHealth, words: Words, secrets: Sequence[str]) -> SourceLine:
    """A source's health as a line of the page, in words."""
    state = source.state
    error = error_of(source, words.language)
    return SourceLine(
        title=source.title or source.name,
        host=public_host(source.url),
        state=state_of(source),
        error=without_secrets(error, source.url, tuple(secrets)) if error else None,
        since=state.failing_since,
        failures=state.failures,
        last_poll_at=state.last_poll_at,
        outcome=_outcome(source, words),
        next_poll_at=None if state.gone or not source.enabled else state.next_poll_at,
        entries=source.entries,
        alarms=_alarms(source, words, secrets),
        advice=advice_of(source, words.language),
        hours=hours_of(source),
        week_entries=source.week_entries,
        duplicates=source.duplicates,
        unsorted_part=(
            round(100 * source.uncategorized / source.week_entries) if source.week_entries else None
        ),
    )


def _alarms(
    source: SourceHealth, words: Words, secrets: Sequence[str]
) -> tuple[tuple[str, datetime, str], ...]:
    """What is wrong, since when, and the evidence. A failing one tells its error already."""
    return tuple(
        (
            name(alarm.kind, words.language),
            alarm.since,
            without_secrets(words.evidence(alarm.evidence), source.url, tuple(secrets)),
        )
        for alarm in source.alarms
        if alarm.kind not in BROKEN
    )


def _outcome(source: SourceHealth, words: Words) -> str:
    outcome, status = source.state.outcome, source.state.status
    if outcome is None:
        return ""
    if outcome == "ok" and source.last_poll_new:
        return words("outcome_ok_new", n=words.number(source.last_poll_new))
    said = words(f"outcome_{outcome}") if outcome in _OUTCOMES else outcome
    return f"{said} ({status})" if status and outcome in ("failed", "gone") else said


_OUTCOMES = frozenset(["ok", "not_modified", "failed", "gone"])


def _json(status: int, answer: dict[str, Any]) -> Response:
    body = json.dumps(answer, ensure_ascii=False, indent=2) + "\n"
    headers = {"cache-control": "no-store", "x-content-type-options": "nosniff"}
    return Response(body, status, headers, media_type="application/json")
