"""Chains of rows in one pass beside the same rows as blocks of their own.

`python -m tests.benchmarks.chains [ROWS]` prints seconds of CPU of a recalculation in memory, the
least of three, and their ratio.
"""

from __future__ import annotations

import sys
import time

from tests.kernels.engine import workbook
from xlcollab.grid import Scalar
from xlcollab.kernels.scan.warming import run_passes
from xlcollab.kernels.trace.recalculate import recalculate
from xlcollab.plan import Plan, build_plan

Sheet = dict[str, Scalar]
_MOST_SUMS = 300
"""Rows of running sums: as blocks, each is put together from all above it."""


def chain(rows: int) -> Sheet:
    """A = 0.99 · A above + B."""
    data: Sheet = {f"B{r}": float(r % 7) for r in range(1, rows + 1)}
    return data | {"A1": 1.0} | {f"A{r}": f"=A{r - 1}*0.99+B{r}" for r in range(2, rows + 1)}


def running_sum(rows: int) -> Sheet:
    """Each row sums all above it, itself a part of those below."""
    return {"A1": 1.0} | {f"A{r}": f"=SUM(A$1:A{r - 1})*0.001" for r in range(2, rows + 1)}


def smoothing(rows: int) -> Sheet:
    """Level and trend of double exponential smoothing."""
    cells: Sheet = {f"C{r}": 10.0 + r % 12 for r in range(1, rows + 1)} | {"A1": 10.0, "B1": 0.0}
    for r in range(2, rows + 1):
        cells[f"A{r}"] = f"=0.3*C{r}+0.7*(A{r - 1}+B{r - 1})"
        cells[f"B{r}"] = f"=0.1*(A{r}-A{r - 1})+0.9*B{r - 1}"
    return cells


def seconds(plan: Plan) -> float:
    """Of CPU, the least of three."""
    found = []
    for _ in range(3):
        began = time.process_time()
        recalculate(plan)
        found.append(time.process_time() - began)
    return min(found)


def main(rows: int) -> None:
    run_passes()
    print("| sheet, rows | as blocks, s | in one pass, s | ratio |\n|---|---|---|---|")
    for make, count in ((chain, rows), (smoothing, rows), (running_sum, min(rows, _MOST_SUMS))):
        plan = build_plan(workbook(make(count)))
        blocks, passes = seconds(plan.unrolled()), seconds(plan)
        name = make.__name__.replace("_", " ")
        print(f"| {name}, {count:,} | {blocks:.3f} | {passes:.4f} | {blocks / passes:,.0f} |")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 2000)
