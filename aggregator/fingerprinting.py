"""A store whose texts are not all indexed in the present form → one whose are; part by part.

That is so after an update of this program that compares texts in another way, in a store from
before there was an index, and when feeds.yaml widens the window. Stories stay as they are, and so
do corrections: what is indexed is found under the story that it has by now.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from aggregator.carrying import marks_of_texts
from aggregator.store import Store

# Snapshots looked at in one step: some 50 ms.
SNAPSHOTS_A_STEP = 200


class Fingerprinter:
    """Indexes what is not indexed yet, on the thread of the store."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def step(self, now: datetime) -> bool:
        """Index a few texts, the newest first; False when all are. Raises StoreError."""
        return self._step(now) is not None

    def finish(self, now: datetime, on_step: Callable[[int, int], None] | None = None) -> None:
        """Index all there is; `on_step` hears how many snapshots are done, of how many."""
        left = self._step(now)
        whole = left or 0
        while left is not None:
            if on_step is not None:
                on_step(whole - left, whole)
            left = self._step(now)

    def _step(self, now: datetime) -> int | None:
        """One step; how many snapshots are left, None when there was nothing to do."""
        reached, down_to = self._store.begin_indexing(now)
        if reached <= down_to:
            return None
        first = max(down_to, reached - SNAPSHOTS_A_STEP)
        texts = self._store.texts_to_index(first, reached - 1)
        marks = marks_of_texts([(one.title, one.text) for one in texts])
        with self._store.transaction():
            self._store.save_indexed(list(zip(texts, marks, strict=True)), first, now)
        return first - down_to
