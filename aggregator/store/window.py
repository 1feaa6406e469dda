"""Fingerprints of the articles of the last days → which of them share many with a new one.

All in memory: one sorted array for what is settled (fingerprint in the upper half, document in the
lower), a dictionary for the newest documents, merged into the array now and then. A lookup costs
the same however much the store holds: only the window is here. The store keeps the same documents
in pieces (see store.fingerprints), from which this is built when a process first needs it.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Fingerprints = NDArray[np.uint32]
Numbers = NDArray[np.uint64]

# A fingerprint that more documents hold than this is a phrase of a template: it tells nothing.
# A cap of 16 to 32 finds 651 of 652 real duplicates, 8 only 579.
COMMON = 32
# Candidates share at least this part of the fingerprints of the shorter text.
LEAST_SHARED = 0.4
MOST_CANDIDATES = 8
# The newest documents are merged into the array when there are so many, or a part of the settled.
MERGE_AT, MERGE_PART = 2048, 24

_HALF = np.uint64(32)
_LOWER = np.uint64(0xFFFFFFFF)


@dataclass(frozen=True, slots=True)
class Documents:
    """Documents in columns: snapshot ids, how many fingerprints each has, all of those in a row."""

    snapshots: NDArray[np.int64]
    counts: NDArray[np.uint32]
    fingerprints: Fingerprints


class Window:
    """The index of one store's recent documents. Not to be shared between threads."""

    def __init__(self, pieces: Iterable[Documents] = ()) -> None:
        # In columns by the document's number: its snapshot, and how many fingerprints it has.
        self._snapshots = array("q")
        self._counts = array("I")
        self._keys: NDArray[np.uint64] = np.zeros(0, dtype=np.uint64)
        self._fresh: list[Fingerprints] = []
        self._recent: dict[int, list[int]] = {}
        self._settled = 0
        self.extend(pieces)

    def __len__(self) -> int:
        return len(self._snapshots)

    def extend(self, pieces: Iterable[Documents]) -> None:
        """Take in many documents at once."""
        for piece in pieces:
            self._snapshots.frombytes(piece.snapshots.astype(np.int64).tobytes())
            self._counts.frombytes(piece.counts.astype(np.uint32).tobytes())
            self._fresh.append(piece.fingerprints)
        self._merge()

    def add(self, snapshot_id: int, fingerprints: Fingerprints) -> None:
        """Take in a document; it is found from now on."""
        number = len(self._snapshots)
        self._snapshots.append(snapshot_id)
        self._counts.append(fingerprints.size)
        self._fresh.append(fingerprints)
        recent = self._recent
        for fingerprint in fingerprints.tolist():
            holders = recent.get(fingerprint)
            if holders is None:
                recent[fingerprint] = [number]
            else:
                holders.append(number)
        if number + 1 - self._settled >= max(MERGE_AT, self._settled // MERGE_PART):
            self._merge()

    def without(self, snapshot_ids: Iterable[int]) -> set[int]:
        """Those of some snapshots that are not held."""
        return set(snapshot_ids).difference(self._snapshots)

    def _merge(self) -> None:
        if len(self._snapshots) == self._settled:
            return
        numbers = np.arange(self._settled, len(self._snapshots), dtype=np.uint64)
        fresh = np.repeat(numbers, np.frombuffer(self._counts, np.uint32)[self._settled :])
        fresh |= np.concatenate(self._fresh).astype(np.uint64) << _HALF
        fresh.sort()
        # Two runs in order, one behind the other: a stable sort merges them in one pass.
        keys = np.concatenate([self._keys, fresh])
        keys.sort(kind="stable")
        self._keys, self._fresh, self._recent = keys, [], {}
        self._settled = len(self._snapshots)

    def candidates(self, fingerprints: Fingerprints) -> list[int]:
        """The snapshots that share the most with a document of these, the best first."""
        return self.candidates_of_all([fingerprints])[0]

    def candidates_of_all(self, texts: Sequence[Fingerprints]) -> list[list[int]]:
        """As `candidates`, for many documents at once: a fifth of the cost of each alone."""
        found: list[list[int]] = [[] for _ in texts]
        if not found:
            return found
        lengths = [one.size for one in texts]
        sizes = np.array(lengths, dtype=np.int64)
        owners = np.arange(sizes.size, dtype=np.uint64).repeat(lengths)
        prints = np.concatenate(texts) if len(texts) != 1 else texts[0]
        met = self._met(prints, owners, texts, sizes)
        if not met.size:
            return found
        met.sort()
        bounds = np.empty(met.size + 1, dtype=np.bool_)
        bounds[0] = bounds[-1] = True
        np.not_equal(met[1:], met[:-1], out=bounds[1:-1])
        firsts = bounds.nonzero()[0]
        shared = firsts[1:] - firsts[:-1]
        met = met[firsts[:-1]]
        asking, numbers = (met >> _HALF).astype(np.intp), (met & _LOWER).astype(np.intp)
        fewer = np.minimum(sizes[asking], np.frombuffer(self._counts, np.uint32)[numbers])
        enough = (shared >= LEAST_SHARED * fewer).nonzero()[0]
        if not enough.size:
            return found
        parts = shared[enough] / np.maximum(fewer[enough], 1)
        best = np.lexsort((numbers[enough], -parts, asking[enough]))
        for at in enough[best].tolist():
            mine = found[int(asking[at])]
            if len(mine) < MOST_CANDIDATES:
                mine.append(self._snapshots[int(numbers[at])])
        return found

    def _met(
        self,
        prints: Fingerprints,
        owners: Numbers,
        texts: Sequence[Fingerprints],
        sizes: NDArray[np.int64],
    ) -> Numbers:
        """Who asks (upper half) and whom it meets (lower), once for each fingerprint they share.

        What is too common is taken off the asking documents' `sizes`.
        """
        settled = self._met_settled(prints, owners, sizes)
        recent = self._met_recent(texts, sizes)
        return np.concatenate([settled, recent]) if recent.size else settled

    def _met_settled(
        self, prints: Fingerprints, owners: Numbers, sizes: NDArray[np.int64]
    ) -> Numbers:
        keys = self._keys
        if not keys.size:
            return keys
        wanted = prints.astype(np.uint64) << _HALF
        starts = keys.searchsorted(wanted)
        starts[starts == keys.size] = 0
        met = ((keys[starts] ^ wanted) <= _LOWER).nonzero()[0]
        starts, wanted, owners = starts[met], wanted[met], owners[met]
        holders = keys.searchsorted(wanted | _LOWER, side="right") - starts
        telling = holders <= COMMON
        if not telling.all():
            np.subtract.at(sizes, owners[~telling].astype(np.intp), 1)
            starts, owners, holders = starts[telling], owners[telling], holders[telling]
        # The places from each start on, as many as it has holders.
        ends = holders.cumsum()
        places = np.arange(ends[-1] if ends.size else 0) + (starts - ends + holders).repeat(holders)
        met_ones: Numbers = (owners << _HALF).repeat(holders) | (keys[places] & _LOWER)
        return met_ones

    def _met_recent(self, texts: Sequence[Fingerprints], sizes: NDArray[np.int64]) -> Numbers:
        pairs: list[int] = []
        recent = self._recent.get
        for asking, prints in enumerate(texts if self._recent else ()):
            for numbers in filter(None, map(recent, prints.tolist())):
                if len(numbers) <= COMMON:
                    pairs += [asking << 32 | number for number in numbers]
                else:
                    sizes[asking] -= 1
        return np.array(pairs, dtype=np.uint64)
