"""Whether a model is convex, by rules on its formulas (Grant, Boyd and Ye 2006, "Disciplined convex
programming"), quadratics by their second derivatives.

The rules prove: what they call convex is so. What they do not know may be convex all the same.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from xlcollab.optim.algebra.formulas import Algebra
from xlcollab.optim.algebra.intervals import Interval, intervals
from xlcollab.optim.algebra.polynomials import Quadratic, is_psd, quadratics


@dataclass(frozen=True, slots=True)
class Curve:
    """What is known of a formula over the box of the variables; affine is both."""

    convex: bool = False
    concave: bool = False

    @property
    def affine(self) -> bool:
        return self.convex and self.concave

    @property
    def turned(self) -> Curve:
        """That of the negative."""
        return Curve(self.concave, self.convex)


AFFINE = Curve(True, True)
CONVEX = Curve(convex=True)
CONCAVE = Curve(concave=True)
UNKNOWN = Curve()


def curves(algebra: Algebra, lower: NDArray[np.float64], upper: NDArray[np.float64]) -> list[Curve]:
    """The curvature of each result within the bounds."""
    known = _Known(algebra, intervals(algebra, lower, upper), quadratics(algebra))
    found: list[Curve] = []
    for place in range(len(algebra.nodes)):
        found.append(known.curve(place, found))
    return [found[place] for place in algebra.results]


@dataclass(frozen=True, slots=True)
class _Known:
    algebra: Algebra
    ranges: Sequence[Interval]
    squares: Sequence[Quadratic | None]

    def curve(self, place: int, found: Sequence[Curve]) -> Curve:
        """The curvature of one formula; `found` are those before it."""
        node, square = self.algebra.nodes[place], self.squares[place]
        if square is not None:
            return _of_quadratic(square)
        if node.op == "sum":
            return self._sum(node.args, found)
        if node.op == "product":
            return self._product(node.args, found)
        if node.op == "sqrt" and self._is_norm(node.args[0]):
            return CONVEX
        args = [found[one] for one in node.args]
        ranges = [self.ranges[one] for one in node.args]
        if node.op == "div":
            return self._divided(node.args, args, ranges)
        if node.op == "log" and self._is_sum_of_exponentials(node.args[0], found):
            return CONVEX
        rule = _RULES.get(node.op)
        return UNKNOWN if rule is None else rule(args, ranges)

    def _sum(self, args: Sequence[int], found: Sequence[Curve]) -> Curve:
        """All that is quadratic counts as one."""
        total, curved = Quadratic(), []
        for one in args:
            square = self.squares[one]
            if square is None:
                curved.append(found[one])
            else:
                total = total.plus(square)
        curved.append(_of_quadratic(total))
        return Curve(all(one.convex for one in curved), all(one.concave for one in curved))

    def _product(self, args: Sequence[int], found: Sequence[Curve]) -> Curve:
        first = self.algebra.nodes[args[0]]
        if first.op == "constant" and len(args) == 2:
            return found[args[1]] if first.value >= 0 else found[args[1]].turned
        if first.op == "constant":
            inner = self._product(args[1:], found)
            return inner if first.value >= 0 else inner.turned
        if len(args) == 2:
            for one, other in (args, args[::-1]):
                node = self.algebra.nodes[other]
                if node.op == "log" and node.args == (one,) and found[one].affine:
                    return CONVEX  # x log x
        return UNKNOWN

    def _divided(
        self, places: Sequence[int], args: Sequence[Curve], ranges: Sequence[Interval]
    ) -> Curve:
        top, below = args
        square = self.squares[places[1]]
        if square is not None and not square.degree and square.constant:
            return top if square.constant > 0 else top.turned
        positive = ranges[1][0] >= 0.0
        number = self.squares[places[0]]
        if number is not None and not number.degree:
            inverse = _inverse([below], [ranges[1]])
            return inverse if number.constant >= 0 else inverse.turned
        node = self.algebra.nodes[places[0]]
        if positive and below.affine and node.op == "sq":
            inner = self.squares[node.args[0]]
            if inner is not None and inner.degree < 2:
                return CONVEX  # a square over what is positive
        return UNKNOWN

    def _is_norm(self, place: int) -> bool:
        """Whether a formula is a sum of squares of affine ones and something not negative."""
        square = self.squares[place]
        if square is None:
            return False
        size = abs(square.constant) + 1.0
        return square.least() >= -1e-12 * size and is_psd(square.hessian())

    def _is_sum_of_exponentials(self, place: int, found: Sequence[Curve]) -> bool:
        node = self.algebra.nodes[place]
        for one in node.args if node.op == "sum" else (place,):
            part = self.algebra.nodes[one]
            if part.op == "product" and len(part.args) == 2:
                first = self.algebra.nodes[part.args[0]]
                if first.op != "constant" or first.value < 0:
                    return False
                part = self.algebra.nodes[part.args[1]]
            is_number = part.op == "constant" and part.value >= 0
            if not is_number and not (part.op == "exp" and found[part.args[0]].convex):
                return False
        return True


def _of_quadratic(square: Quadratic) -> Curve:
    if square.degree < 2:
        return AFFINE
    matrix = square.hessian()
    return Curve(is_psd(matrix), is_psd(-matrix))


Rule = Callable[[Sequence[Curve], Sequence[Interval]], Curve]


def _square(args: Sequence[Curve], ranges: Sequence[Interval]) -> Curve:
    (inner,), ((low, high),) = args, ranges
    rising, falling = low >= 0 and inner.convex, high <= 0 and inner.concave
    return CONVEX if inner.affine or rising or falling else UNKNOWN


def _size(args: Sequence[Curve], ranges: Sequence[Interval]) -> Curve:
    """|x| is x where x is not negative."""
    return args[0] if ranges[0][0] >= 0 else _square(args, ranges)


def _chosen(args: Sequence[Curve], ranges: Sequence[Interval]) -> Curve:
    """A choice that the bounds decide."""
    if ranges[0] == (0.0, 0.0):
        return args[2]
    return args[1] if ranges[0] == (1.0, 1.0) else UNKNOWN


def _power(args: Sequence[Curve], ranges: Sequence[Interval]) -> Curve:
    inner, (low, _), (power, most) = args[0], ranges[0], ranges[1]
    if power != most:
        return _exponential(args, ranges)
    if power >= 1 and power % 2 == 0:
        return _square([inner], [ranges[0]])
    if power >= 1:  # defined for whole powers below 0, too, and concave there
        whole = power == int(power)
        return CONVEX if inner.convex and (low >= 0 or (not whole and inner.affine)) else UNKNOWN
    if power >= 0:
        return CONCAVE if inner.concave else UNKNOWN
    return CONVEX if inner.concave and low >= 0 else UNKNOWN


def _exponential(args: Sequence[Curve], ranges: Sequence[Interval]) -> Curve:
    """A number to a power that varies."""
    least, most = ranges[0]
    return CONVEX if least == most and least > 0 and args[1].affine else UNKNOWN


def _inverse(args: Sequence[Curve], ranges: Sequence[Interval]) -> Curve:
    (inner,), ((low, high),) = args, ranges
    if low >= 0 and inner.concave:
        return CONVEX
    return CONCAVE if high <= 0 and inner.convex else UNKNOWN


def _rising_convex(args: Sequence[Curve], ranges: Sequence[Interval]) -> Curve:
    del ranges
    return CONVEX if args[0].convex else UNKNOWN


def _rising_concave(args: Sequence[Curve], ranges: Sequence[Interval]) -> Curve:
    del ranges
    return CONCAVE if args[0].concave else UNKNOWN


def _affine_only(args: Sequence[Curve], ranges: Sequence[Interval]) -> Curve:
    del ranges
    return CONVEX if args[0].affine else UNKNOWN


def _largest(args: Sequence[Curve], ranges: Sequence[Interval]) -> Curve:
    del ranges
    return Curve(convex=all(one.convex for one in args))


def _smallest(args: Sequence[Curve], ranges: Sequence[Interval]) -> Curve:
    del ranges
    return Curve(concave=all(one.concave for one in args))


_RULES: Mapping[str, Rule] = {
    "sq": _square,
    "abs": _size,
    "where": _chosen,
    "pow": _power,
    "inv": _inverse,
    "exp": _rising_convex,
    "expm1": _rising_convex,
    "log": _rising_concave,
    "log10": _rising_concave,
    "log1p": _rising_concave,
    "sqrt": _rising_concave,
    "cosh": _affine_only,
    "largest": _largest,
    "smallest": _smallest,
}


def is_convex(
    algebra: Algebra,
    box: tuple[NDArray[np.float64], NDArray[np.float64]],
    limits: tuple[NDArray[np.float64], NDArray[np.float64]],
    *,
    maximize: bool,
) -> bool:
    """Whether a model is convex: then what is locally optimal is optimal.

    The results of `algebra` are the objective and the constraints with `limits`, (k,) each.
    """
    objective, *rows = curves(algebra, *box)
    if not (objective.concave if maximize else objective.convex):
        return False
    for row, low, high in zip(rows, *limits, strict=True):
        if high < math.inf and not row.convex:
            return False
        if low > -math.inf and not row.concave:
            return False
    return True
