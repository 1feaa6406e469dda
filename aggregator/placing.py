"""New entries, recognised → the same with their categories, by all that decides at this moment."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from zoneinfo import ZoneInfo

from aggregator.categorize import Decider, Unplaced
from aggregator.model import Config, EntryUpdate, New, Source
from aggregator.reconcile import decider_in_force
from aggregator.store import Store
from aggregator.watching import CategoryWatch


class Placing:
    """Gives new entries their categories, under one config; used on the thread of the store."""

    def __init__(self, store: Store, config: Config) -> None:
        self._store = store
        self._config = config
        self._decider: Decider | None = None
        self._watch = CategoryWatch(store, ZoneInfo(config.timezone))

    def with_categories(
        self, source: Source, updates: Sequence[EntryUpdate], now: datetime
    ) -> tuple[EntryUpdate, ...]:
        """The updates, those of new entries with categories: all of a document at once."""
        new = [one.decided for one in updates if isinstance(one.decided, New)]
        if not new:
            return tuple(updates)
        carried = [one.story_id for one in new if one.story_id is not None]
        corrected = self._store.corrections(carried) if carried else {}
        placed = self._decider_now().decide(
            [
                Unplaced(
                    *(source.id, one.decided.keyed.entry, one.outlet),
                    corrected.get(one.decided.story_id or 0),
                )
                for one in updates
                if isinstance(one.decided, New)
            ]
        )
        self._watch.saw(placed, now)
        of_new = {id(one): found.categories for one, found in zip(new, placed, strict=True)}
        return tuple(replace(one, categories=of_new.get(id(one.decided), ())) for one in updates)

    def _decider_now(self) -> Decider:
        """The rules in force with the classifier in force, whatever process put it there."""
        decider = self._decider
        if decider is None or decider.number != self._store.model_in_force():
            decider = self._decider = decider_in_force(self._store, self._config)
        return decider
