"""How small and how large each formula can be while the variables are within their bounds."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from xlcollab.optim.algebra.formulas import Algebra, Formula

Interval = tuple[float, float]
ANY: Interval = (-math.inf, math.inf)
_TRUTH: Interval = (0.0, 1.0)


def _told(surely: bool, never: bool) -> Interval:
    """A truth that bounds decide, or that may be either."""
    return (1.0, 1.0) if surely else (0.0, 0.0) if never else _TRUTH


def _apart(a: Interval, b: Interval) -> bool:
    return a[1] < b[0] or a[0] > b[1]


def intervals(
    algebra: Algebra, lower: NDArray[np.float64], upper: NDArray[np.float64]
) -> list[Interval]:
    """Bounds of every formula; those of the results hold, they need not be reached."""
    found: list[Interval] = []
    for node in algebra.nodes:
        if node.op == "variable":
            place = int(node.value)
            found.append((float(lower[place]), float(upper[place])))
        elif node.op == "constant":
            found.append(ANY if math.isnan(node.value) else (node.value, node.value))
        else:
            found.append(_of(node, [found[one] for one in node.args]))
    return found


def _of(node: Formula, args: Sequence[Interval]) -> Interval:
    if node.op in _RISING:
        low, high = args[0]
        function = _RISING[node.op]
        return function(low), function(high)
    rule = _RULES.get(node.op)
    found = ANY if rule is None else rule(args)
    return ANY if math.isnan(found[0]) or math.isnan(found[1]) else found


def _exp(x: float) -> float:
    return math.inf if x > 709.0 else math.exp(x)


def _log(x: float) -> float:
    return -math.inf if x <= 0.0 else math.log(x) if x < math.inf else math.inf


def _sqrt(x: float) -> float:
    return 0.0 if x <= 0.0 else math.sqrt(x)


def _rounded(function: Callable[[float], float]) -> Callable[[float], float]:
    return lambda x: x if math.isinf(x) else float(function(x))


_RISING: Mapping[str, Callable[[float], float]] = {
    "exp": _exp,
    "log": _log,
    "sqrt": _sqrt,
    "atan": math.atan,
    "tanh": math.tanh,
    "floor": _rounded(math.floor),
    "ceil": _rounded(math.ceil),
    "trunc": _rounded(math.trunc),
    "rint": _rounded(round),
}


def _sum(args: Sequence[Interval]) -> Interval:
    return sum(low for low, _ in args), sum(high for _, high in args)


def _times(a: Interval, b: Interval) -> Interval:
    ends = [0.0 if x == 0.0 or y == 0.0 else x * y for x in a for y in b]
    return min(ends), max(ends)


def _product(args: Sequence[Interval]) -> Interval:
    found: Interval = (1.0, 1.0)
    for one in args:
        found = _times(found, one)
    return found


def _abs(args: Sequence[Interval]) -> Interval:
    low, high = args[0]
    least = 0.0 if low <= 0.0 <= high else min(abs(low), abs(high))
    return least, max(abs(low), abs(high))


def _square(args: Sequence[Interval]) -> Interval:
    low, high = _abs(args)
    return low * low, high * high


def _inverse(args: Sequence[Interval]) -> Interval:
    low, high = args[0]
    if low <= 0.0 <= high:
        return ANY
    return (0.0 if math.isinf(high) else 1.0 / high), (0.0 if math.isinf(low) else 1.0 / low)


def _power(args: Sequence[Interval]) -> Interval:
    (low, high), (least, most) = args
    if least != most or math.isinf(least):
        return (0.0, math.inf) if low >= 0.0 else ANY
    power = least
    if power == int(power) and power > 0:
        ends = [_raised(low, power), _raised(high, power)]
        if power % 2 == 0 and low <= 0.0 <= high:
            ends.append(0.0)
        return min(ends), max(ends)
    if power > 0:
        return _raised(max(low, 0.0), power), _raised(max(high, 0.0), power)
    return (0.0, math.inf) if low >= 0.0 or power % 2 == 0 else ANY


def _raised(x: float, power: float) -> float:
    try:
        return float(math.pow(x, power))
    except OverflowError:
        return math.inf if x > 0 or power % 2 == 0 else -math.inf


def _largest(args: Sequence[Interval]) -> Interval:
    return max(low for low, _ in args), max(high for _, high in args)


def _smallest(args: Sequence[Interval]) -> Interval:
    return min(low for low, _ in args), min(high for _, high in args)


def _hull(args: Sequence[Interval]) -> Interval:
    return min(low for low, _ in args), max(high for _, high in args)


def _divided(args: Sequence[Interval]) -> Interval:
    return _times(args[0], _inverse(args[1:]))


_RULES: Mapping[str, Callable[[Sequence[Interval]], Interval]] = {
    "sum": _sum,
    "product": _product,
    "abs": _abs,
    "sq": _square,
    "inv": _inverse,
    "div": _divided,
    "pow": _power,
    "largest": _largest,
    "smallest": _smallest,
    "where": lambda args: _hull(args[1:]),
    "pick": lambda args: _hull(args[1:]),
    "sin": lambda args: (-1.0, 1.0),
    "cos": lambda args: (-1.0, 1.0),
    "erf": lambda args: (-1.0, 1.0),
    "erfc": lambda args: (0.0, 2.0),
    "sigmoid": lambda args: (0.0, 1.0),
    "cosh": lambda args: (1.0, math.inf),
    "sign": lambda args: (-1.0, 1.0),
    "asin": lambda args: (-math.pi / 2, math.pi / 2),
    "acos": lambda args: (0.0, math.pi),
    "lt": lambda args: _told(args[0][1] < args[1][0], args[0][0] >= args[1][1]),
    "le": lambda args: _told(args[0][1] <= args[1][0], args[0][0] > args[1][1]),
    "eq": lambda args: _told(False, _apart(*args)),
    "ne": lambda args: _told(_apart(*args), False),
    "not": lambda args: _told(args[0] == (0.0, 0.0), _apart(args[0], (0.0, 0.0))),
    "finite": lambda args: _TRUTH,
}
