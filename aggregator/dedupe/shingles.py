"""A text → its units (ideographs, words, numbers), shingles of them, and winnowed fingerprints.

A unit is one ideograph, one word of a script with spaces, or one number; so an edit costs as much
in English as in Chinese. A shingle is K units in a row. Fingerprints are the least shingle hash of
every WINDOW in a row ("Winnowing", Schleimer, Wilkerson and Aiken 2003): two texts that share
WINDOW + K - 1 units share a fingerprint for certain, at some 26 rows an article.

All hashes are sums of code × power of an odd number modulo 2^64, so that the hash of any run is
the difference of two prefix sums times the inverse of a power: a few operations on whole arrays.
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

from aggregator.folding import DIGIT, IDEOGRAPH, NOTHING, fold

K = 5
WINDOW_DOUBLINGS = 5
WINDOW = 2**WINDOW_DOUBLINGS

Hashes = NDArray[np.uint64]
_BASE = 0x9E3779B97F4A7C15
_MIX = np.uint64(0xD6E8FEB86659FD93)
_HALF = np.uint64(32)


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
    codes, kinds, text = fold(text)
    # A unit starts at every ideograph, and where a run of letters or of digits does.
    starting = kinds == IDEOGRAPH
    starting[1:] |= kinds[1:] != kinds[:-1]
    starting[:1] = True
    seen = np.flatnonzero(kinds != NOTHING)
    if not seen.size:
        nothing = np.zeros(0, dtype=np.uint64)
        return Units(text, nothing, seen, np.zeros(0, dtype=bool), b"")
    firsts = np.flatnonzero(starting[seen])
    up, down = _powers.upto(seen.size)
    hashes = np.add.reduceat(codes[seen] * up, firsts)
    hashes *= down[firsts]
    _mix(hashes)
    starts = seen[firsts]
    digest = blake2b((hashes >> _HALF).astype(np.uint32).tobytes(), digest_size=8).digest()
    return Units(text, hashes, starts, kinds[starts] == DIGIT, digest)


def shingles_of(hashes: Hashes, k: int = K) -> Hashes:
    """The hash of every `k` units in a row, in order; of a shorter text its one hash, or none."""
    if hashes.size == 0:
        return hashes
    k = min(k, hashes.size)
    up, down = _powers.upto(hashes.size)
    sums = np.cumsum(hashes * up)
    rolled = sums[k - 1 :].copy()
    rolled[1:] -= sums[:-k]
    rolled *= down[: rolled.size]
    _mix(rolled)
    return rolled


def winnowed(shingles: Hashes) -> NDArray[np.uint32]:
    """The fingerprints of a text by its shingles: sorted, each once, 32 bits."""
    least = (shingles >> _HALF).astype(np.uint32)
    for doubling in range(WINDOW_DOUBLINGS):
        step = 1 << doubling
        if least.size <= step:
            break
        least = np.minimum(least[:-step], least[step:])
    return sorted_once(least[_changing(least)])


def sorted_once(values: NDArray[np.uint32]) -> NDArray[np.uint32]:
    """Values in order, each once (np.unique, without what that does beside)."""
    values = np.sort(values)
    return values[_changing(values)]


def _changing(values: NDArray[np.uint32]) -> NDArray[np.bool_]:
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
