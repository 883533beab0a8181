"""The formulas of one sheet as a graddesc reader sees them: by column, and by what they read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

from xlcollab.errors import XlcollabError
from xlcollab.formula import parse, references, relative_key
from xlcollab.formula.nodes import Binary, Call, Name, Node, Reference, Unary
from xlcollab.grid import Scalar, Sheet, Workbook
from xlcollab.ref import AreaRef, CellRef, absolute_name, parse_areas


@dataclass(frozen=True, slots=True)
class Beside:
    """A cell that moves with the row: `offset` rows from the formula, in `column`."""

    offset: int
    column: int


@dataclass(frozen=True, slots=True)
class Fixed:
    """A cell that is the same for every row."""

    cell: CellRef


Place = Beside | Fixed


@dataclass(frozen=True, slots=True)
class Column:
    """The formula that most rows of a block share in one column, its names resolved."""

    index: int
    node: Node

    def reads(self, offset: int = 0) -> set[int]:
        """The columns that it reads `offset` rows away."""
        return {
            place.column
            for place in self.places
            if isinstance(place, Beside) and place.offset == offset
        }

    @property
    def places(self) -> list[Place]:
        found = [place(reference, self.index) for reference in references(self.node)]
        return [one for one in found if one is not None]


def place(reference: Reference, column: int) -> Place | None:
    """Where a reference to one cell points, seen from a formula in `column`; None for areas."""
    if not reference.is_cell or reference.book or reference.last_sheet:
        return None
    if reference.top.absolute:
        cell = CellRef(reference.sheet or "", reference.top.value, reference.left.at(column))
        return Fixed(cell)
    return None if reference.sheet else Beside(reference.top.value, reference.left.at(column))


class SheetFormulas:
    """Keys and nodes of every plain formula cell of a sheet; each distinct form is parsed once."""

    def __init__(self, workbook: Workbook, sheet: Sheet) -> None:
        self.workbook, self.sheet = workbook, sheet
        self._nodes: dict[str, Node | None] = {}

    @cached_property
    def keys(self) -> dict[tuple[int, int], str]:
        """{(row, column): relative form}."""
        formulas, found = self.sheet.formulas, {}
        for i in range(len(formulas)):
            text = formulas.texts[formulas.text_ids[i]]
            row, column = int(formulas.anchor_rows[i]), int(formulas.anchor_columns[i])
            key = relative_key(text, row, column)
            if key not in self._nodes:
                self._nodes[key] = self._parsed(text, row, column)
            found[int(formulas.rows[i]), int(formulas.columns[i])] = key
        return found

    def _parsed(self, text: str, row: int, column: int) -> Node | None:
        try:
            return self._named(parse(text, row, column))
        except XlcollabError:
            return None

    def _named(self, node: Node) -> Node:
        """`node` with names of single cells replaced, and without the sheet's own name."""
        if isinstance(node, Name):
            found = self.named_area(node.name)
            if found is None:
                return node
            return self._named(parse(absolute_name(found), 0, 0))
        if isinstance(node, Reference) and node.sheet == self.sheet.name:
            return Reference(node.top, node.left, node.bottom, node.right)
        if isinstance(node, Unary):
            return Unary(node.operator, self._named(node.operand))
        if isinstance(node, Binary):
            return Binary(node.operator, self._named(node.left), self._named(node.right))
        if isinstance(node, Call):
            return Call(node.name, tuple(self._named(one) for one in node.arguments))
        return node

    def named_area(self, name: str) -> AreaRef | None:
        """The one area on this sheet that a defined name stands for; None if it does not."""
        found = self.workbook.name(name, self.sheet.name)
        try:
            areas = parse_areas(found.text, self.sheet.name) if found else []
        except XlcollabError:
            return None
        if len(areas) != 1 or areas[0].sheet.casefold() != self.sheet.name.casefold():
            return None
        return AreaRef(self.sheet.name, areas[0].rect)

    def node(self, row: int, column: int) -> Node | None:
        """The parsed formula of a cell; None where there is none or it cannot be parsed."""
        key = self.keys.get((row, column))
        return None if key is None else self._nodes[key]

    def column(self, column: int, rows: Iterable[int]) -> Column | None:
        """The formula that most of `rows` share in `column`, if at least half hold one."""
        rows = list(rows)
        counts = Counter(self.keys[row, column] for row in rows if (row, column) in self.keys)
        if 2 * counts.total() < len(rows):
            return None
        key = max(counts, key=lambda one: counts[one])
        node = self._nodes[key]
        return None if node is None else Column(column, node)

    def shares(self, row: int, column: Column) -> bool:
        """Whether the cell in `row` holds the column's own formula."""
        return self.node(row, column.index) == column.node

    def cell(self, row: int, column: int) -> CellRef:
        return CellRef(self.sheet.name, row, column)

    def at(self, found: Fixed) -> CellRef:
        """The cell of a place, its sheet filled in."""
        cell = found.cell
        return CellRef(cell.sheet or self.sheet.name, cell.row, cell.column)

    def value(self, cell: CellRef) -> Scalar:
        sheet = self.workbook.find(cell.sheet)
        return None if sheet is None else sheet.value(cell.row, cell.column)

    def is_number(self, cell: CellRef) -> bool:
        """Whether the cell holds a typed number."""
        return isinstance(self.value(cell), float) and not self.has_formula(cell)

    def has_formula(self, cell: CellRef) -> bool:
        return cell.sheet == self.sheet.name and (cell.row, cell.column) in self.keys

    def cell_formulas(self) -> list[tuple[CellRef, Node]]:
        """Every formula cell with its node."""
        return [
            (self.cell(row, column), node)
            for (row, column), key in self.keys.items()
            if (node := self._nodes[key]) is not None
        ]
