"""Bringing a program to size one before HiGHS applies its tolerances, which are absolute.

Ruiz, "A scaling algorithm to equilibrate both rows and columns norms in matrices", 2001, with
powers of two, so that nothing is rounded. Columns of whole numbers keep their unit; those in which
a quadratic objective bends are measured by that.
"""

from __future__ import annotations

import numpy as np
from scipy.sparse import diags_array

from xlcollab.optim.linear.model import Array, Program, Scales, Sparse

_PASSES = 8
"""Scaling rows and columns in turns comes to rest after a few."""


def scales(program: Program) -> Scales:
    """The scales of a program."""
    columns, rows = np.ones(program.columns), np.ones(program.rows)
    matrix = abs(program.matrix)
    bent = np.zeros(program.columns, np.bool_)
    if program.hessian is not None:
        bend = program.hessian.diagonal()
        bent = (bend > 0.0) & ~program.integer
        bend = bend / bend.max(initial=0.0) if bent.any() else bend
        columns = np.where(bent, _power_of_two(1.0 / np.sqrt(np.where(bent, bend, 1.0))), 1.0)
    for _ in range(_PASSES):
        scaled = _times(rows, matrix, columns)
        rows *= _power_of_two(1.0 / np.sqrt(_largest(scaled, 1)))
        sizes = 1.0 / np.sqrt(_largest(scaled, 0))
        columns *= np.where(program.integer | bent, 1.0, _power_of_two(sizes))
    rows *= _power_of_two(1.0 / _largest(_times(rows, matrix, columns), 1))
    costs = _largest_cost(program, columns)
    return Scales(columns=columns, rows=rows, objective=float(_power_of_two(np.array(1.0 / costs))))


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


def _power_of_two(sizes: Array) -> Array:
    return np.asarray(np.exp2(np.round(np.log2(np.clip(sizes, 1e-150, 1e150)))))
