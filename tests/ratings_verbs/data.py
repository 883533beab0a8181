"""Small ratings with something to learn, as files and as cells."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from tests.build import Cells, build
from xlcollab.ref import cell_name

N_USERS, N_ITEMS = 20, 12


def planted(seed: int = 0) -> pd.DataFrame:
    """150 ratings of 20 users and 12 items on a scale of 1 to 5, with tastes of rank 1."""
    rng = np.random.default_rng(seed)
    users, items = rng.normal(size=N_USERS), rng.normal(size=N_ITEMS)
    pairs = rng.permutation(N_USERS * N_ITEMS)[:150]
    user, item = pairs // N_ITEMS, pairs % N_ITEMS
    rating = np.clip(np.round(3 + users[user] * items[item]), 1, 5)
    time = 1_000_000_000 + rng.permutation(150) * 86_400
    return pd.DataFrame(
        {"user": user + 1, "item": (item + 1) * 10, "rating": rating, "timestamp": time}
    )


def ratings_csv(folder: Path, frame: pd.DataFrame | None = None, name: str = "r.csv") -> Path:
    path = folder / name
    (planted() if frame is None else frame).to_csv(path, index=False)
    return path


def crosstab_cells(top: int = 0, left: int = 0) -> Cells:
    """A crosstab of 6 users and 5 items with its corner at (top, left)."""
    rng = np.random.default_rng(1)
    cells: dict[str, object] = {cell_name(top, left + 1 + j): 100.0 + j for j in range(5)}
    for i in range(6):
        cells[cell_name(top + 1 + i, left)] = float(i + 1)
        for j in range(5):
            if (i + j) % 4:
                cells[cell_name(top + 1 + i, left + 1 + j)] = float(rng.integers(1, 6))
    return cells


def crosstab_book(path: Path, **changed: object) -> Path:
    """The crosstab at A1:F7 of sheet S, some cells changed."""
    return build(path, {"S": {**crosstab_cells(), **changed}})
