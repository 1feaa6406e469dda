"""What a search of the store answers."""

from __future__ import annotations

from dataclasses import dataclass

from aggregator.model.kept import PublishedStory, Snapshot


@dataclass(frozen=True, slots=True)
class Hit:
    """A story that a search found, and the snapshot of the carrier that matched.

    `summary_only`: of that carrier no more than a summary may be shown.
    """

    story: PublishedStory
    snapshot: Snapshot
    summary_only: bool


@dataclass(frozen=True, slots=True)
class Found:
    """One page of what a search found. `is_more`: there is a further page.

    `count` of stories, counted no further than `COUNTED`; None where that was not counted.
    """

    hits: tuple[Hit, ...]
    is_more: bool
    count: int | None = None


@dataclass(frozen=True, slots=True)
class Related:
    """Stories on the same matter as one, and the terms by which they were found."""

    hits: tuple[Hit, ...] = ()
    terms: tuple[str, ...] = ()


COUNTED = 1_000
