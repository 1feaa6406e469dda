"""Fingerprints of the articles of the last days → which of them share many with a new one.

All in memory: one sorted array for what is settled (fingerprint in the upper half, document in the
lower), a dictionary for the newest documents, merged into the array now and then. A lookup costs
the same however much the store holds: only the window is here. The store keeps the same documents
in pieces (see store.fingerprints), from which this is built when a process first needs it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Fingerprints = NDArray[np.uint32]

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
        self._snapshots: list[int] = []
        self._counts: list[int] = []
        self._keys: NDArray[np.uint64] = np.zeros(0, dtype=np.uint64)
        self._fresh: list[NDArray[np.uint64]] = []
        self._recent: dict[int, list[int]] = {}
        self._settled = 0
        self.extend(pieces)

    def __len__(self) -> int:
        return len(self._snapshots)

    def extend(self, pieces: Iterable[Documents]) -> None:
        """Take in many documents at once."""
        for piece in pieces:
            first = len(self._snapshots)
            numbers = np.arange(first, first + piece.counts.size, dtype=np.uint64)
            owners = np.repeat(numbers, piece.counts)
            self._fresh.append((piece.fingerprints.astype(np.uint64) << _HALF) | owners)
            self._snapshots += piece.snapshots.tolist()
            self._counts += piece.counts.tolist()
        self._merge()

    def add(self, snapshot_id: int, fingerprints: Fingerprints) -> None:
        """Take in a document; it is found from now on."""
        number = len(self._snapshots)
        self._snapshots.append(snapshot_id)
        self._counts.append(int(fingerprints.size))
        self._fresh.append((fingerprints.astype(np.uint64) << _HALF) | np.uint64(number))
        recent = self._recent
        for fingerprint in fingerprints.tolist():
            holders = recent.get(fingerprint)
            if holders is None:
                recent[fingerprint] = [number]
            else:
                holders.append(number)
        if number + 1 - self._settled >= max(MERGE_AT, self._settled // MERGE_PART):
            self._merge()

    def _merge(self) -> None:
        self._keys = np.concatenate([self._keys, *self._fresh])
        self._keys.sort()
        self._fresh = []
        self._recent = {}
        self._settled = len(self._snapshots)

    def candidates(self, fingerprints: Fingerprints) -> list[int]:
        """The snapshots that share the most with a document of these, the best first."""
        if not fingerprints.size:
            return []
        shared: Counter[int] = Counter()
        telling = int(fingerprints.size)
        telling -= self._count_settled(fingerprints, shared)
        telling -= self._count_recent(fingerprints, shared)
        found: list[tuple[float, int]] = []
        counts = self._counts
        for number, count in shared.items():
            fewer = counts[number]
            if telling < fewer:
                fewer = telling
            if count >= LEAST_SHARED * fewer:
                found.append((-count / (fewer or 1), number))
        found.sort()
        return [self._snapshots[number] for _, number in found[:MOST_CANDIDATES]]

    def _count_settled(self, fingerprints: Fingerprints, shared: Counter[int]) -> int:
        """Count what each document shares; returns how many fingerprints are too common."""
        keys = self._keys
        if not keys.size:
            return 0
        wanted = fingerprints.astype(np.uint64) << _HALF
        starts = keys.searchsorted(wanted)
        starts[starts == keys.size] = 0
        met = (keys[starts] ^ wanted) <= _LOWER
        if not met.any():
            return 0
        starts, wanted = starts[met], wanted[met]
        ends = keys.searchsorted(wanted | _LOWER, side="right")
        telling = ends - starts <= COMMON
        pairs = zip(starts[telling].tolist(), ends[telling].tolist(), strict=True)
        holders = [keys[start:end] for start, end in pairs]
        if holders:
            shared.update((np.concatenate(holders) & _LOWER).tolist())
        return int(telling.size - np.count_nonzero(telling))

    def _count_recent(self, fingerprints: Fingerprints, shared: Counter[int]) -> int:
        common = 0
        met: list[int] = []
        for numbers in map(self._recent.get, fingerprints.tolist()):
            if numbers is not None:
                if len(numbers) <= COMMON:
                    met += numbers
                else:
                    common += 1
        shared.update(met)
        return common
