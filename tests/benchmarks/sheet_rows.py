"""Value with gradient of every sheet of the speed table, beside torch and numba by hand.

    python -m tests.benchmarks.sheet_rows                  # the small sheets
    python -m tests.benchmarks.sheet_rows --large --threads 2
    python -m tests.benchmarks.sheet_rows --only look

All ways run in turns in one process; printed is the least of many times. "numpy" is
`function.value_and_gradient(x)`, "autograd" `torch.autograd.grad(function(x), x)`.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numba
import numpy as np
import torch

import xlcollab as xc
from tests.benchmarks.sheet_models import Made, crosstab, logistic, lookup, net

Maker = Callable[[Path], Made]

SMALL: dict[str, Maker] = {
    "dot 15x15 k5": lambda f: crosstab(f, 15, 5, "dot"),
    "bias 15x15 k5": lambda f: crosstab(f, 15, 5, "bias"),
    "sigmoid 15x15 k5": lambda f: crosstab(f, 15, 5, "sigmoid"),
    "dot 100x100 k5": lambda f: crosstab(f, 100, 5, "dot"),
    "dot 100x100 k50": lambda f: crosstab(f, 100, 50, "dot"),
    "sigmoid 100x100 k5": lambda f: crosstab(f, 100, 5, "sigmoid"),
    "look-up INDEX 1,000": lambda f: lookup(f, 1000, 100, 5, "index"),
    "look-up OFFSET 1,000": lambda f: lookup(f, 1000, 100, 5, "offset"),
    "look-up VLOOKUP 1,000": lambda f: lookup(f, 1000, 100, 5, "vlookup"),
    "logistic 1,000 x 10": lambda f: logistic(f, 1000, 10),
    "net 500, 4-16-1": lambda f: net(f, 500, 4, 16),
}
LARGE: dict[str, Maker] = {
    "dot 1000x1000 k5": lambda f: crosstab(f, 1000, 5, "dot"),
    "sigmoid 1000x1000 k5": lambda f: crosstab(f, 1000, 5, "sigmoid"),
    "look-up INDEX 100,000": lambda f: lookup(f, 100_000, 1000, 5, "index"),
    "look-up OFFSET 100,000": lambda f: lookup(f, 100_000, 1000, 5, "offset"),
    "logistic 100,000 x 20": lambda f: logistic(f, 100_000, 20),
    "net 10,000, 4-16-1": lambda f: net(f, 10_000, 4, 16),
}
_SECONDS = 2.0
_HEAD = f"{'sheet':24}{'numpy':>9}{'autograd':>9}{'torch':>9}{'numba':>9} ms"


def compare(name: str, made: Made) -> None:
    """Print a line of the table."""
    function = xc.open(made.path).function(made.objective, by_changing=made.variables)
    leaf = torch.tensor(made.start, requires_grad=True)

    def by_autograd() -> object:
        value = function(leaf)
        return value.detach(), torch.autograd.grad(value, leaf)

    ways: list[Callable[[], object]] = [
        lambda: function.value_and_gradient(made.start),
        by_autograd,
        lambda: torch.autograd.grad(made.torch(leaf), leaf),
    ]
    if made.numba is not None:
        by_numba = made.numba
        ways.append(lambda: by_numba(made.start))
    times = least(ways)
    ours, autograd, hand, *limit = times
    value, slope = function.value_and_gradient(made.start)
    right = made.torch(leaf)
    (slopes,) = torch.autograd.grad(right, leaf)
    apart = max(abs(value - right.item()), np.abs(slope - slopes.numpy()).max())
    print(
        f"{name:24}" + "".join(f"{t:9.4f}" for t in times),
        f"  torch/numpy {hand / ours:5.1f}  torch/autograd {hand / autograd:5.1f}"
        f"  numpy/numba {ours / limit[0] if limit else np.nan:5.1f}  apart {apart:.0e}",
        flush=True,
    )


def least(ways: list[Callable[[], object]], seconds: float = _SECONDS) -> list[float]:
    """The least time of each way in ms, taken in turns."""
    best = [float("inf")] * len(ways)
    for way in ways:
        way()  # compiles what is not compiled yet
    began = time.perf_counter()
    while time.perf_counter() - began < seconds:
        for number, way in enumerate(ways):
            start = time.perf_counter()
            way()
            best[number] = min(best[number], (time.perf_counter() - start) * 1e3)
    return best


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--large", action="store_true", help="the large sheets instead")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--only", default="", help="sheets with these words in their names")
    asked = parser.parse_args()
    torch.set_num_threads(asked.threads)
    numba.set_num_threads(asked.threads)
    print(_HEAD)
    with tempfile.TemporaryDirectory() as folder:
        for name, make in (LARGE if asked.large else SMALL).items():
            if asked.only in name:
                compare(name, make(Path(folder)))


if __name__ == "__main__":
    main()
