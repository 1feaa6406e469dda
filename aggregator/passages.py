"""A text and what is looked for in it → its telling passage, cut to where that is found."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import accumulate

from aggregator.query import UNSPACED, Query, alike
from aggregator.terms import wanted_terms
from aggregator.text import normal_form

# A passage is so long; so much of it stands before what was found.
PASSAGE_LENGTH, BEFORE = 120, 30
# Looked at no further than this: a passage is to be shown, not everything to be counted.
READ = 100_000

Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of a passage; `is_found`: it is what was looked for."""

    text: str
    is_found: bool


def words_of(query: Query, field: str) -> tuple[tuple[str, bool], ...]:
    """What a query looks for in title or text, as `spans_of` takes it: (words, may go on)."""
    terms = wanted_terms(query)
    return tuple({(one.value, one.prefix) for one in terms if one.field in (None, field)})


def spans_of(text: str, words: Iterable[tuple[str, bool]]) -> list[Span]:
    """Where words stand in a text, as they are found by a search; in order, none overlapping."""
    folded, places = _folded(text[:READ])
    found: list[Span] = []
    for word, goes_on in words:
        for match in _finder(alike(normal_form(word)), goes_on).finditer(folded):
            if match.end() > match.start():
                found.append((places(match.start()), places(match.end() - 1) + 1))
    joined: list[Span] = []
    for start, end in sorted(found):
        if joined and start <= joined[-1][1]:
            joined[-1] = joined[-1][0], max(end, joined[-1][1])
        else:
            joined.append((start, end))
    return joined


def pieces_of(text: str, spans: Sequence[Span]) -> tuple[Piece, ...]:
    """A text cut at the spans that were found in it."""
    pieces: list[Piece] = []
    at = 0
    for start, end in spans:
        pieces += [Piece(text[at:start], False), Piece(text[start:end], True)]
        at = end
    pieces.append(Piece(text[at:], False))
    return tuple(piece for piece in pieces if piece.text)


def passage_of(text: str, spans: Sequence[Span]) -> tuple[Piece, ...]:
    """The part of a text in which most of what was found stands, marked; where nothing was, its

    beginning.
    """
    if len(text) <= PASSAGE_LENGTH:
        return pieces_of(text, spans)
    starts = [start for start, _ in spans]
    so_far = [0, *accumulate(end - start for start, end in spans)]

    def held(first: int) -> int:
        beyond = bisect_right(starts, starts[first] + PASSAGE_LENGTH - BEFORE)
        return so_far[beyond] - so_far[first]

    begin = 0
    if spans:
        best = max(range(len(spans)), key=lambda one: (held(one), -one))
        begin = max(0, min(starts[best] - BEFORE, len(text) - PASSAGE_LENGTH))
    end = begin + PASSAGE_LENGTH
    inside = [
        (max(start, begin) - begin, min(stop, end) - begin)
        for start, stop in spans
        if start < end and stop > begin
    ]
    pieces = list(pieces_of(text[begin:end].rstrip(), inside))
    before = [Piece("…", False)] if begin else []
    after = [Piece("…", False)] if end < len(text) else []
    return (*before, *pieces, *after)


def _folded(text: str) -> tuple[str, Callable[[int], int]]:
    """A text as it is compared, and what gives the place in it of a place in that."""
    whole = alike(normal_form(text))
    if len(whole) == len(text):
        return whole, lambda place: place
    folded: list[str] = []
    places: list[int] = []
    for place, character in enumerate(text):
        form = " " if character.isspace() else alike(normal_form(character))
        folded.append(form)
        places += [place] * len(form)
    return "".join(folded), places.__getitem__


@lru_cache(maxsize=512)
def _finder(word: str, goes_on: bool) -> re.Pattern[str]:
    spaced = f"[^\\W_{UNSPACED}]"
    pattern = re.escape(word).replace("\\ ", r"\s+")
    if re.match(spaced, word):
        pattern = f"(?<!{spaced}){pattern}"
    if re.match(spaced, word[-1:]):
        pattern += f"{spaced}*" if goes_on else f"(?!{spaced})"
    return re.compile(pattern)
