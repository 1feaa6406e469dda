"""A text → its units (ideographs, words, numbers), shingles of them, and winnowed fingerprints.

A unit is one ideograph, one word of a script with spaces, or one number; so an edit costs as much
in English as in Chinese. A shingle is K units in a row. Fingerprints are the least shingle hash of
every WINDOW in a row ("Winnowing", Schleimer, Wilkerson and Aiken 2003): two texts that share
WINDOW + K - 1 units share a fingerprint for certain, at some 26 rows an article.

All hashes are sums of code × power of an odd number modulo 2^64, so that the hash of any run is
the difference of two prefix sums times the inverse of a power: a few operations on whole arrays.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from itertools import accumulate, pairwise
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from aggregator.folding import DIGIT, IDEOGRAPH, NOTHING, fold_all

K = 5
WINDOW_DOUBLINGS = 5
WINDOW = 2**WINDOW_DOUBLINGS
# So many characters are cut together: beyond, a processor's caches no longer hold what it works on.
TOGETHER = 1 << 16

Hashes = NDArray[np.uint64]
Whole = TypeVar("Whole", np.uint32, np.uint64)
_BASE = 0x9E3779B97F4A7C15
_MIX = np.uint64(0xD6E8FEB86659FD93)
_HALF = np.uint64(32)
_LETTER_BITS, _FIRST_LETTER = np.uint64(64 - 20), np.uint64(0xE000)


@dataclass(frozen=True, slots=True)
class Units:
    """A text cut into units: a hash each, and where each starts in `text`.

    `text` is the text given, or its NFKC. `numbers` marks the units that are numbers. `digest` is
    that of the whole normal form; b"" for a text without units.
    """

    text: str
    hashes: Hashes
    starts: NDArray[np.intp]
    numbers: NDArray[np.bool_]
    digest: bytes


@dataclass(frozen=True, slots=True)
class Cut:
    """A text's units, its shingles in order, and its fingerprints."""

    units: Units
    shingles: Hashes
    fingerprints: NDArray[np.uint32]


class _Powers:
    """The powers of the base modulo 2^64 and their inverses, as many as were ever needed."""

    def __init__(self) -> None:
        self.up = self.down = np.ones(1, dtype=np.uint64)

    def upto(self, count: int) -> tuple[Hashes, Hashes]:
        if count > self.up.size:
            exponents = range(max(4096, 2 * count))
            self.up = self._of(_BASE, len(exponents))
            self.down = self._of(pow(_BASE, -1, 2**64), len(exponents))
        return self.up[:count], self.down[:count]

    def _of(self, base: int, count: int) -> Hashes:
        factors = np.full(count, base, dtype=np.uint64)
        factors[0] = 1
        return np.multiply.accumulate(factors)


_powers = _Powers()


def units_of(text: str) -> Units:
    """Cut a text into units. Linear in the text; text of nothing but signs has none."""
    return _units_of_all([text])[0][0]


def cut_all(texts: Sequence[str]) -> Iterator[Cut]:
    """Many texts cut, in order: what costs is the number of calls, so all go through each."""
    group: list[str] = []
    size = 0
    for text in texts:
        if group and size + len(text) > TOGETHER:
            yield from _cut(group)
            group, size = [], 0
        group.append(text)
        size += len(text)
    if group:
        yield from _cut(group)


def _cut(texts: Sequence[str]) -> Iterator[Cut]:
    units, hashes, bounds = _units_of_all(texts)
    rolled = hashes[:0] if hashes.size < K else shingles_of(hashes)
    # The shingles of a text; those that reach into the next one are nobody's.
    own = [
        rolled[start : end - K + 1] if end - start >= K else shingles_of(hashes[start:end])
        for start, end in pairwise(bounds)
    ]
    prints = _winnowed_all(rolled, bounds, own)
    for cut, shingles, fingerprints in zip(units, own, prints, strict=True):
        yield Cut(cut, shingles, fingerprints)


def _units_of_all(texts: Sequence[str]) -> tuple[list[Units], Hashes, list[int]]:
    """The units of each text, all their hashes in a row, and where in it each text's begin."""
    codes, kinds, texts = fold_all(texts)
    begins = np.fromiter(accumulate(map(len, texts), initial=0), np.intp, len(texts) + 1)
    # A unit starts at every ideograph, and where a run of letters or of digits does.
    starting = kinds == IDEOGRAPH
    starting[1:] |= kinds[1:] != kinds[:-1]
    starting[begins[begins < kinds.size]] = True
    seen = (kinds != NOTHING).nonzero()[0]
    firsts = starting[seen].nonzero()[0]
    up, down = _powers.upto(seen.size)
    hashes = np.add.reduceat(codes[seen] * up, firsts) if firsts.size else up[:0]
    hashes *= down[firsts]
    _mix(hashes)
    starts = seen[firsts]
    numbers = kinds[starts] == DIGIT
    upper = (hashes >> _HALF).astype(np.uint32)
    bounds = starts.searchsorted(begins).tolist()
    cut: list[Units] = []
    for number, (start, end) in enumerate(pairwise(bounds)):
        digest = blake2b(upper[start:end].tobytes(), digest_size=8).digest() if end > start else b""
        places = starts[start:end] - begins[number] if number else starts[start:end]
        cut.append(Units(texts[number], hashes[start:end], places, numbers[start:end], digest))
    return cut, hashes, bounds


def letters_of(units: Units) -> str:
    """Units as characters, by 20 bits of their hashes, behind the surrogates.

    Of a million pairs of different units that stand in one place, one is taken for equal.
    """
    codes = (units.hashes >> _LETTER_BITS) + _FIRST_LETTER
    return codes.astype("<u4").tobytes().decode("utf-32-le")


def shingles_of(hashes: Hashes, k: int = K) -> Hashes:
    """The hash of every `k` units in a row, in order; of a shorter text its one hash, or none."""
    if hashes.size == 0:
        return hashes
    k = min(k, hashes.size)
    up, down = _powers.upto(hashes.size)
    sums = (hashes * up).cumsum()
    rolled = sums[k - 1 :].copy()
    rolled[1:] -= sums[:-k]
    rolled *= down[: rolled.size]
    _mix(rolled)
    return rolled


def winnowed(shingles: Hashes) -> NDArray[np.uint32]:
    """The fingerprints of a text by its shingles: sorted, each once, 32 bits."""
    least = _least_of_windows(shingles)
    return sorted_once(least[_changing(least)])


def _winnowed_all(
    rolled: Hashes, bounds: Sequence[int], own: Sequence[Hashes]
) -> list[NDArray[np.uint32]]:
    """The fingerprints of each text, whose shingles in `rolled` begin at its bound."""
    if len(own) == 1:
        return [winnowed(own[0])]
    found: dict[int, NDArray[np.uint32]] = {}
    least = _least_of_windows(rolled)
    windows: list[NDArray[np.uint32]] = []
    owners: list[int] = []
    for number, shingles in enumerate(own):
        if shingles.size < WINDOW:
            found[number] = winnowed(shingles)
        else:
            start = bounds[number]
            windows.append(least[start : start + shingles.size - WINDOW + 1])
            owners.append(number)
    if windows:
        sizes = [one.size for one in windows]
        keys = np.repeat(np.array(owners, dtype=np.uint64) << _HALF, sizes)
        keys |= np.concatenate(windows)
        keys = sorted_once(keys[_changing(keys)])
        ends = keys.searchsorted((np.array(owners, dtype=np.uint64) + np.uint64(1)) << _HALF)
        lower = keys.astype(np.uint32)
        for number, (start, end) in zip(owners, pairwise([0, *ends.tolist()]), strict=True):
            found[number] = lower[start:end]
    return [found[number] for number in range(len(own))]


def _least_of_windows(shingles: Hashes) -> NDArray[np.uint32]:
    """The least upper half of every WINDOW shingles in a row, of fewer where there are fewer."""
    least = (shingles >> _HALF).astype(np.uint32)
    for doubling in range(WINDOW_DOUBLINGS):
        step = 1 << doubling
        if least.size <= step:
            break
        least = np.minimum(least[:-step], least[step:])
    return least


def sorted_once(values: NDArray[Whole]) -> NDArray[Whole]:
    """Values in order, each once (np.unique, without what that does beside)."""
    values = np.sort(values)
    return values[_changing(values)]


def _changing(values: NDArray[Whole]) -> NDArray[np.bool_]:
    """Where a value is not the one before it."""
    changing = np.empty(values.size, dtype=bool)
    changing[:1] = True
    np.not_equal(values[1:], values[:-1], out=changing[1:])
    return changing


def _mix(hashes: Hashes) -> None:
    """Make every bit of each hash depend on all, in place."""
    hashes ^= hashes >> _HALF
    hashes *= _MIX
    hashes ^= hashes >> _HALF
