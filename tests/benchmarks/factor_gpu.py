"""A full-batch epoch of Adam on a CUDA device, against what its memory could do.

    python -m tests.benchmarks.factor_gpu [25M] [--factors 50]

The bound is the time in which the device's memory, at the speed of a copy within it, would deliver
every rating twice (once a side) with the row it needs. Rows that stay in the device's cache come
faster than that, so the share of the bound may exceed 1.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import torch

from tests.benchmarks.factor_data import SHAPES, synthetic
from xlcollab.factor import ModelSettings, TrainingSettings
from xlcollab.factor.engines.gather_pass import GatherPass
from xlcollab.factor.engines.schedules import learning_rates
from xlcollab.factor.engines.torch_batch import TorchBatch
from xlcollab.factor.engines.triton_pass import TritonPass
from xlcollab.factor.models.initial import start_rows
from xlcollab.factor.passes.output import Output
from xlcollab.ratings import RatingsTable

EPOCHS = 50


def engine(table: RatingsTable, k: int, **options: Any) -> TorchBatch:
    """Adam on `table` on the CUDA device, ready to step."""
    model = ModelSettings(n_factors=k)
    training = TrainingSettings(
        optimizer="adam", learning_rate=0.01, epochs=EPOCHS, device="cuda", **options
    ).resolved()
    rng = np.random.default_rng(0)
    rows = start_rows(model, table.n_users, table.n_items, rng)
    output = Output.of(model, float(table.ratings.mean()), table.range)
    rate = learning_rates(training, EPOCHS)
    columns = rows.columns(model, training)
    device = torch.device("cuda")
    return TorchBatch(table, output, rows, columns, training, rate, rng, device, len(table))


def seconds(run: Callable[[], Any], times: int = EPOCHS) -> float:
    """The median of `times` runs, each to its end on the device."""
    taken = []
    for _ in range(times):
        torch.cuda.synchronize()
        began = time.perf_counter()
        run()
        torch.cuda.synchronize()
        taken.append(time.perf_counter() - began)
    return float(np.median(taken))


def copy_speed() -> float:
    """Bytes read and written a second by a copy of 4 GB."""
    source = torch.randn(1 << 30, device="cuda")
    target = torch.empty_like(source)
    target.copy_(source)
    return 2 * 4 * len(source) / seconds(lambda: target.copy_(source), 20)


def gathered_bytes(n_ratings: int, n_rows: int, width: int, number: int) -> int:
    """The least that a pass over both sides reads: every rating's rows and numbers, each row once.

    `n_rows` are users and items together, `number` the bytes of one.
    """
    return n_ratings * 2 * (width * number + 4 + number) + n_rows * width * number


def report(name: str, k: int, speed: float) -> None:
    """Prints the epoch, its passes and the bound."""
    table = synthetic(*SHAPES[name])
    whole = engine(table, k)
    for epoch in range(3):
        whole.run_epoch(epoch)
    epoch = seconds(lambda: whole.run_epoch(0))
    users, items = (side.rows for side in whole._sides)
    shape = (table.n_users, table.n_items)
    fused = TritonPass.of(*whole._data, shape, whole.output)
    fused_time = seconds(lambda: fused.gradients(users, items))
    plain = GatherPass.of(*whole._data, shape, whole.output)
    plain.gradients(users, items)
    plain_time = seconds(lambda: plain.gradients(users, items), 5)
    least = gathered_bytes(len(table), sum(shape), users.shape[1], 4) / speed
    print(
        f"{name} k={k}: epoch {1e3 * epoch:.2f} ms, of it the pass {1e3 * fused_time:.2f} ms "
        f"(torch's own operations {1e3 * plain_time:.1f} ms); bound {1e3 * least:.2f} ms, so the "
        f"epoch reaches {least / epoch:.0%} and the pass {least / fused_time:.0%} of it; "
        f"{len(table) / epoch / 1e9:.2f} billion ratings a second; "
        f"{torch.cuda.max_memory_allocated() / 1e9:.1f} GB at most",
        flush=True,
    )


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("names", nargs="*", default=["25M"])
    parser.add_argument("--factors", nargs="+", type=int, default=[50])
    options = parser.parse_args()
    speed = copy_speed()
    print(f"{torch.cuda.get_device_name()}, a copy moves {speed / 1e12:.2f} TB/s")
    for name in options.names:
        for k in options.factors:
            report(name, k, speed)


if __name__ == "__main__":
    main()
