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
    if not found.valid:
        return None
    unit, n = by.columns * by.objective, program.columns
    scaled_costs = program.c * unit
    up = _endless(np.array(found.col_cost_up.value_)[:n] - scaled_costs) / unit
    down = _endless(scaled_costs - np.array(found.col_cost_dn.value_)[:n]) / unit
    up, down = np.maximum(up, 0.0), np.maximum(down, 0.0)
    limit_up, limit_down = _limits(highs, found, by, program, x)
    return Ranging(
        costs=-program.c if maximize else program.c,
        cost_increase=down if maximize else up,
        cost_decrease=up if maximize else down,
        limit_increase=limit_up,
        limit_decrease=limit_down,
    )


def _limits(highs: Any, found: Any, by: Scales, program: Program, x: Array) -> tuple[Array, Array]:
    """By how much the limit that holds each row may rise and fall."""
    values = program.matrix @ x
    basic = np.array([str(one).endswith("kBasic") for one in highs.getBasis().row_status])
    at_lower = np.array([str(one).endswith("kLower") for one in highs.getBasis().row_status])
    limit = np.where(at_lower, program.row_lower, program.row_upper)
    limit = np.where(np.isfinite(limit), limit, values)
    up = _endless(np.array(found.row_bound_up.value_) / by.rows - limit)
    down = _endless(limit - np.array(found.row_bound_dn.value_) / by.rows)
    # a row that nothing holds: its limit may come as near as the row is, and go away for ever
    near_low, near_high = values - program.row_lower, program.row_upper - values
    is_upper = near_high <= near_low
    up = np.where(basic, np.where(is_upper, np.inf, near_low), up)
    down = np.where(basic, np.where(is_upper, near_high, np.inf), down)
    return np.maximum(up, 0.0), np.maximum(down, 0.0)


def _endless(values: Array) -> Array:
    return np.asarray(np.where(np.abs(values) >= _ENDLESS, np.inf, values))
