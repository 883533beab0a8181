"""Functions that are made of several operations of the machine."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from math import prod

from xlcollab.errors import UnsupportedError
from xlcollab.formula.nodes import Boolean, Node, Reference
from xlcollab.grid import ErrorCode, Kind
from xlcollab.kernels.scalar import ops
from xlcollab.kernels.scalar.frame import (
    Lowers,
    Operand,
    Register,
    ScalarForm,
    as_number,
    common_kind,
    given,
    kind_of,
)
from xlcollab.ref import CellRef


def _of_values(code: int) -> ScalarForm:
    """One operation on the arguments' values."""

    def form(lowering: Lowers, arguments: Sequence[Node], cell: CellRef) -> Operand:
        values = [lowering.expression(argument, cell) for argument in arguments]
        return lowering.emit(
            code, values, Kind.BOOLEAN if code in ops.BOOLEAN_CODES else Kind.NUMBER
        )

    return form


def _of_numbers(code: int) -> ScalarForm:
    """One operation on the numbers that an aggregate counts; 0 without any."""

    def form(lowering: Lowers, arguments: Sequence[Node], cell: CellRef) -> Operand:
        found = lowering.members(arguments, cell, truths=False)
        value: Operand = lowering.emit(code, found.values) if found.values else 0.0
        return given(lowering, value, found.others)

    return form


def _of_truths(code: int) -> ScalarForm:
    """One operation on conditions; an error without any."""

    def form(lowering: Lowers, arguments: Sequence[Node], cell: CellRef) -> Operand:
        found = lowering.members(arguments, cell, truths=True)
        if not found.values:
            return lowering.error()
        return lowering.emit(code, found.values, Kind.BOOLEAN)

    return form


def _count(lowering: Lowers, arguments: Sequence[Node], cell: CellRef) -> Operand:
    return lowering.emit(ops.COUNT, lowering.members(arguments, cell, truths=False).values)


Statistic = Callable[[Lowers, Sequence[Operand]], Operand]


def _statistic(compute: Statistic, least: int) -> ScalarForm:
    """A statistic of the numbers that an aggregate counts; an error for fewer than `least`."""

    def form(lowering: Lowers, arguments: Sequence[Node], cell: CellRef) -> Operand:
        found = lowering.members(arguments, cell, truths=False)
        if len(found.values) < least:
            return lowering.error()
        return given(lowering, compute(lowering, found.values), found.others)

    return form


def _mean(lowering: Lowers, values: Sequence[Operand]) -> Operand:
    return lowering.emit(ops.DIVIDE, [lowering.emit(ops.SUM, values), float(len(values))])


def _deviations(lowering: Lowers, values: Sequence[Operand]) -> Operand:
    """Σ (x - mean)²."""
    mean = _mean(lowering, values)
    return lowering.emit(
        ops.SUM_OF_SQUARES, [lowering.emit(ops.SUBTRACT, [value, mean]) for value in values]
    )


def _variance(less: int) -> Statistic:
    """Σ (x - mean)² / (n - less)."""

    def compute(lowering: Lowers, values: Sequence[Operand]) -> Operand:
        freedom = float(len(values) - less)
        return lowering.emit(ops.DIVIDE, [_deviations(lowering, values), freedom])

    return compute


def _deviation(less: int) -> Statistic:
    variance = _variance(less)

    def compute(lowering: Lowers, values: Sequence[Operand]) -> Operand:
        return lowering.emit(ops.SQRT, [variance(lowering, values)])

    return compute


def _side_by_side(
    lowering: Lowers, arguments: Sequence[Node], cell: CellRef, *, turned: bool
) -> tuple[list[list[Operand]], bool]:
    """(the values of areas of one size, each row by row; whether each is one cell). With `turned` a
    row may stand beside a column. Raises UnsupportedError for others."""
    columns = [lowering.area(argument, cell) for argument in arguments]
    areas = [argument for argument in arguments if isinstance(argument, Reference)]
    sizes = [lowering.size(area, cell) for area in areas]
    whole = all(len(column) == prod(size) for column, size in zip(columns, sizes, strict=True))
    alike = len(set(sizes)) == 1 or (turned and whole)
    if not alike or len({len(column) for column in columns}) != 1:
        raise UnsupportedError("areas of different sizes stand side by side")
    return columns, sizes[0] == (1, 1)


def _products(lowering: Lowers, arguments: Sequence[Node], cell: CellRef) -> Operand:
    """SUMPRODUCT of areas: what is no number counts as 0, but single cells are multiplied."""
    columns, single = _side_by_side(lowering, arguments, cell, turned=False)
    single &= len(columns) > 1
    total: list[Operand] = []
    others: list[Operand] = []
    for row in zip(*columns, strict=True):
        numbers = [value for value in row if single or _is_number(value)]
        if len(numbers) < len(row):
            others += row
            continue
        product = numbers[0]
        for value in numbers[1:]:
            product = lowering.emit(ops.MULTIPLY, [product, value])
        total.append(product)
    return given(lowering, lowering.emit(ops.SUM, total), others)


def _is_number(value: Operand) -> bool:
    """Whether a cell is a number. Raises UnsupportedError where that is not known before."""
    kind = kind_of(value)
    if kind is None:
        raise UnsupportedError("it asks of a cell that is a number or TRUE or FALSE by turns")
    if isinstance(value, ErrorCode):
        raise UnsupportedError(f"it reads the error {value.text}")
    return kind is Kind.NUMBER


def _are_numbers(pair: tuple[Operand, Operand]) -> bool:
    left, right = pair
    return _is_number(left) & _is_number(right)


def _pairs(combine: Callable[[Lowers, Operand, Operand], Operand]) -> ScalarForm:
    """Σ of `combine` over two areas; a pair with a cell that is no number is left out."""

    def compose(lowering: Lowers, arguments: Sequence[Node], cell: CellRef) -> Operand:
        (left, right), _ = _side_by_side(lowering, arguments, cell, turned=True)
        pairs = list(zip(left, right, strict=True))
        kept = [pair for pair in pairs if _are_numbers(pair)]
        if not kept:
            return lowering.error()
        total = lowering.emit(ops.SUM, [combine(lowering, x, y) for x, y in kept])
        return given(lowering, total, [value for pair in pairs for value in pair])

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
    return lowering.emit(ops.SELECT, [condition, *branches], common_kind(branches))


def _if_error(lowering: Lowers, arguments: Sequence[Node], cell: CellRef) -> Operand:
    value, otherwise = (lowering.expression(argument, cell) for argument in arguments)
    failed = lowering.emit(ops.IS_ERROR, [value])
    return lowering.emit(ops.SELECT, [failed, otherwise, value], common_kind([value, otherwise]))


FORMS: Mapping[str, ScalarForm] = {
    **{name: _of_values(code) for name, code in ops.OF_VALUES.items()},
    **{name: _of_numbers(code) for name, code in ops.OF_NUMBERS.items()},
    **{name: _of_truths(code) for name, code in ops.OF_TRUTHS.items()},
    "COUNT": _count,
    "AVERAGE": _statistic(_mean, 1),
    "DEVSQ": _statistic(_deviations, 1),
    "VAR.S": _statistic(_variance(1), 2),
    "VAR.P": _statistic(_variance(0), 1),
    "STDEV.S": _statistic(_deviation(1), 2),
    "STDEV.P": _statistic(_deviation(0), 1),
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
