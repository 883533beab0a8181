"""Test RMSE and CPU seconds of a fit on MovieLens 100k, u1 to u5, beside the peers installed.

    python -m tests.benchmarks.factor_movielens [--repeats 3] [--splits 2 3 4 5 1] [--slow]

All contenders take a split in turns, in one process and one run, data in memory for everyone, what
compiles itself compiled before on a few ratings. Seconds are those of all threads together, the
lowest of the repeats: what else the machine does hardly counts. Peers: those of factor_peers.py
that are installed; with --slow fastai too, once (half a minute a split). Then what is taken up:
NDCG at 10 of the test ratings from 4 up. Printed as the tables of README.md.
"""

from __future__ import annotations

import argparse
import importlib.util
import time
from collections.abc import Sequence
from typing import Any

import numpy as np

from tests.benchmarks.factor_data import movielens, movielens_split
from tests.benchmarks.factor_peers import RANKINGS, RATINGS, Run, installed
from xlcollab.factor import (
    QUALITIES,
    FactorModel,
    MatrixFactorization,
    ModelSettings,
    Tables,
    TrainingSettings,
    train,
)
from xlcollab.factor.models.recommend import rank_scores
from xlcollab.ratings import ranking, rmse


def ours(quality: str) -> Run:
    def run(tables: Tables, seed: int) -> tuple[float, float]:
        asked = QUALITIES[quality]
        model = ModelSettings(n_factors=asked["n_factors"])
        training = TrainingSettings(optimizer=asked["optimizer"], seed=seed)
        began = time.process_time()
        result = train(Tables(tables.train), model, training)
        seconds = time.process_time() - began
        assert tables.test is not None
        test = tables.test
        return seconds, rmse(result.model.predict_numbers(test.users, test.items), test.ratings)

    return run


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
    began = time.process_time()
    with learner.no_bar(), learner.no_logging():
        learner.fit_one_cycle(5, 5e-3, wd=0.1)
    seconds = time.process_time() - began
    predictions, _ = learner.get_preds(dl=loaders.test_dl(test))
    return seconds, rmse(predictions.numpy().ravel(), tables.test.ratings)


def ours_taken(rule: str) -> Run:
    """Our implicit model by its recipe: seconds and NDCG at 10."""

    def run(tables: Tables, seed: int) -> tuple[float, float]:
        model = MatrixFactorization(implicit=True, optimizer=rule, seed=seed)
        began = time.process_time()
        model.fit(tables.train)
        seconds = time.process_time() - began
        found = model.model_
        assert isinstance(found, FactorModel)
        return seconds, _ndcg(lambda user: rank_scores(found, user), tables)

    return run


def theirs_taken(peer: Any) -> Run:
    def run(tables: Tables, seed: int) -> tuple[float, float]:
        seconds, scores = peer(tables, seed)
        return seconds, _ndcg(lambda user: scores[user], tables)

    return run


def popularity(tables: Tables, seed: int) -> tuple[float, float]:
    counts = np.bincount(tables.train.items, minlength=tables.train.n_items).astype(float)
    return 0.0, _ndcg(lambda user: counts, tables)


def _ndcg(scores: Any, tables: Tables) -> float:
    assert tables.test is not None
    return ranking(scores, tables.train, tables.test, 10, 4.0).ndcg


def table(runs: dict[str, Run], repeats: int, splits: Sequence[int] = range(1, 6)) -> None:
    """Prints one line a split and contender, and the means."""
    whole = movielens()
    if whole is None:
        raise SystemExit("no MovieLens 100k: see tests/benchmarks/factor_data.py")
    for run in runs.values():
        run(_few(movielens_split(whole, 2)), 99)
    print("| split | " + " | ".join(f"{name} | " for name in runs) + "|")
    print("|---|" + "---|---|" * len(runs))
    lines = []
    for number in splits:
        tables = movielens_split(whole, number)
        measured: list[list[tuple[float, float]]] = [[] for _ in runs]
        for seed in range(repeats):
            for found, run in zip(measured, runs.values(), strict=True):
                found.append(run(tables, seed))
        line = [
            (min(s for s, _ in runs_), float(np.mean([e for _, e in runs_]))) for runs_ in measured
        ]
        lines.append(line)
        _print(f"u{number}", line)
    _print("mean", np.mean(lines, axis=0).tolist())


def _few(tables: Tables) -> Tables:
    """Some of the ratings, for what compiles itself."""
    assert tables.test is not None
    return Tables(tables.train.take(np.arange(5_000)), test=tables.test.take(np.arange(500)))


def _print(name: str, line: Sequence[Sequence[float]]) -> None:
    print(f"| {name} | " + " | ".join(f"{s:.2f} | {e:.4f}" for s, e in line) + " |", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--splits", type=int, nargs="+", default=[2, 3, 4, 5, 1])
    parser.add_argument("--slow", action="store_true", help="fastai too")
    options = parser.parse_args()
    table(
        {"fast": ours("fast"), "best": ours("best"), **installed(RATINGS)},
        options.repeats,
        options.splits,
    )
    peers = {name: theirs_taken(peer) for name, peer in installed(RANKINGS).items()}
    own = {f"implicit, {rule}": ours_taken(rule) for rule in ("als", "bpr")}
    table({"popularity": popularity, **own, **peers}, options.repeats, options.splits)
    if options.slow and importlib.util.find_spec("fastai"):
        table({"fastai k=50": fastai}, 1)


if __name__ == "__main__":
    main()
