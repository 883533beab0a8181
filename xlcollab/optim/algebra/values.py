"""The values of formulas: what they are judged by."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import special

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


OPERATIONS: Mapping[str, Callable[..., float]] = {
    "sum": lambda *args: math.fsum(args) if np.isfinite(args).all() else sum(args),
    "product": lambda *args: math.prod(args),
    "largest": lambda *args: max(args),
    "smallest": lambda *args: min(args),
    "div": np.divide,
    "pow": np.power,
    "atan2": np.arctan2,
    "fmod": np.fmod,
    "eq": lambda a, b: float(a == b),
    "ne": lambda a, b: float(a != b),
    "lt": lambda a, b: float(a < b),
    "le": lambda a, b: float(a <= b),
    "not": lambda a: float(a == 0),
    "abs": np.abs,
    "sign": np.sign,
    "sq": np.square,
    "inv": lambda a: np.divide(1.0, a),
    "sqrt": np.sqrt,
    "exp": np.exp,
    "expm1": np.expm1,
    "log": np.log,
    "log10": np.log10,
    "log1p": np.log1p,
    "sin": np.sin,
    "cos": np.cos,
    "tan": np.tan,
    "asin": np.arcsin,
    "acos": np.arccos,
    "atan": np.arctan,
    "sinh": np.sinh,
    "cosh": np.cosh,
    "tanh": np.tanh,
    "asinh": np.arcsinh,
    "acosh": np.arccosh,
    "atanh": np.arctanh,
    "floor": np.floor,
    "ceil": np.ceil,
    "trunc": np.trunc,
    "rint": np.rint,
    "sigmoid": special.expit,
    "erf": special.erf,
    "erfc": special.erfc,
    "lgamma": special.gammaln,
    "digamma": special.digamma,
}
