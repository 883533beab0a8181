"""Bringing a program to size one before HiGHS applies its tolerances, which are absolute.

Geometric scaling (Fulkerson and Wolfe 1962): the largest and the smallest number of each row and
column, costs included, come to lie around 1, so that neither a unit of the objective nor one row in
large units makes all that a variable does elsewhere smaller than a tolerance. With powers of two,
so that nothing is rounded. Columns of whole numbers keep their unit; those in which a quadratic
objective bends are measured by that.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array, diags_array, vstack

from xlcollab.optim.linear.model import Array, Program, Scales, Sparse

_PASSES = 20
"""Scaling rows and columns in turns comes to rest after a few."""


def scales(program: Program) -> Scales:
    """The scales of a program."""
    columns, held = _bent(program)
    held |= program.integer
    entries = _Entries(_times(np.ones(program.rows + 1), _with_costs(program), columns))
    for _ in range(_PASSES):
        entries.balance(held)
    columns = columns * np.where(held, 1.0, power_of_two(np.exp(entries.columns)))
    rows = power_of_two(
        1.0 / _largest(_times(np.ones(program.rows), abs(program.matrix), columns), 1)
    )
    costs = _largest_cost(program, columns)
    return Scales(columns=columns, rows=rows, objective=float(power_of_two(np.array(1.0 / costs))))


def _bent(program: Program) -> tuple[Array, NDArray[np.bool_]]:
    """The scale of each column in which the objective bends, relative to the others, and which
    these are; both (n,)."""
    bent = np.zeros(program.columns, np.bool_)
    if program.hessian is None:
        return np.ones(program.columns), bent
    bend = program.hessian.diagonal()
    bent = (bend > 0.0) & ~program.integer
    size = np.where(bent, bend / bend.max(initial=1e-300), 1.0)
    columns = np.where(bent, power_of_two(1.0 / np.sqrt(size)), 1.0)
    return np.where(bent, columns * _unit(program, columns, bent), 1.0), bent


_SMALL = 1e-3
"""Variables of this size and above are far from all absolute tolerances."""


def _unit(program: Program, columns: Array, bent: NDArray[np.bool_]) -> float:
    """What brings columns up to size one that bend near 0: where the parabolas have their least
    values, or else, where those lie at 0, what the rows leave to them. 1 where neither is small."""
    assert program.hessian is not None
    bend = program.hessian.diagonal() * columns
    size = np.abs(program.c)[bent] / bend[bent]
    found = float(size.max(initial=0.0))
    if found == 0.0:
        ends = np.abs(np.concatenate([program.row_lower, program.row_upper]))
        rows = np.tile(_largest(_times(np.ones(program.rows), abs(program.matrix), columns), 1), 2)
        known = np.isfinite(ends) & (ends > 0.0)
        found = float((ends[known] / rows[known]).max(initial=0.0))
    return float(power_of_two(np.array(found))) if 0.0 < found < _SMALL else 1.0


def _with_costs(program: Program) -> Sparse:
    """The rows, and the costs as one more: a variable is also as large as what it is worth."""
    return vstack([abs(program.matrix), csr_array(np.abs(program.c)[None])]).tocsr()


class _Entries:
    """The logarithms of a matrix' numbers, and of the scales of its rows and columns."""

    def __init__(self, matrix: Sparse) -> None:
        matrix = matrix.tocoo()
        known = matrix.data > 0.0
        self._sizes = np.log(matrix.data[known])
        self._row, self._column = matrix.row[known], matrix.col[known]
        self.rows, self.columns = np.zeros(matrix.shape[0]), np.zeros(matrix.shape[1])

    def balance(self, held: NDArray[np.bool_]) -> None:
        """The largest and the smallest number of each row, then of each column that is not held,
        brought to one product of 1."""
        self.rows -= _middle(self._scaled(), self._row, len(self.rows))
        self.columns -= np.where(held, 0.0, _middle(self._scaled(), self._column, len(held)))

    def _scaled(self) -> Array:
        return np.asarray(self._sizes + self.rows[self._row] + self.columns[self._column])


def _middle(sizes: Array, places: NDArray[np.int32], count: int) -> Array:
    """Half the sum of the largest and the smallest of each group; 0 of none. Shape (count,)."""
    low, high = np.full(count, np.inf), np.full(count, -np.inf)
    np.minimum.at(low, places, sizes)
    np.maximum.at(high, places, sizes)
    return np.where(np.isfinite(low), 0.5 * (np.where(np.isfinite(low), low, 0.0) + high), 0.0)


def scaled(program: Program, by: Scales) -> Program:
    """The program in the units of `by`."""
    hessian = program.hessian
    return Program(
        c=program.c * by.columns * by.objective,
        matrix=_times(by.rows, program.matrix, by.columns),
        row_lower=program.row_lower * by.rows,
        row_upper=program.row_upper * by.rows,
        lower=program.lower / by.columns,
        upper=program.upper / by.columns,
        integer=program.integer,
        hessian=None if hessian is None else _times(by.columns, hessian, by.columns) * by.objective,
        offset=program.offset * by.objective,
    )


def _times(rows: Array, matrix: Sparse, columns: Array) -> Sparse:
    return (diags_array(rows) @ matrix @ diags_array(columns)).tocsr()


def _largest(matrix: Sparse, axis: int) -> Array:
    """The largest number of each row (axis 1) or column, 1 where there is none."""
    if 0 in matrix.shape:
        return np.ones(matrix.shape[1 - axis])
    found = np.asarray(matrix.max(axis=axis).todense()).ravel()
    return np.where(found > 0, found, 1.0)


def _largest_cost(program: Program, columns: Array) -> float:
    found = np.abs(program.c * columns).max(initial=0.0)
    if program.hessian is not None and program.hessian.nnz:
        found = max(found, abs(_times(columns, program.hessian, columns)).max())
    return float(found) or 1.0


def power_of_two(sizes: Array) -> Array:
    """The nearest powers of two, of the shape of `sizes`: nothing is rounded by them."""
    return np.asarray(np.exp2(np.round(np.log2(np.clip(sizes, 1e-150, 1e150)))))
