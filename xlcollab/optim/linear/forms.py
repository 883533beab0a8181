"""Affine forms of the columns of a program, and what they may come to."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from xlcollab.optim.linear.highs import instance, status
from xlcollab.optim.linear.model import Array, Program, Sparse

_FEW_QUESTIONS = 400
"""Bounds that HiGHS is asked for; beyond, those that intervals give must do."""
_PASSES = 4
"""Bounds of a chain reach on by one row a pass; longer chains gain little more."""
_WHOLE = 1e-9
"""Far above rounding, far below any factor that somebody types."""


@dataclass(frozen=True, slots=True)
class Form:
    """Σ factor · column + constant."""

    factors: Mapping[int, float] = field(default_factory=dict)
    constant: float = 0.0

    def plus(self, other: Form, times: float = 1.0) -> Form:
        """self + times · other."""
        factors = dict(self.factors)
        for column, factor in other.factors.items():
            total = factors.get(column, 0.0) + times * factor
            if total:
                factors[column] = total
            else:
                factors.pop(column, None)
        return Form(factors, self.constant + times * other.constant)

    def times(self, factor: float) -> Form:
        """factor · self."""
        return Form().plus(self, factor)

    def shifted(self, constant: float) -> Form:
        """self + constant."""
        return replace(self, constant=self.constant + constant)

    @staticmethod
    def of(column: int, factor: float = 1.0) -> Form:
        """One column."""
        return Form({column: factor})


@dataclass(slots=True)
class Box:
    """The columns' bounds and which are whole, and rows that tighten them.

    `matrix` (k, m) with limits holds for the first m columns; what is added comes behind them.
    """

    lower: list[float]
    upper: list[float]
    integer: list[bool]
    matrix: Sparse
    row_lower: Array
    row_upper: Array
    _questions: int = 0
    _asked: dict[tuple[tuple[int, float], ...], float] = field(default_factory=dict)

    def add(self, lower: float, upper: float, whole: bool = False) -> int:
        """A new column."""
        self.lower.append(lower)
        self.upper.append(upper)
        self.integer.append(whole)
        return len(self.lower) - 1

    def tighten(self) -> None:
        """Draw bounds of columns from the rows, a few times (as presolve of any LP code does)."""
        for _ in range(_PASSES):
            for row in range(self.matrix.shape[0]):
                first, last = self.matrix.indptr[row : row + 2]
                columns = self.matrix.indices[first:last]
                factors = self.matrix.data[first:last]
                self._tighten(columns, factors, float(self.row_upper[row]))
                self._tighten(columns, -factors, -float(self.row_lower[row]))

    def _tighten(self, columns: NDArray[np.int32], factors: Array, most: float) -> None:
        """Σ factors · columns ≤ most."""
        if not math.isfinite(most):
            return
        pairs = list(zip(columns.tolist(), factors.tolist(), strict=True))
        least = [f * (self.lower[j] if f > 0 else self.upper[j]) for j, f in pairs]
        endless = [place for place, part in enumerate(least) if not math.isfinite(part)]
        if len(endless) > 1:
            return
        total = sum(part for part in least if math.isfinite(part))
        for place in endless or range(len(pairs)):
            column, factor = pairs[place]
            rest = total - (0.0 if endless else least[place])
            if factor > 0:
                self.upper[column] = min(self.upper[column], _outwards((most - rest) / factor, 1))
            elif factor < 0:
                self.lower[column] = max(self.lower[column], _outwards((most - rest) / factor, -1))

    def least(self, form: Form) -> float:
        """A lower bound of a form; -inf where none is found."""
        found = self._interval(form)
        return found if math.isfinite(found) else self._by_highs(form)

    def most(self, form: Form) -> float:
        """An upper bound of a form; inf where none is found."""
        return -self.least(form.times(-1.0))

    def _interval(self, form: Form) -> float:
        total = form.constant
        for column, factor in form.factors.items():
            total += factor * (self.lower[column] if factor > 0 else self.upper[column])
        return total

    def _by_highs(self, form: Form) -> float:
        """The least of the form's part in the first m columns under the rows."""
        n = self.matrix.shape[1]
        inner = {j: f for j, f in form.factors.items() if j < n}
        outer = Form({j: f for j, f in form.factors.items() if j >= n}, form.constant)
        rest = self._interval(outer)
        key = tuple(sorted(inner.items()))
        if not math.isfinite(rest) or not inner:
            return -math.inf
        if key not in self._asked:
            if self._questions >= _FEW_QUESTIONS:
                return -math.inf
            self._questions += 1
            self._asked[key] = self._least_by_highs(inner)
        return self._asked[key] + rest

    def _least_by_highs(self, factors: Mapping[int, float]) -> float:
        n = self.matrix.shape[1]
        costs = np.zeros(n)
        costs[list(factors)] = list(factors.values())
        highs = instance(
            Program(
                c=costs,
                matrix=self.matrix,
                row_lower=self.row_lower,
                row_upper=self.row_upper,
                lower=np.array(self.lower[:n]),
                upper=np.array(self.upper[:n]),
                integer=np.zeros(n, np.bool_),
            ),
            {"time_limit": 1.0},
        )
        highs.run()
        if status(highs) != "Optimal":
            return -math.inf
        found = float(highs.getInfo().objective_function_value)
        return _outwards(found, -1)

    def settle(self, column: int, bounds: tuple[float, float], whole: bool) -> None:
        """What is known of a column that was added without bounds."""
        self.lower[column] = max(self.lower[column], bounds[0])
        self.upper[column] = min(self.upper[column], bounds[1])
        self.integer[column] = whole

    def whole(self, form: Form) -> bool:
        """Whether a form without its constant is always a whole number."""
        return all(
            self.integer[column] and abs(factor - round(factor)) < _WHOLE
            for column, factor in form.factors.items()
        )

    def truth(self, form: Form) -> bool:
        """Whether a form is always 0 or 1."""
        if not self.whole(form) or abs(form.constant - round(form.constant)) > _WHOLE:
            return False
        return self._interval(form) >= -_WHOLE and self._interval(form.times(-1.0)) >= -1 - _WHOLE


_SLACK = 1e-7
"""A hundred times HiGHS' tolerance: what lies within it of a bound its presolve may take for
contradicting that bound."""


def _outwards(bound: float, side: int) -> float:
    """A bound that neither rounding nor a tolerance can make too tight."""
    return bound + side * _SLACK * (1.0 + abs(bound))


def combined(forms: Iterable[tuple[float, Form]]) -> Form:
    """Σ factor · form."""
    total = Form()
    for factor, form in forms:
        total = total.plus(form, factor)
    return total
