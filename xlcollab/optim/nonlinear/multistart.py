"""Descents from many starts spread over the bounds, and the distinct optima in which they end."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from torch.quasirandom import SobolEngine

from xlcollab.optim.nonlinear.crowd import Crowd
from xlcollab.optim.nonlinear.kkt import conditions
from xlcollab.optim.nonlinear.sized import Array, SizedModel
from xlcollab.optim.nonlinear.sqp import sqp

STARTS = 64
"""A power of two, in which Sobol's points are balanced."""
_FOLLOWED = 32
"""Ends of the crowd that are gone on from, the best ones: each costs a search of its own."""
_STEPS = 200
"""From each: one that takes longer is rarely near an optimum of its own."""
_SAME_VALUE, _NEAR_VALUE = 1e-6, 1e-3
"""Relative, of optima and of ends of the crowd: where they differ by more they are two."""
_SAME_PLACE, _NEAR_PLACE = 1e-3, 1e-2
"""Likewise, of the range of a variable over all ends."""
_ROUNDING = 1e-4
"""Of a variable's size: all ends may be one, whose range is what searches differ by."""
_SHOWN = 3
"""Optima that a sentence tells; the others are counted."""


@dataclass(frozen=True, slots=True)
class Optimum:
    """An end, its objective (of size one, minimised), and how many starts led there."""

    y: Array
    objective: float
    starts: int


def distinct_optima(model: SizedModel, lower: Array, upper: Array) -> list[Optimum]:
    """The optima that descents from quasi-random points of a box (in sized variables) end in, the
    best first: all go down side by side, and from where they come together one search goes on to
    where the conditions of optimality hold. Raises TimeIsUpError."""
    drawn = SobolEngine(model.n, scramble=True, seed=model.task.settings.seed).draw(STARTS)
    crowd = Crowd(model, lower + drawn.double().numpy() * (upper - lower))
    crowd.descend()
    ends = [Optimum(y, merit, 1) for y, merit in zip(crowd.y, crowd.seen.merit, strict=True)]
    places = sorted(_joined(ends, _NEAR_VALUE, _NEAR_PLACE), key=lambda one: one.objective)
    return sorted(
        _joined(list(_followed(model, places[:_FOLLOWED])), _SAME_VALUE, _SAME_PLACE),
        key=lambda one: one.objective,
    )


def _followed(model: SizedModel, places: Sequence[Optimum]) -> Iterator[Optimum]:
    """The optima to which searches from ends of a crowd lead; from one whose value cannot fall any
    more a search may wander by rounding to a steeper point."""
    for place in places:
        y, _ = sqp(model, place.y, _STEPS, recorded=False)
        for end in (y, place.y):
            values = model.values(end)
            if values.feasible and conditions(model, end).hold:
                yield Optimum(values.y, values.objective, place.starts)
                break


def _joined(ends: Sequence[Optimum], same_value: float, same_place: float) -> list[Optimum]:
    """Ends at one place as one, the best of them."""
    found: list[Optimum] = []
    reach = np.ptp([one.y for one in ends], axis=0) if ends else np.zeros(0)
    for end in ends:
        apart = np.maximum(same_place * reach, _ROUNDING * np.maximum(1.0, np.abs(end.y)))
        level = same_value * max(1.0, abs(end.objective))
        for place, other in enumerate(found):
            alike = (
                end.objective == other.objective or abs(end.objective - other.objective) <= level
            )
            if alike and (np.abs(other.y - end.y) <= apart).all():
                best = min(other, end, key=lambda one: one.objective)
                found[place] = Optimum(best.y, best.objective, other.starts + end.starts)
                break
        else:
            found.append(end)
    return found


def told(optima: Sequence[Optimum], unit: float) -> str:
    """How many there are, and the values of the best; `unit` turns them into the model's own."""
    if not optima:
        return f"None of {STARTS} descents over the bounds ended in an optimum."
    led = sum(one.starts for one in optima)
    first = optima[: _SHOWN + 1]
    values = ", ".join(f"{unit * one.objective:.6g} ({one.starts})" for one in first)
    more = len(optima) - len(first)
    rest = f" and {more} more" if more else ""
    kind = "optimum" if len(optima) == 1 else "distinct optima"
    return (
        f"{led} of {STARTS} descents over the bounds ended in {len(optima)} {kind}, by value"
        f" (and how many led there): {values}{rest}."
    )
