"""What solving one model came to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from xlcollab.history import Record
from xlcollab.optim import Solution, Status
from xlcollab.problems import SolverModel

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, slots=True)
class Solved:
    """The result of solving one model."""

    model: SolverModel
    solution: Solution
    record: Record
    device: str
    dtype: str
    seconds: dict[str, float]
    """read, compile, solve."""
    warnings: tuple[str, ...]
    reports: tuple[str, ...] = ()
    """The names of the sheets that were added."""
    watched: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    """By name the watched cells before and after."""

    @property
    def status(self) -> Status:
        return self.solution.status

    @property
    def objective(self) -> float:
        """The objective at the end, in its own sign."""
        return self.solution.objective

    @property
    def weights(self) -> NDArray[np.float64]:
        """The variable cells at the end, in order, shape (n,)."""
        return np.asarray(self.solution.x.detach().cpu().numpy(), np.float64)

    @property
    def history(self) -> pd.DataFrame:
        """One row per recorded iteration: the loop's numbers, then a column per variable cell."""
        return self.record.frame()

    @property
    def kept(self) -> bool:
        """Whether the weights were put into the workbook."""
        return self.solution.usable
