"""The sheet `control`: settings of a run as cells, one row each, under a row of titles.

    setting        | value | what it does
    optimiser      | adam  |
    learning rate  | 0.05  |

The titles are found by the word "setting" in a cell; the rows end at the first blank label. Labels
are read without regard to case, spaces, hyphens and underscores. A blank value says nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from xlcollab.errors import DataError
from xlcollab.grid import Scalar, Sheet, Workbook
from xlcollab.ref import CellRef
from xlcollab.settings.control import CONTROL, named
from xlcollab.settings.option import Setting
from xlcollab.settings.words import truth

SHEET = "control"
_TITLE = "setting"
Value = str | float | int


@dataclass(frozen=True, slots=True)
class Control:
    """`values` by the name of the setting and the cells they stand in. `unknown` are the labels,
    with their cells, that name no setting of xlcollab; they may serve formulas."""

    values: Mapping[str, Value]
    cells: Mapping[str, CellRef]
    unknown: Mapping[CellRef, str]


def read_control(workbook: Workbook) -> Control | None:
    """The settings on the sheet `control`; None when there is no such sheet or no title row.

    Raises DataError naming the cell that holds something else than its setting takes, or the
    second cell of a setting that stands there twice.
    """
    sheet = workbook.find(SHEET)
    title = _title(sheet) if sheet else None
    if sheet is None or title is None:
        return None
    values: dict[str, Value] = {}
    cells: dict[str, CellRef] = {}
    unknown: dict[CellRef, str] = {}
    for label, cell in _rows(sheet, title):
        name = named(label)
        if name is None:
            unknown[cell] = label
            continue
        if name in cells:
            raise DataError(f"{cell} sets {label!r} a second time, after {cells[name]}; keep one")
        cells[name] = cell
        value = sheet.value(cell.row, cell.column)
        if value is not None and value != "":
            values[name] = _checked(value, CONTROL[name], label, cell)
    return Control(values, cells, unknown)


def _title(sheet: Sheet) -> CellRef | None:
    for row in range(sheet.height):
        for column in range(sheet.width):
            value = sheet.value(row, column)
            if isinstance(value, str) and value.strip().casefold() == _TITLE:
                return CellRef(sheet.name, row, column)
    return None


def _rows(sheet: Sheet, title: CellRef) -> Iterator[tuple[str, CellRef]]:
    """(label, cell of its value) until the first row without a label."""
    for row in range(title.row + 1, sheet.height):
        label = sheet.value(row, title.column)
        if not isinstance(label, str) or not label.strip():
            return
        yield label.strip(), CellRef(sheet.name, row, title.column + 1)


def _checked(value: Scalar, setting: Setting, label: str, cell: CellRef) -> Value:
    if setting.kind is str and isinstance(value, str):
        return setting.word(value.strip())
    if setting.kind is bool:
        said = truth(value) if isinstance(value, str) else value
        if isinstance(said, bool):
            return said
    if setting.kind is float and isinstance(value, float):
        return value
    if setting.kind is int and isinstance(value, float) and value.is_integer():
        return int(value)
    raise DataError(
        f"{cell} holds {value!r} as {label}; {_WANTED[setting.kind]} or nothing was expected"
    )


_WANTED = {str: "a word", float: "a number", int: "a whole number", bool: "TRUE or FALSE"}
