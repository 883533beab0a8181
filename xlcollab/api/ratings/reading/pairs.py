"""Pairs of a user and an item in a table, for `xlcollab predict --pairs`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from xlcollab.api.ratings.ids import as_written
from xlcollab.errors import DataError, UsageError
from xlcollab.factor import Model
from xlcollab.files import WORKBOOKS, FileBook
from xlcollab.history import head_row_of
from xlcollab.problems.ratings.sheet import read_table
from xlcollab.ratings import Columns, Vocabulary
from xlcollab.ratings.opening import form_of
from xlcollab.ratings.read import READERS, read_frame
from xlcollab.ratings.vocabulary import Id

Side = dict[str, NDArray[np.int32]]
"""Numbers (n,) of the levels of side columns, by name."""


@dataclass(frozen=True, slots=True)
class Pairs:
    """A table of pairs as read from `file`, whose first pair is in `first_row`."""

    file: str
    first_row: int
    frame: pd.DataFrame
    user: str
    item: str

    @property
    def users(self) -> list[Id]:
        return list(self.frame[self.user])

    @property
    def items(self) -> list[Id]:
        return list(self.frame[self.item])

    def side(self, model: Model) -> Side:
        """The numbers of those side columns of a net that the table has; -1 is an unknown level."""
        levels: Mapping[str, Vocabulary] = getattr(model, "levels", {})
        return {
            name: ids.numbers(as_written(ids, self.frame[name].tolist()), "negative")
            for name, ids in levels.items()
            if name in self.frame
        }

    def refuse_unknown(self, model: Model) -> None:
        """Raises DataError by row and column."""
        for ids, column in ((model.user_ids, self.user), (model.item_ids, self.item)):
            given = self.frame[column].tolist()
            unknown = np.flatnonzero(ids.numbers(as_written(ids, given), "negative") < 0)
            if len(unknown):
                more = f" ({len(unknown) - 1} more like it)" if len(unknown) > 1 else ""
                raise DataError(
                    f"{self.file}, row {self.first_row + unknown[0]}, column {column!r}: unknown "
                    f"{ids.kind} {given[unknown[0]]!r}{more}; {ids.example()}; "
                    "--unknown-ids predicts without them"
                )


def read_pairs(path: Path) -> Pairs:
    """User ids and item ids of a table in any form that ratings are read from. Raises UsageError
    on another form and without such columns, DataError by row where an id is missing."""
    if path.suffix.lower() in WORKBOOKS:
        sheet = FileBook(path).read().sheets[0]
        head = head_row_of(sheet)
        frame, first_row = read_table(sheet, head), head + 2
    else:
        frame, first_row = _from_file(path)
    names = [str(name) for name in frame.columns]
    found = Columns.known(names)
    if not {"user", "item"} <= found.keys():
        raise UsageError(
            f"{path.name} needs columns named user and item; it has {', '.join(names)}"
        )
    if frame.empty:
        raise DataError(f"{path.name} holds no pair")
    for name in (found["user"], found["item"]):
        missing = frame[name].isna().to_numpy()
        if missing.any():
            row = first_row + int(np.argmax(missing))
            raise DataError(
                f"{path.name}, row {row}, column {name!r}: found a blank, expected an id"
            )
    return Pairs(path.name, first_row, frame, found["user"], found["item"])


def _from_file(path: Path) -> tuple[pd.DataFrame, int]:
    if form_of(path) not in READERS:
        known = ", ".join([*READERS, *WORKBOOKS])
        raise UsageError(f"{path} is no file of pairs; its ending must be one of {known}")
    read = read_frame(path)
    return read.data, read.first_row
