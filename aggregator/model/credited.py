"""What a text says of itself: who published it first, who wrote it, and what is not the article."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

BoilerplateKind = Literal[
    "credit", "byline", "dateline", "disclaimer", "share", "promotion", "note"
]


@dataclass(frozen=True, slots=True)
class Credit:
    """A name and where it was read: `start` and `end` in the text, or `place` outside it.

    `place` is "text" or the element it stood in ("source", "atom:source", "dc:source", "page").
    """

    value: str
    start: int = 0
    end: int = 0
    place: str = "text"


@dataclass(frozen=True, slots=True)
class Boilerplate:
    """A part of a text that is not the article itself, and what it is."""

    start: int
    end: int
    kind: BoilerplateKind


@dataclass(frozen=True, slots=True)
class Provenance:
    """What a text credits. Spans count characters of the readable text (see html.readable_text).

    `boilerplate` is in order and does not overlap; it holds the credits themselves too.
    """

    outlet: Credit | None = None
    byline: Credit | None = None
    dateline: Credit | None = None
    boilerplate: tuple[Boilerplate, ...] = ()


NO_PROVENANCE = Provenance()
