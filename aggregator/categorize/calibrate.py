"""What a classifier said of held-back labels → how far it may be believed, category by category."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]

# A category's own curve is drawn to that of all with the weight of so many held-back labels.
SHRINK = 40
POINTS = 65  # of a curve that is kept
# What is promised is less than what was seen by so many standard errors: of many thresholds the
# one that happens to look good is no better than it looks.
CAUTION = 0.25


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
    """`temperature` makes probabilities of scores; `curves` has one a class."""

    temperature: float
    curves: tuple[Curve, ...]


def probabilities(scores: Array, temperature: float) -> Array:
    """Scores as probabilities: one row a reading, its classes adding up to 1."""
    scaled = scores * temperature
    scaled = np.exp(scaled - scaled.max(axis=1, keepdims=True))
    made: Array = scaled / scaled.sum(axis=1, keepdims=True)
    return made


def calibrate(scores: Array, wanted: Array) -> Calibration:
    """From scores of held-back readings and the number of the class each belongs to (-1: none)."""
    temperature = _temperature(scores, wanted)
    given = probabilities(scores, temperature)
    chosen = given.argmax(axis=1)
    sure = given.max(axis=1)
    right = (chosen == wanted).astype(float)
    everything = _curve(sure, right, None)
    curves = [
        _curve(sure[chosen == number], right[chosen == number], everything)
        for number in range(scores.shape[1])
    ]
    return Calibration(temperature, tuple(curves))


def _temperature(scores: Array, wanted: Array) -> float:
    """The one at which the held-back labels are most probable."""
    known = wanted >= 0
    if not known.any():
        return 1.0
    scores, wanted = scores[known], wanted[known]
    rows = np.arange(len(wanted))
    candidates = np.geomspace(0.25, 16, 49)
    costs = [
        -np.log(np.maximum(probabilities(scores, one)[rows, wanted], 1e-9)).mean()
        for one in candidates
    ]
    return float(candidates[int(np.argmin(costs))])


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
