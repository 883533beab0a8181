"""What the scalar forms of functions are given: operands, and whom they ask."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

from xlcollab.errors import UnsupportedError
from xlcollab.formula.nodes import Node, Reference
from xlcollab.grid import ErrorCode, Kind, Scalar
from xlcollab.kernels.scalar import ops
from xlcollab.ref import CellRef


@dataclass(frozen=True, slots=True)
class Register:
    """A value that is known when the program runs: a number, TRUE or FALSE, or (None) that which
    its condition says."""

    index: int
    kind: Kind | None = Kind.NUMBER


Operand = Register | Scalar
"""A register, or a value that is known now."""


@dataclass(frozen=True, slots=True)
class Members:
    """What an aggregate is given: `values` it counts, `others` it only asks for errors."""

    values: list[Operand]
    others: list[Register]


def kind_of(operand: Operand) -> Kind | None:
    """The kind of an operand; None where the program's run will tell a number or a boolean."""
    if isinstance(operand, Register):
        return operand.kind
    return _KINDS[type(operand)]


_KINDS = {
    type(None): Kind.BLANK,
    float: Kind.NUMBER,
    str: Kind.TEXT,
    bool: Kind.BOOLEAN,
    ErrorCode: Kind.ERROR,
}


def common_kind(operands: Sequence[Operand]) -> Kind | None:
    """The kind of a value that is one of several; what is blank shows 0."""
    kinds = {kind_of(operand) for operand in operands}
    kinds = {Kind.NUMBER if kind is Kind.BLANK else kind for kind in kinds}
    return kinds.pop() if len(kinds) == 1 else None


def as_number(value: Scalar) -> float:
    """The number a calculation takes from a value. Raises UnsupportedError for text and errors."""
    if value is None:
        return 0.0
    if isinstance(value, ErrorCode):
        raise UnsupportedError(f"it reads the error {value.text}")
    if isinstance(value, str):
        raise UnsupportedError(f"it calculates with the text {value!r}")
    return float(value)


class Lowers(Protocol):
    """Who turns nodes into operations: the lowering, as the forms of functions see it."""

    def expression(self, node: Node, cell: CellRef) -> Operand:
        """The value of `node` as seen from `cell`. Raises UnsupportedError."""

    def emit(
        self, code: int, operands: Iterable[Operand], kind: Kind | None = Kind.NUMBER
    ) -> Register:
        """Add an operation; its result."""

    def error(self) -> Register:
        """A value that is an error."""

    def members(self, arguments: Sequence[Node], cell: CellRef, *, truths: bool) -> Members:
        """What an aggregate of numbers (or of `truths`) is given. Raises UnsupportedError."""

    def area(self, node: Node, cell: CellRef) -> list[Operand]:
        """The values of an area, row by row, without what lies beyond the sheet's used part.

        Raises UnsupportedError when it is none.
        """

    def size(self, node: Reference, cell: CellRef) -> tuple[int, int]:
        """The rows and columns of an area."""


def given(lowering: Lowers, value: Operand, others: Sequence[Operand]) -> Operand:
    """`value`, or the error that stands among others."""
    watched = [other for other in others if isinstance(other, Register)]
    if not watched:
        return value
    return lowering.emit(ops.GIVEN, [value, *watched], kind_of(value))


ScalarForm = Callable[[Lowers, Sequence[Node], CellRef], Operand]
"""(lowering, arguments, cell of the formula) → the result. Raises UnsupportedError."""
