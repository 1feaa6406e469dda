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
class WindowDocument:
    """A document of the window: what it is to the store, its day, and its fingerprints."""

    snapshot_id: int
    day: int
    fingerprints: Fingerprints


class Window:
    """The index of one store's recent documents. Not to be shared between threads."""

    def __init__(self, documents: Iterable[WindowDocument] = ()) -> None:
        self._snapshots: list[int] = []
        self._days: list[int] = []
        self._counts: list[int] = []
        self._keys: NDArray[np.uint64] = np.zeros(0, dtype=np.uint64)
        self._fresh: list[NDArray[np.uint64]] = []
        self._recent: dict[int, list[int]] = {}
        self._settled = 0
        for document in documents:
            self._append(document)
        self._merge()

    def __len__(self) -> int:
        return len(self._snapshots)

    def add(self, document: WindowDocument) -> None:
        """Take in a document; it is found from now on."""
        number = self._append(document)
        for fingerprint in document.fingerprints.tolist():
            self._recent.setdefault(fingerprint, []).append(number)
        fresh = len(self._snapshots) - self._settled
        if fresh >= max(MERGE_AT, self._settled // MERGE_PART):
            self._merge()

    def _append(self, document: WindowDocument) -> int:
        number = len(self._snapshots)
        self._snapshots.append(document.snapshot_id)
        self._days.append(document.day)
        self._counts.append(int(document.fingerprints.size))
        keys = (document.fingerprints.astype(np.uint64) << _HALF) | np.uint64(number)
        self._fresh.append(keys)
        return number

    def _merge(self) -> None:
        self._keys = np.concatenate([self._keys, *self._fresh])
        self._keys.sort()
        self._fresh = []
        self._recent = {}
        self._settled = len(self._snapshots)

    def candidates(self, fingerprints: Fingerprints, since_day: int = 0) -> list[int]:
        """The snapshots that share the most, the best first; none from before `since_day`."""
        if not fingerprints.size:
            return []
        shared: Counter[int] = Counter()
        mine = int(fingerprints.size)
        mine -= self._count_settled(fingerprints, shared)
        mine -= self._count_recent(fingerprints, shared)
        found: list[tuple[float, int]] = []
        for number, count in shared.items():
            part = count / max(1, min(mine, self._counts[number]))
            if part >= LEAST_SHARED and self._days[number] >= since_day:
                found.append((-part, number))
        found.sort()
        return [self._snapshots[number] for _, number in found[:MOST_CANDIDATES]]

    def _count_settled(self, fingerprints: Fingerprints, shared: Counter[int]) -> int:
        """Count what each document shares; returns how many fingerprints are too common."""
        keys = self._keys
        if not keys.size:
            return 0
        wanted = fingerprints.astype(np.uint64) << _HALF
        starts = keys.searchsorted(wanted)
        there = starts < keys.size
        starts, wanted = starts[there], wanted[there]
        met = (keys[starts] ^ wanted) <= _LOWER
        if not met.any():
            return 0
        starts, wanted = starts[met], wanted[met]
        ends = keys.searchsorted(wanted | _LOWER, side="right")
        common = 0
        for start, end in zip(starts.tolist(), ends.tolist(), strict=True):
            if end - start <= COMMON:
                shared.update((keys[start:end] & _LOWER).tolist())
            else:
                common += 1
        return common

    def _count_recent(self, fingerprints: Fingerprints, shared: Counter[int]) -> int:
        recent, common = self._recent, 0
        for fingerprint in fingerprints.tolist():
            numbers = recent.get(fingerprint)
            if numbers is not None:
                if len(numbers) <= COMMON:
                    shared.update(numbers)
                else:
                    common += 1
        return common
