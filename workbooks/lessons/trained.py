"""trained/: the lesson workbooks after xlcollab's own verbs, with histories and charts.

Everything is written as the verbs write it, except that the clock is left out: seconds differ from
run to run, and these files must not.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from xlcollab.api import OpenBook
from xlcollab.api.factors.factors import factors_of
from xlcollab.api.factors.sheet import factors_sheet
from xlcollab.api.session.session import Session
from xlcollab.api.solve.sweeping import swept
from xlcollab.grid import CellEdit, Changes, Chart, NewSheet, Scalar
from xlcollab.history import HEAD_ROW
from xlcollab.problems.tab.tab import find_tabs
from xlcollab.ref import AreaRef, Rect
from xlcollab.settings.requests.sweep import SweepRequest

_EVERY, _EPOCHS = 10, 20
_PENALTIES = (0.0, 1e-4, 1e-3, 3e-3, 0.01, 0.03, 0.1, 0.3, 1.0)


def solved_collab_filter(folder: Path) -> OpenBook:
    """`xlcollab solve --history-every 10` with the settings of its control sheet; `factors`."""
    book = OpenBook(folder / "collab_filter.xlsx")
    for model in book.models():
        book.solve(model, history_every=_EVERY)
    for sheet in ("bias", "word_embeddings"):
        found = factors_of(book, sheet)
        new = factors_sheet(found, [one.name for one in book.workbook])
        book.apply(Changes(sheets=(new,)))
    return _timeless(book)


def run_graddesc(folder: Path) -> OpenBook:
    """`xlcollab run --epochs 20`: every tab from its own start."""
    book = OpenBook(folder / "graddesc.xlsx")
    for sheet, _ in find_tabs(book.workbook):
        book.tab(sheet).run(_EPOCHS)
    return _timeless(book)


def swept_building_blocks(folder: Path) -> OpenBook:
    """`xlcollab sweep` over the penalty, and the model solved with the best of them."""
    path = folder / "building_blocks.xlsx"
    values = ",".join(f"{value:g}" for value in _PENALTIES)
    request = SweepRequest(book=path, parameter=(f"penalty!A4={values}",), sheet="penalty")
    _, lines, _, sheet = swept(Session(path), request)
    book = OpenBook(path)
    best = min(lines, key=lambda line: float(str(line[2])))
    cell = AreaRef("penalty", Rect(3, 0))
    value = CellEdit.of_numbers(cell, np.array([[float(str(best[0]))]]))
    book.apply(Changes(inputs=[value], sheets=(sheet,)))
    book.solve("penalty")
    return _timeless(book)


TRAINED = {
    "collab_filter.solved.xlsx": solved_collab_filter,
    "graddesc.run.xlsx": run_graddesc,
    "building_blocks.swept.xlsx": swept_building_blocks,
}


def _timeless(book: OpenBook) -> OpenBook:
    """Without the clock, and without what says when and on which machine the runs were made."""
    book.forget_runs()
    sheets = tuple(without_clock(sheet) for sheet in book.changes().sheets)
    book.apply(Changes(sheets=sheets, replaces=frozenset(sheet.name for sheet in sheets)))
    return book


def without_clock(sheet: NewSheet) -> NewSheet:
    """The sheet without its column "seconds", and without what stands beside a label "Seconds"."""
    sheet = replace(sheet, rows=[_unclocked(list(row)) for row in sheet.rows])
    head = sheet.rows[HEAD_ROW] if len(sheet.rows) > HEAD_ROW else ()
    return without_column(sheet, list(head).index("seconds")) if "seconds" in head else sheet


def without_column(sheet: NewSheet, gone: int) -> NewSheet:
    """The sheet without a column of its table; what stood right of it moves by one, and charts
    follow. It must not be one that a chart shows."""
    assert sheet.table is not None, "only tables have a column of time"
    return replace(
        sheet,
        rows=[[*row[:gone], *row[gone + 1 :]] for row in sheet.rows],
        table=replace(sheet.table, width=sheet.table.width - 1),
        widths={_moved(at, gone): one for at, one in sheet.widths.items() if at != gone},
        column_looks={
            _moved(at, gone): one for at, one in sheet.column_looks.items() if at != gone
        },
        charts=tuple(_chart_moved(chart, sheet.name, gone) for chart in sheet.charts),
    )


def _moved(column: int, gone: int) -> int:
    return column - (column > gone)


def _chart_moved(chart: Chart, name: str, gone: int) -> Chart:
    def area(of: AreaRef) -> AreaRef:
        if of.sheet != name:
            return of
        return AreaRef(name, replace(of.rect, left=_moved(of.rect.left, gone)))

    series = [replace(one, x=area(one.x), y=area(one.y)) for one in chart.series]
    row, column = chart.at
    return replace(chart, series=tuple(series), at=(row, _moved(column, gone)))


_OF_A_RUN = "xlcollab "
"""How the line of a sheet begins that says what made it."""


def _unclocked(row: list[Scalar]) -> list[Scalar]:
    of_a_run = bool(row) and isinstance(row[0], str) and row[0].startswith(_OF_A_RUN)
    return [] if of_a_run or (row and row[0] == "Seconds") else row
