"""The sheet of settings in an open spreadsheet: adding it, and its switch for histories."""

from __future__ import annotations

from dataclasses import replace

from xlcollab.api.book import OpenBook
from xlcollab.api.desk.outcome import Outcome
from xlcollab.errors import DataError
from xlcollab.grid import CellEdit, Changes, NewSheet, Scalar
from xlcollab.problems.control import SHEET as CONTROL
from xlcollab.problems.control import read_control
from xlcollab.ref import AreaRef, CellRef, Rect

_CONTROL_ROWS: tuple[tuple[str, Scalar, str], ...] = (
    ("optimiser", "auto", "auto, gd, momentum, nesterov, adagrad, rmsprop, adam, adamw, lbfgs, lm"),
    ("epochs", None, "the most steps to take; blank for the method's own"),
    ("learning rate", None, "size of a step of gd, momentum, … adamw"),
    ("momentum", None, "momentum, nesterov: share of the last step kept"),
    ("beta1", None, "adam, adamw: decay of the mean of gradients"),
    ("beta2", None, "adam, adamw: decay of the mean of squared gradients"),
    ("L2", None, "penalty L2 / 2 · sum of squared weights"),
    ("weight decay", None, "shrinks the weights, apart from the gradient"),
    ("schedule", "constant", "constant, cosine, one-cycle, step, exponential"),
    ("n_factors", None, "factors per user and item of Fit ratings"),
    ("seed", 0.0, "start of the random numbers, so that runs repeat"),
    ("device", "auto", "auto, cpu, cuda"),
)
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
    lines = (*_CONTROL_ROWS, ("history", history, _HISTORY_MEANS))
    rows: list[list[Scalar]] = [["setting", "value", "what it does"], *map(list, lines)]
    return NewSheet(CONTROL, rows, widths={0: 16.0, 1: 12.0, 2: 70.0}, freeze=(1, 0))


def history_is_on(book: OpenBook) -> bool:
    """What the control sheet says of histories; they are on unless it says off."""
    cell = _history_cell(book)
    said = None if cell is None else book.workbook.value(cell)
    return not (said is False or (isinstance(said, str) and said.strip().lower() == "off"))


def _history_cell(book: OpenBook) -> CellRef | None:
    control = read_control(book.workbook)
    named = control.unknown.items() if control else ()
    return next((cell for cell, label in named if label.casefold() == "history"), None)


def toggle_history(book: OpenBook) -> Outcome:
    """Switch histories on or off in the control sheet, which is added, or gets a row for it, where
    it is missing. Raises DataError if the sheet lists no settings."""
    word = "off" if history_is_on(book) else "on"
    if book.workbook.find(CONTROL) is None:
        book.apply(Changes(sheets=[_control_sheet(word)]))
    else:
        book.apply(Changes(inputs=_history_edits(book, word)))
    return Outcome(f"History is {word}.")


def _history_edits(book: OpenBook, word: str) -> list[CellEdit]:
    cell, texts = _history_cell(book), book.workbook.texts
    if cell is not None:
        return [CellEdit.of_value(cell.area, word, texts)]
    cell = _below_settings(book)
    label = AreaRef(cell.sheet, Rect(cell.row, cell.column - 1))
    return [
        CellEdit.of_value(label, "history", texts),
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
