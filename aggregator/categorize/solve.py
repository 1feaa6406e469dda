"""Sparse rows and their labels → a linear classifier's weights, by a preconditioned L-BFGS.

One squared hinge a class against all others. The diagonal preconditioner (how heavy each column
is) makes 15 steps do what takes hundreds without: a common character's column weighs ten thousand
times that of a pair seen once.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]
MEMORY = 6
# Backtracking: a step must gain this part of what its slope promises.
ARMIJO = 1e-4
# The share of rows taken to be within the margin, for the preconditioner.
ACTIVE = 0.3
BIAS_PENALTY = 0.1


class SparseRows:
    """A matrix of rows by columns, kept in both orders so that either product is one sweep.

    `rows` sorted, every row with at least one value; `columns` below `width`, each used.
    """

    def __init__(self, rows: Array, columns: Array, values: Array, count: int, width: int) -> None:
        self.count, self.width = count, width
        self._columns = columns.astype(np.intp)
        self._values = values.astype(np.float32)
        self._row_starts = np.searchsorted(rows, np.arange(count))
        order = np.argsort(columns, kind="stable")
        self._rows = rows[order].astype(np.intp)
        self._values_by_column = self._values[order]
        self._column_starts = np.searchsorted(columns[order], np.arange(width))

    def times(self, weights: Array) -> Array:
        """One value a row: the row times `weights` (one a column)."""
        return np.add.reduceat(weights.take(self._columns) * self._values, self._row_starts)

    def transposed_times(self, amounts: Array) -> Array:
        """One value a column: the column times `amounts` (one a row)."""
        product = amounts.take(self._rows) * self._values_by_column
        return np.add.reduceat(product, self._column_starts)

    def column_squares(self) -> Array:
        """Of each column the sum of its squares."""
        return np.add.reduceat(self._values_by_column**2, self._column_starts)


def fit(
    matrix: SparseRows, labels: Array, prior: Array, row_weights: Array, cost: float, steps: int
) -> Array:
    """Weights (classes by columns, the last column the bias) near `prior` that part the labels.

    `labels`: the class of each row; `prior`: classes by width; `cost`: what a wrong row costs
    against a weight's distance from its prior.
    """
    classes, width = prior.shape
    signs = np.where(np.arange(classes)[:, None] == labels, 1, -1).astype(np.float32)
    start = np.concatenate((prior, np.zeros((classes, 1))), axis=1).astype(np.float32)
    per_row = (cost * row_weights).astype(np.float32)

    def loss(flat: Array) -> tuple[float, Array]:
        weights = flat.reshape(classes, width + 1)
        distance = weights - start
        total = 0.5 * float(np.vdot(distance, distance))
        slope = distance
        slope[:, width] *= BIAS_PENALTY
        for k in range(classes):
            margin = matrix.times(weights[k, :width]) + weights[k, width]
            short = np.maximum(0, 1 - signs[k] * margin)
            total += float((per_row * short * short).sum())
            error = -2 * per_row * signs[k] * short
            slope[k, :width] += matrix.transposed_times(error)
            slope[k, width] += error.sum()
        return total, slope.ravel()

    heavy = 2 * cost * ACTIVE
    columns = 1 / (1 + heavy * matrix.column_squares())
    scale = np.tile(np.append(columns, 1 / (BIAS_PENALTY + heavy * matrix.count)), classes)
    return minimise(loss, start.ravel(), scale.astype(np.float32), steps).reshape(start.shape)


def minimise(
    loss: Callable[[Array], tuple[float, Array]], point: Array, scale: Array, steps: int
) -> Array:
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
