"""The cells outside the rows by which a tab looks back at an epoch: loss, norms, annealing."""

from __future__ import annotations

from dataclasses import dataclass, field

from xlcollab.formula import references
from xlcollab.formula.nodes import Binary, Call, Node, Reference
from xlcollab.problems.tab.formulas import SheetFormulas
from xlcollab.problems.tab.kind import Update, cell_of, is_call
from xlcollab.problems.tab.parts import Parts
from xlcollab.problems.tab.rules import CellRole, Kind
from xlcollab.problems.tab.terms import terms
from xlcollab.ref import CellRef, Rect


@dataclass(slots=True)
class Feedback:
    """`cells` by role, and for eve the number cells (loss before, loss before that, divisor)."""

    kind: Kind
    cells: dict[CellRole, CellRef] = field(default_factory=dict)
    eve: tuple[CellRef, CellRef, CellRef] | None = None


class Outside:
    """The formula cells that stand outside the rows of a chain."""

    def __init__(self, formulas: SheetFormulas, parts: Parts) -> None:
        self.formulas, self.parts = formulas, parts
        rows = parts.chain.rows
        self.cells = [
            (cell, node) for cell, node in formulas.cell_formulas() if cell.row not in rows
        ]

    def summary_of(self, column: int | None) -> CellRef | None:
        """The first cell outside whose formula reads an area of `column`."""
        if column is None:
            return None
        rows = self.parts.chain.rows
        column_rect = Rect(rows.start, column, len(rows), 1)
        for cell, node in self.cells:
            for reference in references(node):
                rect = _rect(reference, cell)
                if rect.width == 1 and rect.size > 1 and rect.intersection(column_rect):
                    return cell
        return None

    def read_cells(self) -> set[CellRef]:
        """Every cell that some formula of the sheet reads."""
        found: set[CellRef] = set()
        for cell, node in self.formulas.cell_formulas():
            for reference in references(node):
                rect = _rect(reference, cell)
                if rect.size <= 64:
                    found.update(CellRef(cell.sheet, row, column) for row, column in rect.cells())
        return found


def _rect(reference: Reference, home: CellRef) -> Rect:
    top, left = reference.top.at(home.row), reference.left.at(home.column)
    bottom, right = reference.bottom.at(home.row), reference.right.at(home.column)
    return Rect(min(top, bottom), min(left, right), abs(bottom - top) + 1, abs(right - left) + 1)


def find_feedback(kind: Kind, outside: Outside, updates: list[Update]) -> Feedback:
    """The roles of cells outside the rows; an annealed kind where there is an annealing."""
    found = Feedback(kind)
    loss = outside.summary_of(outside.parts.error)
    if loss is not None:
        found.cells["loss"] = loss
    if kind == "eve":
        _find_eve(found, outside, updates[0])
    elif kind == "adagrad":
        _find_growth(found, outside, updates)
    elif kind == "adam":
        _find_ratio(found, outside)
    return found


def _find_eve(found: Feedback, outside: Outside, update: Update) -> None:
    """dt = before · β + (1 - β) · |f1 - f2| / min(f1, f2) (Koushik and Hayashi 2016)."""
    formulas = outside.formulas
    cell = update.extra_divisor
    node = formulas.node(cell.row, cell.column) if cell is not None else None
    before = _number_cells(formulas, node, cell, once=True)
    if cell is None or node is None or not before:
        found.kind = "other"
        return
    decays = [one for one in _number_cells(formulas, node, cell) if one not in before]
    if decays:
        found.cells["feedback decay"] = decays[0]
    for change in _formula_cells(formulas, node, cell):
        losses = _number_cells(formulas, formulas.node(change.row, change.column), change)
        if len(losses) == 2:
            found.eve = (losses[0], losses[1], before[0])
            return
    found.kind = "other"


def _number_cells(
    formulas: SheetFormulas, node: Node | None, home: CellRef | None, *, once: bool = False
) -> list[CellRef]:
    """The number cells that a formula reads, in order; with `once`, those it names only once."""
    if node is None or home is None:
        return []
    cells = [cell_of(formulas, reference, home) for reference in references(node)]
    numbers = [cell for cell in cells if cell is not None and formulas.is_number(cell)]
    return [c for c in dict.fromkeys(numbers) if not once or numbers.count(c) == 1]


def _formula_cells(formulas: SheetFormulas, node: Node, home: CellRef) -> list[CellRef]:
    cells = [cell_of(formulas, reference, home) for reference in references(node)]
    return [c for c in cells if c is not None and formulas.has_formula(c)]


def _find_growth(found: Feedback, outside: Outside, updates: list[Update]) -> None:
    """SUMPRODUCT(norms, rates), and the number that remembers its last value."""
    rates = {update.rate_cell for update in updates}
    for cell, node in outside.cells:
        if not is_call(node, "SUMPRODUCT", 2) or not rates <= _cells_read(node, cell):
            continue
        limit = _remembering_cell(outside, cell)
        if limit is not None:
            found.kind = "adagrad_ann"
            found.cells |= {"growth": cell, "growth limit": limit}


def _cells_read(node: Node, home: CellRef) -> set[CellRef | None]:
    return {
        CellRef(home.sheet, row, column)
        for reference in references(node)
        for row, column in _rect(reference, home).cells()
    }


def _remembering_cell(outside: Outside, cell: CellRef) -> CellRef | None:
    """A number above the rows that no formula reads: the one equal to `cell`, else the last."""
    sheet, read = outside.formulas.sheet, outside.read_cells()
    unread = [
        CellRef(sheet.name, row, column)
        for row in range(outside.parts.chain.top)
        for column in range(sheet.width)
        if outside.formulas.is_number(CellRef(sheet.name, row, column))
        and CellRef(sheet.name, row, column) not in read
    ]
    equal = [one for one in unread if outside.formulas.value(one) == outside.formulas.value(cell)]
    chosen = equal or unread
    return chosen[-1] if chosen else None


def _find_ratio(found: Feedback, outside: Outside) -> None:
    """size / smallest size, where size reads the square memories."""
    formulas = outside.formulas
    for cell, node in outside.cells:
        if not (isinstance(node, Binary) and node.operator == "/"):
            continue
        size, smallest = (cell_of(formulas, part, cell) for part in (node.left, node.right))
        if size is None or smallest is None or not formulas.is_number(smallest):
            continue
        if formulas.has_formula(size) and _adds_roots(formulas.node(size.row, size.column)):
            found.kind = "adam_ann"
            found.cells |= {"ratio": cell, "size": size, "smallest size": smallest}


def _adds_roots(node: Node | None) -> bool:
    """SQRT(x) + SQRT(y) + …"""
    return node is not None and all(
        term.sign == 1 and len(term.factors) == 1 and _is_root(term.factors[0])
        for term in terms(node)
    )


def _is_root(node: Node) -> bool:
    return isinstance(node, Call) and node.name == "SQRT"
