"""COUNTIF, SUMIF and their kin where the variables are what is tested."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from xlcollab.grid import Kind, decode
from xlcollab.kernels.functions.conditional.criteria import Criterion, criterion
from xlcollab.kernels.functions.conditional.criteria import Operand as Compared
from xlcollab.kernels.pieces.cut import Cutter
from xlcollab.kernels.pieces.kinks import CannotCutError, Kink, Operand, Term

_COMPARISONS: dict[str, tuple[str, bool]] = {
    "=": ("equal", False),
    "<>": ("unequal", False),
    "<": ("below", False),
    "<=": ("at most", False),
    ">": ("below", True),
    ">=": ("at most", True),
}
_SIGNS = tuple(_COMPARISONS)
"""In the order in which criteria number them."""


def conditional(counted: bool) -> Callable[[Cutter, str, Sequence[Operand]], NDArray[np.int64]]:
    """(values unless `counted`, range, criterion, …) → how many fit, or their values' sum.

    For criteria that are constant and compare with a number.
    """

    def build(cutter: Cutter, name: str, operands: Sequence[Operand]) -> NDArray[np.int64]:
        pairs = operands if counted else operands[1:]
        tested, criteria = pairs[::2], pairs[1::2]
        asked = [_single(cutter, one) for one in criteria]
        if any(operand.shape[:2] != (1, 1) for operand in operands):
            raise CannotCutError
        cells = list(np.ndindex(*tested[0].shape[2:]))
        parts = []
        for cell in cells:
            place = (0, 0, *cell)
            fits = [_fits(cutter, name, *pair, place) for pair in zip(tested, asked, strict=True)]
            fitting = fits[0] if len(fits) == 1 else cutter.add("all", fits, name)
            value = None if counted else _value(operands[0], place)
            parts += _counted(cutter, name, fitting, value)
        column = cutter.inputs((1, 1, 1, 1))
        cutter.kinks.append(Kink("sum", int(column[0, 0, 0, 0]), tuple(parts), name))
        return column

    return build


def _value(values: Operand, place: tuple[int, ...]) -> Term:
    return values.term(place) if values.kinds[place] == Kind.NUMBER else Term()


def _counted(cutter: Cutter, name: str, fitting: Term, value: Term | None) -> list[Term]:
    if value is None:
        return [fitting]
    if value.row < 0:
        return [Term(fitting.row, fitting.column, 0.0, value.constant)]
    return [cutter.add("choice", (fitting, value, Term()), name)]


def _single(cutter: Cutter, operand: Operand) -> Criterion:
    if operand.rows.size != 1 or operand.rows.flat[0] >= 0:
        raise CannotCutError
    texts = cutter.context.texts
    value = decode(int(operand.kinds.flat[0]), float(operand.numbers.flat[0]), texts)
    found = criterion(cutter.context, value)
    if found.operand is not Compared.NUMBER:
        raise CannotCutError
    return found


def _fits(
    cutter: Cutter, name: str, tested: Operand, asked: Criterion, place: tuple[int, ...]
) -> Term:
    sign = _SIGNS[asked.operator]
    if tested.kinds[place] != Kind.NUMBER:
        return Term(constant=float(sign == "<>"))
    form, swapped = _COMPARISONS[sign]
    pair = (tested.term(place), Term(constant=asked.number))
    return cutter.add(form, pair[::-1] if swapped else pair, name)
