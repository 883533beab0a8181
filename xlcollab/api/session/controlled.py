"""Settings from the sheet `control`: the defaults of a book, where nothing else was said."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from xlcollab.errors import DataError, UsageError
from xlcollab.grid import Workbook
from xlcollab.optim import Settings
from xlcollab.optim.methods import check_options
from xlcollab.problems.control import Control, read_control

PLACES = ("device", "dtype")
"""Settings of the sheet that say where to compute, not how."""


def with_control(workbook: Workbook, given: Mapping[str, Any]) -> dict[str, Any]:
    """Fields of `optim.Settings` for a run: those given (None is not given), else the sheet's.

    What the sheet says and the method or schedule does not use is left out. Raises DataError
    naming the cell with an impossible value.
    """
    said = {name: value for name, value in given.items() if value is not None}
    control = read_control(workbook)
    if control is None:
        return said
    chosen = {
        name: said.get(name, control.values.get(name))
        for name in ("method", "schedule")
        if name in said or name in control.values
    }
    for name, value in control.values.items():
        if name in said or name in chosen or name not in _FIELDS:
            continue
        if _is_used(control, name, value, chosen):
            said[name] = value
    return said | _checked(control, chosen)


def place_of_control(workbook: Workbook) -> dict[str, str]:
    """The device and dtype that the sheet asks for."""
    control = read_control(workbook)
    values = control.values if control else {}
    return {name: str(values[name]) for name in PLACES if name in values}


_FIELDS = frozenset(Settings.__dataclass_fields__)


def _checked(control: Control, chosen: Mapping[str, Any]) -> dict[str, Any]:
    for name, value in chosen.items():
        if name in control.values and control.values[name] == value:
            _settings(control, name, {name: value})
    return dict(chosen)


def _settings(control: Control, name: str, values: Mapping[str, Any]) -> Settings:
    try:
        return Settings(**values)
    except UsageError as error:
        raise DataError(f"{control.cells[name]}: {error}") from None


def _is_used(control: Control, name: str, value: Any, chosen: Mapping[str, Any]) -> bool:
    """Whether the chosen method and schedule take this setting."""
    _settings(control, name, {name: value})
    try:
        check_options(Settings(**chosen, **{name: value}))
    except UsageError:
        return False
    return True
