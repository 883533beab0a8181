"""How small and how large each formula can be while the variables are within their bounds.

The ends hold for numbers that are rounded at each step, in another order than here too: a sheet's
own sum of 0.1, 0.2 and 0.3 is not the sum of the same in another order. Excel compares 15 digits,
so a comparison is decided only where its sides differ in these, or cannot cross.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from xlcollab.optim.algebra.formulas import Algebra, Formula

Interval = tuple[float, float]
ANY: Interval = (-math.inf, math.inf)
_TRUTH: Interval = (0.0, 1.0)


_LESS_THAN_15_DIGITS = 2e-14
"""Excel compares 15 digits: sides that differ by less, relative to them, may be equal there."""
_ULP = 2.0**-52
"""Of a number of size one: what a rounded operation may be off, relative to its result."""
_FINE, _SMALL = 2.0**20, 2.0**32
"""Sums of multiples of 1 / _FINE below _SMALL are exact in any order."""


def _told(surely: bool, never: bool) -> Interval:
    """A truth that bounds decide, or that may be either."""
    return (1.0, 1.0) if surely else (0.0, 0.0) if never else _TRUTH


def _below(a: Interval, b: Interval) -> bool:
    """Whether a < b always, also for who compares 15 digits."""
    size = max(abs(a[1]), abs(b[0]))
    room = _LESS_THAN_15_DIGITS * size if math.isfinite(size) else 0.0
    return a[1] + room < b[0]


def _apart(a: Interval, b: Interval) -> bool:
    return _below(a, b) or _below(b, a)


def _outward(ends: Interval, room: tuple[float, float]) -> Interval:
    """The ends moved apart by some rounding; infinite ones stay."""
    (low, high), (below, above) = ends, room
    return (
        low - below if math.isfinite(low) else low,
        high + above if math.isfinite(high) else high,
    )


def _computed(ends: Interval, steps: int = 4) -> Interval:
    """The ends of what so many rounded steps compute; whole ends are taken for exact."""
    below, above = (0.0 if end.is_integer() else steps * _ULP * abs(end) for end in ends)
    return _outward(ends, (below, above))


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
        return _computed((function(low), function(high)))
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
    low, below = _added([low for low, _ in args])
    high, above = _added([high for _, high in args])
    return _outward((low, high), (below, above))


def _added(ends: Sequence[float]) -> tuple[float, float]:
    """(their sum, how far a sum in another order may lie from it)."""
    terms = [end for end in ends if end]
    total, size = sum(terms), sum(map(abs, terms))
    one_order = len(terms) < 3
    exact = size < _SMALL and all((_FINE * term).is_integer() for term in terms)
    return total, 0.0 if one_order or exact else len(terms) * _ULP * size


def _times(a: Interval, b: Interval) -> Interval:
    ends = [0.0 if x == 0.0 or y == 0.0 else x * y for x in a for y in b]
    return min(ends), max(ends)


def _product(args: Sequence[Interval]) -> Interval:
    found: Interval = (1.0, 1.0)
    for one in args:
        found = _times(found, one)
    return found if len(args) < 3 else _computed(found, len(args))


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
        return _computed((min(ends), max(ends)), max(4, int(power)))
    if power > 0:
        return _computed((_raised(max(low, 0.0), power), _raised(max(high, 0.0), power)))
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


def _chosen(test: Interval, yes: Interval, no: Interval) -> Interval:
    if test == (0.0, 0.0):
        return no
    return yes if _apart(test, (0.0, 0.0)) else _hull((yes, no))


def _divided(args: Sequence[Interval]) -> Interval:
    above, (low, high) = args
    if low <= 0.0 <= high:
        return ANY
    ends = [0.0 if x == 0.0 or math.isinf(y) else x / y for x in above for y in (low, high)]
    return min(ends), max(ends)


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
    "where": lambda args: _chosen(*args),
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
    "lt": lambda args: _told(_below(*args), args[0][0] >= args[1][1]),
    "le": lambda args: _told(args[0][1] <= args[1][0], _below(*args[::-1])),
    "eq": lambda args: _told(False, _apart(*args)),
    "ne": lambda args: _told(_apart(*args), False),
    "not": lambda args: _told(args[0] == (0.0, 0.0), _apart(args[0], (0.0, 0.0))),
}
