"""What columns and weights are called, and the model in those words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from xlcollab.formula import to_text
from xlcollab.formula.nodes import Name, Node, Reference
from xlcollab.problems.tab.chain import Chain
from xlcollab.problems.tab.formulas import Beside, SheetFormulas, place
from xlcollab.problems.tab.parts import Parts
from xlcollab.problems.tab.rewriting import rewritten
from xlcollab.ref import column_letters

if TYPE_CHECKING:
    from xlcollab.problems.tab.pairs import PairFinder


def column_label(formulas: SheetFormulas, top: int, column: int) -> str:
    """The nearest text above the first row; the column's letters where there is none."""
    for row in range(top - 1, -1, -1):
        value = formulas.sheet.value(row, column)
        if isinstance(value, str) and value.strip():
            return value.strip()
    return column_letters(column)


def weight_names(formulas: SheetFormulas, chain: Chain, finder: PairFinder) -> list[str]:
    """A name per weight: its heading, else the text left of its start cell; all different."""
    names: list[str] = []
    for link in chain.links:
        name = column_label(formulas, chain.top, link.weight)
        start = finder.start(link.weight)
        if name == column_letters(link.weight) and start is not None and start.column:
            left = formulas.sheet.value(start.row, start.column - 1)
            name = left.strip() if isinstance(left, str) and left.strip() else name
        names.append(name if name not in names else f"{name} ({column_letters(link.weight)})")
    return names


def model_text(formulas: SheetFormulas, parts: Parts, prediction: int, target: int) -> str:
    """Such as "pred = b+a*x, to predict y"."""
    top = parts.chain.top
    worded = _worded(formulas, top, parts.columns[prediction].node, prediction)
    left = column_label(formulas, top, prediction)
    right = to_text(worded, top, prediction)
    return f"{left} = {right}, to predict {column_label(formulas, top, target)}"


def _worded(formulas: SheetFormulas, top: int, node: Node, column: int) -> Node:
    """`node` with the cells of its own row replaced by the headings of their columns."""

    def change(reference: Reference) -> Node:
        found = place(reference, column)
        if isinstance(found, Beside) and found.offset == 0:
            return Name(column_label(formulas, top, found.column))
        return reference

    return rewritten(node, change)
