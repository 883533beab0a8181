"""Running the epochs of a graddesc tab: its own formulas as a compiled program, its own copies.

The state of a tab is the registers of its program. An epoch copies all pairs at once, as the cells
were last calculated, and recalculates.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from xlcollab.errors import ModelError
from xlcollab.kernels.scalar import build_program
from xlcollab.plan import Plan
from xlcollab.problems.tab.rules import (
    HALVING_LIMIT,
    QUARTERING_LIMIT,
    RULES,
    Annealing,
    CellRole,
    Copy,
    Put,
    ResetStep,
    Role,
)
from xlcollab.problems.tab.tab import GraddescTab
from xlcollab.ref import CellRef

_MEASURED = "root of the sum of squared errors"


class Epochs:
    """One tab in motion.

    Raises UnsupportedError naming the cell and the function when something that an epoch needs
    cannot be compiled.
    """

    def __init__(self, plan: Plan, tab: GraddescTab) -> None:
        self.tab = tab
        self.inputs = _written(tab)
        """The number cells that epochs and resets write."""
        self.program = build_program(plan, self.inputs, {_MEASURED: (tab.sheet, _loss_text(tab))})
        self._inputs = self._registers(self.inputs)
        self._blocks: dict[tuple[int, ...], NDArray[np.int64]] = {}
        self._sources = self._registers([pair.source for pair in tab.pairs])
        self._targets = self._registers([pair.target for pair in tab.pairs])
        self._memory = self._registers([memory.start for memory in tab.memories])
        self._loss = self._loss_reader(plan)
        self._path = self._block([weight.column for weight in tab.weights])
        self.registers = self.program.start()

    def _loss_reader(self, plan: Plan) -> Callable[[], float]:
        cell = self.tab.cells.get("loss")
        if cell is None:
            return lambda: self.measured_loss
        if cell in self.program.refused:
            return self._exact_reader(plan, cell)
        register = self.program.register(cell)
        return lambda: float(self.registers[register])

    def _exact_reader(self, plan: Plan, cell: CellRef) -> Callable[[], float]:
        """A cell that no epoch needs, by the tensor engine, which has every function."""
        import torch

        from xlcollab.kernels.trace.compiler import Compiler

        start = self.program.initial[self._inputs]
        compiler = Compiler(plan, [one.area for one in self.inputs], start)
        function = compiler.function([compiler.cells(cell.area)])
        return lambda: float(function(torch.as_tensor(self.input_values)))

    def _registers(self, cells: Sequence[CellRef]) -> NDArray[np.int64]:
        return np.array([self.program.register(cell) for cell in cells], np.int64)

    def _block(self, columns: Sequence[int]) -> NDArray[np.int64]:
        """Registers of some columns of the rows, shape (rows, columns)."""
        known = self._blocks.get(tuple(columns))
        if known is not None:
            return known
        cells = [CellRef(self.tab.sheet, r, c) for r in self.tab.rows for c in columns]
        block = self._registers(cells).reshape(len(self.tab.rows), len(columns))
        self._blocks[tuple(columns)] = block
        return block

    def epoch(self) -> None:
        """Copy, recalculate, anneal."""
        self.registers[self._targets] = self.registers[self._sources]
        self.program.calculate(self.registers)
        _ANNEALINGS[RULES[self.tab.kind].annealing](self)

    def reset(self) -> None:
        """The steps of the tab's reset, each followed by a recalculation."""
        for step in self.tab.reset:
            self._write(step)
            self.program.calculate(self.registers)

    def _write(self, step: ResetStep) -> None:
        """One step of a reset, without its recalculation."""
        if isinstance(step, Copy):
            chosen = [i for i, pair in enumerate(self.tab.pairs) if pair.role in step.roles]
            self.registers[self._targets[chosen]] = self.registers[self._sources[chosen]]
        elif isinstance(step, Put):
            self._put(step.role, step.value)
        else:
            value = self.value(step.source)
            for role, scale in zip(step.targets, step.scales, strict=True):
                self._put(role, value * scale)

    def _put(self, role: Role | CellRole, value: float) -> None:
        for cell in self._cells(role):
            self.registers[self.program.register(cell)] = value

    def _cells(self, role: Role | CellRole) -> list[CellRef]:
        """The targets of a role, or its single cell if the tab has one."""
        single = [cell for name, cell in self.tab.cells.items() if name == role]
        return [*(pair.target for pair in self.tab.pairs if pair.role == role), *single]

    def value(self, role: CellRole) -> float:
        """The value of a single cell. Raises ModelError when the tab has none."""
        if role not in self.tab.cells:
            raise ModelError(f"{self.tab.sheet} has no cell for the {role} of {self.tab.optimizer}")
        return float(self.registers[self.program.register(self.tab.cells[role])])

    def change(self, role: CellRole, value: float) -> None:
        """Write a single cell and recalculate."""
        self.registers[self.program.register(self.tab.cells[role])] = value
        self.program.calculate(self.registers)

    @property
    def loss(self) -> float:
        """The tab's own loss cell; the root of the sum of squared errors where it has none."""
        return self._loss()

    @property
    def measured_loss(self) -> float:
        """The root of the sum of squared errors, whatever the tab's own loss is."""
        return float(self.registers[self.program.extra[_MEASURED]])

    @property
    def learning_rate(self) -> float:
        """The rate in its cell, or the one typed in the formulas; not-a-number without one."""
        if "learning rate" in self.tab.cells:
            return self.value("learning rate")
        typed = self.tab.setting("learning rate")
        return float("nan") if typed is None else typed

    @property
    def weights(self) -> NDArray[np.float64]:
        """The weights with which the first row starts, (k,)."""
        values: NDArray[np.float64] = self.registers[self._path[0]]
        return values

    def start_from(self, weights: NDArray[np.float64]) -> None:
        """Put weights into the start cells and recalculate."""
        for weight, value in zip(self.tab.weights, weights.tolist(), strict=True):
            assert weight.start is not None
            self.registers[self.program.register(weight.start)] = value
        self.program.calculate(self.registers)

    @property
    def input_values(self) -> NDArray[np.float64]:
        """The values of `inputs`, as many as they are."""
        values: NDArray[np.float64] = self.registers[self._inputs]
        return values

    def memory(self) -> NDArray[np.float64]:
        """The memory cells with which the first row starts, as many as there are."""
        values: NDArray[np.float64] = self.registers[self._memory]
        return values

    def columns(self, columns: Sequence[int]) -> NDArray[np.float64]:
        """The values of some columns of the rows, shape (rows, columns)."""
        values: NDArray[np.float64] = self.registers[self._block(columns)]
        return values

    def column(self, column: int) -> NDArray[np.float64]:
        """The values of one column of the rows, shape (rows,)."""
        return self.columns([column])[:, 0]

    def first_bad_row(self) -> int | None:
        """The first row (zero-based, of the sheet) with a weight or error that is not finite."""
        with np.errstate(over="ignore"):
            errors = (self.column(self.tab.prediction) - self.column(self.tab.target)) ** 2
        good = np.isfinite(self.registers[self._path]).all(axis=1) & np.isfinite(errors)
        return None if good.all() else self.tab.top + int(np.argmin(good))

    @property
    def carried(self) -> bool:
        """Whether everything that the next epoch starts from is finite."""
        return bool(np.isfinite(self.registers[self._sources]).all())


def _written(tab: GraddescTab) -> list[CellRef]:
    """Every number cell that epochs, annealing or reset write, each once."""
    changed: tuple[CellRole, ...] = ("learning rate", "growth limit", "smallest size")
    cells = [pair.target for pair in tab.pairs]
    cells += [tab.cells[role] for role in changed if role in tab.cells]
    return list(dict.fromkeys(cells))


def _loss_text(tab: GraddescTab) -> str:
    """The lesson's own measure; each row counts with the weights it was met with."""
    prediction, target = tab.area(tab.prediction).rect, tab.area(tab.target).rect
    return f"SQRT(SUMXMY2({prediction},{target}))"


def _keep_rate(epochs: Epochs) -> None:
    del epochs


def _halve(epochs: Epochs) -> None:
    """Halve the rate while the expected growth exceeds twice the last one; then remember it."""
    while epochs.value("growth") > HALVING_LIMIT * epochs.value("growth limit"):
        epochs.change("learning rate", epochs.value("learning rate") / 2.0)
    epochs.change("growth limit", epochs.value("growth"))


def _quarter(epochs: Epochs) -> None:
    """Quarter the rate when the gradients have doubled; remember their smallest size."""
    if epochs.value("ratio") > QUARTERING_LIMIT:
        epochs.change("learning rate", epochs.value("learning rate") / 4.0)
    if epochs.value("size") < epochs.value("smallest size"):
        epochs.change("smallest size", epochs.value("size"))


_ANNEALINGS: Mapping[Annealing, Callable[[Epochs], None]] = {
    "none": _keep_rate,
    "halving": _halve,
    "quartering": _quarter,
}
