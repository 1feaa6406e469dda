"""What is taken down: the order to do so, what it is kept out by, and the record of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal


@dataclass(frozen=True, slots=True)
class Print:
    """What a text that was taken down is recognised by, and cannot be read from.

    `fingerprints` as in TextMarks; `numbers` are the numbers of the text, each reduced to one of
    256 values: they tell two texts of one template apart.
    """

    fingerprints: bytes
    numbers: bytes


@dataclass(frozen=True, slots=True)
class Bars:
    """What keeps an article from being taken in again: digests of guid, address and text."""

    keys: tuple[str, ...] = ()
    prints: tuple[Print, ...] = ()


@dataclass(frozen=True, slots=True)
class Erasure:
    """Entries of one story that are to be destroyed, and why.

    `passages` are their texts, as they may stand in what is kept of other entries.
    """

    story_key: str
    entry_ids: tuple[int, ...]
    reason: str
    legal: bool
    bars: Bars
    passages: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Removal:
    """A takedown: of a whole story, or (`whole` False) of some of its carriers.

    `undone_at`: since when it may be taken in again; `done_at`: when the last byte was gone.
    """

    number: int
    story_key: str
    atom_id: str
    reason: str
    legal: bool
    whole: bool
    removed_at: datetime
    undone_at: datetime | None
    done_at: datetime | None


@dataclass(frozen=True, slots=True)
class Withdrawal:
    """An entry that its own source has withdrawn: by a tombstone in its feed (RFC 6721), or its

    page answers 404 or 410, `since` then.
    """

    entry_id: int
    story_key: str
    source: str
    link: str | None
    kind: Literal["tombstone", "gone"]
    since: datetime
