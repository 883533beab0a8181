"""Test RMSE and fit time on MovieLens 100k, u1 to u5, beside the peers that are installed.

    python -m tests.benchmarks.factor_movielens [--repeats 3] [--slow]

Kernels are compiled before the clock starts, data is in memory for everyone, and each time is the
lowest of the repeats. Peers: cornac; with --slow fastai too, once (half a minute a split).
"""

from __future__ import annotations

import argparse
import importlib.util
import time
from collections.abc import Callable

import numpy as np

from tests.benchmarks.factor_data import movielens, movielens_split
from xlcollab.factor import QUALITIES, ModelSettings, Tables, TrainingSettings, train
from xlcollab.ratings import rmse

Run = Callable[[Tables, int], tuple[float, float]]
"""(tables, seed) → (seconds of the fit, test RMSE)."""


def ours(quality: str) -> Run:
    def run(tables: Tables, seed: int) -> tuple[float, float]:
        asked = QUALITIES[quality]
        model = ModelSettings(n_factors=asked["n_factors"])
        training = TrainingSettings(optimizer=asked["optimizer"], seed=seed)
        began = time.perf_counter()
        result = train(Tables(tables.train), model, training)
        seconds = time.perf_counter() - began
        assert tables.test is not None
        test = tables.test
        return seconds, rmse(result.model.predict_numbers(test.users, test.items), test.ratings)

    return run


def cornac(tables: Tables, seed: int) -> tuple[float, float]:
    """Biased MF with 100 factors; learning rate and regularisation of its MovieLens examples."""
    from cornac.data import Dataset
    from cornac.models import MF

    assert tables.test is not None
    part, test = tables.train, tables.test
    triples = zip(part.users.tolist(), part.items.tolist(), part.ratings.tolist(), strict=True)
    data = Dataset.from_uir(list(triples))
    model = MF(
        k=100,
        max_iter=20,
        learning_rate=0.02,
        lambda_reg=0.1,
        use_bias=True,
        seed=seed,
        num_threads=2,
    )
    began = time.perf_counter()
    model.fit(data)
    seconds = time.perf_counter() - began
    known = data.uid_map, data.iid_map
    pairs = zip(test.users.tolist(), test.items.tolist(), strict=True)
    found = [
        model.rate(known[0][u], known[1][i])
        if u in known[0] and i in known[1]
        else data.global_mean
        for u, i in pairs
    ]
    return seconds, rmse(np.clip(found, 1, 5), test.ratings)


def fastai(tables: Tables, seed: int) -> tuple[float, float]:
    """The lesson's learner: 50 factors, range 0 to 5.5, five epochs of one-cycle, batch 64."""
    import torch
    from fastai.collab import CollabDataLoaders, collab_learner

    torch.manual_seed(seed)
    assert tables.test is not None
    part, test = (
        table.to_frame()[["user", "item", "rating"]] for table in (tables.train, tables.test)
    )
    loaders = CollabDataLoaders.from_df(part, bs=64, valid_pct=0.0001, seed=seed)
    learner = collab_learner(loaders, n_factors=50, y_range=(0, 5.5))
    began = time.perf_counter()
    with learner.no_bar(), learner.no_logging():
        learner.fit_one_cycle(5, 5e-3, wd=0.1)
    seconds = time.perf_counter() - began
    predictions, _ = learner.get_preds(dl=loaders.test_dl(test))
    return seconds, rmse(predictions.numpy().ravel(), tables.test.ratings)


def table(runs: dict[str, Run], repeats: int) -> None:
    """Prints one line a split and contender, and the means."""
    whole = movielens()
    if whole is None:
        raise SystemExit("no MovieLens 100k: see tests/benchmarks/factor_data.py")
    for run in runs.values():
        run(movielens_split(whole, 2), 99)
    print(f"{'':12}" + "".join(f"{name:>22}" for name in runs))
    lines = []
    for number in range(1, 6):
        tables = movielens_split(whole, number)
        measured = [[run(tables, seed) for seed in range(repeats)] for run in runs.values()]
        line = [
            (min(s for s, _ in runs_), float(np.mean([e for _, e in runs_]))) for runs_ in measured
        ]
        lines.append(line)
        print(f"u{number:<11}" + "".join(f"{s:10.3f} s {e:9.4f}" for s, e in line), flush=True)
    mean = np.mean(lines, axis=0)
    print(f"{'mean':12}" + "".join(f"{s:10.3f} s {e:9.4f}" for s, e in mean))


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--slow", action="store_true", help="fastai too")
    options = parser.parse_args()
    runs: dict[str, Run] = {"fast": ours("fast"), "best": ours("best")}
    runs |= {"cornac k=100": cornac} if importlib.util.find_spec("cornac") else {}
    table(runs, options.repeats)
    if options.slow and importlib.util.find_spec("fastai"):
        table({"fastai k=50": fastai}, 1)


if __name__ == "__main__":
    main()
