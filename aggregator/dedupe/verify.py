"""Two articles → whether one carries the other, with the figures that decided it.

A repost leaves things out, puts things in (advertisements, another byline), and changes a word
here and there. A template, or another article of one press release, replaces: other figures, other
names, in the same places. So the two are aligned unit by unit, and what was *replaced* weighs far
more than what was dropped or added.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

import numpy as np
from rapidfuzz.distance import Indel

from aggregator.dedupe.article import Article
from aggregator.dedupe.shingles import Units, letters_of

# The least part of the shorter text's shingles to be found in the longer before they are aligned.
LEAST_CONTAINED = 0.5
# The least part of the shorter one that must be the same, and the most of the sentences it shares
# that may be its own.
LEAST_SAME, MOST_OWN = 0.72, 0.06
# A header or footer that is no boilerplate we know has at most so many units.
LONGEST_HEADER = 80
# Replacements in a hundred units that are the same.
MOST_REPLACEMENTS = 1.7
# The least part of the shorter one's numbers that the longer has too, before they are aligned.
LEAST_NUMBERS, FEW_NUMBERS = 0.5, 4
# Equal runs shorter than this between two differences are chance.
CHANCE = 3
# A text of fewer units tells too little: only its title can add to it.
SHORTEST = 12

_NUMERALS = frozenset("〇零一二三四五六七八九十百千万亿两")
_COUNTED = frozenset("年月日次期号號届屆条條例名人位岁歲家所座元吨亩畝度级級时時")
_SENTENCE_END = re.compile(r"[。！？!?；;\n]|\.(?!\d)")

Verdict = Literal["same", "unlike", "replaced", "figures", "title", "short"]


@dataclass(frozen=True, slots=True)
class Comparison:
    """How two articles compare; all shares are of the shorter one.

    `contained`: shingles found in the longer; `same`: units aligned; `own`: units that only the
    shorter has, in sentences that both have; `replacements`: passages that stand where the other
    has others, and `figures`: numbers among them that the other has not. `verdict` says "same", or
    what speaks against it.
    """

    verdict: Verdict
    contained: float
    same: float = 0.0
    own: float = 0.0
    replacements: int = 0
    figures: int = 0


def compare(one: Article, other: Article) -> Comparison:
    """Compare two articles, in either order."""
    small, large = (one, other) if one.length <= other.length else (other, one)
    if small.length < SHORTEST:
        return Comparison("short", 0.0)
    contained = containment(small, large)
    if contained < LEAST_CONTAINED:
        return Comparison("unlike", contained)
    if _shared_numbers(small.units, large.units) < LEAST_NUMBERS:
        return Comparison("figures", contained)
    runs = align(small.letters, large.letters)
    return _judge(small, large, contained, runs)


def containment(small: Article, large: Article) -> float:
    """The share of the smaller article's shingles that the larger has too."""
    pool = large.sorted_shingles
    places = np.searchsorted(pool, small.shingles)
    places[places == pool.size] = 0
    return float(np.count_nonzero(pool[places] == small.shingles)) / small.shingles.size


def passages(one: Article, other: Article, most: int = 3) -> list[str]:
    """The longest passages that two articles share, the longest first, as `one` has them."""
    small, large = (one, other) if one.length <= other.length else (other, one)
    runs = align(small.letters, large.letters)
    longest = sorted(runs, key=lambda run: run[0] - run[1])[:most]
    mine = one.units
    spans = [(run[0], run[1]) if one is small else (run[2], run[3]) for run in longest]
    return [_passage(mine, start, end) for start, end in spans]


def _passage(units: Units, start: int, end: int) -> str:
    stop = int(units.starts[end]) if end < units.starts.size else len(units.text)
    return units.text[int(units.starts[start]) : stop].strip()


def _shared_numbers(small: Units, large: Units) -> float:
    """The share of the smaller text's numbers that the larger has too; 1 where there are few."""
    mine = small.hashes[small.numbers]
    if mine.size < FEW_NUMBERS:
        return 1.0
    pool = set(large.hashes[large.numbers].tolist())
    return sum(number in pool for number in mine.tolist()) / mine.size


Run = tuple[int, int, int, int]


def align(small: str, large: str, chance: int = CHANCE) -> list[Run]:
    """Where two texts, a letter a unit, agree: runs (start, end in the small; the same in the

    large), in order.
    """
    runs: list[Run] = [
        (op.src_start, op.src_end, op.dest_start, op.dest_end)
        for op in Indel.opcodes(small, large)
        if op.tag == "equal"
    ]
    return [run for at, run in enumerate(runs) if run[1] - run[0] >= chance or _joins(runs, at)]


def _joins(runs: list[Run], at: int) -> bool:
    """Whether a short run continues its neighbours without anything replaced between."""
    start, end, to_start, to_end = runs[at]
    before = at > 0 and (runs[at - 1][1] == start or runs[at - 1][3] == to_start)
    after = at + 1 < len(runs) and (runs[at + 1][0] == end or runs[at + 1][2] == to_end)
    return before and after


def _judge(small: Article, large: Article, contained: float, runs: list[Run]) -> Comparison:
    same = sum(end - start for start, end, _, _ in runs)
    gaps = _gaps(runs, small.length, large.length)
    replaced = [gap for gap in gaps if gap[1] > gap[0] and gap[3] > gap[2]]
    inner = [gap for gap in replaced if gap[0] > 0 and gap[1] < small.length]
    around = [gap for gap in gaps if _added(gap, small.length, large.length)]
    body = small.length - sum(end - start for start, end, _, _ in around)
    own = _own(small, runs, [gap for gap in gaps if gap not in around])
    figures = sum(_figures(small, large, gap) for gap in replaced)
    shares = (contained, same / body, own / max(1, same + own))
    verdict: Verdict = "same"
    if shares[1] < LEAST_SAME:
        verdict = "unlike"
    elif figures:
        verdict = "figures"
    elif shares[2] > MOST_OWN or 100 * len(inner) > MOST_REPLACEMENTS * same + 100:
        verdict = "replaced"
    elif _told_apart_by_titles(small, large, replaced):
        verdict = "title"
    return Comparison(verdict, *shares, len(inner), figures)


Gap = tuple[int, int, int, int]


def _gaps(runs: list[Run], small: int, large: int) -> list[Gap]:
    """What lies before, between and behind the runs, where the small one has something."""
    gaps: list[Gap] = []
    at, there = 0, 0
    for start, end, to_start, to_end in [*runs, (small, small, large, large)]:
        if start > at:
            gaps.append((at, start, there, to_start))
        at, there = end, to_end
    return gaps


def _added(gap: Gap, small: int, large: int) -> bool:
    """Whether a gap is a header before all of the large text, or a footer behind all of it."""
    start, end, to_start, to_end = gap
    if end - start > LONGEST_HEADER:
        return False
    return (start == 0 and to_end <= 2) or (end == small and to_start >= large - 2)


def _own(small: Article, runs: list[Run], gaps: list[Gap]) -> int:
    """How many units the small one has of its own, in sentences that it shares with the large one.

    Whole sentences of its own are advertisements, or what the large one's teller left out.
    """
    if not gaps:
        return 0
    text = small.units.text
    ends = np.array([found.start() for found in _SENTENCE_END.finditer(text)], dtype=np.intp)
    sentence_of = np.searchsorted(ends, small.units.starts)
    shared = np.zeros(ends.size + 1, dtype=bool)
    for start, end, _, _ in runs:
        shared[sentence_of[start:end]] = True
    return sum(int(np.count_nonzero(shared[sentence_of[start:end]])) for start, end, _, _ in gaps)


def _told_apart_by_titles(small: Article, large: Article, replaced: list[Gap]) -> bool:
    """Whether what was replaced in the text was replaced in the titles as well (法文版, 俄文版)."""
    if not replaced or not small.title or not large.title:
        return False
    one, other = small.title_units, large.title_units
    if not one.hashes.size or not other.hashes.size:
        return False
    runs = align(letters_of(one), letters_of(other), 1)
    pairs = {
        (_words(one, gap[0], gap[1]), _words(other, gap[2], gap[3]))
        for gap in _gaps(runs, one.hashes.size, other.hashes.size)
        if gap[3] > gap[2]
    }
    return any(
        (_words(small.units, gap[0], gap[1]), _words(large.units, gap[2], gap[3])) in pairs
        for gap in replaced
    )


def _words(units: Units, start: int, end: int) -> tuple[int, ...]:
    return tuple(units.hashes[start:end].tolist())


def _figures(small: Article, large: Article, gap: Gap) -> int:
    """How many numbers of a replaced passage stand against different ones.

    Passages of very different length do not stand for one another: each teller left one out.
    """
    taken, given = gap[1] - gap[0], gap[3] - gap[2]
    if max(taken, given) > 3 * min(taken, given) + 6:
        return 0
    mine = _numbers(small.units, gap[0], gap[1])
    theirs = _numbers(large.units, gap[2], gap[3])
    if not mine or not theirs:
        return 0
    return len(set(mine) - set(theirs))


def _numbers(units: Units, start: int, end: int) -> list[str]:
    """The numbers in a passage, Chinese numerals too where they count something."""
    return [
        number
        for at in range(start, end)
        if (number := _number(units, at) if units.numbers[at] else _numeral(units, at))
    ]


def _number(units: Units, at: int) -> str:
    begin = int(units.starts[at])
    stop = int(units.starts[at + 1]) if at + 1 < units.starts.size else len(units.text)
    return str(int("".join(filter(str.isdecimal, units.text[begin:stop][:40])) or 0))


def _numeral(units: Units, at: int) -> str:
    """A Chinese numeral that is part of a longer one, an ordinal or a count; else ""."""
    text, starts = units.text, units.starts
    letter = text[int(starts[at])]
    if letter not in _NUMERALS:
        return ""
    before = text[int(starts[at - 1])] if at else ""
    after = text[int(starts[at + 1])] if at + 1 < starts.size else ""
    counts = before == "第" or before in _NUMERALS or after in _NUMERALS or after in _COUNTED
    return letter if counts else ""
