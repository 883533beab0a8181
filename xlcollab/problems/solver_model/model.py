"""The model a sheet's Solver holds, in plain types: objective, variables, constraints, options.

How it comes about: `names` reads Excel's hidden names, `saved` a model kept in cells, `texts` the
texts of a command line. What is done with it: `bounds` splits off variable bounds, `check` says
what cannot be optimised and why.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from xlcollab.grid import Workbook
from xlcollab.problems.solver_model.words import Engine, Relation, Sense
from xlcollab.ref import AreaRef, CellRef, cell_name, quote_sheet

NO_LIMIT = 2_147_483_647
"""What Solver stores where nothing ends a run: the largest number of its type."""


@dataclass(frozen=True, slots=True)
class Constraint:
    """`left` `relation` `right`, cell by cell.

    `right` is one number for all cells, an area of the same shape as `left`, a single cell that
    serves all of them, or the text of a formula (no leading "=") with the model's sheet as its own.
    """

    left: AreaRef
    relation: Relation
    right: float | AreaRef | str

    def __str__(self) -> str:
        right = self.right if isinstance(self.right, AreaRef | str) else f"{self.right:g}"
        return f"{self.left} {self.relation} {right}"

    def of(self, cell: CellRef, home: str) -> str:
        """How it reads for one cell of `left`, such as "$B$4<=$D$4": the sheet `home` is not
        named."""
        return f"{_local(cell, home)}{self.relation}{self._right_of(cell, home)}"

    def _right_of(self, cell: CellRef, home: str) -> str:
        right = self.right
        if not isinstance(right, AreaRef):
            return f"{right:g}" if isinstance(right, float) else right
        top, left, width = right.rect.top, right.rect.left, right.rect.width
        if right.rect.size == 1:
            return _local(CellRef(right.sheet, top, left), home)
        own = self.left.rect
        down, across = divmod(
            (cell.row - own.top) * own.width + cell.column - own.left, max(width, 1)
        )
        return _local(CellRef(right.sheet, top + down, left + across), home)


def _local(cell: CellRef, home: str) -> str:
    name = cell_name(cell.row, cell.column, absolute=True)
    return name if cell.sheet == home else f"{quote_sheet(cell.sheet)}!{name}"


@dataclass(frozen=True, slots=True)
class SolverOptions:
    """What the user chose in Solver's options, with Solver's own defaults.

    `precision` is the tolerance of constraints, `convergence` the relative change of the objective
    over five iterations, `integer_tolerance` a fraction (0.01 is 1 %). `iterations`, `seconds`,
    `population`, `mutation`, `seed` (0: another each time) and `patience` (seconds without
    improvement) are those of the evolutionary engine.
    `nodes` (subproblems) and `solutions` (feasible ones) are None where there is no limit.
    """

    engine: Engine = "grg"
    precision: float = 1e-6
    convergence: float = 1e-4
    iterations: int | None = None
    seconds: int | None = None
    integer_tolerance: float = 0.01
    ignore_integers: bool = False
    population: int | None = None
    mutation: float | None = None
    seed: int = 0
    patience: float | None = None
    multistart: bool = False
    nodes: int | None = None
    solutions: int | None = None


@dataclass(frozen=True, slots=True)
class SolverModel:
    """One sheet's model. `target` is the value to reach when `sense` is "value".

    A model whose `sense` is "satisfy" has no objective: it asks for any point that its constraints
    allow.

    `variables` are disjoint areas; the cells of the first, row by row, then those of the next, are
    the order of variables everywhere. `integer`, `binary` and `alldifferent` are areas of variables
    with that domain. `non_negative` puts the lower bound 0 on variables that have no explicit one.
    """

    sheet: str
    objective: CellRef | None
    sense: Sense
    target: float
    variables: tuple[AreaRef, ...]
    constraints: tuple[Constraint, ...] = ()
    integer: tuple[AreaRef, ...] = ()
    binary: tuple[AreaRef, ...] = ()
    alldifferent: tuple[AreaRef, ...] = ()
    non_negative: bool = False
    options: SolverOptions = SolverOptions()
    warnings: tuple[str, ...] = ()

    @property
    def size(self) -> int:
        """The number of variable cells."""
        return sum(area.rect.size for area in self.variables)

    @property
    def goal(self) -> str:
        """What is asked of the objective: "minimize", "reach 3" or "satisfy the constraints"."""
        if self.objective is None:
            return "satisfy the constraints"
        return f"reach {self.target:g}" if self.sense == "value" else self.sense

    @property
    def asked(self) -> str:
        """The goal with its cell, such as "minimize S!B1" or "reach 3 at S!B1"."""
        if self.objective is None:
            return self.goal
        return f"{self.goal}{' at' if self.sense == 'value' else ''} {self.objective}"

    @property
    def label(self) -> str:
        """The objective, or in its place the sheet of a model without one."""
        return f"{self.sheet} (constraints)" if self.objective is None else str(self.objective)


def variable_cells(model: SolverModel) -> list[CellRef]:
    """Every variable cell, in the order of variables."""
    return [cell for area in model.variables for cell in area.cells()]


def positions(model: SolverModel, area: AreaRef) -> NDArray[np.int64]:
    """The place of each cell of `area` in the order of variables, −1 for a cell that is none.

    Shape (height, width) of the area.
    """
    rect = area.rect
    found = np.full((rect.height, rect.width), -1, np.int64)
    first = 0
    for variables in model.variables:
        shared = rect.intersection(variables.rect)
        if shared and area.sheet == variables.sheet:
            numbers = np.arange(first, first + variables.rect.size)
            block = numbers.reshape(variables.rect.height, variables.rect.width)
            there = shared.shifted(-rect.top, -rect.left)
            here = shared.shifted(-variables.rect.top, -variables.rect.left)
            found[there.rows, there.columns] = block[here.rows, here.columns]
        first += variables.rect.size
    return found


def start(model: SolverModel, workbook: Workbook) -> NDArray[np.float64]:
    """The stored numbers of the variable cells, blanks as 0; shape (number of variables,)."""
    blocks = [workbook.sheet(area.sheet).block(area.rect)[1] for area in model.variables]
    return np.concatenate([block.ravel() for block in blocks]) if blocks else np.empty(0)
