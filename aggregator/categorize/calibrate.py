"""What a classifier said of held-back labels → how far it may be believed, category by category."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]

# A category's own curve is drawn to that of all with the weight of so many held-back labels.
SHRINK = 250
POINTS = 65  # of a curve that is kept
# What is promised is less than what was seen by so many standard errors: of many thresholds the
# one that happens to look good is no better than it looks.
CAUTION = 0.25
NEWTON_STEPS, RIDGE = 25, 1e-3


@dataclass(frozen=True, slots=True)
class Curve:
    """How precise a category is when everything at least so probable is taken.

    `promised[i]` belongs to `probabilities[i]`; both grow.
    """

    probabilities: tuple[float, ...]
    promised: tuple[float, ...]

    def promise(self, probability: float) -> float:
        """The precision promised for what is at least so probable."""
        return float(np.interp(probability, self.probabilities, self.promised))

    def threshold(self, precision: float) -> float | None:
        """The least probability at which `precision` is promised; None where it never is."""
        for at, promised in enumerate(self.promised):
            if promised >= precision:
                return self.probabilities[at]
        return None


@dataclass(frozen=True, slots=True)
class Calibration:
    """How sure a classifier may be. `slope` and `offset` make a probability of a lead: of how far

    the first class is ahead of the second, which tells more than how far it is ahead of all.
    `curves` has one a class.
    """

    slope: float
    offset: float
    curves: tuple[Curve, ...]

    def probabilities(self, scores: Array) -> tuple[Array, Array]:
        """Of each row of scores the first class, and how probable it is."""
        rising = np.sort(scores.astype(float), axis=1)
        leads = rising[:, -1] - rising[:, -2]
        given = 1 / (1 + np.exp(-np.clip(self.slope * leads + self.offset, -30, 30)))
        return scores.argmax(axis=1), given


def calibrate(scores: Array, wanted: Array) -> Calibration:
    """From scores of held-back readings and the number of the class each belongs to.

    `scores` has a row a reading and a column a class, of which there are two at least.
    """
    if not len(scores):
        return Calibration(1.0, 0.0, (Curve((0.0, 1.0), (0.0, 0.5)),) * scores.shape[1])
    right = (scores.argmax(axis=1) == wanted).astype(float)
    rising = np.sort(scores.astype(float), axis=1)
    draft = Calibration(*_logistic(rising[:, -1] - rising[:, -2], right), ())
    chosen, sure = draft.probabilities(scores)
    everything = _curve(sure, right, None)
    curves = [
        _curve(sure[chosen == number], right[chosen == number], everything)
        for number in range(scores.shape[1])
    ]
    return Calibration(draft.slope, draft.offset, tuple(curves))


def _logistic(leads: Array, right: Array) -> tuple[float, float]:
    """Slope and offset at which what was right, and what was not, is most probable (Platt 1999).

    By Newton's method; the targets lean a little to the middle, so that few labels which are all
    right make nothing certain.
    """
    hits = float(right.sum())
    high, low = (hits + 1) / (hits + 2), 1 / (len(right) - hits + 2)
    target = np.where(right > 0, high, low)
    middle, spread = float(leads.mean()), max(float(leads.std()), 1e-6)
    columns = np.stack(((leads - middle) / spread, np.ones_like(leads)))
    rate = float(target.mean())
    point = np.array([0.0, np.log(rate / (1 - rate))])

    def cost(at: Array) -> float:
        margins = at @ columns
        return float((np.logaddexp(0, margins) - target * margins).sum() + RIDGE * (at @ at) / 2)

    for _ in range(NEWTON_STEPS):
        given = 1 / (1 + np.exp(-np.clip(point @ columns, -30, 30)))
        slope = columns @ (given - target) + RIDGE * point
        bend = (columns * (given * (1 - given))) @ columns.T + RIDGE * np.eye(2)
        step = np.linalg.solve(bend, slope)
        while cost(point - step) > cost(point) and float(np.abs(step).max()) > 1e-9:
            step /= 2
        point = point - step
    # A greater lead never means less: where it seems so there is too little to tell from.
    steep = max(float(point[0]), 1e-3) / spread
    return steep, float(point[1]) - steep * middle


def _curve(sure: Array, right: Array, prior: Curve | None) -> Curve:
    """The promised precision at every probability, from the surest down, never growing down."""
    order = np.argsort(-sure, kind="stable")
    sure, hits = sure[order], np.cumsum(right[order])
    taken = np.arange(1, len(sure) + 1)
    if prior is None:
        expected, weight = np.full(len(sure), 0.5), 1.0
    else:
        expected = np.interp(sure, prior.probabilities, prior.promised)
        weight = float(SHRINK)
    promised = (hits + weight * expected) / (taken + weight)
    promised -= CAUTION * np.sqrt(promised * (1 - promised) / (taken + weight))
    # The least sure first; what is surer may be promised no less.
    sure, promised = sure[::-1], np.maximum.accumulate(promised[::-1])
    if not len(sure):
        return prior or Curve((0.0, 1.0), (0.0, 0.5))
    picked = np.unique(np.linspace(0, len(sure) - 1, POINTS).round().astype(int))
    points = sorted({round(float(sure[at]), 6): float(promised[at]) for at in picked}.items())
    low = points[0]
    if low[0] > 0:
        points = [(0.0, low[1] * 0.5), *points]
    if points[-1][0] < 1:
        points.append((1.0, points[-1][1]))
    return Curve(tuple(at for at, _ in points), tuple(promise for _, promise in points))


def sure_enough(curves: Sequence[Curve], precision: Sequence[float]) -> tuple[float, ...]:
    """Each class's threshold for the precision wanted of it; above 1 where it cannot be had."""
    found = [one.threshold(wanted) for one, wanted in zip(curves, precision, strict=True)]
    return tuple(2.0 if one is None else one for one in found)
