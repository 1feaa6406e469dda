"""Sparse rows and their labels → a linear classifier's weights, by a preconditioned L-BFGS.

One squared hinge a class against all others, and each class by itself: its vectors stay in the
processor's cache, and it finds its own step. The diagonal preconditioner (how heavy each column is)
makes ten steps do what takes hundreds without: a common character's column weighs ten thousand
times that of a pair seen once.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]
Loss = Callable[[Array], tuple[float, Array]]
MEMORY = 6
# Backtracking: a step must gain this part of what its slope promises.
ARMIJO = 1e-4
# The share of rows taken to be within the margin, for the preconditioner.
ACTIVE = 0.3
BIAS_PENALTY = 0.1


class SparseRows:
    """A matrix of rows by columns, kept in both orders so that either product is one sweep.

    `rows` sorted, every row with at least one value; `columns` below `width`, each used. Half of
    all features are seen once: their columns come last, where nothing is to be added up. `order`
    says which column stands where; weights and products are in that order.
    """

    def __init__(self, rows: Array, columns: Array, values: Array, count: int, width: int) -> None:
        self.count, self.width = count, width
        times = np.bincount(columns, minlength=width)
        several = np.flatnonzero(times > 1)
        self.order = np.concatenate((several, np.flatnonzero(times <= 1)))
        place = np.empty(width, np.intp)
        place[self.order] = np.arange(width)
        self._columns = place[columns]
        self._values = values.astype(np.float32)
        self._row_starts = np.searchsorted(rows, np.arange(count))
        by_column = np.argsort(self._columns, kind="stable")
        self._rows = rows[by_column].astype(np.intp)
        self._values_by_column = self._values[by_column]
        self._several = len(several)
        ends = np.cumsum(times[several])
        self._column_starts = ends - times[several]
        self._singles_from = int(ends[-1]) if len(ends) else 0

    def times(self, weights: Array) -> Array:
        """One value a row: the row times `weights` (one a column)."""
        return np.add.reduceat(weights.take(self._columns) * self._values, self._row_starts)

    def transposed_times(self, amounts: Array) -> Array:
        """One value a column: the column times `amounts` (one a row)."""
        return self._sums(amounts.take(self._rows) * self._values_by_column)

    def column_squares(self) -> Array:
        """Of each column the sum of its squares."""
        return self._sums(self._values_by_column**2)

    def _sums(self, by_column: Array) -> Array:
        """Values, sorted by column, added up for each."""
        sums = np.empty(self.width, by_column.dtype)
        if self._several:
            many = by_column[: self._singles_from]
            np.add.reduceat(many, self._column_starts, out=sums[: self._several])
        sums[self._several :] = by_column[self._singles_from :]
        return sums


def fit(
    matrix: SparseRows, labels: Array, prior: Array, row_weights: Array, cost: float, steps: int
) -> Array:
    """Weights (classes by columns, the last column the bias) near `prior` that part the labels.

    `labels`: the class of each row; `prior`: classes by width; `cost`: what a wrong row costs
    against a weight's distance from its prior.
    """
    classes, width = prior.shape
    heavy = 2 * cost * ACTIVE
    columns = 1 / (1 + heavy * matrix.column_squares())
    scale = np.append(columns, 1 / (BIAS_PENALTY + heavy * matrix.count)).astype(np.float32)
    per_row = (cost * row_weights).astype(np.float32)
    weights = np.empty((classes, width + 1), np.float32)
    for number in range(classes):
        signs = np.where(labels == number, 1, -1).astype(np.float32)
        start = np.append(prior[number][matrix.order], 0).astype(np.float32)
        found = minimise(_hinge(matrix, signs, start, per_row), start, scale, steps)
        weights[number, matrix.order] = found[:width]
        weights[number, width] = found[width]
    return weights


def _hinge(matrix: SparseRows, signs: Array, start: Array, per_row: Array) -> Loss:
    """What weights (the last one the bias) cost: distance from `start`, and rows short of 1."""
    width = matrix.width

    def loss(weights: Array) -> tuple[float, Array]:
        slope = weights - start
        total = 0.5 * float(np.vdot(slope, slope))
        slope[width] *= BIAS_PENALTY
        short = np.maximum(0, 1 - signs * (matrix.times(weights[:width]) + weights[width]))
        costs = per_row * short
        total += float(np.vdot(costs, short))
        error = -2 * signs * costs
        slope[:width] += matrix.transposed_times(error)
        slope[width] += error.sum()
        return total, slope

    return loss


def minimise(loss: Loss, point: Array, scale: Array, steps: int) -> Array:
    """The point that `loss` (→ value and slope) is least at, within `steps` L-BFGS steps.

    `scale` is the inverse of the curvature's diagonal, roughly (Nocedal & Wright, algorithm 7.4).
    """
    value, slope = loss(point)
    pairs: list[tuple[Array, Array, float]] = []
    for _ in range(steps):
        direction = _direction(slope, pairs, scale)
        descent = float(np.vdot(slope, direction))
        length = 1.0
        for _ in range(20):
            following = point + length * direction
            new_value, new_slope = loss(following)
            if new_value <= value + ARMIJO * length * descent:
                break
            length *= 0.4
        else:
            return point
        moved, bent = following - point, new_slope - slope
        curvature = float(np.vdot(moved, bent))
        if curvature > 1e-12:
            pairs = [*pairs[1 - MEMORY :], (moved, bent, 1 / curvature)]
        gained, point, value, slope = value - new_value, following, new_value, new_slope
        if gained < 1e-5 * abs(value):
            break
    return point


def _direction(slope: Array, pairs: list[tuple[Array, Array, float]], scale: Array) -> Array:
    """The two-loop recursion, with `scale` as the first guess of the inverse Hessian."""
    rest = slope.copy()
    amounts: list[float] = []
    for moved, bent, inverse in reversed(pairs):
        amounts.append(inverse * float(np.vdot(moved, rest)))
        rest -= amounts[-1] * bent
    rest *= scale
    if pairs:
        moved, bent, inverse = pairs[-1]
        rest *= 1 / (inverse * float(np.vdot(bent, scale * bent)))
    for (moved, bent, inverse), amount in zip(pairs, reversed(amounts), strict=True):
        rest += moved * (amount - inverse * float(np.vdot(bent, rest)))
    return -rest
