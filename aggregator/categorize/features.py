"""What an entry says → hashed features: characters and pairs of them, words and pairs of them.

Scripts written without spaces give characters and pairs of characters, all others words and pairs
of words; digits count as one sign. Everything is done for many entries at once, in numpy.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from aggregator.text import normal_form

Array = np.ndarray[Any, Any]

# The title weighs most: it was written to say what the entry is about. Of the text only the
# beginning is read, and its weight does not grow with its length.
WEIGHTS = (1.0, 0.5, 0.7)  # title, text, tags
TEXT_LIMIT = 400
TITLE_LIMIT = 300
TAGS_LIMIT = 200

_GOLDEN, _SECOND, _THIRD = (
    np.uint64(value) for value in (0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9)
)
_PRIME = np.uint64(0x100000001B3)
EDGE = "⏎"  # how the beginning and the end of a text are shown
_SPACE, _UNSPACED, _SPACED, _DIGIT, _SIGN = range(5)
_STOP = 10  # the line feed between texts: normal form has none of its own
# Scripts without spaces between words; as in the query language.
_UNSPACED_RANGES = (
    *((0x0E00, 0x0EFF), (0x1000, 0x109F), (0x1100, 0x11FF), (0x1780, 0x17FF), (0x2E80, 0x2FDF)),
    *((0x3005, 0x3007), (0x3021, 0x30FF), (0x3105, 0x318F), (0x31A0, 0x31BF), (0x31F0, 0x31FF)),
    *((0x3400, 0x4DBF), (0x4E00, 0xA4CF), (0xAC00, 0xD7FF), (0xF900, 0xFAFF)),
    *((0x1AFF0, 0x1B16F), (0x20000, 0x3FFFF)),
)


@dataclass(frozen=True, slots=True)
class Reading:
    """What of an entry the classifier reads: plain text, and the origin's own categories."""

    title: str
    text: str = ""
    tags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Features:
    """Features of `count` entries: sorted by entry (`rows`), a feature once an entry.

    `hashes` are 32 bits wide, `values` weigh how often and in which field a feature stands.
    """

    count: int
    rows: Array
    hashes: Array
    values: Array

    def of(self, entries: Array) -> Features:
        """Those of some entries (a flag for each of all), numbered anew."""
        number = np.cumsum(entries) - 1
        kept = entries[self.rows]
        count = int(entries.sum())
        return Features(count, number[self.rows[kept]], self.hashes[kept], self.values[kept])


@dataclass(frozen=True, slots=True)
class _Occurrences:
    rows: Array
    hashes: Array
    starts: Array
    ends: Array


def features_of(readings: Sequence[Reading], style: bool) -> Features:
    """The features of entries; `style`: how long the title is counts as a feature too."""
    count = len(readings)
    keys: list[Array] = []
    values: list[Array] = []
    for texts, weight in zip(_fields(readings), WEIGHTS, strict=True):
        if not any(texts):
            continue
        found = _occurrences(texts)[1]
        key, times = _counted((found.rows << np.uint64(32)) | found.hashes)
        keys.append(key)
        values.append((weight * (1 + np.log(times))).astype(np.float32))
    if style and count:
        key = _style_keys([normal_form(reading.title[:TITLE_LIMIT]) for reading in readings])
        keys.append(np.sort(key))
        values.append(np.ones(len(key), np.float32))
    if not keys:
        nothing = np.zeros(0, np.int64)
        return Features(count, nothing, nothing, np.zeros(0, np.float32))
    return _merged(count, np.concatenate(keys), np.concatenate(values))


def named_features(reading: Reading, style: bool) -> dict[int, str]:
    """Hash → the characters or words that it stands for, of one entry."""
    names: dict[int, str] = {}
    for texts in _fields([reading]):
        joined, found = _occurrences(texts)
        for number, start, end in zip(found.hashes, found.starts, found.ends, strict=True):
            shown = joined[start:end].replace("\n", EDGE)
            names.setdefault(int(number), shown)
    if style:
        title = normal_form(reading.title[:TITLE_LIMIT])
        for key in _style_keys([title]):
            names.setdefault(int(key) & 0xFFFFFFFF, f"title of {len(title)} characters")
    return names


def _fields(readings: Sequence[Reading]) -> tuple[list[str], list[str], list[str]]:
    return (
        [normal_form(reading.title[:TITLE_LIMIT]) for reading in readings],
        [normal_form(reading.text[:TEXT_LIMIT]) for reading in readings],
        [normal_form(" | ".join(reading.tags)[:TAGS_LIMIT]) for reading in readings],
    )


def _counted(keys: Array) -> tuple[Array, Array]:
    """Distinct keys in order, and how often each stands."""
    keys = np.sort(keys)
    first = np.flatnonzero(np.concatenate(([True], keys[1:] != keys[:-1])))
    return keys[first], np.diff(np.concatenate((first, [len(keys)])))


def _merged(count: int, keys: Array, values: Array) -> Features:
    """Features of several fields as one list: the same feature's values are added up."""
    order = np.argsort(keys, kind="stable")
    keys, values = keys[order], values[order]
    first = np.flatnonzero(np.concatenate(([True], keys[1:] != keys[:-1])))
    keys, values = keys[first], np.add.reduceat(values, first)
    rows = (keys >> np.uint64(32)).astype(np.int64)
    return Features(count, rows, (keys & np.uint64(0xFFFFFFFF)).astype(np.uint32), values)


@lru_cache(maxsize=1)
def _kinds() -> Array:
    """Of every code point: a space, of a script without or with spaces, a digit, a sign."""
    table = np.full(0x110000, _SIGN, np.uint8)
    for start in range(0, 0x30000, 0x1000):
        codes = range(start, start + 0x1000)
        table[start : start + 0x1000] = [
            _SPACED if chr(code).isalpha() else _DIGIT if chr(code).isdigit() else _SIGN
            for code in codes
        ]
    for start, end in _UNSPACED_RANGES:
        table[start : end + 1] = _UNSPACED
    table[[_STOP, 32]] = _SPACE
    return table


def _occurrences(texts: Sequence[str]) -> tuple[str, _Occurrences]:
    """Every feature where it stands, in the texts joined by line feeds."""
    joined = "\n" + "\n".join(texts) + "\n"
    codes = np.frombuffer(joined.encode("utf-32-le", "surrogatepass"), np.uint32)
    kinds = _kinds()[codes]
    stops = codes == _STOP
    rows = (np.cumsum(stops) - 1).astype(np.uint64)
    code = np.where(kinds == _DIGIT, np.uint64(0x30), codes.astype(np.uint64))
    parts = [*_words(code, kinds, rows), *_characters(code, kinds, stops, rows)]
    columns = [np.concatenate(column) for column in zip(*parts, strict=True)]
    hashes = columns[1]
    hashes = (hashes ^ (hashes >> np.uint64(31))) * _SECOND
    return joined, _Occurrences(columns[0], hashes >> np.uint64(32), columns[2], columns[3])


def _words(code: Array, kinds: Array, rows: Array) -> list[tuple[Array, Array, Array, Array]]:
    """Words of scripts with spaces, and pairs of neighbours."""
    inside = kinds == _SPACED
    starts = np.flatnonzero(inside & ~np.concatenate(([False], inside[:-1])))
    if not len(starts):
        return []
    ends = np.flatnonzero(inside & ~np.concatenate((inside[1:], [False]))) + 1
    at = np.flatnonzero(inside)
    place = np.minimum(at - np.repeat(starts, ends - starts), 63)
    powers = np.power(_PRIME, np.arange(64, dtype=np.uint64))
    word = np.add.reduceat(code[at] * _GOLDEN * powers[place], np.flatnonzero(place == 0))
    word ^= word >> np.uint64(29)
    near = (rows[starts[1:]] == rows[starts[:-1]]) & (starts[1:] - ends[:-1] <= 3)
    pair = (word[:-1] * _THIRD + word[1:]) * _SECOND
    return [
        (rows[starts], word * _SECOND, starts, ends),
        (rows[starts[1:]][near], pair[near], starts[:-1][near], ends[1:][near]),
    ]


def _characters(
    code: Array, kinds: Array, stops: Array, rows: Array
) -> list[tuple[Array, Array, Array, Array]]:
    """Characters that are in no word, and pairs of them; the ends of a text count as one."""
    loose = kinds != _SPACED
    single = np.flatnonzero(loose & ~stops & (kinds != _SPACE))
    space = np.flatnonzero((kinds == _SPACE) & ~stops)
    single = np.concatenate((single, space))
    pairs = np.flatnonzero((loose[:-1] | loose[1:]) & ~(stops[:-1] & stops[1:]))
    return [
        (rows[single], code[single] * _GOLDEN * _SECOND, single, single + 1),
        (
            # A pair that begins with a stop belongs to the text behind it, and one that ends with
            # a stop to the text before: both are the row of its first sign.
            *(rows[pairs], (code[pairs] * _THIRD + code[pairs + 1]) * _GOLDEN + _SECOND),
            *(pairs, pairs + 2),
        ),
    ]


def _style_keys(titles: Sequence[str]) -> Array:
    """How long each title is, in overlapping steps."""
    lengths = np.array([len(title) for title in titles], np.uint64)
    rows = np.arange(len(titles), dtype=np.uint64) << np.uint64(32)
    keys = []
    for number, step in enumerate((lengths // 4, (lengths + 2) // 4, lengths // 8), start=1):
        mixed = (step + np.uint64(number << 20)) * _GOLDEN * _THIRD
        mixed = (mixed ^ (mixed >> np.uint64(31))) * _SECOND
        keys.append(rows | (mixed >> np.uint64(32)))
    return np.concatenate(keys)
