"""Exact derivatives of any cell by any cells, through the workbook's own formulas."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from xlcollab.api.look.checking import refresh
from xlcollab.errors import DataError, ModelError, UsageError
from xlcollab.kernels.program.function import MachineFunction
from xlcollab.kernels.trace.compiler import Compiler, SheetFunction
from xlcollab.problems import check_variables, disjoint, home_sheet, resolve_areas
from xlcollab.ref import AreaRef, CellRef

if TYPE_CHECKING:
    from xlcollab.api.session.session import Session


@dataclass(frozen=True, slots=True)
class CellFunction:
    """Cells as a differentiable torch function of other cells: call it with x of shape (n,).

    `start` is the present value of the variable cells. Numbers in, value and gradient out, without
    torch: `value_and_gradient`, the quickest way, and what scipy asks for.
    """

    function: SheetFunction
    cells: tuple[CellRef, ...]
    start: Tensor
    of: AreaRef
    machine: MachineFunction
    """The same for one cell, answered by the machine where it can."""

    def __call__(self, x: Tensor) -> Tensor:
        """The values at x: shape () for one cell, (m,) for an area."""
        return self.machine(x) if self.of.rect.size == 1 else self.function(x)

    def value_and_gradient(self, x: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        """(value, gradient), a number and (n,), at x (n,): what scipy.optimize.minimize(…,
        jac=True) wants; one cell only. Not a number where the cell is an error.

        Raises:
            UsageError: x has another shape.
        """
        if type(x) is not np.ndarray:
            x = np.array(x, np.float64)
        if x.ndim != 1 or len(x) != len(self.cells):
            raise UsageError(f"x has shape {x.shape}; expected ({len(self.cells)},)")
        program = self.machine.program
        found = None if program is None else program.value_and_gradient(x)
        return self.machine.taped(lambda: self.by_the_tape(x)) if found is None else found

    def by_the_tape(self, x: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        """The same without the machine: less to prepare, for one point. The gradient is (n,)."""
        point = torch.tensor(x, dtype=torch.float64, requires_grad=True)
        value = self.function.scalar(point)
        if not value.requires_grad:  # a text, or a step: nothing flows
            return float(value), np.zeros(len(x))
        (slope,) = torch.autograd.grad(value, point)
        return float(value.detach()), slope.numpy()


@dataclass(frozen=True, slots=True)
class Gradient:
    """∂ of / ∂ cell, in the order of `cells`, at the present values."""

    of: CellRef
    value: float
    cells: tuple[CellRef, ...]
    derivatives: NDArray[np.float64]

    def as_json(self) -> dict[str, object]:
        slopes = self.derivatives.tolist()
        return {
            "of": str(self.of),
            "value": self.value,
            "gradient": {str(cell): s for cell, s in zip(self.cells, slopes, strict=True)},
        }


def cell_function(
    book: Session, of: str, by_changing: str, *, at_once: bool = False
) -> CellFunction:
    """Compile `of` as a function of the constant cells `by_changing`; `at_once` compiles the
    machine for it with the first call, if this computer has not done so yet.

    Raises UsageError for more than one area, ModelError where the cells do not matter.
    """
    refresh(book)
    workbook = book.workbook
    home = home_sheet(workbook, of, by_changing, advice="")
    outputs = resolve_areas(workbook, of, home, "the cell to differentiate")
    if len(outputs) != 1:
        raise UsageError(f"{of!r} is more than one area; name one cell or one area")
    areas = disjoint(resolve_areas(workbook, by_changing, outputs[0].sheet, "a cell to change"))
    check_variables(workbook, areas)
    start = np.concatenate([workbook.sheet(a.sheet).block(a.rect)[1].reshape(-1) for a in areas])
    compiler = Compiler(book.plan, areas, start)
    value = compiler.cells(outputs[0])
    if value.constant:
        raise ModelError(f"{outputs[0]} does not depend on {', '.join(map(str, areas))}")
    cells = tuple(cell for area in areas for cell in area.cells())
    function = compiler.function([value])
    machine = MachineFunction(function.scalar, compiler.start, at_once=at_once)
    return CellFunction(function, cells, compiler.start, outputs[0], machine)


def gradient(book: Session, of: str, with_respect_to: str) -> Gradient:
    """The derivative of one cell. Raises DataError where the cell has no number there."""
    function = cell_function(book, of, with_respect_to)
    if function.of.rect.size != 1:
        raise UsageError(f"{of!r} is an area; the gradient is that of one cell")
    value, slope = function.by_the_tape(function.start.numpy())
    if not np.isfinite(value):
        raise DataError(f"{function.of} is no number at the present values")
    return Gradient(function.of.first, value, function.cells, slope)
