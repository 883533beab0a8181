"""Crosstabs as files: users down, items across."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from xlcollab.api.ratings.model import refuse_long_ids
from xlcollab.api.ratings.sheets import (
    kind_of,
    refuse_larger_than_a_sheet,
    scalar,
    title_of,
    write_table,
)
from xlcollab.api.session.provenance import Provenance, record_of, with_line
from xlcollab.factor import Table
from xlcollab.factor.sheets import Row
from xlcollab.files import write_new_workbook
from xlcollab.history import table_sheet
from xlcollab.ratings.vocabulary import Id


@dataclass(frozen=True, slots=True)
class Wide:
    """What a crosstab is named, what is said of it, and the ids of its columns."""

    name: str
    sentence: str
    items: Sequence[Id]


def refuse_unfit(wide: Wide, users: Sequence[Id], target: Path) -> None:
    """Raises DataError where a sheet cannot hold these users beside these items, or a cell not one
    of the ids: before anything is computed."""
    if target.suffix != ".xlsx":
        return
    refuse_larger_than_a_sheet(wide.name, len(users), len(wide.items) + 1)
    for ids, kind in ((users, "user"), (wide.items, "item")):
        refuse_long_ids(ids, kind, "Write a .csv or a .parquet file instead")


def write_wide(wide: Wide, rows: Sequence[Row], target: Path, run: Provenance) -> None:
    """In a sheet the item ids of the header stay numbers and as they are, which a native table
    would not let."""
    if target.suffix != ".xlsx":
        table = Table(wide.name, ("user", *map(str, wide.items)), list(rows))
        write_table(table, target, run)
        return
    refuse_larger_than_a_sheet(wide.name, len(rows), len(wide.items) + 1)
    heads, *lines = [tuple(map(scalar, row)) for row in (("user", *wide.items), *rows)]
    sheet = table_sheet(wide.name, title_of(wide.name), wide.sentence, heads, lines, native=False)
    write_new_workbook(target, [with_line(sheet, run)], record_of(run, target), kind_of(wide.name))
