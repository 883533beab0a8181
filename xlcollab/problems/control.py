"""The sheet `control`: settings of a run as cells, one row each, under a row of titles.

    setting        | value | what it does
    optimiser      | adam  |
    learning rate  | 0.05  |

The titles are found by the word "setting" in a cell; the rows end at the first blank label. Labels
are read without regard to case, spaces, hyphens and underscores. A blank value says nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

from xlcollab.errors import DataError
from xlcollab.grid import Scalar, Sheet, Workbook
from xlcollab.ref import CellRef

SHEET = "control"
_TITLE = "setting"
Value = str | float | int
_Kind = Literal["word", "number", "whole"]

_KINDS: Mapping[str, _Kind] = MappingProxyType(
    {
        "method": "word",
        "schedule": "word",
        "init": "word",
        "device": "word",
        "dtype": "word",
        "learning_rate": "number",
        "momentum": "number",
        "dampening": "number",
        "beta1": "number",
        "beta2": "number",
        "rho": "number",
        "epsilon": "number",
        "weight_decay": "number",
        "clip": "number",
        "l2": "number",
        "gamma": "number",
        "tolerance": "number",
        "init_scale": "number",
        "iterations": "whole",
        "restarts": "whole",
        "seed": "whole",
        "history_every": "whole",
        "n_factors": "whole",
        "output_min": "number",
        "output_max": "number",
        "test_fraction": "number",
    }
)
"""Every setting by name, and what its cell holds."""

_ALIASES: Mapping[str, str] = MappingProxyType(
    {
        "optimiser": "method",
        "optimizer": "method",
        "epochs": "iterations",
        "l2penalty": "l2",
        "initialisation": "init",
        "initialization": "init",
        "factors": "n_factors",
        "outputminimum": "output_min",
        "outputmaximum": "output_max",
    }
)
_BY_LABEL = {name.replace("_", ""): name for name in _KINDS} | dict(_ALIASES)
_IGNORED = re.compile(r"[\s_-]+")


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
        name = _BY_LABEL.get(_IGNORED.sub("", label.casefold()))
        if name is None:
            unknown[cell] = label
            continue
        if name in cells:
            raise DataError(f"{cell} sets {label!r} a second time, after {cells[name]}; keep one")
        cells[name] = cell
        value = sheet.value(cell.row, cell.column)
        if value is not None and value != "":
            values[name] = _checked(value, _KINDS[name], label, cell)
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


def _checked(value: Scalar, kind: _Kind, label: str, cell: CellRef) -> Value:
    if kind == "word" and isinstance(value, str):
        return value.strip()
    number = isinstance(value, float) and not isinstance(value, bool)
    if kind == "number" and number:
        return value  # type: ignore[return-value]
    if kind == "whole" and number and float(value).is_integer():  # type: ignore[arg-type]
        return int(value)  # type: ignore[arg-type]
    wanted = {"word": "a word", "number": "a number", "whole": "a whole number"}[kind]
    raise DataError(f"{cell} holds {value!r} as {label}; {wanted} or nothing was expected")
