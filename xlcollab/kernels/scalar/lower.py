"""Formula nodes → operations of the scalar machine, cell by cell.

What is known while lowering (texts, blanks, booleans, literals) stays a plain value; every number
cell and every computed number has a register. An `IF` whose condition is known takes one branch.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from xlcollab.errors import ModelError, UnsupportedError
from xlcollab.formula.nodes import (
    Binary,
    Boolean,
    Call,
    Missing,
    Node,
    Number,
    Reference,
    Text,
    Unary,
)
from xlcollab.formula.signatures import SIGNATURES
from xlcollab.grid import Scalar, Workbook
from xlcollab.kernels.scalar import ops
from xlcollab.kernels.scalar.frame import Operand, Register, as_number, is_boolean
from xlcollab.kernels.scalar.functions import FORMS
from xlcollab.kernels.scalar.program import ScalarProgram
from xlcollab.plan import Family
from xlcollab.plan.regions import bounding
from xlcollab.ref import CellRef, Rect


class Lowering:
    """Collects registers and operations."""

    def __init__(self, workbook: Workbook, inputs: Sequence[CellRef]) -> None:
        self._workbook = workbook
        self._sheets = {sheet.name: sheet for sheet in workbook}
        self._values: list[float] = []
        self._literals: dict[float, Register] = {}
        self._known: dict[CellRef, Operand] = {}
        self._refused: dict[CellRef, str] = {}
        self._formulas: list[CellRef] = []
        self._computed: set[int] = set()
        self._codes: list[int] = []
        self._results: list[int] = []
        self._starts: list[int] = [0]
        self._operands: list[int] = []
        self._inputs = frozenset(inputs)
        for cell in inputs:
            self._known[cell] = self._new(as_number(workbook.value(cell)))

    def program(self, extra: Mapping[str, int]) -> ScalarProgram:
        """The finished program."""
        return ScalarProgram(
            codes=np.array(self._codes, np.int32),
            results=np.array(self._results, np.int32),
            starts=np.array(self._starts, np.int32),
            operands=np.array(self._operands, np.int32),
            initial=np.array(self._values, np.float64),
            cells={c: o.index for c, o in self._known.items() if isinstance(o, Register)},
            formulas=tuple(self._formulas),
            booleans=frozenset(c for c in self._formulas if is_boolean(self._known[c])),
            refused=self._refused,
            extra=extra,
        )

    def refuse(self, cell: CellRef, reason: str) -> None:
        """Note that the formula in `cell` is not computed; whoever reads it is refused as well."""
        self._refused[cell] = reason

    def formula(self, cell: CellRef, node: Node, *, stored: bool) -> None:
        """Lower the formula that stands in `cell`.

        One that cannot be lowered is refused; with `stored`, its stored value is taken instead.
        An input stays as it is.
        """
        if cell in self._inputs:
            return
        try:
            result = self.expression(node, cell)
        except ModelError as error:
            value = self._workbook.value(cell)
            if not stored or value is None:
                self.refuse(cell, str(error))
            else:
                self._known[cell] = self._constant(value)
            return
        if isinstance(result, str):
            self._known[cell] = result
            return
        # The register of an input must not be shared: it changes before the next recalculation.
        if not (isinstance(result, Register) and result.index in self._computed):
            result = self.emit(ops.COPY, [result], boolean=is_boolean(result))
        self._known[cell] = result
        self._formulas.append(cell)

    def expression(self, node: Node, cell: CellRef) -> Operand:
        """The value of `node` as seen from `cell`. Raises UnsupportedError."""
        if isinstance(node, Number | Text | Boolean):
            return node.value
        if isinstance(node, Missing):
            return None
        if isinstance(node, Reference):
            return self._single(node, cell)
        if isinstance(node, Unary):
            return self._unary(node, cell)
        if isinstance(node, Binary):
            return self._binary(node, cell)
        if isinstance(node, Call):
            return self._call(node, cell)
        raise UnsupportedError(f"{type(node).__name__} is not a number formula")

    def emit(self, code: int, operands: Iterable[Operand], *, boolean: bool = False) -> Register:
        """Add an operation; its result."""
        self._operands.extend([self.register_of(operand) for operand in operands])
        result = self._new(0.0, boolean or code in ops.BOOLEAN_CODES)
        self._computed.add(result.index)
        self._codes.append(code)
        self._results.append(result.index)
        self._starts.append(len(self._operands))
        return result

    def register_of(self, operand: Operand) -> int:
        """The register of an operand in a calculation: blanks are 0, booleans 0 or 1."""
        if isinstance(operand, Register):
            return operand.index
        number = as_number(operand)
        if number not in self._literals:
            self._literals[number] = self._new(number)
        return self._literals[number].index

    def members(self, arguments: Sequence[Node], cell: CellRef) -> list[Operand]:
        """What an aggregate counts: numbers of cells, and everything given directly."""
        found: list[Operand] = []
        for node in arguments:
            if isinstance(node, Reference):
                found += [value for value in self.area(node, cell) if _counts(value)]
            else:
                found.append(self.expression(node, cell))
        return found

    def area(self, node: Node, cell: CellRef) -> list[Operand]:
        """The values of an area, row by row. Raises UnsupportedError when it is none."""
        if not isinstance(node, Reference):
            raise UnsupportedError("an expression over whole areas is not a number formula")
        sheet, rect = self._place(node, cell)
        used = rect.intersection(self._sheets[sheet].used)
        if used is None:
            return []
        return [self.cell(CellRef(sheet, row, column)) for row, column in used.cells()]

    def cell(self, cell: CellRef) -> Operand:
        """The value of a cell. Raises UnsupportedError when it could not be lowered."""
        if cell in self._refused:
            raise UnsupportedError(f"it reads {cell}: {self._refused[cell]}")
        if cell not in self._known:
            self._known[cell] = self._constant(self._workbook.value(cell))
        return self._known[cell]

    def _constant(self, value: Scalar) -> Operand:
        return self._new(value) if isinstance(value, float) else value

    def _new(self, value: float, boolean: bool = False) -> Register:
        self._values.append(value)
        return Register(len(self._values) - 1, boolean)

    def _place(self, node: Reference, cell: CellRef) -> tuple[str, Rect]:
        home = Family(cell.sheet, Rect(cell.row, cell.column), node)
        rect = bounding(node, home)
        if rect is None or node.sheet is None or node.book:
            raise UnsupportedError("a reference leaves the workbook")
        return node.sheet, rect

    def _single(self, node: Reference, cell: CellRef) -> Operand:
        sheet, rect = self._place(node, cell)
        if rect.size > 1:
            raise UnsupportedError(f"the area {rect} stands where one number belongs")
        return self.cell(CellRef(sheet, rect.top, rect.left))

    def _unary(self, node: Unary, cell: CellRef) -> Operand:
        operand = self.expression(node.operand, cell)
        if node.operator == "-":
            return self.emit(ops.NEGATE, [operand])
        if node.operator == "%":
            return self.emit(ops.DIVIDE, [operand, 100.0])
        if node.operator in ("+", "@"):
            return operand
        raise UnsupportedError(f"the operator {node.operator} is not a number formula")

    def _binary(self, node: Binary, cell: CellRef) -> Operand:
        """Unrolls the left spine: `A1+A2+…` may be thousands of terms long."""
        spine: list[Binary] = []
        left: Node = node
        while isinstance(left, Binary):
            spine.append(left)
            left = left.left
        result = self.expression(left, cell)
        for part in reversed(spine):
            result = self._operation(part.operator, result, self.expression(part.right, cell))
        return result

    def _operation(self, operator: str, left: Operand, right: Operand) -> Operand:
        if operator in ("=", "<>") and not _both_numbers(left, right):
            return (_equal(left, right)) == (operator == "=")
        if operator not in ops.OPERATORS:
            raise UnsupportedError(f"the operator {operator!r} is not a number formula")
        return self.emit(ops.OPERATORS[operator], [left, right])

    def _call(self, node: Call, cell: CellRef) -> Operand:
        signature = SIGNATURES.get(node.name)
        if signature is None or not signature.scalar:
            raise UnsupportedError(f"the function {node.name} has no scalar form")
        if not signature.accepts(len(node.arguments)):
            raise UnsupportedError(f"{node.name} does not take {len(node.arguments)} arguments")
        return FORMS[signature.scalar](self, node.arguments, cell)


def _counts(value: Operand) -> bool:
    """Whether a cell with this value is a number to an aggregate."""
    return isinstance(value, Register) and not value.boolean


def _both_numbers(left: Operand, right: Operand) -> bool:
    """Whether a comparison is one of numbers; a blank compares as 0 with a number."""
    return all(
        isinstance(value, Register) or value is None or isinstance(value, float)
        for value in (left, right)
    ) and not (left is None and right is None)


def _equal(left: Operand, right: Operand) -> bool:
    """Equality of values that are not both numbers: texts ignore case, a blank is an empty text."""
    texts = [
        value if isinstance(value, str) else "" if value is None else None
        for value in (left, right)
    ]
    if None in texts:
        return left == right and type(left) is type(right)
    return str(texts[0]).casefold() == str(texts[1]).casefold()
