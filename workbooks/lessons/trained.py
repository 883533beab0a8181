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
from xlcollab.grid import CellEdit, Changes, NewSheet, Scalar
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
    """The sheet without what stands below a heading "seconds" or beside a label "Seconds"."""
    rows = [list(row) for row in sheet.rows]
    for head, row in enumerate(rows[: HEAD_ROW + 1]):
        if "seconds" in row:
            column = row.index("seconds")
            for line in rows[head + 1 :]:
                if column < len(line):
                    line[column] = None
    return replace(sheet, rows=[_unclocked(row) for row in rows])


_OF_A_RUN = "xlcollab "
"""How the line of a sheet begins that says what made it."""


def _unclocked(row: list[Scalar]) -> list[Scalar]:
    if row and isinstance(row[0], str) and row[0].startswith(_OF_A_RUN):
        return []
    return [row[0], None, *row[2:]] if row and row[0] == "Seconds" else row
