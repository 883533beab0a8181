"""The values of formulas: what they are judged by."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import SupportsFloat

import numpy as np
from numpy.typing import NDArray

from xlcollab.operations import OF_ONE, OF_TWO
from xlcollab.optim.algebra.formulas import Algebra, Formula

Array = NDArray[np.float64]


def values(algebra: Algebra, x: Array) -> Array:
    """The results at x, (n,); NaN where a formula has no number."""
    found: list[float] = []
    with np.errstate(all="ignore"):
        for node in algebra.nodes:
            found.append(_value(node, [found[one] for one in node.args], x))
    return np.array([found[place] for place in algebra.results])


def _value(node: Formula, args: Sequence[float], x: Array) -> float:
    if node.op == "variable":
        return float(x[int(node.value)])
    if node.op == "constant":
        return node.value
    if node.op == "pick":
        return _picked(args)
    if node.op == "where":
        return args[1] if args[0] else args[2]
    return float(OPERATIONS[node.op](*args))


def _picked(args: Sequence[float]) -> float:
    place, *table = args
    return table[int(place)] if math.isfinite(place) and 0 <= place < len(table) else math.nan


OPERATIONS: Mapping[str, Callable[..., SupportsFloat]] = {
    "sum": lambda *args: math.fsum(args) if np.isfinite(args).all() else sum(args),
    "product": lambda *args: math.prod(args),
    "largest": lambda *args: max(args),
    "smallest": lambda *args: min(args),
    **OF_TWO,
    "eq": lambda a, b: float(a == b),
    "ne": lambda a, b: float(a != b),
    "lt": lambda a, b: float(a < b),
    "le": lambda a, b: float(a <= b),
    "not": lambda a: float(a == 0),
    **OF_ONE,
}
