"""The same model measured in other units: nothing that is true of it changes."""

from __future__ import annotations

import re
from dataclasses import replace

from numpy.random import Generator

from tests.solver.battery.case import Case, Row, Truth

_FARTHEST = 9


def _sized(row: Row, size: float) -> Row:
    """A row that no variable is in has no unit that its limit could be told from rounding by."""
    return replace(row, size=size if re.search(r"x\d", row.text.formula) else 1.0)


def measured(random: Generator, case: Case, truth: Truth | None = None) -> Case:
    """Objective and rows times 1e-9 … 1e9, each its own, in half of the cases; variables times
    1e-3 … 1e3 in a third of those that hold no whole numbers."""
    truth = case.truth if truth is None else truth
    far = random.random() < 0.5

    def factor() -> float:
        return float(10.0 ** random.integers(-_FARTHEST, _FARTHEST + 1)) if far else 1.0

    rows = [_sized(row, factor()) for row in case.rows]
    scales: list[float] = []
    if random.random() < 1 / 3 and not case.integer and not case.permutation:
        scales = [float(10.0**k) for k in random.integers(-3, 4, case.n)]
    return replace(case, truth=truth, rows=rows, size=factor(), scales=scales)
