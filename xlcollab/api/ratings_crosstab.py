"""Long table ⇄ crosstab, and the densest corner: `xlcollab crosstab`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from xlcollab.api.ratings_source import WORKBOOKS, read_source
from xlcollab.errors import UsageError
from xlcollab.files import output_path, refuse_unwritable, write_new_workbook
from xlcollab.grid import NewSheet
from xlcollab.ratings import Columns, RatingsTable, densest_corner, to_crosstab
from xlcollab.ratings.duplicates import Aggregate


@dataclass(frozen=True, slots=True)
class Crossed:
    """What was read, what was made of it, and where it is."""

    said: str
    form: str
    users: int
    items: int
    ratings: int
    output: Path

    def as_json(self) -> dict[str, Any]:
        return {
            "source": self.said,
            "form": self.form,
            "users": self.users,
            "items": self.items,
            "ratings": self.ratings,
            "output": str(self.output),
        }


def cross(
    source: Path,
    output: Path | None,
    *,
    sheet: str | None = None,
    area: str | None = None,
    columns: Columns | None = None,
    duplicates: Aggregate = "error",
    corner: tuple[int, int] | None = None,
) -> Crossed:
    """A long table becomes a crosstab and a crosstab a long table, perhaps only their corner.

    Written as .xlsx or .csv, as the output's ending says. Raises UsageError and DataError.
    """
    target = output or output_path(source, "crosstab").with_suffix(".xlsx")
    if target.suffix not in (".xlsx", ".csv"):
        raise UsageError(f"{target.name}: write a .xlsx or a .csv file")
    refuse_unwritable(target)
    found = read_source(source, sheet=sheet, area=area, columns=columns, duplicates=duplicates)
    table = densest_corner(found.table, *corner) if corner else found.table
    back = found.is_crosstab and corner is None
    frame = _long(table) if back else to_crosstab(table)
    _write(frame, target, with_index=not back)
    form = "long table" if back else "crosstab"
    return Crossed(found.said, form, table.n_users, table.n_items, len(table), target)


def _long(table: RatingsTable) -> pd.DataFrame:
    return table.to_frame()[["user", "item", "rating"]]


def _write(frame: pd.DataFrame, target: Path, *, with_index: bool) -> None:
    if target.suffix not in WORKBOOKS:
        frame.to_csv(target, index=with_index)
        return
    cells = frame.astype(object).where(frame.notna(), None)
    if with_index:
        head = ["", *frame.columns.tolist()]
        body = [[name, *row] for name, row in zip(frame.index, cells.to_numpy(), strict=True)]
    else:
        head, body = list(frame.columns), cells.to_numpy().tolist()
    rows = [[_plain(value) for value in row] for row in [head, *body]]
    write_new_workbook(target, [NewSheet("ratings", rows, freeze=(1, int(with_index)))])


def _plain(value: Any) -> Any:
    if value is None or isinstance(value, str):
        return value or None
    return float(value) if isinstance(value, int | float) or hasattr(value, "item") else str(value)
