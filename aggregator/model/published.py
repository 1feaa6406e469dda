"""What publishing keeps: rendered entries, archives, corrections, tombstones."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from aggregator.model.kept import Snapshot


class Listed(NamedTuple):
    """A story's place in a feed: the revision that last changed it, and when it entered (RFC 3339).

    Made by the hundred for every document, so it is as light as can be.
    """

    story_id: int
    revision: int
    entered_at: str


@dataclass(frozen=True, slots=True)
class Rendering:
    """A story's entry in every format, as UTF-8, rendered at a revision of the story.

    `version` is the renderer's; `language` that of the entry, "" where it is not known.
    """

    story_id: int
    revision: int
    version: int
    language: str
    atom: bytes
    rss: bytes
    json: bytes


@dataclass(frozen=True, slots=True)
class Entered:
    """One entry of a story into an output."""

    position: int
    entered_at: datetime
    revision: int


@dataclass(frozen=True, slots=True)
class Archive:
    """A part of an output's history: what entered it from one position to another, in one month.

    `month` is `YYYY-MM` in UTC, `part` counts from 1. Sealed, it gains no more entries:
    `sealed_at` and `sealed_revision` are those of the next archive's first entry.
    """

    output_id: int
    month: str
    part: int
    first_position: int
    last_position: int
    count: int
    opened_at: datetime
    opened_revision: int
    last_entered_at: datetime
    sealed_at: datetime | None = None
    sealed_revision: int | None = None

    @property
    def name(self) -> str:
        """What it is called in addresses: `2026-11`, `2026-11-2`."""
        return self.month if self.part == 1 else f"{self.month}-{self.part}"


@dataclass(frozen=True, slots=True)
class Correction:
    """A new version of an entry: the snapshot, and the one before it.

    `first_digest` is that of the entry's first snapshot: with the number it names the version.
    """

    story_key: str
    source_title: str
    source_first_url: str
    first_digest: str
    before: Snapshot
    after: Snapshot
    summary_only: bool = False


@dataclass(frozen=True, slots=True)
class Tombstone:
    """An entry that is no more (RFC 6721): its atom:id, since when, and why."""

    ref: str
    when: datetime
    comment: str
