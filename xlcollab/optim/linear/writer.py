"""Collecting the columns and rows that stand for kinks, and what would help the objective."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

from xlcollab.optim.linear.forms import Box, Form


class NoBoundError(Exception):
    """A kink that needs a bound which the model has not. Never seen by a user."""


@dataclass(frozen=True, slots=True)
class Piece:
    """Column `out` is `kind` of the arguments; the kinds are the keys of `kinds.RULES`."""

    kind: str
    out: int
    arguments: tuple[Form, ...]
    name: str
    number: int = 0


@dataclass(frozen=True, slots=True)
class Wish:
    """Whether a larger (`up`) or smaller (`down`) value of a column could help anything."""

    up: bool
    down: bool


_LARGEST_M = 1e9
"""Beyond, HiGHS' tolerance of 1e-6 on a whole number lets the row through."""
_EDGE = 1e-6
"""HiGHS' tolerance on whole numbers: a smaller gap it does not see."""
_EDGE_OF_RANGE = 1e-8
"""The same in parts of a large range."""


@dataclass(slots=True)
class Rewriter:
    """Collects columns and rows. `edge` says whether steps are kept off their jumps."""

    box: Box
    strict: bool
    rows: list[tuple[Form, float, float]] = field(default_factory=list)
    edge: float = 0.0
    _up: set[int] = field(default_factory=set)
    _down: set[int] = field(default_factory=set)

    def wish(self, column: int) -> Wish:
        """What would help, as far as the rows up to now tell."""
        return Wish(column in self._up, column in self._down)

    def pull(self, form: Form, *, up: bool = False, down: bool = False) -> None:
        """Note that a larger or smaller value of `form` could help."""
        for column, factor in form.factors.items():
            if (up and factor > 0) or (down and factor < 0):
                self._up.add(column)
            if (up and factor < 0) or (down and factor > 0):
                self._down.add(column)

    def at_least(self, form: Form, least: float = 0.0) -> None:
        """A row form ≥ least."""
        self.rows.append((form, least, math.inf))

    def binary(self) -> Form:
        """A new column that is 0 or 1."""
        return Form.of(self.box.add(0.0, 1.0, whole=True))

    def one_of(self, choices: Sequence[Form], count: int = 1) -> None:
        """At least `count` of the choices are 1."""
        total = Form()
        for choice in choices:
            total = total.plus(choice)
        self.at_least(total, float(count))

    def above(self, form: Form, when: Form, opposite: bool = False) -> None:
        """form ≥ 0 when `when` is 1 (or 0, if `opposite`), by the least value it may have."""
        bound = self.finite(self.box.least(form))
        if bound >= 0:
            return
        # form − bound·(1 − when) ≥ 0, or form − bound·when ≥ 0
        row = form.plus(when, -bound) if opposite else form.shifted(-bound).plus(when, bound)
        self.at_least(row)

    def finite(self, bound: float) -> float:
        """A bound. Raises NoBoundError without one."""
        if not abs(bound) <= _LARGEST_M:
            raise NoBoundError
        return bound

    def gap(self, form: Form) -> float:
        """How far a form that is not above 0 must be below it, where steps are kept apart."""
        if not self.strict:
            return 0.0
        size = self.finite(self.box.most(form)) - self.finite(self.box.least(form))
        gap = max(_EDGE, _EDGE_OF_RANGE * size)
        self.edge = max(self.edge, gap)
        return gap
