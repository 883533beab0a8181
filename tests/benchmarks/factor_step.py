"""One full-batch step against C, and the memory it takes; `factor_growth` draws how time grows.

    python -m tests.benchmarks.factor_step [1M 10M] [--factors 5 20 50]

The C form is the same fused pass and plain gradient descent, built with gcc -O3 -march=native, with
the length of a row known to the compiler. Times are the lowest of many steps, both forms in turn.
"""

from __future__ import annotations

import argparse
import ctypes
import subprocess
import tempfile
import time
import tracemalloc
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from tests.benchmarks.factor_data import SHAPES, synthetic
from xlcollab.factor import ModelSettings, TrainingSettings, estimate_memory
from xlcollab.factor.engines.base import n_parts
from xlcollab.factor.engines.gradient import FullBatch, Stepper
from xlcollab.factor.models.initial import start_rows
from xlcollab.factor.passes.order import BySide
from xlcollab.factor.passes.output import Output
from xlcollab.factor.passes.rows import Rows
from xlcollab.ratings import RatingsTable

C_SOURCE = r"""
#include <string.h>
#define W %d
void step(int parts, const long *cuts, const long *starts, const int *items, const float *ratings,
          float mean, float *P, float *Q, float *G, long n_items, float rate, float l2, int k) {
  #pragma omp parallel for schedule(static, 1)
  for (int c = 0; c < parts; c++) {
    float *block = G + (long)c * n_items * W;
    memset(block, 0, n_items * W * sizeof(float));
    for (long u = cuts[c]; u < cuts[c + 1]; u++) {
      float row[W], grad[W];
      memcpy(row, P + u * W, sizeof row);
      memset(grad, 0, sizeof grad);
      for (long s = starts[u]; s < starts[u + 1]; s++) {
        const float *q = Q + (long)items[s] * W;
        float *g = block + (long)items[s] * W, e = mean - ratings[s];
        for (int f = 0; f < W; f++) e += row[f] * q[f];
        for (int f = 0; f < W; f++) { grad[f] += e * q[f]; g[f] += e * row[f]; }
      }
      for (int f = 0; f <= k; f++) P[u * W + f] = row[f] - rate * (grad[f] + l2 * row[f]);
    }
  }
  #pragma omp parallel for
  for (long i = 0; i < n_items; i++)
    for (int f = 0; f < W; f++)
      if (f < k || f == k + 1) {
        float g = 0;
        for (int c = 0; c < parts; c++) g += G[((long)c * n_items + i) * W + f];
        Q[i * W + f] -= rate * (g + l2 * Q[i * W + f]);
      }
}
"""
RATE, L2 = 1e-4, 0.02


def our_step(table: RatingsTable, k: int) -> FullBatch:
    """The engine, ready to step: gradient descent on half the sum of squared errors."""
    model = ModelSettings(n_factors=k)
    training = TrainingSettings(
        optimizer="gd", loss="sse", learning_rate=RATE, l2_factors=L2, l2_biases=L2
    ).resolved()
    rows = start_rows(model, table.n_users, table.n_items, np.random.default_rng(0))
    output = Output.of(model, float(table.ratings.mean()), table.range)
    stepper = Stepper.of(rows, model, training, 1)
    return FullBatch(BySide.users(table, "float32"), output, stepper, len(table))


def c_step(engine: FullBatch, rows: Rows, folder: Path) -> Callable[[], None]:
    """The same step in C, on rows of its own."""
    width = rows.users.shape[1]
    source, library = folder / f"step{width}.c", folder / f"step{width}.so"
    source.write_text(C_SOURCE % width)
    flags = "-O3 -march=native -ffast-math -mprefer-vector-width=512 -fopenmp -shared -fPIC"
    subprocess.run(["gcc", *flags.split(), "-o", library, source], check=True)
    function = ctypes.CDLL(str(library)).step
    by_user, blocks = engine.by_user, np.zeros_like(engine.item_gradient)

    def pointer(array: np.ndarray[Any, Any]) -> ctypes.c_void_p:
        return array.ctypes.data_as(ctypes.c_void_p)

    def step() -> None:
        function(
            len(engine.cuts) - 1, pointer(engine.cuts), pointer(by_user.starts),
            pointer(by_user.others), pointer(by_user.ratings),
            ctypes.c_float(engine.output.centre),
            pointer(rows.users), pointer(rows.items), pointer(blocks),
            ctypes.c_long(len(rows.items)), ctypes.c_float(RATE), ctypes.c_float(L2),
            rows.n_factors,
        )  # fmt: skip

    return step


def compare(name: str, factors: list[int], seconds: float = 4.0) -> None:
    """Prints both times and their ratio, after checking that both steps give the same rows."""
    table = synthetic(*SHAPES[name])
    with tempfile.TemporaryDirectory() as folder:
        for k in factors:
            engine = our_step(table, k)
            rows = engine.rows.copy()
            in_c = c_step(engine, rows, Path(folder))
            engine.run_epoch(0)
            in_c()
            moved = np.abs(rows.items - engine.rows.items).max() / np.abs(rows.items).max()
            assert moved < 1e-4, f"the C form differs by {moved:.1e}"
            ours, theirs = _alternately(partial(engine.run_epoch, 0), in_c, seconds)
            print(
                f"{name:>4} k={k:<3} ours {1e3 * ours:8.2f} ms   C {1e3 * theirs:8.2f} ms   "
                f"ratio {ours / theirs:.2f}   {1e9 * ours / len(table):.2f} ns a rating",
                flush=True,
            )


def memory(name: str, k: int) -> None:
    """Prints the bytes a rating that table and order take, measured and estimated."""
    table = synthetic(*SHAPES[name])
    tracemalloc.start()
    engine = our_step(table, k)
    engine.run_epoch(0)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    rows = engine.rows.users.nbytes + engine.rows.items.nbytes
    state = 2 * rows + engine.user_gradient.nbytes + engine.item_gradient.nbytes
    estimate = estimate_memory(
        len(table),
        table.n_users,
        table.n_items,
        ModelSettings(n_factors=k),
        TrainingSettings(optimizer="gd"),
    )
    print(
        f"{name}: {12 + (peak - state) / len(table):.1f} bytes a rating beside factors and "
        f"gradients; estimate {estimate.ratings / len(table):.1f}"
    )


def _alternately(
    one: Callable[[], Any], other: Callable[[], Any], seconds: float
) -> tuple[float, float]:
    times: tuple[list[float], list[float]] = [], []
    end = time.perf_counter() + seconds
    while time.perf_counter() < end or len(times[0]) < 5:
        for run, kept in zip((one, other), times, strict=True):
            began = time.perf_counter()
            run()
            kept.append(time.perf_counter() - began)
    return min(times[0]), min(times[1])


def lowest(run: Callable[[], Any], seconds: float) -> float:
    """The quickest of at least five runs, and of as many as `seconds` hold."""
    return _alternately(run, lambda: None, seconds)[0]


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("names", nargs="*", default=["1M", "10M"])
    parser.add_argument("--factors", nargs="+", type=int, default=[5, 20, 50])
    options = parser.parse_args()
    print(f"{n_parts()} threads")
    for name in options.names:
        compare(name, options.factors)
        memory(name, options.factors[0])


if __name__ == "__main__":
    main()
