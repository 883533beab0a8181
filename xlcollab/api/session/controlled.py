"""Settings from the sheet `control`: the defaults of a book, where nothing else was said."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar

from xlcollab.errors import DataError, UsageError
from xlcollab.grid import Workbook
from xlcollab.problems.control import Control, read_control
from xlcollab.ref import CellRef
from xlcollab.settings.asked import Asked
from xlcollab.settings.control import CONTROL
from xlcollab.settings.option import settings_of
from xlcollab.settings.serving import is_used
from xlcollab.settings.solving import Computing, Settings

T = TypeVar("T")
AS_ASKED, AS_THE_SHEET = "as asked", "as the sheet control asks"
HISTORY = "history"
"""A row that switches the history sheets of a run: off, or FALSE."""


@dataclass(frozen=True, slots=True)
class Chosen:
    """All that a run on formulas is told."""

    settings: Settings
    computing: Computing
    history: bool
    """Whether its history sheets are added."""
    who: str = AS_ASKED
    """Why a named method is taken: who asked for it."""


def chosen(
    workbook: Workbook,
    settings: Asked[Settings],
    computing: Asked[Computing],
    history: bool | None = None,
) -> Chosen:
    """What was asked for, else what the sheet says, else the defaults."""
    whole = controlled(workbook, settings)
    return Chosen(
        whole.made(),
        controlled(workbook, computing).made(),
        history_is_on(workbook) if history is None else history,
        AS_THE_SHEET if "method" in whole and "method" not in settings else AS_ASKED,
    )


def controlled(workbook: Workbook, asked: Asked[T]) -> Asked[T]:
    """The settings of a run: those asked for, else the sheet's.

    What the sheet says and the chosen method or schedule does not use is left out. Raises DataError
    naming the cell with an impossible value.
    """
    control = read_control(workbook)
    if control is None:
        return asked
    known = settings_of(asked.kind)
    said = {name: value for name, value in control.values.items() if name in known}
    for name, value in said.items():
        if name not in asked:
            _check(control, name, value)
    whole = {**said, **asked.values}
    return asked.over({name: value for name, value in said.items() if is_used(name, whole)})


def _check(control: Control, name: str, value: object) -> None:
    try:
        CONTROL[name].check(value)
    except UsageError as error:
        raise DataError(f"{control.cells[name]}: {error}") from None


OF_FIT = {
    "n_factors": "n_factors",
    "iterations": "epochs",
    "seed": "seed",
    "implicit": "implicit",
    "quality": "quality",
}
"""What a fit of ratings takes from the sheet, and the names that `fit` has for it."""


def for_fit(workbook: Workbook) -> dict[str, object]:
    """What the sheet says of a fit of ratings, by the names that `fit` has for it. Raises
    DataError naming the cell with an impossible value."""
    control = read_control(workbook)
    if control is None:
        return {}
    said = {name: control.values[name] for name in OF_FIT if name in control.values}
    for name, value in said.items():
        _check(control, name, value)
    return {OF_FIT[name]: value for name, value in said.items()}


def history_is_on(workbook: Workbook) -> bool:
    """What the sheet says of histories; they are on unless it says off."""
    cell = history_cell(workbook)
    said = None if cell is None else workbook.value(cell)
    return not (said is False or (isinstance(said, str) and said.strip().lower() == "off"))


def history_cell(workbook: Workbook) -> CellRef | None:
    """The cell that says whether runs add their history sheets."""
    control = read_control(workbook)
    named = control.unknown.items() if control else ()
    return next((cell for cell, label in named if label.casefold() == HISTORY), None)
