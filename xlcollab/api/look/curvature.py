"""Jacobians and Hessians of cells, through the workbook's own formulas."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from xlcollab.api.look.gradients import CellFunction, cell_function
from xlcollab.errors import DataError, UsageError
from xlcollab.optim import jacobian
from xlcollab.ref import CellRef

if TYPE_CHECKING:
    from xlcollab.api.session.session import Session

MOST_SECOND = 2_000
"""Cells of a Hessian: beyond it the matrix alone would take 32 MB, and its eigenvalues minutes."""
_FLAT = 1e-9
"""An eigenvalue smaller than this part of the largest counts as 0."""
_SLOPE = 1e-6
"""A gradient longer than this, beside the value, means that the point is not stationary."""


@dataclass(frozen=True, slots=True)
class Jacobian:
    """∂ of[i] / ∂ cells[j] at the present values."""

    of: tuple[CellRef, ...]
    cells: tuple[CellRef, ...]
    values: NDArray[np.float64]
    """(m,)"""
    derivatives: NDArray[np.float64]
    """(m, n)"""

    def as_json(self) -> dict[str, object]:
        return {
            "of": [str(cell) for cell in self.of],
            "with_respect_to": [str(cell) for cell in self.cells],
            "values": self.values.tolist(),
            "jacobian": self.derivatives.tolist(),
        }


@dataclass(frozen=True, slots=True)
class Hessian:
    """∂² of / ∂ cells[i] ∂ cells[j] at the present values, symmetric."""

    of: CellRef
    cells: tuple[CellRef, ...]
    value: float
    gradient: NDArray[np.float64]
    """(n,)"""
    matrix: NDArray[np.float64]
    """(n, n)"""
    eigenvalues: NDArray[np.float64]
    """(n,), ascending."""

    @property
    def kind(self) -> str:
        """minimum, maximum, saddle or valley, as the signs of the eigenvalues say; only where the
        gradient is 0 is the point itself one, see `is_stationary`."""
        largest = float(np.abs(self.eigenvalues).max(initial=0.0))
        signs = np.where(np.abs(self.eigenvalues) <= _FLAT * largest, 0.0, self.eigenvalues)
        up, down = bool((signs > 0).any()), bool((signs < 0).any())
        if up and down:
            return "saddle"
        if not up and not down:
            return "flat"
        if (signs == 0).any():
            return "valley" if up else "ridge"
        return "minimum" if up else "maximum"

    @property
    def is_stationary(self) -> bool:
        """Whether the gradient is as good as 0: short beside the value, and so short that a step
        along it to the bottom of the sharpest bend, length² / 2 eigenvalue, hardly changes that."""
        length, hardly = float(np.linalg.norm(self.gradient)), _SLOPE * max(1.0, abs(self.value))
        sharpest = float(np.abs(self.eigenvalues).max(initial=0.0))
        return (length <= hardly and length**2 <= 2.0 * sharpest * hardly) or length == 0.0

    @property
    def condition(self) -> float:
        """The largest eigenvalue over the smallest, by size; infinite where one is 0."""
        sizes = np.abs(self.eigenvalues)
        smallest = float(sizes.min())
        return float(sizes.max()) / smallest if smallest > 0.0 else float("inf")

    @property
    def verdict(self) -> str:
        """The point in a word or two."""
        return self.kind if self.is_stationary else "no stationary point"

    @property
    def sentence(self) -> str:
        """What the signs of the eigenvalues say of the point."""
        shape = {
            "minimum": "it bends upwards in every direction",
            "maximum": "it bends downwards in every direction",
            "saddle": "it bends upwards in some directions and downwards in others",
            "valley": "it bends upwards, and in some directions not at all",
            "ridge": "it bends downwards, and in some directions not at all",
            "flat": "it does not bend at all",
        }[self.kind]
        if not self.is_stationary:
            length = float(np.linalg.norm(self.gradient))
            return (
                f"no stationary point (the gradient's length is {length:.4g}), bent as at a "
                f"{self.kind}: {shape}"
            )
        return f"{self.kind}: {shape}"

    def as_json(self) -> dict[str, object]:
        condition = self.condition
        return {
            "of": str(self.of),
            "value": self.value,
            "with_respect_to": [str(cell) for cell in self.cells],
            "gradient": self.gradient.tolist(),
            "hessian": self.matrix.tolist(),
            "eigenvalues": self.eigenvalues.tolist(),
            "kind": self.kind,
            "stationary": self.is_stationary,
            "condition": condition if np.isfinite(condition) else None,
        }


def jacobian_of(book: Session, of: str, with_respect_to: str) -> Jacobian:
    """The derivatives of each cell of `of`. Raises DataError naming a cell without a number."""
    function = cell_function(book, of, with_respect_to)
    values, rows = jacobian(lambda x: function.function(x).reshape(-1), function.start)
    cells = tuple(function.of.cells())
    for cell, value in zip(cells, values.tolist(), strict=True):
        if not np.isfinite(value):
            raise DataError(f"{cell} is no number at the present values")
    return Jacobian(cells, function.cells, values.numpy(), rows.numpy())


def hessian_of(book: Session, of: str, with_respect_to: str) -> Hessian:
    """The second derivatives of one cell, by differences of exact gradients.

    Each column is a central difference of two exact gradients, which takes the functions that have
    no second derivative of their own as they are; the step is the cube root of the machine's
    precision times the variable's size (Nocedal and Wright 2006, 8.1).

    Raises UsageError for an area and for more than 2,000 cells, DataError where there is no number.
    """
    function = cell_function(book, of, with_respect_to)
    if function.of.rect.size != 1:
        raise UsageError(f"{of!r} is an area; the Hessian is that of one cell")
    if len(function.cells) > MOST_SECOND:
        raise UsageError(
            f"the Hessian of {len(function.cells):,} cells is too large; name at most "
            f"{MOST_SECOND:,}"
        )
    value, slope = function.value_and_gradient(function.start.numpy())
    if not np.isfinite(value):
        raise DataError(f"{function.of} is no number at the present values")
    matrix = _matrix(function)
    return Hessian(function.of.first, function.cells, value, slope, matrix, _eigenvalues(matrix))


def _matrix(function: CellFunction) -> NDArray[np.float64]:
    x = function.start.numpy()
    steps = np.cbrt(np.finfo(np.float64).eps) * np.maximum(np.abs(x), 1.0)
    columns = []
    for i, step in enumerate(steps):
        above, below = x.copy(), x.copy()
        above[i] += step
        below[i] -= step
        slopes = [function.value_and_gradient(point)[1] for point in (above, below)]
        columns.append((slopes[0] - slopes[1]) / (above[i] - below[i]))
    matrix = np.array(columns)
    if not np.isfinite(matrix).all():
        raise DataError(f"{function.of} has no finite slope beside the present values")
    return np.asarray((matrix + matrix.T) / 2.0, np.float64)


def _eigenvalues(matrix: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(np.linalg.eigvalsh(matrix), np.float64)
