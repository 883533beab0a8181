"""The numbers a fit begins with: those of a saved model, or those in cells."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from xlcollab.api.ratings.kept.opening import open_model
from xlcollab.api.ratings.source import is_workbook
from xlcollab.errors import DataError, UsageError
from xlcollab.factor import FactorModel, StartArrays
from xlcollab.factor.training.train import Start
from xlcollab.files import FileBook
from xlcollab.grid import Kind, Workbook, describe_cell
from xlcollab.ref import parse_area
from xlcollab.settings.requests.ratings import Place

_PARTS = tuple(field.name for field in fields(StartArrays))


def start_of(model: Path | None, cells: Sequence[str], place: Place) -> Start:
    """What the options --start and --start-cells ask for; None draws the numbers.

    Raises UsageError on a net or on cells that are not said as NAME=AREA, DataError by cell.
    """
    if model is not None and cells:
        raise UsageError("--start and --start-cells exclude each other; give one")
    if model is not None:
        found = open_model(model)
        if not isinstance(found, FactorModel):
            raise UsageError(f"{model.name} holds a net; only factors and biases can be a start")
        return found
    if not cells:
        return None
    if not is_workbook(place):
        raise UsageError("--start-cells are cells of the workbook that holds the ratings")
    workbook = FileBook(place.source).read()
    return StartArrays(**dict(_part(workbook, place.sheet, text) for text in cells))


def implied_settings(start: Start) -> dict[str, object]:
    """The model settings that a start decides unless others are asked for."""
    if isinstance(start, FactorModel):
        return {"n_factors": start.rows.n_factors, "bias": start.settings.bias}
    if start is None:
        return {}
    given = [one for one in (start.user_factors, start.item_factors) if one is not None]
    return {"n_factors": np.shape(given[0])[1]} if given else {}


def _part(workbook: Workbook, sheet: str | None, text: str) -> tuple[str, NDArray[np.float64]]:
    """ "item_factors=H19:V23" → its name and numbers; users lie one below the other, items side by
    side, as in a crosstab."""
    name, mark, address = text.partition("=")
    name = name.strip().replace("-", "_")
    if not mark or name not in _PARTS:
        raise UsageError(
            f"--start-cells {text!r}: write NAME=AREA, NAME one of {', '.join(_PARTS)}"
        )
    area = parse_area(address, sheet)
    part = workbook.sheet(area.sheet)
    kinds, numbers = part.block(area.rect)
    wrong = np.argwhere(kinds != Kind.NUMBER)
    if len(wrong):
        row, column = (int(place) for place in wrong[0])
        cell = describe_cell(part, area.rect.top + row, area.rect.left + column)
        raise DataError(f"{part.name}!{cell}, expected a number to start from")
    if name.endswith("bias"):
        return name, numbers.ravel()
    return name, numbers.T if name == "item_factors" else numbers
