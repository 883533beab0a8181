"""Value with gradient of a sheet on the native machine, beside the same model by hand in torch.

    python -m tests.benchmarks.sheet_machine 15 100

One thread, float64, both in one process in turns; the least of many times.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from tests.kernels.engine import workbook
from xlcollab.grid import Scalar
from xlcollab.kernels.program.lower import lowered
from xlcollab.kernels.trace.compiler import Compiler
from xlcollab.plan import build_plan
from xlcollab.ref import column_letters, parse_area

FACTORS = 5
Model = tuple[dict[str, Scalar], str, str, Callable[[Tensor], Tensor]]
"""(cells, objective, variables, the same by hand)"""


def crosstab(side: int, *, sigmoid: bool) -> Model:
    """side × side ratings, 70 % of them there; items below them, users left of the predictions."""
    random = np.random.default_rng(side)
    ratings, there = random.integers(1, 6, (side, side)), random.random((side, side)) < 0.7
    first, last = FACTORS, FACTORS + side - 1
    items, below = side + 1, side + FACTORS + 2
    cells: dict[str, Scalar] = {}
    names = [column_letters(first + j) for j in range(side)]
    for j, name in enumerate(names):
        cells |= {f"{name}{i + 1}": float(ratings[i, j]) for i in range(side) if there[i, j]}
        cells |= {f"{name}{items + f}": float(random.normal(0, 0.3)) for f in range(FACTORS)}
    for i in range(below, below + side):
        cells |= {f"{column_letters(f)}{i}": float(random.normal(0, 0.3)) for f in range(FACTORS)}
        for name in names:
            dot = f"MMULT($A{i}:$E{i},{name}${items}:{name}${items + FACTORS - 1})"
            value = f"0.5+5/(1+EXP(-{dot}))" if sigmoid else dot
            cells[f"{name}{i}"] = f'=IF({name}{i - below + 1}="",0,{value})'
    known = f"{names[0]}1:{names[-1]}{side}"
    made = f"{names[0]}{below}:{names[-1]}{below + side - 1}"
    end = column_letters(last + 2)
    cells[f"{end}1"] = f"=SQRT(SUMXMY2({known},{made})/COUNT({known}))"
    mask, target = torch.tensor(there.astype(float)), torch.tensor(ratings * there * 1.0)

    def by_hand(x: Tensor) -> Tensor:
        cut = side * FACTORS
        found = x[cut:].view(side, FACTORS) @ x[:cut].view(FACTORS, side)
        if sigmoid:
            found = 0.5 + 5 * torch.sigmoid(found)
        return (((found - target) * mask).square().sum() / mask.sum()).sqrt()

    variables = f"{names[0]}{items}:{names[-1]}{items + FACTORS - 1},A{below}:E{below + side - 1}"
    return cells, f"{end}1", variables, by_hand


def compare(name: str, model: Model) -> None:
    """Print a line of the table."""
    cells, objective, variables, by_hand = model
    areas = [parse_area(f"Sheet1!{one}") for one in variables.split(",")]
    book = workbook(cells)
    sheet = book.sheet("Sheet1")
    start = np.concatenate([sheet.block(area.rect)[1].reshape(-1) for area in areas])
    compiler = Compiler(build_plan(book), areas, start)
    function = compiler.function([compiler.cells(parse_area(f"Sheet1!{objective}"))])
    x = torch.tensor(start)
    program = lowered(function.scalar, x)
    assert program is not None
    leaf = x.clone().requires_grad_()

    def in_torch(function: Callable[[Tensor], Tensor]) -> Callable[[], object]:
        return lambda: torch.autograd.grad(function(leaf), leaf)

    ways = (
        lambda: program.value_and_gradient(start),
        in_torch(function.scalar),
        in_torch(by_hand),
    )
    machine, tape, hand = least(ways)
    value, slope = program.value_and_gradient(start) or (np.nan, start)
    (right,) = torch.autograd.grad(by_hand(leaf), leaf)
    apart = max(abs(value - float(by_hand(x))), float(np.abs(slope - right.numpy()).max()))
    ratios = f"{hand / machine:6.1f} × hand  {tape / machine:6.1f} × tape"
    print(f"{name:22} machine {machine:8.4f}  hand {hand:8.4f} ms  {ratios}  apart {apart:.0e}")


def least(ways: tuple[Callable[[], object], ...]) -> list[float]:
    """The least time of each way in ms, taken in turns for three seconds."""
    best = [float("inf")] * len(ways)
    began = time.perf_counter()
    while time.perf_counter() - began < 3.0:
        for number, way in enumerate(ways):
            start = time.perf_counter()
            way()
            best[number] = min(best[number], (time.perf_counter() - start) * 1e3)
    return best


def main() -> None:
    torch.set_num_threads(1)
    for side in [int(word) for word in sys.argv[1:]] or [15, 100]:
        for sigmoid in (False, True):
            kind = "sigmoid" if sigmoid else "dot product"
            compare(f"{kind} {side} × {side}", crosstab(side, sigmoid=sigmoid))


if __name__ == "__main__":
    main()
