"""A generated crosstab: side × side ratings, five factors a row and a column, a formula a cell."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from tests.files.packages import one_sheet_parts, sheet_xml, write_package
from xlcollab.ref import column_letters

FACTORS = 5
DENSITY = 0.7


@dataclass(frozen=True)
class Crosstab:
    """Ratings NaN where blank, shape (side, side); users (side, 5); items (5, side)."""

    ratings: NDArray[np.float64]
    users: NDArray[np.float64]
    items: NDArray[np.float64]

    @property
    def side(self) -> int:
        return len(self.ratings)

    @property
    def last(self) -> str:
        return column_letters(FACTORS + self.side)

    @property
    def variables(self) -> str:
        first, above = self.side + 1, column_letters(FACTORS + 1)
        items = f"{above}{first}:{self.last}{first + FACTORS - 1}"
        return f"{items},A{first + FACTORS}:E{first + FACTORS + self.side - 1}"

    @property
    def objective(self) -> str:
        return f"G{2 * self.side + FACTORS + 2}"

    def rmse(self) -> float:
        there = ~np.isnan(self.ratings)
        errors = (self.ratings - self.users @ self.items)[there]
        return float(np.sqrt(np.mean(errors**2)))

    def start(self) -> Tensor:
        """The items, then the users, row by row."""
        return torch.from_numpy(np.concatenate([self.items.ravel(), self.users.ravel()]))

    def loss(self, x: Tensor) -> Tensor:
        """The root of the mean squared error, by hand in torch, over the ratings that are there."""
        cut = FACTORS * self.side
        items, users = x[:cut].reshape(FACTORS, self.side), x[cut:].reshape(self.side, FACTORS)
        errors = torch.where(self._there, self._known - users @ items, 0.0)
        return (errors.square().sum() / self._there.sum()).sqrt()

    @cached_property
    def _there(self) -> Tensor:
        return torch.from_numpy(~np.isnan(self.ratings))

    @cached_property
    def _known(self) -> Tensor:
        return torch.from_numpy(np.nan_to_num(self.ratings))


def drawn(side: int) -> Crosstab:
    r = np.random.default_rng(side)
    truth = 3 + r.normal(size=(side, FACTORS)) @ r.normal(size=(FACTORS, side)) * 0.4
    ratings = np.clip(np.round(truth + 0.5 * r.normal(size=(side, side))), 1.0, 5.0)
    ratings[r.random((side, side)) > DENSITY] = np.nan
    users, items = r.random((side, FACTORS)), r.random((FACTORS, side))
    return Crosstab(ratings, users, items)


def write(path: Path, table: Crosstab) -> Path:
    """Ratings from F1 on, below them the items, below those users at the left and predictions.

    Every prediction carries its own text and its value, as a library or an old Excel writes them.
    """
    side = table.side
    letters = [column_letters(FACTORS + 1 + j) for j in range(side)]
    rows = [_row(i + 1, letters, table.ratings[i].tolist()) for i in range(side)]
    rows += [_row(side + 1 + a, letters, table.items[a].tolist()) for a in range(FACTORS)]
    rows += [_predictions(i, letters, table) for i in range(side)]
    top, below = side + FACTORS + 1, 2 * side + FACTORS
    block = f"G1:{table.last}{side}"
    formula = f"SQRT(SUMXMY2({block},G{top}:{table.last}{below})/COUNT({block}))"
    row = int(table.objective[1:])
    cell = f'<c r="{table.objective}"><f>{formula}</f><v>{table.rmse()!r}</v></c>'
    rows.append(f'<row r="{row}">{cell}</row>')
    return write_package(path, one_sheet_parts(sheet_xml("".join(rows))))


def _row(row: int, letters: list[str], values: list[float]) -> str:
    cells = [
        f'<c r="{letter}{row}"><v>{value!r}</v></c>'
        for letter, value in zip(letters, values, strict=True)
        if value == value
    ]
    return f'<row r="{row}">{"".join(cells)}</row>'


def _predictions(i: int, letters: list[str], table: Crosstab) -> str:
    first = table.side + 1
    row, last = first + FACTORS + i, first + FACTORS - 1
    values = (table.users[i] @ table.items * ~np.isnan(table.ratings[i])).tolist()
    factors = zip("ABCDE", table.users[i].tolist(), strict=True)
    cells = [f'<c r="{c}{row}"><v>{v!r}</v></c>' for c, v in factors]
    cells += [
        f'<c r="{c}{row}"><f>IF({c}{i + 1}="",0,MMULT($A{row}:$E{row},{c}${first}:{c}${last}))</f>'
        f"<v>{v!r}</v></c>"
        for c, v in zip(letters, values, strict=True)
    ]
    return f'<row r="{row}">{"".join(cells)}</row>'
