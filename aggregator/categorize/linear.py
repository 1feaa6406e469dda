"""Labelled entries → a linear classifier over hashed features, and what it says of others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from aggregator.categorize.features import Features, Reading, features_of
from aggregator.categorize.solve import SparseRows, fit

Array = np.ndarray[Any, Any]

STEPS = 10
# What a wrong label costs: much, or less where labels cannot be trusted. Held-back labels choose.
COSTS = (1.0, 0.2, 0.05)
# How far naive Bayes' log-ratios set the point from which weights are learned: what gains most
# where labels are few (docs/categories.md).
PRIOR = 0.1
PRIOR_SMOOTHING = 0.03
# A feature seen once teaches little among many labels, and half of all features are seen once.
MANY_LABELS = 20_000
MOST_FEATURES = 200_000
# A feature in this part of one source's entries, and in this part of all others' at most, is the
# source's own boilerplate: it teaches nothing.
BOILERPLATE_IN, BOILERPLATE_OUT, BOILERPLATE_FROM = 0.6, 0.05, 20


@dataclass(frozen=True, slots=True)
class Label:
    """An entry whose category is known: by its source, or (`weight` above 1) by a correction."""

    reading: Reading
    category: str
    source: str = ""
    weight: float = 1.0


@dataclass(frozen=True, slots=True)
class Linear:
    """A classifier: `weights` (classes by features) and `bias` over `vocabulary` (sorted hashes).

    `informs` is what each feature counts for before an entry's features are brought to length 1.
    """

    classes: tuple[str, ...]
    style: bool
    vocabulary: Array
    informs: Array
    weights: Array
    bias: Array

    def scores(self, readings: Sequence[Reading]) -> Array:
        """One row a reading, one column a class: how far it is on the class's side."""
        return self.scores_of(features_of(readings, self.style))

    def scores_of(self, features: Features) -> Array:
        """See scores."""
        rows, columns, values = self.projected(features)
        scores = np.tile(self.bias.astype(np.float32), (features.count, 1))
        for number, weights in enumerate(self.weights):
            product = weights.take(columns) * values
            scores[:, number] += np.bincount(rows, product, features.count).astype(np.float32)
        return scores

    def projected(self, features: Features) -> tuple[Array, Array, Array]:
        """The features it knows: rows, columns and values, each row of length 1."""
        rows, columns, values = _known(features, self.vocabulary)
        return rows, columns, _unit(rows, values * self.informs[columns], features.count)


def train(
    labels: Sequence[Label], features: Features, style: bool, cost: float = COSTS[0]
) -> Linear:
    """Learn from labels of two classes or more, and their features (of the same `style`).

    The same labels give the same classifier.
    """
    classes = tuple(sorted({label.category for label in labels}))
    number = {name: at for at, name in enumerate(classes)}
    wanted = np.array([number[label.category] for label in labels])
    vocabulary = _vocabulary(features, [label.source for label in labels])
    rows, columns, values = _known(features, vocabulary)
    informs = _informs(rows, columns, wanted, len(classes), len(vocabulary))
    values = _unit(rows, values * informs[columns], features.count)
    present = np.unique(rows)
    rows = np.searchsorted(present, rows)
    wanted = wanted[present]
    matrix = SparseRows(rows, columns, values, len(present), len(vocabulary))
    prior = _prior(rows, columns, values, wanted, len(classes), len(vocabulary))
    row_weights = _row_weights(labels)[present]
    weights = fit(matrix, wanted, prior, row_weights, cost, STEPS)
    inner = weights[:, :-1].astype(np.float16).astype(np.float32)
    return Linear(classes, style, vocabulary, informs, inner, weights[:, -1])


def _known(features: Features, vocabulary: Array) -> tuple[Array, Array, Array]:
    """Rows, columns and values of the features that stand in a vocabulary."""
    if not len(vocabulary):
        nothing = np.zeros(0, np.int64)
        return nothing, nothing, np.zeros(0, np.float32)
    at = np.searchsorted(vocabulary, features.hashes)
    at = np.minimum(at, len(vocabulary) - 1)
    found = vocabulary[at] == features.hashes
    return features.rows[found], at[found], features.values[found]


def _unit(rows: Array, values: Array, count: int) -> Array:
    """Values with each row brought to length 1."""
    squares = np.bincount(rows, values * values, count)
    return (values / np.sqrt(np.maximum(squares, 1e-9))[rows]).astype(np.float32)


def _vocabulary(features: Features, sources: Sequence[str]) -> Array:
    """The features to learn from: seen often enough, and no source's boilerplate."""
    distinct, columns, times = np.unique(features.hashes, return_inverse=True, return_counts=True)
    least = 2 if features.count >= MANY_LABELS else 1
    kept = times >= least
    kept &= ~_boilerplate(features.rows, columns, times, sources)
    if kept.sum() > MOST_FEATURES:
        limit = np.sort(times[kept])[-MOST_FEATURES]
        kept &= times > limit
    chosen: Array = distinct[kept]
    return chosen


def _boilerplate(rows: Array, columns: Array, times: Array, sources: Sequence[str]) -> Array:
    """Of each feature whether it is the mark of one source."""
    found = np.zeros(len(times), bool)
    names, owner, sizes = np.unique(
        np.array(sources, dtype=object).astype(str), return_inverse=True, return_counts=True
    )
    if len(names) < 2:
        return found
    total = len(sources)
    for number in np.flatnonzero(sizes >= BOILERPLATE_FROM):
        here = np.bincount(columns[owner[rows] == number], minlength=len(times))
        others = max(1, total - sizes[number])
        found |= (here >= BOILERPLATE_IN * sizes[number]) & (
            times - here <= BOILERPLATE_OUT * others
        )
    return found


def _informs(rows: Array, columns: Array, wanted: Array, classes: int, width: int) -> Array:
    """What each feature tells: how unevenly it stands in the classes, and how rare it is."""
    cells = np.bincount(columns * classes + wanted[rows], minlength=width * classes)
    counts = cells.reshape(width, classes).astype(np.float64) + 0.1
    times = counts.sum(axis=1)
    part = counts / times[:, None]
    told = np.log(classes) + (part * np.log(part)).sum(axis=1)
    rare = np.log((1 + len(wanted)) / (1 + times)) + 1
    weights: Array = np.sqrt((told + 0.05) * np.maximum(rare, 0.1)).astype(np.float32)
    return weights


def _prior(
    rows: Array, columns: Array, values: Array, wanted: Array, classes: int, width: int
) -> Array:
    """Naive Bayes' log-ratios, scaled down: where learning starts and what it is drawn to."""
    cells = np.bincount(columns * classes + wanted[rows], values, width * classes)
    counts = cells.reshape(width, classes).T + PRIOR_SMOOTHING
    ratio = np.log(counts / counts.sum(axis=1, keepdims=True))
    ratio -= ratio.mean(axis=0)
    scaled: Array = (PRIOR * ratio).astype(np.float32)
    return scaled


def _row_weights(labels: Sequence[Label]) -> Array:
    """What each label counts: its own weight, less where one source has very many."""
    sizes: dict[str, int] = {}
    for label in labels:
        sizes[label.source] = sizes.get(label.source, 0) + 1
    typical = float(np.median(list(sizes.values())))
    return np.array(
        [label.weight * min(1.0, (typical / sizes[label.source]) ** 0.5) for label in labels],
        np.float32,
    )
