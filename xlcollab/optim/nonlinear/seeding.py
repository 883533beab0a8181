"""Other starts of a fit: where residuals depend on some variables by straight lines, the best of
those is known for each draw of the others, so that thousands of draws are compared at once."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from torch.quasirandom import SobolEngine

from xlcollab.optim.nonlinear.residuals import Residuals, squared
from xlcollab.optim.nonlinear.sized import Array

Mask = NDArray[np.bool_]

_NUMBERS = 10_000_000
"""Residuals that are worked out for the comparison: some tenths of a second."""
_MOST = 2048
"""Draws that are compared."""
_DECADES = 4.0
"""Sizes that people's numbers have: from 1e-4 to 1e4."""
_NEAR_DECADES = 1.5
"""How far a start may be wrong that is a size at all, upwards and downwards."""
_POSITIVE = 0.7
"""Of draws: rates, widths and capacities are above 0, and few parameters are not."""
_ROUND = 64
"""Of these the best, about which as many are drawn once more."""
_WIDER = 0.3
"""Powers of ten by which those differ from the best."""
_KEPT, _LEAST_KEPT = 24, 3
"""Draws that go down, where residuals are few and where they are many."""
_ALIKE = 2.0
"""Parts of a power of ten that a draw is rounded to, to tell it from another."""
_EXACT = 1e-18
"""Of what draws come to: what is left of a fit without errors."""
_FIRST, _LONGER = 30, 80
"""Steps of all, and of the best of these."""
_NOTHING = 1e-30
"""Sizes below are one."""
_FOLLOWED = 0.25
"""Of those that went down: the best, which go on."""
_STRAIGHT, _SEEN = 1e-7, 1e-8
"""Of a change, what is no bend; and of a value, what is a change: rounding hides both below."""
_RIDGE = 1e-12
"""Of squared columns of length one: of two that are alike each takes half."""
_TRIES = 8
"""Points at which straight lines are looked for."""


def other_ends(
    residuals: Residuals, start: Array, end: tuple[Array, float], seed: int
) -> Iterator[tuple[Array, float]]:
    """Points (n,) near the optima that seeded draws lead to, with their sums of squares, the best
    first; none where the sum at the end is nothing beside theirs. Half of the draws are about the
    size of the start (n,), or where it is 0 of the end (n,). Raises TimeIsUpError.
    """
    n = len(start)
    kept = min(_KEPT, _NUMBERS // (residuals.count * (n + 1) * _FIRST))
    straight = _straight(residuals, n, seed) if kept >= _LEAST_KEPT else np.ones(n, np.bool_)
    if straight.all():
        return
    count = min(_MOST, _NUMBERS // (residuals.count * (1 + int(straight.sum()))))
    drawn = _drawn(residuals, np.where(start == 0.0, end[0], start), straight, count, seed)
    points, costs = _best_of_rounds(residuals, drawn, straight, seed)
    known = costs[np.isfinite(costs)]
    if not len(known) or end[1] <= _EXACT * np.median(known):
        return
    points = points[_apart(points[:, ~straight], costs, kept)]
    points, costs = residuals.descended(points, _FIRST)
    best = np.argsort(costs, kind="stable")[: math.ceil(_FOLLOWED * len(points))]
    points, costs = residuals.descended(points[best], _LONGER)
    for place in np.argsort(costs, kind="stable"):
        yield points[place], float(costs[place])


def _best_of_rounds(
    residuals: Residuals, drawn: Array, straight: Mask, seed: int
) -> tuple[Array, Array]:
    """Draws (B, n), and as many again about the best of them, with their sums of squares."""
    points, costs = _projected(residuals, drawn, straight)
    best = points[_apart(points[:, ~straight], costs, _ROUND)]
    if not len(best):
        return points, costs
    random = np.random.default_rng(seed)
    nearby = np.resize(best, points.shape)
    nearby *= np.where(straight, 1.0, 10.0 ** (_WIDER * random.standard_normal(points.shape)))
    nearby, others = _projected(residuals, residuals.clip(nearby), straight)
    return np.concatenate([points, nearby]), np.concatenate([costs, others])


def _straight(residuals: Residuals, n: int, seed: int) -> Mask:
    """Variables by which together the residuals go by straight lines, (n,), as far as steps at a
    drawn point tell; none where it has no value."""
    random = np.random.default_rng(seed)
    found = np.zeros(n, np.bool_)
    for _ in range(_TRIES):
        here = residuals.clip(10.0 ** random.uniform(-1.0, 0.5, n))
        if np.isfinite(residuals.at(here[None])).all():
            break
    else:
        return found
    for number in range(n):
        own = np.arange(n) == number
        if all(_goes_straight(residuals, here, some, random) for some in (own, found | own)):
            found |= own
    return found


def _goes_straight(
    residuals: Residuals, here: Array, some: Mask, random: np.random.Generator
) -> bool:
    """Whether a step of some variables together changes the residuals, and half of it half as
    much."""
    step = some * random.uniform(0.5, 1.5, len(here))
    for way in (step, -step):
        points = here + np.array([[0.0], [0.5], [1.0]]) * way
        if (residuals.clip(points) == points).all():
            break
    values = residuals.at(points)
    with np.errstate(all="ignore"):
        bent = np.abs(values[0] - 2.0 * values[1] + values[2]).max()
        changed = np.abs(values[2] - values[0]).max()
        size = np.abs(values).max()
    return bool(changed > _SEEN * size and bent <= _STRAIGHT * changed)


def _drawn(residuals: Residuals, near: Array, straight: Mask, count: int, seed: int) -> Array:
    """Draws, (count, n): even ones over all sizes, or over closed bounds, odd ones about the size
    of `near`, of both signs. Straight variables are 1, or on the bound that is nearest to it."""
    lower, upper = residuals.lower, residuals.upper
    n = len(near)
    points = np.tile(residuals.clip(np.ones(n)), (count, 1))
    bent = np.flatnonzero(~straight)
    shares = SobolEngine(2 * len(bent), scramble=True, seed=seed).draw(count).double().numpy()
    size, sign = shares[:, : len(bent)], shares[:, len(bent) :]
    own = np.abs(np.where(near == 0.0, 1.0, near))[bent]
    like = np.where(near[bent] < 0.0, -1.0, 1.0)
    wide = 10.0 ** (_DECADES * (2.0 * size - 1.0))
    wide *= np.where(sign < _POSITIVE, 1.0, -1.0)
    with np.errstate(invalid="ignore"):
        inside = lower[bent] + size * (upper - lower)[bent]
    closed = np.isfinite(lower[bent]) & np.isfinite(upper[bent])
    about = own * 10.0 ** (_NEAR_DECADES * (2.0 * size - 1.0))
    about *= np.where(sign < _POSITIVE, like, -like)
    points[:, bent] = np.where(closed, inside, wide)
    points[1::2, bent] = about[1::2]
    return residuals.clip(points)


def _projected(residuals: Residuals, points: Array, straight: Mask) -> tuple[Array, Array]:
    """Points with the best of their straight variables, and their sums of squares, (B,)."""
    values = residuals.at(points)
    by = np.flatnonzero(straight)
    if not len(by):
        return points, squared(values)
    unit = np.repeat(points[:, None], len(by), axis=1)
    unit[:, np.arange(len(by)), by] += 1.0
    there = residuals.at(unit.reshape(-1, points.shape[1])).reshape(len(points), len(by), -1)
    with np.errstate(all="ignore"):
        columns = there - values[:, None]
        length = np.linalg.norm(columns, axis=2)
        known = np.isfinite(length).all(axis=1) & np.isfinite(squared(values))
        length = np.where(known[:, None] & (length > 0.0), length, 1.0)
        columns = np.where(known[:, None, None], columns, 0.0) / length[:, :, None]
    values = np.where(known[:, None], values, 0.0)
    square = columns @ columns.transpose(0, 2, 1) + _RIDGE * np.eye(len(by))
    best = np.linalg.solve(square, -(columns @ values[:, :, None]))[:, :, 0]
    found = points.copy()
    found[:, by] += best / length
    found = residuals.clip(found)
    moved = (found - points)[:, by] * length
    costs = squared(values + (moved[:, None] @ columns)[:, 0])
    return found, np.where(known, costs, np.inf)


def _apart(points: Array, costs: Array, most: int) -> list[int]:
    """The places of the best, no two of them near each other."""
    size = np.log10(np.maximum(np.abs(points), _NOTHING))
    places = np.sign(points) * np.round(_ALIKE * (size - np.log10(_NOTHING)))
    taken: dict[bytes, int] = {}
    for place in np.argsort(costs, kind="stable"):
        if not math.isfinite(costs[place]) or len(taken) == most:
            break
        taken.setdefault((places[place] + 0.0).tobytes(), int(place))
    return list(taken.values())
