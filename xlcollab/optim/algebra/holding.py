"""Whether the truths that decide the course of formulas hold wherever the variables may be: such as
that a look-up finds its key, and that no place lies outside of a table."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from xlcollab.optim.algebra.formulas import Algebra, Formula
from xlcollab.optim.algebra.intervals import intervals
from xlcollab.optim.algebra.values import values

Array = NDArray[np.float64]
_MOST = 300_000
"""Formulas that are evaluated to try one truth at all whole numbers: under a second."""


def hold(
    algebra: Algebra,
    truths: Sequence[tuple[int, float]],
    box: tuple[Array, Array],
    whole: Sequence[bool],
) -> bool:
    """Whether formulas (their place among the nodes) have their values at all points of the box
    whose variables are whole where they have to be: by bounds, else by trying all of them."""
    ranges = intervals(algebra, *box)
    return all(
        ranges[place] == (value, value) or _holds_at_all(algebra, place, value, box, whole)
        for place, value in truths
    )


def _holds_at_all(
    algebra: Algebra, place: int, value: float, box: tuple[Array, Array], whole: Sequence[bool]
) -> bool:
    own, variables = _alone(algebra, place)
    if not all(whole[one] for one in variables):
        return False
    ends = [(box[0][one], box[1][one]) for one in variables]
    if not np.isfinite(ends).all():
        return False
    ways = [range(math.ceil(low), math.floor(high) + 1) for low, high in ends]
    if math.prod(map(len, ways)) * len(own.nodes) > _MOST:
        return False
    x = np.zeros(len(whole))
    for point in itertools.product(*ways):
        x[variables] = point
        if values(own, x)[0] != value:
            return False
    return True


def _alone(algebra: Algebra, place: int) -> tuple[Algebra, list[int]]:
    """What one formula is made of, and the variables in it."""
    found, waiting = {place}, [place]
    while waiting:
        new = set(algebra.nodes[waiting.pop()].args) - found
        found |= new
        waiting += new
    new_place = {old: new for new, old in enumerate(sorted(found))}
    nodes = [
        Formula(node.op, tuple(new_place[one] for one in node.args), node.value)
        for node in (algebra.nodes[old] for old in new_place)
    ]
    variables = [int(node.value) for node in nodes if node.op == "variable"]
    return Algebra(tuple(nodes), (new_place[place],)), variables
