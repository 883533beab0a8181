"""The operations whose pieces are known, and how each falls into kinks: a table.

A builder gives the columns that stand for an operation's result, one for each of its values.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from xlcollab.grid import Kind
from xlcollab.kernels.pieces.counting import conditional
from xlcollab.kernels.pieces.cut import Cutter, shape_of, terms_at
from xlcollab.kernels.pieces.kinks import CannotCutError, Kink, Operand, Term

Columns = NDArray[np.int64]
Builder = Callable[[Cutter, str, Sequence[Operand]], Columns]
"""(cutter, Excel's name, operands) → columns in the shape of the result"""

NUMBERS = (Kind.NUMBER,)
CONDITIONS = (Kind.NUMBER, Kind.BOOLEAN)


def _elementwise(form: str, swapped: bool = False) -> Builder:
    """One kink for each value."""

    def build(cutter: Cutter, name: str, operands: Sequence[Operand]) -> Columns:
        columns = cutter.inputs(shape_of(operands))
        for place, terms in terms_at(operands, columns.shape):
            ordered = terms[::-1] if swapped else terms
            cutter.kinks.append(Kink(form, int(columns[place]), ordered, name))
        return columns

    return build


def _comparison(form: str, swapped: bool = False) -> Builder:
    """Numbers with numbers: values of other types stand before or behind all of them."""
    build = _elementwise(form, swapped)

    def checked(cutter: Cutter, name: str, operands: Sequence[Operand]) -> Columns:
        if any((operand.kinds == Kind.BOOLEAN).any() for operand in operands):
            raise CannotCutError
        return build(cutter, name, operands)

    return checked


def _rounded(form: str) -> Builder:
    """Rounding to a constant number of decimals."""

    def build(cutter: Cutter, name: str, operands: Sequence[Operand]) -> Columns:
        digits = operands[1:]
        columns = cutter.inputs(shape_of(operands))
        for place, terms in terms_at(operands, columns.shape):
            decimals = terms[1] if digits else Term()
            if decimals.row >= 0 or abs(decimals.constant) > _MOST_DECIMALS:
                raise CannotCutError
            number = int(decimals.constant)
            cutter.kinks.append(Kink(form, int(columns[place]), terms[:1], name, number))
        return columns

    return build


_MOST_DECIMALS = 9
"""Steps of 1e-9: finer ones are below what a solver's tolerances tell apart."""


@dataclass(frozen=True, slots=True)
class _Aggregate:
    """One kink for each copy, of all its members."""

    form: str
    counted: tuple[Kind, ...] = NUMBERS

    def __call__(self, cutter: Cutter, name: str, operands: Sequence[Operand]) -> Columns:
        family = np.broadcast_shapes(*(operand.shape[:2] for operand in operands))
        columns = cutter.inputs((*family, 1, 1))
        for copy in np.ndindex(*family):
            where = (copy[0], copy[1])
            terms = [term for one in operands for term in one.members(where, self.counted)]
            if not terms:
                raise CannotCutError
            cutter.kinks.append(Kink(self.form, int(columns[(*copy, 0, 0)]), tuple(terms), name))
        return columns


def _median(cutter: Cutter, name: str, operands: Sequence[Operand]) -> Columns:
    family = np.broadcast_shapes(*(operand.shape[:2] for operand in operands))
    columns = cutter.inputs((*family, 1, 1))
    for copy in np.ndindex(*family):
        terms = [t for one in operands for t in one.members((copy[0], copy[1]), NUMBERS)]
        out, count = int(columns[(*copy, 0, 0)]), len(terms)
        if not count:
            raise CannotCutError
        if count % 2:
            cutter.kinks.append(Kink("smallest", out, tuple(terms), name, count // 2 + 1))
            continue
        middle = [cutter.add("smallest", terms, name, count // 2 + more) for more in (0, 1)]
        halves = tuple(Term(column=one.column, factor=0.5) for one in middle)
        cutter.kinks.append(Kink("sum", out, halves, name))
    return columns


def _ranked(from_end: bool) -> Builder:
    """LARGE and SMALL with a constant place."""

    def build(cutter: Cutter, name: str, operands: Sequence[Operand]) -> Columns:
        values, places = operands
        if (places.rows >= 0).any():
            raise CannotCutError
        values = Operand(values.rows, values.numbers, values.kinds, True)
        family = np.broadcast_shapes(values.shape[:2], places.shape[:2])
        shape = (*family, *places.shape[2:])
        columns, asked = cutter.inputs(shape), places.spread(shape)
        for place in np.ndindex(*shape):
            terms = list(values.members((place[0], place[1]), NUMBERS))
            number = int(np.floor(asked.numbers[place]))
            number = len(terms) + 1 - number if from_end else number
            if not 1 <= number <= len(terms):
                raise CannotCutError
            kink = Kink("smallest", int(columns[place]), tuple(terms), name, number)
            cutter.kinks.append(kink)
        return columns

    return build


def _sum_of_products(cutter: Cutter, name: str, operands: Sequence[Operand]) -> Columns:
    """SUMPRODUCT: the products pair by pair, then their sum."""
    family = np.broadcast_shapes(*(operand.shape[:2] for operand in operands))
    columns = cutter.inputs((*family, 1, 1))
    shape = (*family, *operands[0].shape[2:])
    spread = [operand.spread(shape) for operand in operands]
    for copy in np.ndindex(*family):
        parts = [
            _product(cutter, name, [one.term((*copy, *cell)) for one in spread])
            for cell in np.ndindex(*shape[2:])
            if all(one.kinds[(*copy, *cell)] == Kind.NUMBER for one in spread)
        ]
        cutter.kinks.append(Kink("sum", int(columns[(*copy, 0, 0)]), tuple(parts), name))
    return columns


def _product(cutter: Cutter, name: str, factors: Sequence[Term]) -> Term:
    moving = [factor for factor in factors if factor.row >= 0]
    constant = float(np.prod([one.constant for one in factors if one.row < 0]))
    if not moving:
        return Term(constant=constant)
    found = moving[0]
    for other in moving[1:]:
        found = cutter.add("product", (found, other), name)
    return Term(found.row, found.column, 0.0, constant)


KINKED: Mapping[str, Builder] = {
    "MAX": _Aggregate("max"),
    "MIN": _Aggregate("min"),
    "ABS": _elementwise("abs"),
    "IF": _elementwise("choice"),
    "AND": _Aggregate("all", CONDITIONS),
    "OR": _Aggregate("any", CONDITIONS),
    "NOT": _elementwise("not"),
    "<=": _comparison("at most"),
    ">=": _comparison("at most", swapped=True),
    "<": _comparison("below"),
    ">": _comparison("below", swapped=True),
    "=": _comparison("equal"),
    "<>": _comparison("unequal"),
    "MEDIAN": _median,
    "LARGE": _ranked(from_end=True),
    "SMALL": _ranked(from_end=False),
    "INT": _rounded("floor"),
    "TRUNC": _rounded("truncate"),
    "ROUNDDOWN": _rounded("truncate"),
    "ROUND": _rounded("round"),
    "ROUNDUP": _rounded("away"),
    "COUNTIF": conditional(counted=True),
    "COUNTIFS": conditional(counted=True),
    "SUMIF by variables": conditional(counted=False),
    "SUMIFS by variables": conditional(counted=False),
}
"""Operations that are cut out wherever they depend on the variables."""

MULTIPLIED: Mapping[str, Builder] = {"*": _elementwise("product"), "SUMPRODUCT": _sum_of_products}
"""Those that are cut out only where they multiply variables with each other."""
