"""What looks like a mistake in a tab. Everything is computed as it stands; this only tells."""

from __future__ import annotations

from collections.abc import Iterator

from xlcollab.formula import to_text
from xlcollab.problems.tab.formulas import Column, SheetFormulas
from xlcollab.problems.tab.parts import Parts
from xlcollab.problems.tab.rules import RULES, Kind
from xlcollab.ref import column_letters

_ALWAYS = ("slope", "const", "lastslope", "lastconst")


def formula_oddities(formulas: SheetFormulas, parts: Parts) -> list[str]:
    """Cells of the block that differ from the rest of their column."""
    return [
        sentence
        for column in parts.columns.values()
        for sentence in _strangers(formulas, parts, column)
    ]


def _strangers(formulas: SheetFormulas, parts: Parts, column: Column) -> Iterator[str]:
    for row in parts.chain.rows:
        first_of_weight = row == parts.chain.top and column.index in parts.weights
        if first_of_weight or formulas.shares(row, column):
            continue
        node, cell = formulas.node(row, column.index), formulas.cell(row, column.index)
        usual = to_text(column.node, row, column.index)
        found = f"={to_text(node, row, column.index)}" if node else _content(formulas, row, column)
        letters = column_letters(column.index)
        yield f"{cell} holds {found}, where the rest of column {letters} would have ={usual}"


def _content(formulas: SheetFormulas, row: int, column: Column) -> str:
    value = formulas.sheet.value(row, column.index)
    return "nothing" if value is None else repr(value)


def broken_names(formulas: SheetFormulas, kind: Kind) -> list[str]:
    """Names that the tab's epoch needs and that stand for no cells of its sheet."""
    found = []
    for name in (*_ALWAYS, *RULES[kind].names):
        defined = formulas.workbook.name(name, formulas.sheet.name)
        if defined is not None and formulas.named_area(name) is None:
            found.append(
                f"the name {name} stands for {defined.text}, which is no area of "
                f"{formulas.sheet.name}; the cell is taken from the formulas"
            )
    return found
