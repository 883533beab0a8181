"""The sheet of settings in an open spreadsheet: adding it, and its switch for histories."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from xlcollab.api.book import OpenBook
from xlcollab.api.desk.outcome import Outcome
from xlcollab.api.session.controlled import HISTORY, history_cell, history_is_on
from xlcollab.errors import DataError
from xlcollab.grid import CellEdit, Changes, NewSheet, Scalar
from xlcollab.history import table_sheet
from xlcollab.problems.control import SHEET as CONTROL
from xlcollab.problems.control import read_control
from xlcollab.ref import AreaRef, CellRef, Rect
from xlcollab.settings.control import choices, label, meaning

_CONTROL_ROWS: Mapping[str, Scalar] = {
    "method": "auto",
    "iterations": None,
    "learning_rate": None,
    "momentum": None,
    "beta1": None,
    "beta2": None,
    "l2": None,
    "weight_decay": None,
    "schedule": "constant",
    "n_factors": None,
    "seed": 0.0,
    "device": "auto",
    "implicit": None,
    "quality": None,
}
"""The settings that the new sheet offers, and what stands there at first."""
_HISTORY_MEANS = "on or off: whether a run adds its history sheets"


def add_control(book: OpenBook) -> Outcome:
    """Add the sheet of settings, unless there is one, and go there."""
    found = book.workbook.find(CONTROL)
    if found is not None:
        told = f"The settings stand on the sheet {found.name}."
        return Outcome(told, in_sight=True, front=found.name)
    book.apply(Changes(sheets=[_control_sheet("on")]))
    told = f"The settings stand on the new sheet {CONTROL}: change them there."
    return Outcome(told, in_sight=True, front=CONTROL)


def _control_sheet(history: str) -> NewSheet:
    settings: list[list[Scalar]] = [
        [label(name), value, meaning(name, with_words=True)]
        for name, value in _CONTROL_ROWS.items()
    ]
    titles: list[Scalar] = ["setting", "value", "what it does"]
    switch: list[Scalar] = [HISTORY, history, _HISTORY_MEANS]
    sheet = table_sheet(
        CONTROL,
        "Settings",
        "settings, read by every run of this workbook; an empty value leaves the choice to us",
        titles,
        [*settings, switch],
        native=False,
    )
    longest = max(len(str(row[-1])) for row in [*settings, switch])
    first = len(sheet.rows) - len(settings) - 1
    offered = {(first + row, 1): choices(name) for row, name in enumerate(_CONTROL_ROWS)}
    return replace(
        sheet,
        widths={**sheet.widths, len(titles) - 1: float(longest)},
        choices={cell: words for cell, words in offered.items() if words},
    )


def toggle_history(book: OpenBook) -> Outcome:
    """Switch histories on or off in the control sheet, which is added, or gets a row for it, where
    it is missing. Raises DataError if the sheet lists no settings."""
    word = "off" if history_is_on(book.workbook) else "on"
    if book.workbook.find(CONTROL) is None:
        book.apply(Changes(sheets=[_control_sheet(word)]))
    else:
        book.apply(Changes(inputs=_history_edits(book, word)))
    return Outcome(f"History is {word}.")


def _history_edits(book: OpenBook, word: str) -> list[CellEdit]:
    cell, texts = history_cell(book.workbook), book.workbook.texts
    if cell is not None:
        return [CellEdit.of_value(cell.area, word, texts)]
    cell = _below_settings(book)
    label = AreaRef(cell.sheet, Rect(cell.row, cell.column - 1))
    return [
        CellEdit.of_value(label, HISTORY, texts),
        CellEdit.of_value(cell.area, word, texts),
    ]


def _below_settings(book: OpenBook) -> CellRef:
    """The cell for the value of one more setting."""
    control = read_control(book.workbook)
    cells = [*control.cells.values(), *control.unknown] if control else []
    if not cells:
        raise DataError(
            f"the sheet {CONTROL} lists no settings below a cell that says `setting`; rename it, "
            "and Settings adds one that does"
        )
    last = max(cells)
    return replace(last, row=last.row + 1)
