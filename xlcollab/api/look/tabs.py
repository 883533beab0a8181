"""What was recognised on a graddesc tab, as plain numbers and texts."""

from __future__ import annotations

from xlcollab.problems.tab.tab import GraddescTab
from xlcollab.ref import CellRef, cell_name


def tab_json(tab: GraddescTab) -> dict[str, object]:
    """Data, model, optimiser, settings, copy pairs and oddities."""
    return {
        "sheet": tab.sheet,
        "optimizer": tab.optimizer,
        "model": tab.model,
        "data": [str(tab.area(column)) for column in tab.data],
        "target": str(tab.area(tab.target)),
        "rows": len(tab.rows),
        "weights": [
            {"name": weight.name, "start": None if weight.start is None else str(weight.start)}
            for weight in tab.weights
        ],
        "settings": [
            {"name": one.name, "value": one.value, "cell": one.cell and str(one.cell)}
            for one in tab.settings
        ],
        "copies": [
            {"source": str(pair.source), "target": str(pair.target), "from": pair.origin}
            for pair in tab.pairs
        ],
        "odd": list(tab.oddities),
    }


def tab_line(tab: GraddescTab) -> tuple[object, ...]:
    """A summary line: sheet, optimiser, model, rows, settings, copies."""
    settings = ", ".join(f"{one.name} {one.value:g}" for one in tab.settings)
    copies = ", ".join(_short(pair.source) + "->" + _short(pair.target) for pair in tab.pairs)
    return tab.sheet, tab.optimizer, tab.model, len(tab.rows), settings, copies


def _short(cell: CellRef) -> str:
    return cell_name(cell.row, cell.column)
