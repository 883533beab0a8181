"""A finished scalar program and the registers of its cells."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from xlcollab.errors import UnsupportedError
from xlcollab.ref import CellRef

Registers = NDArray[np.float64]
"""One float64 per cell or intermediate result; not-a-number where Excel would show an error."""


@dataclass(frozen=True, slots=True, eq=False)
class ScalarProgram:
    """Operations in an order that works, over registers.

    `codes`, `results` (n,), `starts` (n + 1,) and `operands` are as `machine.calculate` takes them.
    `initial` are the values that stand in the workbook; `cells` says where each cell is kept,
    `formulas` which of them the program computes, and `booleans` which of those are TRUE or FALSE.
    `refused` are formula cells that it could not take, with the reason; `extra` are the registers
    of the formulas that stand in no cell.
    """

    codes: NDArray[np.int32]
    results: NDArray[np.int32]
    starts: NDArray[np.int32]
    operands: NDArray[np.int32]
    initial: Registers
    cells: Mapping[CellRef, int]
    formulas: tuple[CellRef, ...]
    booleans: frozenset[CellRef]
    refused: Mapping[CellRef, str]
    extra: Mapping[str, int]

    def start(self) -> Registers:
        """Registers with the values of the workbook, everything recalculated."""
        registers = self.initial.copy()
        self.calculate(registers)
        return registers

    def calculate(self, registers: Registers) -> None:
        """Recalculate every formula, in place."""
        # Loading the compiled loop takes half a second, which `inspect` and `--help` never need.
        from xlcollab.kernels.scalar.machine import calculate

        calculate(self.codes, self.results, self.starts, self.operands, registers)

    def register(self, cell: CellRef) -> int:
        """Where the cell is kept. Raises UnsupportedError with the reason when it is not."""
        if cell not in self.cells:
            reason = self.refused.get(cell, "the cell holds no number and no formula")
            raise UnsupportedError(f"{cell} cannot be computed: {reason}")
        return self.cells[cell]
