"""Tabs of gradient descent as a teacher might type them, and what their epochs must give.

Each has its data in the first columns, then the weights, the prediction, the squared error, a
gradient per weight, and an update per weight; the start weights and the rate stand above.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.build import Name, build
from xlcollab.ref import cell_name, column_letters


@dataclass(frozen=True)
class Layout:
    """Where things stand (zero-based), and how many weights there are: y = b + a·x + c·x²."""

    rows: int = 12
    weights: int = 2
    top: int = 4
    left: int = 0
    start_column: int = 3
    rate: float = 0.01
    backwards: bool = False
    """The updates stand before the gradients."""

    @property
    def bottom(self) -> int:
        return self.top + self.rows - 1

    def start(self, weight: int) -> str:
        return cell_name(weight, self.start_column)

    def column(self, what: str, weight: int = 0) -> str:
        blocks = ["x", "y", "weight", "prediction", "error", "gradient", "update"]
        if self.backwards:
            blocks = ["update", "gradient", "error", "prediction", "weight", "y", "x"]
        wide = {"weight", "gradient", "update"}
        before = blocks[: blocks.index(what)]
        index = sum(self.weights if name in wide else 1 for name in before)
        return column_letters(self.left + index + weight)

    @property
    def rate_cell(self) -> str:
        return cell_name(0, self.start_column + 2, absolute=True)


def data(rows: int) -> tuple[list[float], list[float]]:
    """x between -1 and 1, and y = 3 + 2x - x² with a little noise."""
    draw = random.Random(7)
    x = [round(draw.uniform(-1.0, 1.0), 3) for _ in range(rows)]
    return x, [round(3 + 2 * v - v * v + draw.gauss(0, 0.05), 4) for v in x]


def sgd_cells(layout: Layout) -> dict[str, Any]:
    """The cells of a tab of plain gradient descent."""
    at, ks = layout.column, range(layout.weights)
    cells: dict[str, Any] = {layout.rate_cell.replace("$", ""): layout.rate}
    for k in ks:
        cells[layout.start(k)] = 0.5
        cells[cell_name(k, layout.start_column - 1)] = "bac"[k]
        cells[f"{at('weight', k)}{layout.top}"] = "bac"[k]
    for what in ("x", "y", "prediction", "error"):
        cells[f"{at(what)}{layout.top}"] = what
    x, y = data(layout.rows)
    for index in range(layout.rows):
        row = layout.top + index + 1
        cells[f"{at('x')}{row}"], cells[f"{at('y')}{row}"] = x[index], y[index]
        cells |= _row(layout, row, first=index == 0)
    return cells


def _row(layout: Layout, row: int, *, first: bool) -> dict[str, str]:
    at, ks = layout.column, range(layout.weights)
    x, prediction, y = f"{at('x')}{row}", f"{at('prediction')}{row}", f"{at('y')}{row}"
    powers = ["1", x, f"{x}^2"]
    cells = {}
    for k in ks:
        weight, update = f"{at('weight', k)}{row}", f"{at('update', k)}{row - 1}"
        cells[weight] = f"={layout.start(k)}" if first else f"={update}"
        cells[f"{at('gradient', k)}{row}"] = f"=2*({prediction}-{y})*{powers[k]}"
        gradient = f"{at('gradient', k)}{row}"
        cells[f"{at('update', k)}{row}"] = f"={weight}-{gradient}*{layout.rate_cell}"
    weights = [f"{at('weight', k)}{row}" for k in ks]
    cells[prediction] = "=" + "+".join(
        weight if power == "1" else f"{weight}*{power}"
        for weight, power in zip(weights, powers, strict=False)
    )
    cells[f"{at('error')}{row}"] = f"=({prediction}-{y})^2"
    return cells


def momentum_cells(layout: Layout, decay: float = 0.8) -> dict[str, Any]:
    """The same with an average of gradients right of the block, kept below its last row."""
    cells = sgd_cells(layout)
    base = layout.left + 4 + 3 * layout.weights + 1
    cells |= {cell_name(0, base): decay, cell_name(0, base + 1): f"=1-{cell_name(0, base)}"}
    beta, share = (cell_name(0, base + i, absolute=True) for i in (0, 1))
    for k in range(layout.weights):
        column = column_letters(base + k)
        kept = f"{column}{layout.bottom + 2}"
        cells |= {kept: 0.0, f"{column}{layout.top}": f"={kept}"}
        for row in range(layout.top + 1, layout.bottom + 2):
            gradient = f"{layout.column('gradient', k)}{row}"
            cells[f"{column}{row}"] = f"={column}{row - 1}*{beta}+{share}*{gradient}"
            weight = f"{layout.column('weight', k)}{row}"
            update = f"{layout.column('update', k)}{row}"
            cells[update] = f"={weight}-{column}{row}*{layout.rate_cell}"
    return cells


def write(path: Path, sheets: dict[str, dict[str, Any]], names: Sequence[Name] = ()) -> Path:
    return build(path, sheets, names)


def judged_sgd(layout: Layout, epochs: int, *, lost: bool = False) -> list[float]:
    """The weights after some epochs; `lost`: the update of the last row is never carried."""
    x, y = data(layout.rows)
    weights = [0.5] * layout.weights
    for _ in range(epochs):
        for index in range(layout.rows - lost):
            powers = [1.0, x[index], x[index] ** 2][: layout.weights]
            predicted = 0.0
            for weight, power in zip(weights, powers, strict=True):
                predicted += weight * power
            error = 2 * (predicted - y[index])
            weights = [w - error * p * layout.rate for w, p in zip(weights, powers, strict=True)]
    return weights


def judged_momentum(layout: Layout, epochs: int, decay: float = 0.8) -> list[float]:
    x, y = data(layout.rows)
    weights, means = [0.5] * layout.weights, [0.0] * layout.weights
    for _ in range(epochs):
        for index in range(layout.rows):
            powers = [1.0, x[index], x[index] ** 2][: layout.weights]
            predicted = 0.0
            for weight, power in zip(weights, powers, strict=True):
                predicted += weight * power
            error = 2 * (predicted - y[index])
            means = [
                m * decay + (1 - decay) * (error * p) for m, p in zip(means, powers, strict=True)
            ]
            weights = [w - m * layout.rate for w, m in zip(weights, means, strict=True)]
    return weights
