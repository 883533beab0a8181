"""The lesson's dot-product sheet, written by hand in torch."""

from __future__ import annotations

import functools
import math
from pathlib import Path

import openpyxl
import torch
from torch import Tensor

from tests.shared_data import lesson

ITEMS, USERS, RATINGS = "H19:V23", "B25:F39", "H2:V16"


@functools.cache
def area(sheet: str, address: str) -> Tensor:
    """Stored numbers as a float64 matrix, NaN where the cell is blank."""
    book = openpyxl.load_workbook(lesson("collab_filter.xlsx"), read_only=True, data_only=True)
    rows = [[cell.value for cell in row] for row in book[sheet][address]]
    book.close()
    numbers = [[math.nan if value is None else float(value) for value in row] for row in rows]
    return torch.tensor(numbers, dtype=torch.float64)


def start() -> Tensor:
    """The item factors, then the user factors, row by row: shape (150,)."""
    return torch.cat([area("dotprod", ITEMS).flatten(), area("dotprod", USERS).flatten()])


def rmse(x: Tensor) -> Tensor:
    """The root of the mean squared error over the ratings that are there."""
    ratings = area("dotprod", RATINGS)
    there = ~ratings.isnan()
    predictions = x[75:].reshape(15, 5) @ x[:75].reshape(5, 15)
    return (ratings[there] - predictions[there]).square().mean().sqrt()


def copied(folder: Path, name: str = "collab_filter.xlsx") -> Path:
    """A copy of a lesson workbook to work on."""
    path = folder / name
    path.write_bytes(lesson(name).read_bytes())
    return path
