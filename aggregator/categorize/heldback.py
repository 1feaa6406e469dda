"""Labels, dealt out into folds → what is best to look at, and what is said of labels not learned.

What was worked out once is kept: the features of all labels, and the scores of a fold.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from aggregator.categorize.features import Features, features_of
from aggregator.categorize.linear import COSTS, MANY_LABELS, Label, Linear, train

Array = np.ndarray[Any, Any]

FOLDS = 4
# Learning once for every fold is for those who have few labels: (at most so many, folds judged,
# folds by which is chosen what to look at: more of them choose no better).
ROUNDS = ((5_000, 4, 2), (MANY_LABELS, 2, 1), (10**9, 1, 0))
# The length of titles is a source's habit as often as a category's: it must gain this much.
STYLE_GAINS = 0.003
# The score of a class of which nothing was learned.
NEVER = -9.0


class Trials:
    """Labels of two classes or more, and classifiers learned from parts of them.

    `alone` names the categories that one source alone teaches; `by_source` tells whether whole
    sources are held back. A fold is judged by what was learned from all the others.
    """

    def __init__(self, labels: Sequence[Label]) -> None:
        self.labels = list(labels)
        self.classes = tuple(sorted({label.category for label in labels}))
        self._folds, self.alone, self.by_source = _dealt(self.labels)
        self.rounds, self._to_choose = next(
            (judged, chosen) for most, judged, chosen in ROUNDS if len(labels) <= most
        )
        self._features: dict[bool, Features] = {}
        self._scores: dict[tuple[int, bool, float], tuple[Array, Array]] = {}

    def learn(self, style: bool, cost: float) -> Linear:
        """What all labels teach."""
        return train(self.labels, self._features_of_all(style), style, cost)

    def asked(self, fold: int) -> list[Label]:
        """The labels of a fold."""
        return [self.labels[at] for at in np.flatnonzero(self._folds == fold)]

    def held_back(self, fold: int, style: bool, cost: float) -> tuple[Array, Array]:
        """Scores (a column a class) and true classes of a fold's labels, learned from the rest."""
        key = fold, style, cost
        if key not in self._scores:
            self._scores[key] = self._judged(*key)
        return self._scores[key]

    def choose(self) -> tuple[bool, float]:
        """Whether to look at titles' lengths, and what a wrong label is to cost."""
        if not self._to_choose:
            return True, COSTS[0]
        plain = self._accuracy(False, COSTS[0])
        style = self._accuracy(True, COSTS[0]) > plain + STYLE_GAINS
        found = {cost: self._accuracy(style, cost) for cost in COSTS}
        return style, max(COSTS, key=lambda cost: found[cost])

    def _accuracy(self, style: bool, cost: float) -> float:
        right = total = 0
        for fold in range(self._to_choose):
            scores, truth = self.held_back(fold, style, cost)
            right += int((scores.argmax(axis=1) == truth).sum()) if len(truth) else 0
            total += len(truth)
        return right / max(1, total)

    def _judged(self, fold: int, style: bool, cost: float) -> tuple[Array, Array]:
        asked = self._folds == fold
        number = {name: column for column, name in enumerate(self.classes)}
        truth = np.array([number[label.category] for label in self.asked(fold)], np.int64)
        scores = np.full((len(truth), len(self.classes)), NEVER, np.float32)
        taught = [self.labels[at] for at in np.flatnonzero(~asked)]
        if len(truth) and len({label.category for label in taught}) > 1:
            features = self._features_of_all(style)
            linear = train(taught, features.of(~asked), style, cost)
            columns = [number[name] for name in linear.classes]
            scores[:, columns] = linear.scores_of(features.of(asked))
        return scores, truth

    def _features_of_all(self, style: bool) -> Features:
        if style not in self._features:
            self._features[style] = features_of([label.reading for label in self.labels], style)
        return self._features[style]


def _dealt(labels: Sequence[Label]) -> tuple[Array, tuple[str, ...], bool]:
    """The fold of each label. A source's labels of a category stay in one fold.

    That holds where another source teaches the category too; a category that only one source
    teaches is dealt out entry by entry (and named), as is everything where no source is known.
    """
    by_category: dict[str, dict[str, list[int]]] = {}
    for number, label in enumerate(labels):
        by_category.setdefault(label.category, {}).setdefault(label.source, []).append(number)
    folds = np.zeros(len(labels), np.int64)
    known = len({label.source for label in labels}) > 1
    alone = []
    for category in sorted(by_category):
        sources = by_category[category]
        if len(sources) > 1:
            sizes = np.zeros(FOLDS)
            for name in sorted(sources, key=lambda one: (-len(sources[one]), one)):
                fold = int(sizes.argmin())
                folds[sources[name]] = fold
                sizes[fold] += len(sources[name])
        else:
            (numbers,) = sources.values()
            folds[numbers] = np.arange(len(numbers)) % FOLDS
            if known:
                alone.append(category)
    return folds, tuple(alone), known and len(alone) < len(by_category)
