"""The derivative of every elementwise operation, written as expressions of the graph.

Where the worksheet's function is fine and its derivative is not (√0, x/0 left out by a choice), the
derivative is 0, as in the tape's own guards.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from xlcollab.kernels.program.core.graph import Graph, View
from xlcollab.kernels.program.core.strides import Dims


@dataclass(frozen=True, slots=True)
class Expression:
    """A view with its shape, written with operators."""

    graph: Graph
    shape: Dims
    view: View

    def apply(self, op: str, *others: Expression | float) -> Expression:
        """An elementwise operation whose first operand this is."""
        views = [
            other.view if isinstance(other, Expression) else self.graph.scalar(other, self.shape)
            for other in others
        ]
        held = View(self.view.node, self.view.offset, self.view.strides)
        return Expression(self.graph, self.shape, self.graph.map(op, self.shape, held, *views))

    def __add__(self, other: Expression | float) -> Expression:
        return self.apply("add", other)

    def __sub__(self, other: Expression | float) -> Expression:
        return self.apply("sub", other)

    def __mul__(self, other: Expression | float) -> Expression:
        return self.apply("mul", other)

    def __truediv__(self, other: Expression | float) -> Expression:
        return self.apply("div", other)

    def __neg__(self) -> Expression:
        return self.apply("neg")

    def choose(self, yes: Expression | float, no: Expression | float) -> Expression:
        """`yes` where this truth holds, else `no`."""
        return self.apply("where", yes, no)

    def number(self, value: float) -> Expression:
        """A constant of the same shape."""
        return Expression(self.graph, self.shape, self.graph.scalar(value, self.shape))


Rule = Callable[
    [Expression, Expression, Sequence[Expression], Sequence[bool]], Sequence[Expression | None]
]
"""(derivative by the result, result, operands, which are wanted) → derivative by each operand"""


def _unary(slope: Callable[[Expression, Expression, Expression], Expression]) -> Rule:
    """`slope(g, x, out)` is the derivative by the only operand."""
    return lambda g, out, operands, wanted: [slope(g, operands[0], out)]


def _root(g: Expression, x: Expression, out: Expression) -> Expression:
    return (x.number(0.0).apply("lt", x)).choose(g * 0.5 / out, 0.0)


def _where_positive(g: Expression, x: Expression, out: Expression) -> Expression:
    return (x.number(0.0).apply("lt", x)).choose(g / x, 0.0)


def _one_plus_square(x: Expression) -> Expression:
    return x.apply("sq") + 1.0


def _one_minus_square(x: Expression) -> Expression:
    return x.number(1.0) - x.apply("sq")


_GAUSS = 2.0 / math.sqrt(math.pi)

_UNARY: Mapping[str, Callable[[Expression, Expression, Expression], Expression]] = {
    "copy": lambda g, x, out: g,
    "neg": lambda g, x, out: -g,
    "abs": lambda g, x, out: g * x.apply("sign"),
    "sq": lambda g, x, out: (g * 2.0) * x,
    "inv": lambda g, x, out: -(g * out.apply("sq")),
    "sqrt": lambda g, x, out: g * 0.5 / out,
    "exp": lambda g, x, out: g * out,
    "log": lambda g, x, out: g / x,
    "log10": lambda g, x, out: g / (x * math.log(10.0)),
    "log1p": lambda g, x, out: g / (x + 1.0),
    "expm1": lambda g, x, out: g * (out + 1.0),
    "sin": lambda g, x, out: g * x.apply("cos"),
    "cos": lambda g, x, out: -(g * x.apply("sin")),
    "tan": lambda g, x, out: g * _one_plus_square(out),
    "asin": lambda g, x, out: g / _one_minus_square(x).apply("sqrt"),
    "acos": lambda g, x, out: -(g / _one_minus_square(x).apply("sqrt")),
    "atan": lambda g, x, out: g / _one_plus_square(x),
    "sinh": lambda g, x, out: g * x.apply("cosh"),
    "cosh": lambda g, x, out: g * x.apply("sinh"),
    "tanh": lambda g, x, out: g * _one_minus_square(out),
    "asinh": lambda g, x, out: g / _one_plus_square(x).apply("sqrt"),
    "acosh": lambda g, x, out: g / (x.apply("sq") - 1.0).apply("sqrt"),
    "atanh": lambda g, x, out: g / _one_minus_square(x),
    "sigmoid": lambda g, x, out: g * (out * (out.number(1.0) - out)),
    "erf": lambda g, x, out: g * ((-x.apply("sq")).apply("exp") * _GAUSS),
    "erfc": lambda g, x, out: -(g * ((-x.apply("sq")).apply("exp") * _GAUSS)),
    "lgamma": lambda g, x, out: g * x.apply("digamma"),
    "sqrtn": _root,
    "logn": _where_positive,
    "expn": lambda g, x, out: g * out,
    "normal": lambda g, x, out: x.apply("eq", out).choose(g, 0.0),
}


def _div(
    g: Expression, out: Expression, operands: Sequence[Expression], wanted: Sequence[bool]
) -> Sequence[Expression | None]:
    """Over a number that is given, no division is made again: -g · a / b² = -g · out² / a."""
    a, b = operands
    given = a.graph.value(a.view)
    if given is not None and not wanted[0] and _MODERATE < abs(given) < 1.0 / _MODERATE:
        return [None, (g * out) * (out * (-1.0 / given))]
    by_a = g / b
    return [by_a, -(by_a * out) if wanted[1] else None]


_MODERATE = 1e-30
"""Numbers up to its inverse have an inverse whose square is a number as well."""


def _divn(
    g: Expression, out: Expression, operands: Sequence[Expression], wanted: Sequence[bool]
) -> Sequence[Expression | None]:
    """0 where the divisor is 0."""
    _, b = operands
    zero = b.apply("eq", 0.0)
    by_a = zero.choose(0.0, g / b)
    by_b = zero.choose(0.0, -(g / b * out)) if wanted[1] else None
    return [by_a if wanted[0] else None, by_b]


def _pow(
    g: Expression, out: Expression, operands: Sequence[Expression], wanted: Sequence[bool]
) -> Sequence[Expression | None]:
    """As torch: 0 by the base where the exponent is 0, 0 by the exponent where 0 ^ 0 or more."""
    base, exponent = operands
    by_base = by_exponent = None
    if wanted[0]:
        slope = g * (exponent * base.apply("pow", exponent - 1.0))
        by_base = exponent.apply("eq", 0.0).choose(0.0, slope)
    if wanted[1]:
        still = base.apply("eq", 0.0) * exponent.number(0.0).apply("le", exponent)
        by_exponent = still.choose(0.0, g * (out * base.apply("log")))
    return [by_base, by_exponent]


def _atan2(
    g: Expression, out: Expression, operands: Sequence[Expression], wanted: Sequence[bool]
) -> Sequence[Expression | None]:
    y, x = operands
    square = x.apply("sq") + y.apply("sq")
    far = square.apply("eq", 0.0)
    return [far.choose(0.0, g * x / square), far.choose(0.0, -(g * y / square))]


def _extreme(*, largest: bool) -> Rule:
    """max and min: equal operands share evenly."""

    def rule(
        g: Expression, out: Expression, operands: Sequence[Expression], wanted: Sequence[bool]
    ) -> Sequence[Expression | None]:
        a, b = operands
        pairs = [(a, b), (b, a)] if largest else [(b, a), (a, b)]
        return [
            g * first.apply("over", second) if asked else None
            for (first, second), asked in zip(pairs, wanted, strict=True)
        ]

    return rule


def _fmod(
    g: Expression, out: Expression, operands: Sequence[Expression], wanted: Sequence[bool]
) -> Sequence[Expression | None]:
    a, b = operands
    return [g, -(g * (a / b).apply("trunc")) if wanted[1] else None]


DERIVATIVES: Mapping[str, Rule] = {name: _unary(slope) for name, slope in _UNARY.items()} | {
    "add": lambda g, out, operands, wanted: [g, g],
    "sub": lambda g, out, operands, wanted: [g, -g if wanted[1] else None],
    "mul": lambda g, out, operands, wanted: [
        g * operands[1] if wanted[0] else None,
        g * operands[0] if wanted[1] else None,
    ],
    "div": _div,
    "divn": _divn,
    "pow": _pow,
    "atan2": _atan2,
    "max": _extreme(largest=True),
    "min": _extreme(largest=False),
    "fmod": _fmod,
    "where": lambda g, out, operands, wanted: [
        None,
        operands[0].choose(g, 0.0) if wanted[1] else None,
        operands[0].choose(0.0, g) if wanted[2] else None,
    ],
}
"""Every operation that has one, by name; those in `ops.FLAT` pass nothing on."""
