"""What a run recorded: rows of named numbers, and the weights that went with each row."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

if TYPE_CHECKING:
    import pandas as pd

ITERATION_COLUMNS = (
    "iteration",
    "objective",
    "penalty",
    "constraint violation",
    "learning rate",
    "gradient norm",
    "seconds",
)


@dataclass(frozen=True, slots=True)
class Record:
    """`rows` (n, k) under `columns`, and `weights` (n, m) under `variables` (cell addresses).

    One row per iteration, epoch or whatever the first column counts; NaN where nothing is known.
    Without weights both `variables` and the second axis of `weights` are empty.
    """

    columns: tuple[str, ...]
    rows: NDArray[np.float64]
    variables: tuple[str, ...]
    weights: NDArray[np.float64]

    def __post_init__(self) -> None:
        n = len(self.rows)
        if self.rows.shape != (n, len(self.columns)):
            raise ValueError(f"rows {self.rows.shape} do not fit {len(self.columns)} columns")
        if self.weights.shape != (n, len(self.variables)):
            raise ValueError(
                f"weights {self.weights.shape} do not fit {n} rows of"
                f" {len(self.variables)} variables"
            )

    @staticmethod
    def of(
        columns: Mapping[str, ArrayLike],
        *,
        variables: Sequence[str] = (),
        weights: NDArray[np.float64] | None = None,
    ) -> Record:
        """From the numbers of each column, shape (n,) each, and weights (n, m) if there are any."""
        rows = np.column_stack([np.asarray(column, np.float64) for column in columns.values()])
        none = np.empty((len(rows), 0))
        return Record(tuple(columns), rows, tuple(variables), none if weights is None else weights)

    def __len__(self) -> int:
        return len(self.rows)

    def column(self, name: str) -> NDArray[np.float64]:
        """The numbers under `name`, shape (n,). Raises ValueError on an unknown name."""
        return self.rows[:, self.columns.index(name)]

    def thinned(self, every: int) -> Record:
        """Every `every`-th row from the first on, and always the last one."""
        kept = np.arange(0, len(self), every)
        if len(self) and kept[-1] != len(self) - 1:
            kept = np.append(kept, len(self) - 1)
        return Record(self.columns, self.rows[kept], self.variables, self.weights[kept])

    def with_columns(self, more: Mapping[str, NDArray[np.float64]]) -> Record:
        """The record with further columns, shape (n,) each; a name that is taken gets a mark."""
        if not more:
            return self
        names = [name if name not in self.columns else f"{name} (watched)" for name in more]
        rows = np.column_stack([self.rows, *more.values()])
        return Record((*self.columns, *names), rows, self.variables, self.weights)

    def frame(self) -> pd.DataFrame:
        """All columns, then one per variable, as a DataFrame."""
        import pandas as pd

        return pd.DataFrame(
            np.hstack([self.rows, self.weights]), columns=[*self.columns, *self.variables]
        )
