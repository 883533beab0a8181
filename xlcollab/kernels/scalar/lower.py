"""Formula nodes → operations of the scalar machine, cell by cell.

What is known while lowering (texts, blanks, booleans, literals) stays a plain value; every number
cell and every computed number has a register. An `IF` whose condition is known takes one branch.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Mapping, Sequence

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
    shared,
)
from xlcollab.formula.signatures import SIGNATURES
from xlcollab.grid import ErrorCode, Kind, Scalar, Workbook
from xlcollab.kernels.scalar import ops
from xlcollab.kernels.scalar.frame import (
    Members,
    Operand,
    Register,
    as_number,
    common_kind,
    given,
    kind_of,
)
from xlcollab.kernels.scalar.functions import FORMS
from xlcollab.kernels.scalar.program import ScalarProgram
from xlcollab.kernels.text.texts import folded
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
        self._shared: frozenset[int] = frozenset()
        self._made: dict[int, Operand] = {}
        """What stands at several places of the formula that is lowered."""
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
            booleans=frozenset(
                c for c in self._formulas if kind_of(self._known[c]) is Kind.BOOLEAN
            ),
            refused=self._refused,
            extra=extra,
        )

    def refuse(self, cell: CellRef, reason: str) -> None:
        """Note that the formula in `cell` is not computed; whoever reads it is refused as well."""
        self._refused[cell] = reason

    def formula(self, cell: CellRef, node: Node, *, closing: bool, stored: bool) -> None:
        """Lower the formula that stands in `cell`; `closing` is as in its family.

        One that cannot be lowered is refused; with `stored`, its stored value is taken instead.
        An input stays as it is.
        """
        if cell in self._inputs:
            return
        self.begin(node)
        try:
            result = self._whole(node, cell, closing=closing)
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
            result = self.emit(ops.COPY, [result], common_kind([result]))
        self._known[cell] = result
        self._formulas.append(cell)

    def begin(self, node: Node) -> None:
        """Another formula, or another cell of one, is lowered from here on."""
        self._shared = shared(node)
        self._made.clear()

    def _whole(self, node: Node, cell: CellRef, *, closing: bool) -> Operand:
        """What the cell holds. Raises UnsupportedError."""
        if closing and isinstance(node, Binary):
            result = self._binary(node, cell, closing=True)
        else:
            result = self.expression(node, cell)
        if isinstance(result, Register) and result.kind is None:
            raise UnsupportedError("it is a number or TRUE or FALSE by turns")
        return result

    def expression(self, node: Node, cell: CellRef) -> Operand:
        """The value of `node` as seen from `cell`. Raises UnsupportedError."""
        if id(node) not in self._shared:
            return self._expression(node, cell)
        if id(node) not in self._made:
            self._made[id(node)] = self._expression(node, cell)
        return self._made[id(node)]

    def _expression(self, node: Node, cell: CellRef) -> Operand:
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

    def emit(
        self, code: int, operands: Iterable[Operand], kind: Kind | None = Kind.NUMBER
    ) -> Register:
        """Add an operation; its result."""
        self._operands.extend([self.register_of(operand) for operand in operands])
        result = self._new(0.0, kind)
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

    def members(self, arguments: Sequence[Node], cell: CellRef, *, truths: bool) -> Members:
        """What an aggregate of numbers (or of `truths`) is given: of cells what is a number (or a
        boolean as well), and everything given directly."""
        found = Members([], [])
        for node in arguments:
            chosen = self._branch_taken(node, cell)
            if not isinstance(chosen, Reference):
                found.values.append(self.expression(chosen, cell))
                continue
            for value in self.area(chosen, cell):
                if _counts(value, truths=truths):
                    found.values.append(value)
                elif isinstance(value, Register):
                    found.others.append(value)
        return found

    def _branch_taken(self, node: Node, cell: CellRef) -> Node:
        """What an IF whose condition is known stands for: it may be a reference.

        Raises UnsupportedError for one that refers to cells that an aggregate may step over.
        """
        while isinstance(node, Call) and node.name == "IF":
            condition = self.expression(node.arguments[0], cell)
            if isinstance(condition, Register):
                self._refuse_steps(node, cell)
                return node
            position = 1 if as_number(condition) else 2
            if position == len(node.arguments):
                return Boolean(False)
            node = node.arguments[position]
        return node

    def _refuse_steps(self, choice: Call, cell: CellRef) -> None:
        for branch in choice.arguments[1:]:
            taken = self._branch_taken(branch, cell)
            if isinstance(taken, Reference) and kind_of(self._single(taken, cell)) != Kind.NUMBER:
                raise UnsupportedError("an aggregate reads a cell or another, not all numbers")

    def area(self, node: Node, cell: CellRef) -> list[Operand]:
        """The values of the used part of an area, row by row. Raises UnsupportedError when it is
        none."""
        if not isinstance(node, Reference):
            raise UnsupportedError("an expression over whole areas is not a number formula")
        sheet, rect = self._place(node, cell)
        used = rect.intersection(self._sheets[sheet].used)
        if used is None:
            return []
        return [self.cell(CellRef(sheet, row, column)) for row, column in used.cells()]

    def size(self, node: Reference, cell: CellRef) -> tuple[int, int]:
        """The rows and columns of an area, its unused part as well."""
        _, rect = self._place(node, cell)
        return rect.height, rect.width

    def cell(self, cell: CellRef) -> Operand:
        """The value of a cell. Raises UnsupportedError when it could not be lowered."""
        if cell in self._refused:
            raise UnsupportedError(f"it reads {cell}: {self._refused[cell]}")
        if cell not in self._known:
            self._known[cell] = self._constant(self._workbook.value(cell))
        return self._known[cell]

    def _constant(self, value: Scalar) -> Operand:
        return self._new(value) if isinstance(value, float) else value

    def _new(self, value: float, kind: Kind | None = Kind.NUMBER) -> Register:
        self._values.append(value)
        return Register(len(self._values) - 1, kind)

    def error(self) -> Register:
        """A value that is an error."""
        return self.emit(ops.DIVIDE, [0.0, 0.0])

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

    def _binary(self, node: Binary, cell: CellRef, *, closing: bool = False) -> Operand:
        """Unrolls the left spine: `A1+A2+…` may be thousands of terms long. What stands elsewhere
        too is worked out once."""
        spine, left = [node], node.left
        while isinstance(left, Binary) and id(left) not in self._shared:
            spine.append(left)
            left = left.left
        result = self.expression(left, cell)
        for part in reversed(spine):
            right = self.expression(part.right, cell)
            if closing and part is node:
                return self.emit(ops.CLOSING[part.operator], [result, right])
            result = self._operation(part.operator, result, right)
        return result

    def _operation(self, sign: str, left: Operand, right: Operand) -> Operand:
        code = ops.OPERATORS.get(sign)
        if code is None:
            raise UnsupportedError(f"the operator {sign!r} is not a number formula")
        if code not in ops.COMPARISONS:
            return self.emit(code, [left, right])
        left, right = _filled(left, right), _filled(right, left)
        kinds = (kind_of(left), kind_of(right))
        if None in kinds:
            raise UnsupportedError("it compares what is a number or TRUE or FALSE by turns")
        if kinds in (_NUMBERS, _BOOLEANS):
            return self.emit(code, [left, right], Kind.BOOLEAN)
        return given(self, _compared(code, left, right), [left, right])

    def _call(self, node: Call, cell: CellRef) -> Operand:
        signature = SIGNATURES.get(node.name)
        if signature is None or not signature.scalar:
            raise UnsupportedError(f"the function {node.name} has no scalar form")
        if not signature.accepts(len(node.arguments)):
            raise UnsupportedError(f"{node.name} does not take {len(node.arguments)} arguments")
        return FORMS[signature.scalar](self, node.arguments, cell)


_NUMBERS = (Kind.NUMBER, Kind.NUMBER)
_BOOLEANS = (Kind.BOOLEAN, Kind.BOOLEAN)
_RANKS = {Kind.NUMBER: 0, Kind.TEXT: 1, Kind.BOOLEAN: 2}
"""Numbers come before texts, texts before booleans."""


def _counts(value: Operand, *, truths: bool) -> bool:
    """Whether a cell with this value is a number (or a truth) to an aggregate."""
    if isinstance(value, ErrorCode):
        raise UnsupportedError(f"it reads the error {value.text}")
    kind = kind_of(value)
    return kind is Kind.NUMBER or (truths and kind is Kind.BOOLEAN)


def _filled(operand: Operand, other: Operand) -> Operand:
    """A blank as the empty value of the other side's kind."""
    if operand is not None:
        return operand
    if isinstance(other, str):
        return ""
    return False if kind_of(other) is Kind.BOOLEAN else 0.0


def _compared(code: int, left: Operand, right: Operand) -> bool:
    """A comparison that no number decides: of two texts, or by the order of the kinds.

    Raises UnsupportedError for errors.
    """
    for value in (left, right):
        if isinstance(value, ErrorCode):
            raise UnsupportedError(f"it reads the error {value.text}")
    first, second = (_RANKS[kind_of(value) or Kind.NUMBER] for value in (left, right))
    if isinstance(left, str) and isinstance(right, str):
        keys = [folded(left), folded(right)]
        first, second = (sorted(set(keys)).index(key) for key in keys)
    return _COMPARED[code](first, second)


_COMPARED: Mapping[int, Callable[[int, int], bool]] = {
    ops.EQUAL: operator.eq,
    ops.UNEQUAL: operator.ne,
    ops.LESS: operator.lt,
    ops.AT_MOST: operator.le,
    ops.GREATER: operator.gt,
    ops.AT_LEAST: operator.ge,
}
