"""Entries as they were fetched → the categories they would get now, and why: for probes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from aggregator.carrying import outlet_of, readable
from aggregator.categorize import UNCATEGORIZED, Decider, Placed, Unplaced
from aggregator.cli.opened import reader_if_there
from aggregator.model import Config, Entry, Source
from aggregator.provenance import Outlets, outlets_of, read_provenance


@dataclass(frozen=True, slots=True)
class Foreseen:
    """The categories an entry would get (`uncategorized` for none), and why."""

    categories: tuple[str, ...]
    why: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Foresight:
    """All that would decide about a new entry: feeds.yaml, and the classifier in force if any."""

    decider: Decider
    outlets: Outlets

    @classmethod
    def of(cls, config: Config) -> Foresight:
        """For a config and the store it names, which need not be there. Raises StoreError."""
        outlets = outlets_of(config)
        reader = reader_if_there(config)
        if reader is None:
            return cls(Decider.of(config), outlets)
        try:
            number = reader.model_in_force()
            body = reader.model_body(number) if number is not None else None
            return cls(Decider.of(config, body, number), outlets)
        except ValueError:  # a classifier of another version: the next training replaces it
            return cls(Decider.of(config), outlets)
        finally:
            reader.close()

    def place(self, source: Source, entries: Sequence[Entry]) -> list[Foreseen]:
        """What each entry would get as a new one of `source`, in the order given."""
        placed = self.decider.decide(
            [Unplaced(source.id, one, self._outlet(one)) for one in entries]
        )
        return [
            Foreseen(
                tuple(decision.category for decision in one.categories) or (UNCATEGORIZED,),
                tuple(self._why(one)),
            )
            for one in placed
        ]

    def _outlet(self, entry: Entry) -> str | None:
        credited = read_provenance(readable(entry.content or entry.summary), self.outlets)
        return outlet_of(entry, credited, self.outlets)

    def _why(self, placed: Placed) -> list[str]:
        verdict = placed.verdict
        if placed.categories:
            return [f"{one.decided_by}: {one.evidence}" for one in placed.categories]
        if verdict is None or self.decider.classifier is None:
            return ["nobody: no rule matches, and there is no classifier yet"]
        needed = self.decider.classifier.thresholds()[verdict.category]
        threshold = f"{needed:.3f} needed" if needed <= 1 else "which can never be enough"
        if verdict.sure:
            threshold = "which feeds.yaml does not have"
        return [f"nobody: {verdict.category} {verdict.probability:.3f} probable, {threshold}"]
