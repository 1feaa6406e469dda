"""What came or changed → the saved queries that match it, and what then stands in their outputs.

Queries are asked after entries are saved, a step at a time: a poll does not wait for them, and
one that was just written looks through a store of any size without holding up the others.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from itertools import groupby

from aggregator.categorize import Unplaced, item_fields
from aggregator.model import SavedQuery, UndecidedEntry
from aggregator.query import parse_query, prepare
from aggregator.questions import Questions
from aggregator.store import Store

# Entries looked at in one step: some 30 ms with a few queries.
ENTRIES_A_STEP = 200


class Matcher:
    """Brings the outputs of saved queries in step with the store, on the thread of the store."""

    def __init__(self, store: Store) -> None:
        self._store = store
        # What was asked last, and the same ready to be asked again: it seldom changes.
        self._asked: list[tuple[int, str]] = []
        self._questions = Questions(())
        # The revision at which there was nothing to do.
        self._settled_at: int | None = None

    def step(self, now: datetime) -> bool:
        """Do a small part of what there is to do; False when there is nothing (any more).

        Queries that have looked through everything come first: what is new reaches their feeds
        while another still looks through the past. Raises StoreError.
        """
        revision = self._store.current_revision()
        if revision == self._settled_at:
            return False
        queries = self._store.saved_queries()
        last = self._store.last_snapshot() if queries else 0
        behind = [one for one in queries if one.matched_to < last or not one.is_matched]
        if not behind:
            self._settled_at = revision
            return False
        behind.sort(key=_urgency)
        _, group = next(groupby(behind, _urgency))
        self._match(list(group), last, now)
        return True

    def finish(self, now: datetime, on_step: Callable[[int, int], None] | None = None) -> None:
        """Do all there is to do; `on_step` hears how many snapshots were looked at, of how many."""
        while self.step(now):
            if on_step is not None:
                reached = [one.matched_to for one in self._store.saved_queries()]
                on_step(min(reached), self._store.last_snapshot())

    def _match(self, group: Sequence[SavedQuery], last: int, now: datetime) -> None:
        entries = self._store.entries_changed_after(group[0].matched_to, ENTRIES_A_STEP)
        is_all = len(entries) < ENTRIES_A_STEP
        reached = max([last, *entries]) if is_all else max(entries)
        questions = self._questions_of([(one.output_id, one.query) for one in group])
        matched = {one.entry_id: _matching(questions, one) for one in entries.values()}
        with self._store.transaction():
            ids = [one.output_id for one in group]
            self._store.save_matches(ids, matched, reached, now)
            for one in group:
                if is_all and not one.is_matched:
                    self._store.finish_matching(one.output_id, now)

    def _questions_of(self, asked: list[tuple[int, str]]) -> Questions:
        if asked != self._asked:
            self._asked = asked
            self._questions = Questions((number, parse_query(text)) for number, text in asked)
        return self._questions


def _urgency(one: SavedQuery) -> tuple[bool, int]:
    return not one.is_matched, one.matched_to


def _matching(questions: Questions, entry: UndecidedEntry) -> list[int]:
    return questions.answered_by(
        prepare(item_fields(Unplaced(entry.source_name, entry, entry.outlet)))
    )
