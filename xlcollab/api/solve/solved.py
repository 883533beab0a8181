"""What solving one model came to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from xlcollab.api.session.pictures import html_line, html_table
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

    def plot(self, ax: Any = None) -> Any:
        """The objective by iteration in an axis of matplotlib, which is returned."""
        from xlcollab.api.session.plotting import axis_of

        ax = axis_of(ax)
        ax.plot(self.record.column("iteration"), self.record.column("objective"))
        ax.set(xlabel="iteration", ylabel=str(self.model.objective))
        ax.set_title(f"{self.solution.method}: {self.status}")
        return ax

    def __repr__(self) -> str:
        """One line: before and after, not the numbers of every cell."""
        found = self.solution
        ends = f"{self.model.objective} {found.initial:.6g} → {found.objective:.6g}"
        return f"<Solved {ends}, {found.method}, {found.iterations} iterations, {self.status}>"

    def _repr_html_(self) -> str:
        """What a notebook shows."""
        found = self.solution
        rows = [
            (str(self.model.objective), found.initial, found.objective),
            *((name, *ends) for name, ends in self.watched.items()),
        ]
        told = f"{found.method}, {found.iterations} iterations, {self.status}"
        table = html_table(told, ("cell", "before", "after"), rows, (found.message,))
        return table + html_line(self.record.column("objective"), "objective by iteration")

    @property
    def kept(self) -> bool:
        """Whether the weights were put into the workbook."""
        return self.solution.usable


@dataclass(frozen=True, slots=True)
class Refused:
    """A model that was not run, and the sentence why."""

    model: SolverModel
    message: str
    status: Status = Status.REFUSED
