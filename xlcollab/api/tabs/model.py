"""A tab's data and model as torch functions of its weights, and its gradients three ways."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from xlcollab.grid import Workbook
from xlcollab.history import Record
from xlcollab.kernels.trace.compiler import Compiler, SheetFunction
from xlcollab.optim import jacobian
from xlcollab.plan import build_plan
from xlcollab.problems.tab.model import starts, unrolled
from xlcollab.problems.tab.tab import GraddescTab

Numbers = NDArray[np.float64]


class TabModel:
    """The model of a tab: weights (k,) ↦ squared errors of its n rows, differentiable."""

    def __init__(self, workbook: Workbook, tab: GraddescTab) -> None:
        self.tab = tab
        flat = unrolled(workbook, tab)
        cells = starts(tab)
        values = [flat.value(cell) for cell in cells]
        self.start = np.array([float(v) if isinstance(v, float) else 0.0 for v in values])
        self._compiler = Compiler(build_plan(flat), [cell.area for cell in cells], self.start)
        self._prediction = self._column(tab.prediction)
        self._error = None if tab.error is None else self._column(tab.error)
        _, target = workbook.sheet(tab.sheet).block(tab.area(tab.target).rect)
        self._target = torch.as_tensor(target[:, 0])

    def _column(self, column: int) -> SheetFunction:
        return self._compiler.function([self._compiler.cells(self.tab.area(column))])

    @property
    def rows(self) -> int:
        return len(self.tab.rows)

    def errors(self, weights: Tensor) -> Tensor:
        """The squared error of every row, shape (n,): the error cells where the tab has them."""
        if self._error is not None:
            return self._error(weights)
        return (self._prediction(weights) - self._target).square()

    def gradients(self, weights: Numbers) -> Record:
        """Derivatives of each row's squared error, all rows at the same weights.

        Per weight: by autograd, by the sheet's analytic column, by its finite-difference estimate,
        and the differences from autograd; columns that the tab lacks are left out.
        """
        x = torch.as_tensor(weights)
        exact = jacobian(self.errors, x)[1].numpy()
        rows = np.arange(self.tab.top + 1.0, self.tab.bottom + 2.0)
        columns: dict[str, Numbers] = {
            "row": rows,
            "squared error": self.errors(x).detach().numpy(),
        }
        for index, weight in enumerate(self.tab.weights):
            columns[f"{weight.name}: autograd"] = exact[:, index]
            for label, column in (("analytic", weight.gradient), ("estimate", weight.estimate)):
                if column is not None:
                    values = self._column(column)(x).detach().numpy()
                    columns[f"{weight.name}: {label}"] = values
                    columns[f"{weight.name}: {label} - autograd"] = values - exact[:, index]
        return Record.of(columns)


@dataclass(frozen=True, slots=True)
class Batches:
    """Rows 0 … n - 1 in the order of the sheet, in batches of `size`; None is one batch."""

    rows: int
    size: int | None

    def slices(self) -> list[slice]:
        size = self.size or self.rows
        return [slice(first, first + size) for first in range(0, self.rows, size)]
