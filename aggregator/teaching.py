"""A poll of a source of pages, and each article captured → what it taught, saved in the store.

What a feed teaches is worked out in the corridor, by `learning` alone; a front page and its
articles need to ask the store first.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, tzinfo
from functools import partial

from aggregator import learning
from aggregator.crawl import Front
from aggregator.drift import after_article, after_index, after_lost, after_text
from aggregator.learning import Lesson, Packed
from aggregator.model import (
    Evidence,
    Fetched,
    FetchFailed,
    FetchOutcome,
    FoundText,
    PageRecipe,
    PageRecord,
    PollState,
    PollUpdate,
    Source,
    SourceRecord,
)
from aggregator.pages import Miss
from aggregator.pages.days import is_dated
from aggregator.store import Store

_OF_ARTICLES = ("title", "content", "published", "author", "section", "outlet")


class Teacher:
    """Lessons by way of the store; on the thread that may use it, inside a transaction."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def save(
        self, source_id: int, lesson: Lesson, now: datetime, memory: Packed = (None, None)
    ) -> None:
        """Keep what was learned, unless it is the `memory` already kept, and change alarms."""
        if lesson.memory is not None and lesson.memory != memory:
            self._store.save_memory(source_id, *lesson.memory)
        if lesson.begun or lesson.ended:
            self._store.change_alarms(source_id, lesson.begun, lesson.ended, now)

    def of_front(
        self,
        source: Source,
        record: SourceRecord,
        before: PollState,
        front: Front,
        now: datetime,
        zone: tzinfo,
    ) -> Lesson:
        """What a front page taught, or that there was none; nothing where it could not be had.

        `before` is the state before the poll.
        """
        known = memory = self._store.source_memory(record.source_id)
        is_edition = is_dated(source.url)
        if front.missing:
            return learning.after_missing(source, before, lambda: memory, now, zone)
        if isinstance(front.outcome, FetchFailed):
            return Lesson()
        if not is_edition:
            dates = self._store.entry_dates(record.source_id)
            memory = learning.from_dates(known, dates, now, zone)
            before = before if memory is known else replace(before, plan=None)
        certificate = front.outcome.certificate
        if front.index is None:
            lesson = learning.after_nothing(
                source, before, lambda: memory, now, zone, certificate, is_edition
            )
            return replace(lesson, memory=None if memory is known else _whole(memory))
        listed = learning.Listed(
            links=len(front.index.links),
            is_new=self._is_new(record.source_id, front, is_edition),
            by_day=front.day is not None,
            is_edition=is_edition,
        )
        return learning.after_front(source, before, memory, listed, now, zone, certificate)

    def _is_new(self, source_id: int, front: Front, is_edition: bool) -> bool:
        if is_edition and front.day is not None:
            latest = self._store.latest_edition(source_id)
            return latest is None or front.day > latest
        assert front.index is not None
        return self._store.unknown_pages(source_id, (link.url for link in front.index.links)) > 0

    def of_failed_front(self, before: PollState, after: PollState, front: Front) -> Lesson:
        """What a front page taught that could not be had, or in which nothing was found."""
        misses = front.index.misses if front.index is not None else ()
        return learning.after_failure(before, after, evidence_of(misses[0]) if misses else None)

    def of_article(self, source: Source, poll: PollUpdate, misses: Sequence[Miss]) -> PollUpdate:
        """`poll` of an article's page with what that taught in its state.

        Pages of earlier editions may well be of an older make: they tell nothing of today's.
        """
        if not poll.listed or source.page is None:
            return poll
        shown = {miss.key: evidence_of(miss) for miss in misses}
        own, now = _own(source.page), poll.polled_at
        for keyed in (update.decided.keyed for update in poll.entries):
            memory = self._store.source_memory(poll.source_id)
            judge = partial(
                after_article, entry=keyed.entry, misses=shown, own=own, length=keyed.text_length
            )
            lesson = learning.after_page(poll.state, memory, judge, now)
            self.save(poll.source_id, lesson, now, memory)
            poll = replace(poll, state=lesson.put_into(poll.state))
        return poll

    def of_page(
        self,
        source: Source,
        record: SourceRecord,
        page: PageRecord,
        outcome: FetchOutcome,
        text: FoundText | None,
        misses: Sequence[Miss],
        now: datetime,
    ) -> None:
        """Keep what a page taught that brought no entry: an article's that could not be had (told
        once of each), one of links, or that of a feed's entry. `page` is as it is to be kept;
        `misses` are what selectors missed on it, of one of links only where it holds none.
        """
        memory = self._store.source_memory(record.source_id)
        if isinstance(outcome, FetchFailed):
            is_first = page.failures == 1 and page.first_fetched_at is None
            if page.kind not in ("article", "fulltext") or not page.listed or not is_first:
                return
            facts = {"reason": outcome.reason, "text": outcome.message, "url": page.url}
            judge = partial(after_lost, why=Evidence("page-failed", facts))
        elif page.kind == "index" and isinstance(outcome, Fetched):
            judge = partial(after_index, misses={miss.key: evidence_of(miss) for miss in misses})
        elif text is not None:
            shown = {miss.key: evidence_of(miss) for miss in misses}
            own = _own(source.fulltext or PageRecipe())
            is_taken = page.text_key == text.text_key
            judge = partial(
                after_text,
                url=page.url,
                misses=shown,
                own=own,
                length=text.text_length,
                is_taken=is_taken,
            )
        else:
            return
        lesson = learning.after_page(record.state, memory, judge, now)
        self.save(record.source_id, lesson, now, memory)
        state = lesson.put_into(record.state)
        if state is not record.state:
            self._store.save_states([(record.source_id, state)])


def _own(recipe: PageRecipe) -> set[str]:
    """The selectors of articles that a person wrote."""
    return {key for key in _OF_ARTICLES if getattr(recipe, key) is not None}


def _whole(memory: Packed) -> tuple[bytes, str] | None:
    rhythm, watch = memory
    return (rhythm, watch) if rhythm is not None and watch is not None else None


def evidence_of(miss: Miss) -> Evidence:
    """A selector without a match, as the evidence of an alarm."""
    facts = {"key": miss.key, "selector": miss.selector, "url": miss.url}
    if not miss.nearest:
        return Evidence("selector", facts)
    return Evidence("selector-near", {**facts, "nearest": ", ".join(miss.nearest)})
