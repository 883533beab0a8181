"""Reading ratings that were found in a sheet; what is wrong is told by its cell."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd

from xlcollab.errors import DataError
from xlcollab.grid import Kind, Scalar, Sheet, Workbook, describe_cell
from xlcollab.problems.ratings.find import FoundRatings, kinds_of
from xlcollab.ratings import Columns, RatingsTable, from_crosstab, from_frame
from xlcollab.ratings.vocabulary import Id
from xlcollab.ref import Rect

Spelled = Callable[[Rect], Sequence[Id]]
"""The ids of a row or a column of cells as a text file spells them."""
_IDS = (Kind.NUMBER, Kind.TEXT)
_LAST_DAY = 2_958_465
"""The serial number of 9999-12-31, the last date of Excel."""


def read_sheet_ratings(
    workbook: Workbook,
    found: FoundRatings,
    columns: Columns | None = None,
    duplicates: str = "error",
    spelled: Spelled | None = None,
) -> RatingsTable:
    """The ratings in an area; a text file tells by `spelled` what its ids are.

    Raises DataError by cell on ids and ratings that are none, UsageError on unknown columns.
    """
    sheet = workbook.sheet(found.area.sheet)
    if found.is_crosstab:
        return from_crosstab(_crosstab(sheet, found.area.rect, spelled), np.float64)
    source = str(found.area)
    data = _long_table(sheet, found.area.rect)
    said = (columns or Columns()).resolve(list(data.columns), source)
    _check_columns(sheet, found.area.rect, data, said)
    if spelled is not None:
        _respell(data, found.area.rect, (said.user, said.item), spelled)
    if said.time is not None:
        data[said.time] = _moments(data[said.time], workbook.date1904)
    first_row = found.area.rect.top + 2
    return from_frame(
        data, said, source=source, duplicates=duplicates, dtype=np.float64, first_row=first_row
    )


def read_table(sheet: Sheet, head: int = 0) -> pd.DataFrame:
    """The whole sheet as a table whose header is the row `head` of what is used."""
    used = sheet.used
    return _long_table(sheet, Rect(used.top + head, used.left, used.height - head, used.width))


def _respell(data: pd.DataFrame, rect: Rect, names: Sequence[str | None], spelled: Spelled) -> None:
    """The columns `names` of a long table get their ids as they are spelled."""
    for name in filter(None, names):
        at = rect.left + list(data.columns).index(name)
        data[name] = pd.Series(spelled(Rect(rect.top + 1, at, len(data), 1)), data.index)


def _crosstab(sheet: Sheet, rect: Rect, spelled: Spelled | None) -> pd.DataFrame:
    inside = Rect(rect.top + 1, rect.left + 1, rect.height - 1, rect.width - 1)
    items, users = (
        Rect(rect.top, inside.left, 1, inside.width),
        Rect(inside.top, rect.left, inside.height, 1),
    )
    _check(sheet, items, _IDS, "an item id")
    _check(sheet, users, _IDS, "a user id")
    _check(sheet, inside, (Kind.NUMBER, Kind.BLANK), "a number, or a blank for no rating")
    _, numbers = sheet.block(inside)
    return pd.DataFrame(
        np.where(kinds_of(sheet, inside) == Kind.BLANK, np.nan, numbers),
        index=spelled(users) if spelled else _cell_ids(sheet, users),
        columns=spelled(items) if spelled else _cell_ids(sheet, items),
    )


def _cell_ids(sheet: Sheet, rect: Rect) -> list[Scalar | int]:
    rows, columns = range(rect.top, rect.bottom), range(rect.left, rect.right)
    return [_id(sheet.value(row, column)) for row in rows for column in columns]


def _long_table(sheet: Sheet, rect: Rect) -> pd.DataFrame:
    head = [str(sheet.value(rect.top, column)) for column in range(rect.left, rect.right)]
    names = [
        name if name not in head[:place] else f"{name} ({place + 1})"
        for place, name in enumerate(head)
    ]
    rows = range(rect.top + 1, rect.bottom)
    columns = {
        name: [_id(sheet.value(row, column)) for row in rows]
        for name, column in zip(names, range(rect.left, rect.right), strict=True)
    }
    return pd.DataFrame(columns)


def _check_columns(sheet: Sheet, rect: Rect, data: pd.DataFrame, said: Columns) -> None:
    wanted = (
        (said.user, _IDS, "a user id"),
        (said.item, _IDS, "an item id"),
        (said.rating, (Kind.NUMBER,), "a number"),
    )
    for name, kinds, expected in wanted:
        if name is None:
            continue
        at = rect.left + list(data.columns).index(name)
        _check(sheet, Rect(rect.top + 1, at, rect.height - 1, 1), kinds, expected)


def _check(sheet: Sheet, rect: Rect, allowed: tuple[Kind, ...], expected: str) -> None:
    wrong = np.argwhere(~np.isin(kinds_of(sheet, rect), allowed))
    if len(wrong):
        row, column = (int(place) for place in wrong[0])
        cell = describe_cell(sheet, rect.top + row, rect.left + column)
        more = f" ({len(wrong) - 1} more like it)" if len(wrong) > 1 else ""
        raise DataError(f"{sheet.name}!{cell}, expected {expected}{more}")


def _id(value: Scalar) -> Scalar | int:
    """14.0 → 14: ids in cells are whole numbers or texts."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _moments(column: pd.Series, date1904: bool) -> pd.Series:
    """Excel's dates, which count days, as moments; seconds since 1970 are larger and stay."""
    if not pd.api.types.is_numeric_dtype(column) or not column.between(0, _LAST_DAY).all():
        return column
    first = "1904-01-01" if date1904 else "1899-12-30"
    return pd.to_datetime(column, unit="D", origin=pd.Timestamp(first))
