"""Test RMSE and CPU seconds of a fit on MovieLens 100k, u1 to u5, beside the peers installed.

    python -m tests.benchmarks.factor_movielens RESULTS [--only ratings taken rules held-back slow]

All contenders take a split in turns, data in memory for everyone, what compiles itself compiled
before on a few ratings. Seconds are those of all threads together: what else the machine does
hardly counts. Peers: those of factor_peers.py that are installed. Tables: errors of ratings; what
is taken up, NDCG at 10 of the test ratings from 4 up; every rule by its default recipe on u1, and
on parts held back from the training ratings of u2 to u5; fastai, half a minute a split.

Every measurement is kept in the file RESULTS as it is made; the same command goes on where it was
ended, and refuses where the code or a package is another by now. u1 comes last.
"""

from __future__ import annotations

import argparse
import importlib.util
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from tests.benchmarks.factor_data import movielens, movielens_split
from tests.benchmarks.factor_peers import RANKINGS, RATINGS, Run, installed
from tests.benchmarks.factor_results import Measured, Results, surroundings
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
from xlcollab.ratings import RatingsTable, ranking, rmse
from xlcollab.settings.optimizers import GRADIENT_RULES


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


def _few(tables: Tables) -> Tables:
    """Some of the ratings, for what compiles itself."""
    assert tables.test is not None
    return Tables(tables.train.take(np.arange(5_000)), test=tables.test.take(np.arange(500)))


HELD_BACK = {2: (50_000, 70_000), 3: (70_000, 90_000), 4: (30_000, 50_000), 5: (50_000, 70_000)}
"""Rows of u.data that are held back from the training ratings of a split, to tune by."""


def held_back(table: RatingsTable, number: int) -> Tables:
    """The training ratings of a split without those that are held back, and these."""
    rows = np.arange(len(table))
    test = (rows >= 20_000 * (number - 1)) & (rows < 20_000 * number)
    begin, end = HELD_BACK[number]
    block = (rows >= begin) & (rows < end) & ~test
    return Tables(table.take(~test & ~block), test=table.take(block))


def recipes() -> dict[str, MatrixFactorization]:
    """Every rule and model by its default recipe, k = 50 but where the recipe says otherwise."""
    made = partial(MatrixFactorization, n_factors=50)
    found = {"fast": MatrixFactorization(), "best": MatrixFactorization(quality="best")}
    for rule in GRADIENT_RULES:
        found[rule] = made(optimizer=rule)
        found[f"{rule}, batches"] = made(optimizer=rule, batch_size=1_000)
        found[f"{rule}, range"] = made(optimizer=rule, output_range=(0.5, 5.5))
    found["als"] = made(optimizer="als")
    found["fastai's recipe"] = made(recipe="fastai")
    found["net"] = made(optimizer="adam", hidden_sizes=(50,))
    return found


def by_recipe(model: MatrixFactorization, tables: Tables) -> Measured:
    """Seconds and test RMSE of an estimator."""
    began = time.process_time()
    model.fit(tables.train)
    seconds = time.process_time() - began
    test = tables.test
    assert test is not None
    return seconds, rmse(model.model_.predict_numbers(test.users, test.items), test.ratings)


Piece = tuple[str, str, str, Callable[[], Measured]]
"""Table, row and column of a measurement, and what makes it."""


def pieces(whole: RatingsTable) -> Iterator[Piece]:
    """All of them, u1 last."""
    ratings = {"fast": ours("fast"), "best": ours("best"), **installed(RATINGS)}
    rankings = {name: theirs_taken(peer) for name, peer in installed(RANKINGS).items()}
    own = {f"implicit, {rule}": ours_taken(rule) for rule in ("als", "bpr")}
    taken: dict[str, Run] = {"popularity": popularity, **own, **rankings}
    slow = {"fastai": fastai} if importlib.util.find_spec("fastai") else {}
    for run in {**ratings, **taken}.values():
        run(_few(movielens_split(whole, 2)), 99)
    runs: Mapping[str, Mapping[str, Run]] = {"ratings": ratings, "taken": taken, "slow": slow}
    for number in (2, 3, 4, 5):
        yield from _of_split(runs, whole, number)
    for number in HELD_BACK:
        for name, model in recipes().items():
            tables = held_back(whole, number)
            yield "held-back", name, f"u{number}", partial(by_recipe, model, tables)
    yield from _of_split(runs, whole, 1)
    for name, model in recipes().items():
        yield "rules", name, "u1", partial(by_recipe, model, movielens_split(whole, 1))


def _of_split(
    runs: Mapping[str, Mapping[str, Run]], whole: RatingsTable, number: int
) -> Iterator[Piece]:
    tables = movielens_split(whole, number)
    for table, contenders in runs.items():
        for name, run in contenders.items():
            yield table, f"u{number}", name, partial(run, tables, 0)


TABLES = ("ratings", "taken", "rules", "held-back", "slow")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("results", type=Path)
    parser.add_argument("--only", nargs="+", choices=TABLES, default=TABLES)
    options = parser.parse_args()
    whole = movielens()
    if whole is None:
        raise SystemExit("no MovieLens 100k: see tests/benchmarks/factor_data.py")
    command = ["git", "log", "-1", "--format=%H", "--", "xlcollab"]
    state = subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    results = Results.at(options.results, surroundings(state))
    for table, row, column, run in pieces(whole):
        if table in options.only:
            results.measure(table, row, column, run)
    for table in options.only:
        print(f"{results.printed(table, timed=table != 'held-back')}\n")


if __name__ == "__main__":
    main()
