"""Where a sheet holds the factors of its items, their biases and their names."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from xlcollab.api.look.roles import Roles
from xlcollab.errors import DataError, ModelError, UsageError
from xlcollab.grid import Kind, Workbook
from xlcollab.grid.beside import labels_beside
from xlcollab.problems import NoModelError, find_models, read_model, read_models
from xlcollab.ref import AreaRef, parse_area

_FACTOR_NAMES = ("item_factors", "film_table", "word_table")
_BIAS_NAMES = ("item_bias",)


def sheet_of_factors(workbook: Workbook, sheet: str | None) -> str:
    """The sheet asked for, else the only one with a Solver model. Raises UsageError where there are
    several and none was named."""
    if sheet is not None:
        return workbook.sheet(sheet).name
    try:
        models = read_models(workbook)
    except NoModelError:
        raise ModelError(
            f"{workbook.source} holds no Solver model that would say where its factors are; name "
            "them with --sheet and --items 'A1:E5'"
        ) from None
    if len(models) > 1:
        names = ", ".join(model.sheet for model in models)
        raise UsageError(f"{workbook.source} holds models on {names}; name one with --sheet")
    return models[0].sheet


def area_of_factors(workbook: Workbook, sheet: str, given: str | None, roles: Roles) -> AreaRef:
    """The area given, else a name of our own lessons, else what the prediction's formulas say, else
    a look at the Solver model."""
    return (
        _given(given, sheet)
        or _named(workbook, sheet, _FACTOR_NAMES)
        or roles.factors
        or _wide_variables(workbook, sheet)
    )


def area_of_bias(workbook: Workbook, sheet: str, given: str | None, roles: Roles) -> AreaRef | None:
    return _given(given, sheet) or _named(workbook, sheet, _BIAS_NAMES) or roles.bias


def factors_in(workbook: Workbook, area: AreaRef) -> NDArray[np.float64]:
    """(n items, k factors): items lie side by side in an area that is wider than high."""
    block = _numbers(workbook, area)
    return block.T if _is_across(area) else block


def biases_in(workbook: Workbook, area: AreaRef | None, n: int) -> NDArray[np.float64] | None:
    """(n,); raises UsageError if there are not as many as items."""
    if area is None:
        return None
    numbers = _numbers(workbook, area).ravel()
    if len(numbers) != n:
        raise UsageError(f"the biases {area} are {len(numbers)}, the items {n}; give one for each")
    return numbers


def labels_of(workbook: Workbook, area: AreaRef, biases: AreaRef | None = None) -> list[str]:
    """The nearest full line of different texts or whole numbers above the factors, or left of
    them, that is not the line of biases."""
    rect, across = area.rect, _is_across(area)
    taken = [biases.rect] if biases is not None and biases.sheet == area.sheet else []
    found = labels_beside(workbook.sheet(area.sheet), rect, across=across, taken=taken)
    if found is not None:
        return list(found.texts)
    return [f"item {number + 1}" for number in range(rect.width if across else rect.height)]


def _is_across(area: AreaRef) -> bool:
    return area.rect.width >= area.rect.height


def _given(text: str | None, sheet: str) -> AreaRef | None:
    return None if text is None else parse_area(text, sheet)


def _named(workbook: Workbook, sheet: str, names: Iterable[str]) -> AreaRef | None:
    for name in names:
        found = workbook.name(name, sheet)
        if found is not None and found.sheet is not None:
            return parse_area(found.text, sheet)
    return None


def _wide_variables(workbook: Workbook, sheet: str) -> AreaRef:
    """The variable area of the Solver model that is wider than high: items side by side."""
    try:
        areas = read_model(workbook, sheet).variables
    except NoModelError:
        raise ModelError(
            f"sheet {sheet} holds no Solver model that would say where its factors are; "
            f"{_with_models(workbook)}name them with --items, such as --items 'H19:V23'"
        ) from None
    wide = [area for area in areas if 1 < area.rect.height < area.rect.width]
    if len(wide) != 1:
        raise ModelError(
            f"which cells of {sheet} are the factors of items is not clear: its variable cells are "
            f"{', '.join(map(str, areas))}; say it with --items, such as --items 'H19:V23'"
        )
    return wide[0]


def _with_models(workbook: Workbook) -> str:
    names = [name for name, _ in find_models(workbook)]
    return f"sheets with a model: {', '.join(names)}; or " if names else ""


def _numbers(workbook: Workbook, area: AreaRef) -> NDArray[np.float64]:
    kinds, numbers = workbook.sheet(area.sheet).block(area.rect)
    wrong = np.argwhere(kinds != Kind.NUMBER)
    if len(wrong):
        down, across = wrong[0].tolist()
        cell = AreaRef(area.sheet, area.rect.shifted(down, across)).first
        raise DataError(
            f"{cell} holds {workbook.value(cell)!r}; a number was expected in each of {area}"
        )
    return numbers
