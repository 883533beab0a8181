"""What the scalar forms of functions are given: operands, and whom they ask."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

from xlcollab.errors import UnsupportedError
from xlcollab.formula.nodes import Node
from xlcollab.grid import ErrorCode, Scalar
from xlcollab.ref import CellRef


@dataclass(frozen=True, slots=True)
class Register:
    """A number that is known when the program runs."""

    index: int
    boolean: bool = False


Operand = Register | Scalar
"""A register, or a value that is known now."""


def is_boolean(value: Operand) -> bool:
    return value.boolean if isinstance(value, Register) else isinstance(value, bool)


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

    def emit(self, code: int, operands: Iterable[Operand], *, boolean: bool = False) -> Register:
        """Add an operation; its result."""

    def members(self, arguments: Sequence[Node], cell: CellRef) -> list[Operand]:
        """What an aggregate counts: numbers of cells, and everything given directly."""

    def area(self, node: Node, cell: CellRef) -> list[Operand]:
        """The values of an area, row by row. Raises UnsupportedError when it is none."""


ScalarForm = Callable[[Lowers, Sequence[Node], CellRef], Operand]
"""(lowering, arguments, cell of the formula) → the result. Raises UnsupportedError."""
