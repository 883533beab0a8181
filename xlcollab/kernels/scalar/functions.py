"""Functions that are made of several operations of the machine."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from xlcollab.errors import UnsupportedError
from xlcollab.formula.nodes import Boolean, Node
from xlcollab.kernels.scalar import ops
from xlcollab.kernels.scalar.frame import (
    Lowers,
    Operand,
    Register,
    ScalarForm,
    as_number,
    is_boolean,
)
from xlcollab.ref import CellRef


def _of_values(code: int) -> ScalarForm:
    """One operation on the arguments' values."""

    def form(lowering: Lowers, arguments: Sequence[Node], cell: CellRef) -> Operand:
        return lowering.emit(code, [lowering.expression(argument, cell) for argument in arguments])

    return form


def _of_members(code: int) -> ScalarForm:
    """One operation on all that an aggregate counts."""

    def form(lowering: Lowers, arguments: Sequence[Node], cell: CellRef) -> Operand:
        return lowering.emit(code, lowering.members(arguments, cell))

    return form


def _average(lowering: Lowers, arguments: Sequence[Node], cell: CellRef) -> Operand:
    return _mean(lowering, lowering.members(arguments, cell))


def _mean(lowering: Lowers, values: Sequence[Operand]) -> Operand:
    count = lowering.emit(ops.COUNT, values)
    return lowering.emit(ops.DIVIDE, [lowering.emit(ops.SUM, values), count])


def _deviations(lowering: Lowers, values: Sequence[Operand]) -> Operand:
    """Σ (x - mean)²."""
    mean = _mean(lowering, values)
    return lowering.emit(
        ops.SUM_OF_SQUARES, [lowering.emit(ops.SUBTRACT, [value, mean]) for value in values]
    )


def _devsq(lowering: Lowers, arguments: Sequence[Node], cell: CellRef) -> Operand:
    return _deviations(lowering, lowering.members(arguments, cell))


def _variance(less: float) -> ScalarForm:
    """Σ (x - mean)² / (n - less)."""

    def compose(lowering: Lowers, arguments: Sequence[Node], cell: CellRef) -> Operand:
        values = lowering.members(arguments, cell)
        count = lowering.emit(ops.SUBTRACT, [lowering.emit(ops.COUNT, values), less])
        return lowering.emit(ops.DIVIDE, [_deviations(lowering, values), count])

    return compose


def _root(inner: ScalarForm) -> ScalarForm:
    def compose(lowering: Lowers, arguments: Sequence[Node], cell: CellRef) -> Operand:
        return lowering.emit(ops.SQRT, [inner(lowering, arguments, cell)])

    return compose


def _products(lowering: Lowers, arguments: Sequence[Node], cell: CellRef) -> Operand:
    """SUMPRODUCT of areas: what is no number counts as 0."""
    columns = [lowering.area(argument, cell) for argument in arguments]
    if len({len(column) for column in columns}) != 1:
        raise UnsupportedError("SUMPRODUCT has areas of different sizes")
    total = []
    for row in zip(*columns, strict=True):
        values = [0.0 if value is None or isinstance(value, str | bool) else value for value in row]
        product: Operand = values[0]
        for value in values[1:]:
            product = lowering.emit(ops.MULTIPLY, [product, value])
        total.append(product)
    return lowering.emit(ops.SUM, total)


def _pairs(combine: Callable[[Lowers, Operand, Operand], Operand]) -> ScalarForm:
    """Σ of `combine` over two areas; a pair with a cell that is no number is left out."""

    def compose(lowering: Lowers, arguments: Sequence[Node], cell: CellRef) -> Operand:
        left, right = (lowering.area(argument, cell) for argument in arguments)
        if len(left) != len(right):
            raise UnsupportedError("two areas of different sizes are compared")
        kept = [
            combine(lowering, x, y)
            for x, y in zip(left, right, strict=True)
            if not any(value is None or isinstance(value, str | bool) for value in (x, y))
        ]
        return lowering.emit(ops.SUM, kept)

    return compose


def _square(lowering: Lowers, value: Operand) -> Operand:
    return lowering.emit(ops.MULTIPLY, [value, value])


def _difference_squared(lowering: Lowers, x: Operand, y: Operand) -> Operand:
    return _square(lowering, lowering.emit(ops.SUBTRACT, [x, y]))


def _squares_joined(code: int) -> Callable[[Lowers, Operand, Operand], Operand]:
    def combine(lowering: Lowers, x: Operand, y: Operand) -> Operand:
        return lowering.emit(code, [_square(lowering, x), _square(lowering, y)])

    return combine


def _pi(lowering: Lowers, arguments: Sequence[Node], cell: CellRef) -> Operand:
    del lowering, arguments, cell
    return 3.141592653589793


def _log(lowering: Lowers, arguments: Sequence[Node], cell: CellRef) -> Operand:
    """LOG(x, base), base 10 unless given."""
    value = lowering.expression(arguments[0], cell)
    if len(arguments) == 1:
        return lowering.emit(ops.LOG10, [value])
    base = lowering.emit(ops.LN, [lowering.expression(arguments[1], cell)])
    return lowering.emit(ops.DIVIDE, [lowering.emit(ops.LN, [value]), base])


def _choice(lowering: Lowers, arguments: Sequence[Node], cell: CellRef) -> Operand:
    """IF: one whose condition is known takes one branch."""
    condition = lowering.expression(arguments[0], cell)
    otherwise: Node = arguments[2] if len(arguments) > 2 else Boolean(False)
    if not isinstance(condition, Register):
        chosen = arguments[1] if as_number(condition) else otherwise
        return lowering.expression(chosen, cell)
    branches = [lowering.expression(branch, cell) for branch in (arguments[1], otherwise)]
    boolean = all(is_boolean(branch) for branch in branches)
    return lowering.emit(ops.SELECT, [condition, *branches], boolean=boolean)


def _if_error(lowering: Lowers, arguments: Sequence[Node], cell: CellRef) -> Operand:
    value, otherwise = (lowering.expression(argument, cell) for argument in arguments)
    return lowering.emit(ops.SELECT, [lowering.emit(ops.IS_ERROR, [value]), otherwise, value])


FORMS: Mapping[str, ScalarForm] = {
    **{name: _of_values(code) for name, code in ops.OF_VALUES.items()},
    **{name: _of_members(code) for name, code in ops.OF_MEMBERS.items()},
    "AVERAGE": _average,
    "DEVSQ": _devsq,
    "VAR.S": _variance(1.0),
    "VAR.P": _variance(0.0),
    "STDEV.S": _root(_variance(1.0)),
    "STDEV.P": _root(_variance(0.0)),
    "SUMPRODUCT": _products,
    "SUMXMY2": _pairs(_difference_squared),
    "SUMX2MY2": _pairs(_squares_joined(ops.SUBTRACT)),
    "SUMX2PY2": _pairs(_squares_joined(ops.ADD)),
    "LOG": _log,
    "PI": _pi,
    "IF": _choice,
    "IFERROR": _if_error,
}
"""The forms that records of functions name."""
