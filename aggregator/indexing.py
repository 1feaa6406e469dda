"""What was saved → what searches find: texts into the index, a small step at a time.

After the saving, not within it: indexing an article costs about as much as reading and saving it,
and a poll need not wait for that. It follows the store by itself, whichever process saved.
"""

from __future__ import annotations

from collections.abc import Callable

from aggregator.store import Store

# Texts in one step, which is one transaction: some 50 ms with articles of 700 characters.
TEXTS_A_STEP = 100


class Indexer:
    """Brings the index in step with the store, on the thread of the store."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def step(self) -> bool:
        """Index some of what is not indexed yet; False when all is. Raises StoreError."""
        if not self._store.unindexed():
            return False
        with self._store.transaction():
            return self._store.index_texts(TEXTS_A_STEP) > 0

    def finish(self, on_step: Callable[[int, int], None] | None = None) -> None:
        """Index all there is; `on_step` hears how many texts are done, of how many."""
        total = self._store.unindexed()
        while self.step():
            if on_step is not None:
                on_step(total - self._store.unindexed(), total)
