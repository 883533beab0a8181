"""How far costs and limits may move before the optimal basis changes: what HiGHS ranges."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from xlcollab.optim.linear.model import Array, Program, Scales

_ENDLESS = 1e20
"""What HiGHS writes for infinity."""


@dataclass(frozen=True, slots=True)
class Ranging:
    """Of a continuous linear program: by how much each may rise and fall, ∞ where without end.

    `cost_…` (n,) are those of the objective's coefficients, `limit_…` (k,) those of the limit that
    holds a row, or of the nearest one of a row that none holds.
    """

    costs: Array
    cost_increase: Array
    cost_decrease: Array
    limit_increase: Array
    limit_decrease: Array


def ranging(highs: Any, by: Scales, program: Program, x: Array, maximize: bool) -> Ranging | None:
    """Of the optimum x of `program`, from the instance that found it; None without a basis."""
    _, found = highs.getRanging()
    if found.valid:
        ends = np.array([found.col_cost_up.value_, found.col_cost_dn.value_])
        up, down = _costs(ends[:, : program.columns], by, program)
        limits = _limits(highs, found, by, program, x)
    elif not program.matrix.nnz:  # HiGHS makes no basis where no row has a variable
        up, down = _costs_within_bounds(program, x)
        limits = _of_rows_that_hold_nothing(program, x)
    else:
        return None
    return Ranging(
        costs=-program.c if maximize else program.c,
        cost_increase=down if maximize else up,
        cost_decrease=up if maximize else down,
        limit_increase=limits[0],
        limit_decrease=limits[1],
    )


def _costs(ends: Array, by: Scales, program: Program) -> tuple[Array, Array]:
    """By how much each cost of the minimised program may rise and fall, from the two ends (2, n)
    of its scaled range."""
    unit = by.columns * by.objective
    scaled_costs = program.c * unit
    up = _endless(ends[0] - scaled_costs) / unit
    down = _endless(scaled_costs - ends[1]) / unit
    return np.maximum(up, 0.0), np.maximum(down, 0.0)


def _costs_within_bounds(program: Program, x: Array) -> tuple[Array, Array]:
    """The same where bounds alone hold the variables: a cost may go as far as 0, and on where its
    variable stays."""
    at_lower, at_upper = x == program.lower, x == program.upper
    up = np.where(at_lower, np.inf, np.where(at_upper, -program.c, 0.0))
    down = np.where(at_upper, np.inf, np.where(at_lower, program.c, 0.0))
    return np.maximum(up, 0.0), np.maximum(down, 0.0)


def _limits(highs: Any, found: Any, by: Scales, program: Program, x: Array) -> tuple[Array, Array]:
    """By how much the limit that holds each row may rise and fall."""
    values = program.matrix @ x
    basic = np.array([str(one).endswith("kBasic") for one in highs.getBasis().row_status])
    at_lower = np.array([str(one).endswith("kLower") for one in highs.getBasis().row_status])
    limit = np.where(at_lower, program.row_lower, program.row_upper)
    limit = np.where(np.isfinite(limit), limit, values)
    up = _endless(np.array(found.row_bound_up.value_) / by.rows - limit)
    down = _endless(limit - np.array(found.row_bound_dn.value_) / by.rows)
    loose_up, loose_down = _of_rows_that_hold_nothing(program, x)
    up, down = np.where(basic, loose_up, up), np.where(basic, loose_down, down)
    return np.maximum(up, 0.0), np.maximum(down, 0.0)


def _of_rows_that_hold_nothing(program: Program, x: Array) -> tuple[Array, Array]:
    """Their nearest limit may come as near as the row is, and go away for ever; that of an
    equation that the others imply breaks with them wherever it goes."""
    values = program.matrix @ x
    near_low = np.maximum(values - program.row_lower, 0.0)
    near_high = np.maximum(program.row_upper - values, 0.0)
    is_upper = near_high <= near_low
    up, down = np.where(is_upper, np.inf, near_low), np.where(is_upper, near_high, np.inf)
    implied = program.row_lower == program.row_upper
    return np.where(implied, 0.0, up), np.where(implied, 0.0, down)


def _endless(values: Array) -> Array:
    return np.asarray(np.where(np.abs(values) >= _ENDLESS, np.inf, values))
