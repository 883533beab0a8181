"""Least squares of every row given the other side: ALS solves it, the Gibbs sampler draws from it.

With the other side fixed, the ratings of row r are linear in its d unknowns w: rating − centre ≈
w·x + offset, x being the other row's features. The normal equations are

    (prior_r + Σ precision · x xᵀ) w = prior_mean_r + Σ precision · x (rating − centre − offset)

and the posterior of w is normal with that solution as its mean and that matrix as its precision
(Salakhutdinov and Mnih 2008, equations 11 to 13), so w + L⁻ᵀ·noise with L Lᵀ the matrix is a draw.
"""

from __future__ import annotations

import numpy as np
from numba import prange

from xlcollab.factor.passes.compiled import parallel, serial
from xlcollab.factor.passes.kernels import Floats, Ints
from xlcollab.factor.passes.rows import Float


@serial
def _cholesky(a: Floats) -> None:
    """L of a = L Lᵀ in the lower half of a, in place."""
    d = a.shape[0]
    for column in range(d):
        for row in range(column, d):
            total = a[row, column]
            for f in range(column):
                total -= a[row, f] * a[column, f]
            a[row, column] = np.sqrt(total) if row == column else total / a[column, column]


@serial
def _forward(lower: Floats, b: Floats) -> None:
    """b ← L⁻¹ b."""
    for row in range(len(b)):
        total = b[row]
        for f in range(row):
            total -= lower[row, f] * b[f]
        b[row] = total / lower[row, row]


@serial
def _backward(lower: Floats, b: Floats) -> None:
    """b ← L⁻ᵀ b."""
    for row in range(len(b) - 1, -1, -1):
        b[row] /= lower[row, row]
        for f in range(row):
            b[f] -= lower[row, f] * b[row]


@parallel
def solve_rows(
    cuts: Ints,
    starts: Ints,
    others: Ints,
    ratings: Floats,
    centre: Float,
    features: Floats,
    offsets: Floats,
    prior: Floats,
    prior_mean: Floats,
    per_rating: Floats,
    row_precision: Floats,
    other_precision: Floats,
    noise: Floats,
    solution: Floats,
) -> None:
    """Solves (noise all 0) or draws every row of `solution` (n, d).

    `features` (n_others, d) and `offsets` (n_others,) are the other side; `prior` (d, d) and
    `prior_mean` (d,) = prior · mean are shared; `per_rating` (d,) is added to the diagonal once a
    rating. The precision of a rating is the product of those of its row (n,) and of the other's
    (n_others,). A row without ratings gets the prior's answer. Sums over ratings are taken in the
    type of the precisions, their equations are solved in float64.
    """
    d = features.shape[1]
    for c in prange(len(cuts) - 1):
        matrix, sums = np.empty((d, d), np.float64), np.empty((d, d), row_precision.dtype)
        right, along = np.empty(d, np.float64), np.empty(d, row_precision.dtype)
        for row in range(cuts[c], cuts[c + 1]):
            n = starts[row + 1] - starts[row]
            sums[:] = 0
            along[:] = 0
            for at in range(starts[row], starts[row + 1]):
                other = np.uint32(others[at])
                precision = row_precision[row] * other_precision[other]
                target = precision * (ratings[at] - centre - offsets[other])
                for i in range(d):
                    weight = precision * features[other, i]
                    along[i] += target * features[other, i]
                    for j in range(d):
                        sums[i, j] += weight * features[other, j]
            for i in range(d):
                right[i] = prior_mean[i] + along[i]
                for j in range(i + 1):
                    matrix[i, j] = prior[i, j] + sums[i, j]
                matrix[i, i] += n * per_rating[i]
            _cholesky(matrix)
            _forward(matrix, right)
            for i in range(d):
                right[i] += noise[row, i]
            _backward(matrix, right)
            for i in range(d):
                solution[row, i] = right[i]


@parallel
def error_sums_by_row(
    cuts: Ints,
    starts: Ints,
    others: Ints,
    ratings: Floats,
    centre: Float,
    rows: Floats,
    other_rows: Floats,
    other_precision: Floats,
    plain: Floats,
    weighted: Floats,
) -> None:
    """For every row Σ error² over its ratings, `plain` (n,), and the same with each error² times
    the precision of the other side's row, `weighted` (n,); both float64."""
    for c in prange(len(cuts) - 1):
        for row in range(cuts[c], cuts[c + 1]):
            total = with_precision = 0.0
            for at in range(starts[row], starts[row + 1]):
                other = np.uint32(others[at])
                z = centre
                for f in range(rows.shape[1]):
                    z += rows[row, f] * other_rows[other, f]
                error = np.float64(z - ratings[at])
                total += error * error
                with_precision += other_precision[other] * error * error
            plain[row] = total
            weighted[row] = with_precision


def n_sums(d: int) -> int:
    """Numbers that a row's part in the normal equations takes: a triangle and a right side."""
    return d * (d + 1) // 2 + d


@parallel
def normal_sums(
    cuts: Ints,
    starts: Ints,
    others: Ints,
    ratings: Floats,
    centre: Float,
    features: Floats,
    offsets: Floats,
    sums: Floats,
) -> None:
    """Adds to `sums` (n, n_sums(d)) what these ratings bring to each row: the lower half of
    Σ x xᵀ, row by row, then Σ x (rating − centre − offset). Parts of other processes can be added.

    `starts` (n + 1,) are those of n rows; `features` and `offsets` as in `solve_rows`.
    """
    d = features.shape[1]
    for c in prange(len(cuts) - 1):
        for row in range(cuts[c], cuts[c + 1]):
            for at in range(starts[row], starts[row + 1]):
                other = np.uint32(others[at])
                target = np.float64(ratings[at] - centre) - offsets[other]
                place = 0
                for i in range(d):
                    weight = np.float64(features[other, i])
                    for j in range(i + 1):
                        sums[row, place + j] += weight * features[other, j]
                    place += i + 1
                for i in range(d):
                    sums[row, place + i] += target * features[other, i]


@parallel
def solve_sums(
    cuts: Ints, sums: Floats, counts: Ints, ridge: float, per_rating: Floats, solution: Floats
) -> None:
    """Solves the rows (n, d) of `solution` from sums over all their ratings, of which they have
    `counts` (n,)."""
    d = solution.shape[1]
    for c in prange(len(cuts) - 1):
        matrix = np.empty((d, d), np.float64)
        right = np.empty(d, np.float64)
        for row in range(cuts[c], cuts[c + 1]):
            place = 0
            for i in range(d):
                for j in range(i + 1):
                    matrix[i, j] = sums[row, place + j]
                matrix[i, i] += ridge + counts[row] * per_rating[i]
                place += i + 1
            for i in range(d):
                right[i] = sums[row, place + i]
            _cholesky(matrix)
            _forward(matrix, right)
            _backward(matrix, right)
            for i in range(d):
                solution[row, i] = right[i]
