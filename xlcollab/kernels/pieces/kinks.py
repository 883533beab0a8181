"""What a kink is once it is cut out: a number, what it is made of, and how."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from xlcollab.grid import Kind


class CannotCutError(Exception):
    """An operation that is none of those we know the pieces of. Never seen by a user."""


@dataclass(frozen=True, slots=True)
class Term:
    """factor · (a row of the cut function's result, or a column of its argument) + constant."""

    row: int = -1
    column: int = -1
    constant: float = 0.0
    factor: float = 1.0


ERROR = Term(constant=0.0, factor=0.0)
"""A branch that is an error: any number serves, for a point that takes it is no solution."""


@dataclass(frozen=True, slots=True)
class Kink:
    """Column `out` of the cut function's argument equals `form` of the terms.

    Forms: "max", "min", "abs", "sum", "product"; "choice" (condition, yes, no); "at most", "below",
    "equal", "unequal" (a, b), which are 1 or 0; "all", "any", "not" (conditions); "smallest" (the
    values; `number` says which, from 1); "floor", "ceiling", "round", "truncate" (a; to `number`
    decimals).
    """

    form: str
    out: int
    terms: tuple[Term, ...]
    name: str
    """The function it comes from, as Excel calls it."""
    number: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class Operand:
    """An argument: `rows` (R, C, h, w) in the cut function's result, -1 where it is `numbers`."""

    rows: NDArray[np.int64]
    numbers: NDArray[np.float64]
    kinds: NDArray[np.uint8]
    cells: bool

    @property
    def shape(self) -> tuple[int, ...]:
        return self.rows.shape

    def term(self, place: tuple[int, ...]) -> Term:
        """The number at a place. Raises CannotCutError where there is none."""
        if self.kinds[place] == Kind.ERROR:
            return ERROR
        if self.kinds[place] not in (Kind.NUMBER, Kind.BOOLEAN, Kind.BLANK):
            raise CannotCutError
        row = int(self.rows[place])
        return Term(row=row) if row >= 0 else Term(constant=float(self.numbers[place]))

    def spread(self, shape: tuple[int, ...]) -> Operand:
        """Broadcast to a shape."""
        try:
            return Operand(
                np.broadcast_to(self.rows, shape),
                np.broadcast_to(self.numbers, shape),
                np.broadcast_to(self.kinds, shape),
                self.cells,
            )
        except ValueError:
            raise CannotCutError from None

    def members(self, copy: tuple[int, int], counted: tuple[Kind, ...]) -> Iterator[Term]:
        """The numbers that one copy of an aggregate sees in this argument."""
        row, column = (min(at, size - 1) for at, size in zip(copy, self.shape[:2], strict=True))
        direct = not self.cells and self.rows[0, 0].size == 1
        for place in np.ndindex(*self.shape[2:]):
            where = (row, column, *place)
            if self.kinds[where] == Kind.ERROR:
                raise CannotCutError
            if direct or self.kinds[where] in counted:
                yield self.term(where)
