"""Formulas that are polynomials of degree two or less, as coefficients."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from xlcollab.optim.algebra.formulas import Algebra, Formula

Array = NDArray[np.float64]
Pair = tuple[int, int]
_MOST_TERMS = 20_000
"""Of one product: more are neither few nor quick, and the model is taken as curved."""


@dataclass(frozen=True, slots=True)
class Quadratic:
    """constant + Σ linear[i] xᵢ + Σ square[i, j] xᵢ xⱼ with i ≤ j."""

    constant: float = 0.0
    linear: dict[int, float] = field(default_factory=dict)
    square: dict[Pair, float] = field(default_factory=dict)

    @property
    def degree(self) -> int:
        """0, 1 or 2."""
        return 2 if self.square else 1 if self.linear else 0

    def plus(self, other: Quadratic) -> Quadratic:
        return _sum((self, other))

    def scaled(self, factor: float) -> Quadratic:
        if factor == 0.0:
            return Quadratic()
        return Quadratic(
            factor * self.constant,
            {place: factor * one for place, one in self.linear.items()},
            {pair: factor * one for pair, one in self.square.items()},
        )

    def times(self, other: Quadratic) -> Quadratic | None:
        """The product; None where it is of a higher degree, or too long."""
        if not self.degree or not other.degree:
            one, rest = (self, other) if not self.degree else (other, self)
            return rest.scaled(one.constant)
        if self.degree + other.degree > 2:
            return None
        if len(self.linear) * len(other.linear) > _MOST_TERMS:
            return None
        square: dict[Pair, float] = {}
        for i, a in self.linear.items():
            for j, b in other.linear.items():
                pair = (min(i, j), max(i, j))
                square[pair] = square.get(pair, 0.0) + a * b
        mixed = Quadratic(self.constant * other.constant, {}, square)
        first = Quadratic(0.0, self.linear).scaled(other.constant)
        return mixed.plus(first).plus(Quadratic(0.0, other.linear).scaled(self.constant))

    def hessian(self) -> Array:
        """Second derivatives by the q variables that are squared or multiplied, (q, q)."""
        places = sorted({place for pair in self.square for place in pair})
        where = {place: number for number, place in enumerate(places)}
        matrix = np.zeros((len(places), len(places)))
        for (i, j), one in self.square.items():
            matrix[where[i], where[j]] += one
            matrix[where[j], where[i]] += one
        return matrix

    def least(self) -> float:
        """The least value over all numbers; -inf where there is none."""
        matrix = self.hessian()
        places = sorted({place for pair in self.square for place in pair})
        if set(self.linear) - set(places) or not is_psd(matrix):
            return -math.inf
        slopes = np.array([self.linear.get(place, 0.0) for place in places])
        step = np.linalg.lstsq(matrix, -slopes, rcond=1e-12)[0] if places else slopes
        missed = np.abs(matrix @ step + slopes).max(initial=0.0)
        if missed > 1e-9 * (1.0 + np.abs(slopes).max(initial=0.0)):
            return -math.inf
        return self.constant + 0.5 * float(slopes @ step)


def is_psd(matrix: Array) -> bool:
    """Whether no direction curves down, but for rounding."""
    if not matrix.size:
        return True
    values = np.linalg.eigvalsh(matrix)
    return bool(values.min() >= -1e-12 * max(np.abs(values).max(), 0.0))


def quadratics(algebra: Algebra) -> list[Quadratic | None]:
    """Each formula as a quadratic; None where it is none."""
    found: list[Quadratic | None] = []
    for node in algebra.nodes:
        if node.op == "variable":
            found.append(Quadratic(0.0, {int(node.value): 1.0}))
        elif node.op == "constant":
            finite = math.isfinite(node.value)
            found.append(Quadratic(node.value) if finite else None)
        else:
            args = [found[one] for one in node.args]
            found.append(None if None in args else _of(node, args))  # type: ignore[arg-type]
    return found


def _of(node: Formula, args: Sequence[Quadratic]) -> Quadratic | None:
    rule = _RULES.get(node.op)
    return None if rule is None else rule(args)


def _sum(args: Sequence[Quadratic]) -> Quadratic:
    linear: dict[int, float] = {}
    square: dict[Pair, float] = {}
    for one in args:
        for place, factor in one.linear.items():
            linear[place] = linear.get(place, 0.0) + factor
        for pair, factor in one.square.items():
            square[pair] = square.get(pair, 0.0) + factor
    return Quadratic(math.fsum(one.constant for one in args), linear, square)


def _product(args: Sequence[Quadratic]) -> Quadratic | None:
    found: Quadratic | None = Quadratic(1.0)
    for one in args:
        found = None if found is None else found.times(one)
    return found


def _divided(args: Sequence[Quadratic]) -> Quadratic | None:
    top, below = args
    if below.degree or not below.constant:
        return None
    return top.scaled(1.0 / below.constant)


_RULES: Mapping[str, Callable[[Sequence[Quadratic]], Quadratic | None]] = {
    "sum": _sum,
    "product": _product,
    "sq": lambda args: args[0].times(args[0]),
    "div": _divided,
}
