"""The general constraints of a model as one function of the variables."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from xlcollab.errors import DataError
from xlcollab.kernels.trace.compiler import Compiler, SheetFunction
from xlcollab.kernels.values.tape import Value
from xlcollab.problems import Constraint, SolverModel
from xlcollab.ref import AreaRef, CellRef

if TYPE_CHECKING:
    from xlcollab.api.session.devices import Place


@dataclass(frozen=True, slots=True)
class ConstraintLines:
    """k constraint lines, one per cell on a left side.

    The function is left − right where the right side depends on the variables, else left alone
    with the right side as limit, so that multipliers are those of the limit.
    """

    constraints: tuple[Constraint, ...]
    sheet_function: SheetFunction
    """The left sides, then the right sides that move."""
    values: tuple[Value, ...]
    """What it is made of."""
    moving: NDArray[np.int64]
    """Per line the place of its right side behind the left sides; −1 for a fixed limit."""
    limits: NDArray[np.float64]
    """Fixed right sides (k,), 0 where they move."""
    lower: NDArray[np.float64]
    upper: NDArray[np.float64]

    @property
    def count(self) -> int:
        return len(self.limits)

    def function(self, place: Place) -> Callable[[Tensor], Tensor]:
        """x ↦ (k,) on a device."""
        sheet = self.sheet_function.to(place.device, place.dtype)
        return self._difference(sheet, place.device)

    def exactly(self) -> ConstraintLines:
        """The same, numbers compared as a sheet does."""
        return replace(self, sheet_function=self.sheet_function.exactly())

    @property
    def reference(self) -> Callable[[Tensor], Tensor]:
        """The same in float64 on the CPU."""
        return self._difference(self.sheet_function, torch.device("cpu"))

    def _difference(self, sheet: SheetFunction, device: torch.device) -> Callable[[Tensor], Tensor]:
        difference = self.differences(device)
        return lambda x: difference(sheet(x))

    def differences(self, device: torch.device) -> Callable[[Tensor], Tensor]:
        """The values of both sides ↦ left − what moves on the right, (k,)."""
        count = self.count
        moves = torch.as_tensor(self.moving >= 0, device=device)
        where = torch.as_tensor(np.maximum(self.moving, 0), device=device)
        if not bool((self.moving >= 0).any()):
            return lambda values: values
        return lambda values: values[:count] - torch.where(moves, values[count:][where], 0.0)

    def sides(self, x: Tensor) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """(left, right) values of every line at x (float64, CPU)."""
        with torch.no_grad():
            values = self.sheet_function(x).numpy()
        right = np.where(
            self.moving >= 0,
            values[self.count :][self.moving] if len(values) > self.count else 0,
            self.limits,
        )
        return values[: self.count], right

    def missed(self, x: Tensor) -> float:
        """By how much the line that is missed most is missed at x, relative to its sides."""
        left, right = self.sides(x)
        far = np.maximum(
            np.where(np.isfinite(self.lower), right - left, 0.0),
            np.where(np.isfinite(self.upper), left - right, 0.0),
        )
        return float((far / np.maximum(1.0, np.abs(right))).max(initial=0.0))

    def lines(self) -> list[tuple[Constraint, CellRef]]:
        """The constraint and the left cell of every line."""
        return [(one, cell) for one in self.constraints for cell in one.left.cells()]


def constraint_lines(
    compiler: Compiler, model: SolverModel, constraints: Sequence[Constraint]
) -> ConstraintLines:
    """Compile the constraints. Raises ModelError and DataError naming the cell."""
    lefts = [compiler.cells(constraint.left) for constraint in constraints]
    rights: list[Value] = []
    moving, limits, relations = [], [], []
    behind = 0
    for constraint in constraints:
        size = constraint.left.rect.size
        fixed, value = _right_side(compiler, model, constraint)
        relations += [constraint.relation] * size
        limits.append(np.broadcast_to(fixed if value is None else np.zeros(1), (size,)))
        if value is None:
            moving.append(np.full(size, -1))
            continue
        rights.append(value)
        width = value.block.shape.numel()
        moving.append(behind + (np.arange(size) if width > 1 else np.zeros(size, np.int64)))
        behind += width
    limit = np.concatenate(limits).astype(np.float64)
    relation = np.array(relations)
    return ConstraintLines(
        constraints=tuple(constraints),
        sheet_function=compiler.function([*lefts, *rights]),
        values=(*lefts, *rights),
        moving=np.concatenate(moving).astype(np.int64),
        limits=limit,
        lower=np.where(relation == "<=", -np.inf, limit),
        upper=np.where(relation == ">=", np.inf, limit),
    )


def _right_side(
    compiler: Compiler, model: SolverModel, constraint: Constraint
) -> tuple[NDArray[np.float64], Value | None]:
    """(fixed values, None) or (nothing, the value that depends on the variables)."""
    right = constraint.right
    if isinstance(right, float | int):
        return np.array([float(right)]), None
    if isinstance(right, AreaRef):
        value = compiler.cells(right)
    else:
        value = compiler.expression(right, model.sheet)
    if not value.constant:
        return np.zeros(0), value
    numbers = compiler.function([value])(compiler.start).numpy()
    if not np.isfinite(numbers).all():
        raise DataError(f"the right side of {constraint} is no number; mend the cells it reads")
    return numbers, None
