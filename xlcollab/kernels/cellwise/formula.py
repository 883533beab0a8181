"""A formula as a function of the cell in which it stands.

What has no such form raises NotCellwiseError while it is made, or in a cell: then the formula is
evaluated as blocks. Functions of plain values are those of the table, asked one value at a time.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from xlcollab.errors import XlcollabError
from xlcollab.formula.nodes import (
    Binary,
    Boolean,
    Call,
    ErrorValue,
    Missing,
    Node,
    Number,
    Reference,
    Text,
    Unary,
)
from xlcollab.formula.signatures import Param
from xlcollab.grid import ErrorCode, Scalar
from xlcollab.kernels.cellwise.aggregates import AGGREGATES, Argument
from xlcollab.kernels.cellwise.conditionals import CONDITIONALS
from xlcollab.kernels.cellwise.growing import Growing, grows
from xlcollab.kernels.cellwise.lookups import (
    LOOKUPS,
    CellFunction,
    Corners,
    NotCellwiseError,
    Searched,
)
from xlcollab.kernels.cellwise.products import sum_of_products, sums_products
from xlcollab.kernels.cellwise.running import running, runs
from xlcollab.kernels.cellwise.scalars import (
    ARITHMETIC,
    CLOSING,
    COMPARISONS,
    CONSTANTS,
    EXACT,
    LEFT_OUT,
    QUESTIONS,
    Two,
    arithmetic,
    comparison,
    joined,
    raised,
    truth_of,
)
from xlcollab.kernels.table import RECORDS
from xlcollab.kernels.values.arguments import ArgumentIsError
from xlcollab.kernels.values.block import Block, Context
from xlcollab.kernels.values.tape import Operation
from xlcollab.kernels.values.valuewise import Alone, NotAloneError
from xlcollab.plan.families import Family
from xlcollab.ref import MAX_COLUMNS, MAX_ROWS

_LITERALS = (Number, Text, Boolean)
_MADE = (*_LITERALS, Missing, Binary)
_Arguments = Callable[[int, int], Argument]
_DEEPEST = 60
"""Nodes inside one another: each is a call of Python's."""
_LARGEST_AREA = 4096
"""Cells: beyond, blocks of torch are quicker than cells one by one."""
_MOST_READ = 1_000_000
"""Cells of areas that the copies of one formula read: torch is loaded in the time of some
millions."""
_MOST_NODES = 500
"""Of one formula: one whose parts are shared, as names that use one another are, has millions."""


class Cells:
    """Where formulas look up the values of cells. `known` are by sheet and by the place of a cell:
    its row times the columns of a sheet, and its column."""

    known: dict[str, dict[int, Scalar]]
    places: dict[tuple[str, int, int, bool], Searched]
    growing: Growing

    def load(self, sheet: str, row: int, column: int) -> Scalar:
        """A value that is not known yet; from then on it is. Raises NotCellwiseError."""
        raise NotImplementedError

    def extent(self, sheet: str) -> tuple[int, int]:
        """The rows and columns beyond which cells are blank."""
        raise NotImplementedError


def cell_function(
    family: Family, cells: Cells, context: Context, *, alone: bool = False
) -> CellFunction:
    """The formula of a family; `alone`: without blocks, and within a bound on what is read. Raises
    NotCellwiseError."""
    if family.array or family.step != (1, 1):
        raise NotCellwiseError
    maker = _Maker(family.sheet, cells, context, _MOST_READ if alone else None)
    node = family.node
    if family.closing and isinstance(node, Binary) and node.operator in CLOSING:
        operation = arithmetic(CLOSING[node.operator], context.date1904)
        return _of_two(operation, maker.make(node.left, 1), maker.make(node.right, 1))
    return maker.make(node, 0)


class _Maker:
    """Makes functions of nodes, for the formulas of one sheet."""

    def __init__(
        self, sheet: str, cells: Cells, context: Context, most_read: int | None = None
    ) -> None:
        self._sheet, self._cells, self.context = sheet, cells, context
        self._most_read = most_read
        """Cells of areas that may still be read, and then no block may be asked; None: any."""
        self.places, self.growing = cells.places, cells.growing
        self._made = 0

    def make(self, node: Node, depth: int) -> CellFunction:
        """Raises NotCellwiseError."""
        self._made += 1
        if depth > _DEEPEST or self._made > _MOST_NODES:
            raise NotCellwiseError
        if isinstance(node, Reference):
            return self._cell(node)
        if isinstance(node, _LITERALS):
            return _always(node.value)
        if isinstance(node, Binary):
            return self._binary(node, depth + 1)
        if isinstance(node, Unary):
            return self._unary(node, depth + 1)
        if isinstance(node, Call):
            return self._call(node, depth + 1)
        if isinstance(node, Missing):
            return _always(None)
        if isinstance(node, ErrorValue):
            return _always(ErrorCode.from_text(node.text))
        raise NotCellwiseError

    def _binary(self, node: Binary, depth: int) -> CellFunction:
        sign = node.operator
        if sign in ARITHMETIC:
            operation: Two = arithmetic(ARITHMETIC[sign], self.context.date1904)
        elif sign in COMPARISONS:
            operation = comparison(COMPARISONS[sign])
        elif sign == "&":
            operation = joined
        elif sign == "^" and node.right == Number(2.0):
            operation = arithmetic(lambda x, _: x * x, self.context.date1904)
        elif sign == "^":
            operation = arithmetic(raised, self.context.date1904)
        else:
            raise NotCellwiseError
        return _of_two(operation, self.make(node.left, depth), self.make(node.right, depth))

    def _unary(self, node: Unary, depth: int) -> CellFunction:
        operand, date1904 = self.make(node.operand, depth), self.context.date1904
        if node.operator == "-":
            minus = arithmetic(lambda x, _: -x, date1904)
            return lambda row, column: minus(operand(row, column), 0.0)
        if node.operator == "%":
            part = arithmetic(lambda x, _: x / 100, date1904)
            return lambda row, column: part(operand(row, column), 0.0)
        if node.operator == "+":
            return operand
        raise NotCellwiseError

    def _call(self, node: Call, depth: int) -> CellFunction:
        record = RECORDS.get(node.name)
        if record is None or not record.signature.accepts(len(node.arguments)):
            raise NotCellwiseError
        if runs(node):
            return running(self, node, depth)
        if sums_products(node):
            return sum_of_products(self, node, depth)
        if node.name in AGGREGATES:
            return self._aggregate(node, depth)
        if node.name in LOOKUPS:
            return LOOKUPS[node.name](self, node, depth)
        if node.name in CONDITIONALS:
            return CONDITIONALS[node.name](self, node, depth)
        if node.name in EXACT:
            exact = arithmetic(EXACT[node.name], self.context.date1904)
            operands = [self.make(one, depth) for one in node.arguments]
            second = operands[1] if operands[1:] else _always(LEFT_OUT.get(node.name, 0.0))
            return _of_two(exact, operands[0], second)
        if node.name in CONSTANTS:
            return _always(CONSTANTS[node.name])
        if node.name == "IF":
            return self._choice(node.arguments, depth)
        if node.name in RESCUED:
            value, other = node.arguments
            return _rescued(node.name, self.make(value, depth), self.make(other, depth))
        if node.name in QUESTIONS:
            return _answered(QUESTIONS[node.name], self.make(node.arguments[0], depth))
        values = all(record.signature.param(i) is Param.VALUE for i in range(len(node.arguments)))
        alone = record.form is None and record.refers is None and record.areas is None
        if not (record.elementwise and values and alone) or record.random or record.run is None:
            raise NotCellwiseError
        if isinstance(record.run, Alone):
            return self._of_values(record.run, node.arguments, depth)
        return self._asked(record.operation, node.arguments, depth)

    def _of_values(self, function: Alone, nodes: Sequence[Node], depth: int) -> CellFunction:
        """A function that the table has for single values."""
        context, given = self.context, [self.make(one, depth) for one in nodes]

        def run(row: int, column: int) -> Scalar:
            try:
                found = function.of(context, [one(row, column) for one in given])
            except (NotAloneError, XlcollabError):
                raise NotCellwiseError from None
            if isinstance(found, str | bool | ErrorCode) or found is None:
                return found
            return float(found)

        return run

    def _asked(self, operation: Operation, nodes: Sequence[Node], depth: int) -> CellFunction:
        """A function of values as the table has it. Where it refuses, so do the blocks.

        A blank cell is not what is left out: only values that are surely cells, or surely none,
        are handed over.
        """
        if self._most_read is not None:
            raise NotCellwiseError
        context, given = self.context, [(self.make(one, depth), is_read(one)) for one in nodes]

        def run(row: int, column: int) -> Scalar:
            blocks = [_block(context, one(row, column), read) for one, read in given]
            try:
                found = operation.function(context, *blocks)
            except ArgumentIsError as error:
                return error.code
            except Exception:
                raise NotCellwiseError from None
            if found.shape.numel() != 1:
                raise NotCellwiseError
            return context.values(found)[0]

        return run

    def _choice(self, nodes: Sequence[Node], depth: int) -> CellFunction:
        """IF: the branch that is not taken is not asked."""
        condition = self.make(nodes[0], depth)
        yes = self.make(nodes[1], depth)
        no = self.make(nodes[2], depth) if len(nodes) > 2 else _always(False)

        def run(row: int, column: int) -> Scalar:
            truth = truth_of(condition(row, column))
            if isinstance(truth, ErrorCode):
                return truth
            return yes(row, column) if truth else no(row, column)

        return run

    def _aggregate(self, node: Call, depth: int) -> CellFunction:
        given = [self._argument(one, depth) for one in node.arguments]
        combined, date1904 = AGGREGATES[node.name], self.context.date1904
        return lambda row, column: combined((one(row, column) for one in given), date1904)

    def _argument(self, node: Node, depth: int) -> _Arguments:
        """What an aggregate is given. Raises NotCellwiseError for what may be a reference."""
        if isinstance(node, Reference):
            area = self._area(node)
            return lambda row, column: Argument(area(row, column), True)
        if is_read(node):
            raise NotCellwiseError
        value = self.make(node, depth)
        return lambda row, column: Argument((value(row, column),), False)

    def _cell(self, node: Reference) -> CellFunction:
        if not node.is_cell:
            raise NotCellwiseError
        sheet, (top, left) = self._sheet_of(node), (node.top, node.left)
        known, load = self._cells.known[sheet], self._cells.load
        row_at, down = top.value, not top.absolute
        column_at, across = left.value, not left.absolute

        def run(row: int, column: int) -> Scalar:
            row, column = row_at + row * down, column_at + column * across
            key = row * MAX_COLUMNS + column
            if 0 <= column < MAX_COLUMNS and key in known:
                return known[key]
            return load(sheet, row, column)

        return run

    def _sheet_of(self, node: Reference) -> str:
        sheet = node.sheet or self._sheet
        if node.book or node.last_sheet is not None or sheet not in self._cells.known:
            raise NotCellwiseError
        return sheet

    def _area(self, node: Reference) -> Callable[[int, int], list[Scalar]]:
        """The values of an area in reading order; blanks beyond the sheet's used part are left
        out, which no aggregate counts."""
        sheet, corners = self.corners(node)
        return lambda row, column: self.values(sheet, corners(row, column))

    def corners(self, node: Reference) -> tuple[str, Callable[[int, int], Corners]]:
        """The sheet of an area, and where it lies as seen from a cell."""
        sheet = self._sheet_of(node)

        def run(row: int, column: int) -> Corners:
            top, bottom = sorted((node.top.at(row), node.bottom.at(row)))
            left, right = sorted((node.left.at(column), node.right.at(column)))
            if min(top, left) < 0 or bottom >= MAX_ROWS or right >= MAX_COLUMNS:
                raise NotCellwiseError
            return top, left, bottom - top + 1, right - left + 1

        return sheet, run

    def values(self, sheet: str, corners: Corners) -> list[Scalar]:
        """The values of an area in reading order, without the blanks beyond the used part."""
        known, load = self._cells.known[sheet], self._cells.load
        (top, left, height, width), (rows, columns) = corners, self._cells.extent(sheet)
        down, across = range(top, min(top + height, rows)), range(left, min(left + width, columns))
        count = len(down) * len(across)
        if count > _LARGEST_AREA:
            raise NotCellwiseError
        if self._most_read is not None:
            self._most_read -= count
            if self._most_read < 0:
                raise NotCellwiseError
        return [
            known[key] if (key := r * MAX_COLUMNS + c) in known else load(sheet, r, c)
            for r in down
            for c in across
        ]

    def value(self, sheet: str, row: int, column: int) -> Scalar:
        """The value of a cell."""
        known, key = self._cells.known[sheet], row * MAX_COLUMNS + column
        return known[key] if key in known else self._cells.load(sheet, row, column)


def looks_along(node: Node) -> bool:
    """Whether a call looks at lines that grow: blocks would look at each from its first cell."""
    if not isinstance(node, Call):
        return False
    searches = node.name in CONDITIONALS or node.name in LOOKUPS
    grow = (isinstance(one, Reference) and grows(one) for one in node.arguments)
    return runs(node) or sums_products(node) or (searches and any(grow))


def is_read(node: Node) -> bool:
    """Whether a value is read from a cell rather than made. Raises NotCellwiseError where that may
    be either."""
    if isinstance(node, Reference):
        return True
    made = isinstance(node, _MADE) or (isinstance(node, Unary) and node.operator in "-%")
    record = RECORDS.get(node.name) if isinstance(node, Call) else None
    if record is not None:
        made = record.refers is None and record.areas is None
        made &= record.form is None or record.name in RESCUED
    if not made:
        raise NotCellwiseError
    return False


def _block(context: Context, value: Scalar, read: bool) -> Block:
    block = context.scalar(value)
    return Block(block.number, block.kind, cells=read)


def _always(value: Scalar) -> CellFunction:
    return lambda row, column: value


def _of_two(operation: Two, left: CellFunction, right: CellFunction) -> CellFunction:
    return lambda row, column: operation(left(row, column), right(row, column))


RESCUED = ("IFERROR", "IFNA")


def _rescued(name: str, value: CellFunction, other: CellFunction) -> CellFunction:
    """IFERROR, and IFNA, which lets other errors pass."""
    any_error = name == "IFERROR"

    def run(row: int, column: int) -> Scalar:
        tried = value(row, column)
        bad = isinstance(tried, ErrorCode) and (any_error or tried == ErrorCode.NA)
        return other(row, column) if bad else tried

    return run


def _answered(question: Callable[[Scalar], Scalar], value: CellFunction) -> CellFunction:
    return lambda row, column: question(value(row, column))
