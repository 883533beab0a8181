"""Other packages on the same tables: each is given training ratings in memory and predicts the test
ratings, or the scores of every item for every user.

Pinned: pip install cornac==2.3.5 smurff==1.1 myfm==0.4.0 implicit==0.7.3 scikit-surprise==1.1.5;
lenskit==2025.8.1 and fastai==2.8.12, which want torch. A peer that is not installed is left out.
"""

from __future__ import annotations

import importlib.util
import time
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xlcollab.factor import Tables
from xlcollab.ratings import rmse

Run = Callable[[Tables, int], tuple[float, float]]
"""(tables, seed) → (CPU seconds of the fit, all threads taken together, test RMSE)."""
Scores = NDArray[np.floating]


def cornac(tables: Tables, seed: int, *, k: int, rate: float, l2: float) -> tuple[float, float]:
    """Biased MF by SGD, 25 passes, two threads."""
    from cornac.data import Dataset
    from cornac.models import MF

    assert tables.test is not None
    part, test = tables.train, tables.test
    triples = zip(part.users.tolist(), part.items.tolist(), part.ratings.tolist(), strict=True)
    data = Dataset.from_uir(list(triples))
    model = MF(
        k=k, max_iter=25, learning_rate=rate, lambda_reg=l2, use_bias=True, seed=seed, num_threads=2
    )
    began = time.process_time()
    model.fit(data)
    seconds = time.process_time() - began
    users, items = data.uid_map, data.iid_map
    pairs = zip(test.users.tolist(), test.items.tolist(), strict=True)
    found = [
        model.rate(users[u], items[i]) if u in users and i in items else data.global_mean
        for u, i in pairs
    ]
    return seconds, rmse(np.clip(found, 1, 5), test.ratings)


def smurff(tables: Tables, seed: int) -> tuple[float, float]:
    """Bayesian PMF of 16 latent numbers, 20 draws of burn-in and 100 kept."""
    import smurff as package
    from scipy.sparse import coo_matrix

    assert tables.test is not None
    part, test = tables.train, tables.test
    shape, mean = (part.n_users, part.n_items), float(part.ratings.mean())

    def matrix(table: Any) -> Any:
        apart = (table.ratings - mean).astype(np.float64)
        return coo_matrix((apart + 1e-9, (table.users, table.items)), shape)

    session = package.TrainSession(
        priors=["normal", "normal"], num_latent=16, burnin=20, nsamples=100, seed=seed, verbose=0,
        num_threads=2,
    )  # fmt: skip
    noise = package.AdaptiveNoise(1.0, 10.0)
    session.addTrainAndTest(matrix(part), matrix(test), noise, is_scarce=True)
    began = time.process_time()
    found = session.run()
    seconds = time.process_time() - began
    by_pair = {one.coords: one.pred_avg for one in found}
    pairs = zip(test.users.tolist(), test.items.tolist(), strict=True)
    predicted = np.array([by_pair[pair] for pair in pairs]) + mean
    return seconds, rmse(np.clip(predicted, 1, 5), test.ratings)


def myfm(tables: Tables, seed: int) -> tuple[float, float]:
    """A factorisation machine on users and items, rank 10, 120 Gibbs draws, 100 kept."""
    from myfm import MyFMRegressor
    from scipy.sparse import csr_matrix

    assert tables.test is not None
    part, test = tables.train, tables.test
    width = part.n_users + part.n_items

    def one_hot(table: Any) -> Any:
        n = len(table)
        columns = np.column_stack([table.users, table.items + part.n_users]).ravel()
        return csr_matrix((np.ones(2 * n), columns, np.arange(0, 2 * n + 1, 2)), (n, width))

    model = MyFMRegressor(rank=10, random_seed=42 + seed)
    groups = [part.n_users, part.n_items]
    began = time.process_time()
    model.fit(one_hot(part), part.ratings, n_iter=120, n_kept_samples=100, group_shapes=groups)
    seconds = time.process_time() - began
    return seconds, rmse(np.clip(model.predict(one_hot(test)), 1, 5), test.ratings)


def lenskit(tables: Tables, seed: int) -> tuple[float, float]:
    """ALS with biases, 50 factors, as the package sets it."""
    from lenskit import predict
    from lenskit.als import BiasedMFScorer
    from lenskit.data import ItemList, from_interactions_df
    from lenskit.pipeline import predict_pipeline

    assert tables.test is not None
    frames = [table.to_frame()[["user", "item", "rating"]] for table in (tables.train, tables.test)]
    frames = [one.set_axis(["user_id", "item_id", "rating"], axis=1) for one in frames]
    data = from_interactions_df(frames[0])
    pipeline = predict_pipeline(BiasedMFScorer(embedding_size=50))
    began = time.process_time()
    pipeline.train(data)
    seconds = time.process_time() - began
    found, truth = [], []
    for user, rows in frames[1].groupby("user_id"):
        items = ItemList(item_ids=rows["item_id"].to_numpy())
        found.append(predict(pipeline, user, items).scores())
        truth.append(rows["rating"].to_numpy())
    predicted = np.nan_to_num(np.concatenate(found), nan=float(tables.train.ratings.mean()))
    return seconds, rmse(np.clip(predicted, 1, 5), np.concatenate(truth))


def surprise(tables: Tables, seed: int) -> tuple[float, float]:
    """Surprise's SVD, 100 factors and 20 passes, as the package sets it."""
    from surprise import SVD, Dataset, Reader

    assert tables.test is not None
    frame = tables.train.to_frame()[["user", "item", "rating"]]
    data = Dataset.load_from_df(frame, Reader(rating_scale=(1, 5))).build_full_trainset()
    model = SVD(random_state=seed)
    began = time.process_time()
    model.fit(data)
    seconds = time.process_time() - began
    test = tables.test.to_frame()[["user", "item"]].itertuples(index=False)
    return seconds, rmse(np.array([model.predict(*pair).est for pair in test]), tables.test.ratings)


def implicit_als(tables: Tables, seed: int) -> tuple[float, Scores]:
    """Weighted ALS of the package implicit as it is set: 64 factors, 15 iterations."""
    from implicit.als import AlternatingLeastSquares

    return _by_implicit(AlternatingLeastSquares(random_state=seed), tables)


def implicit_als_tuned(tables: Tables, seed: int) -> tuple[float, Scores]:
    """The same with the confidence and the penalty that are ours on u2 to u5."""
    from implicit.als import AlternatingLeastSquares

    model = AlternatingLeastSquares(
        factors=40, regularization=32.0, alpha=1.0, iterations=15, random_state=seed
    )
    return _by_implicit(model, tables)


def implicit_bpr(tables: Tables, seed: int) -> tuple[float, Scores]:
    """BPR of the package implicit as it is set: 100 factors, 100 iterations."""
    from implicit.bpr import BayesianPersonalizedRanking

    return _by_implicit(BayesianPersonalizedRanking(random_state=seed), tables)


def _by_implicit(model: Any, tables: Tables) -> tuple[float, Scores]:
    from scipy.sparse import csr_matrix

    part = tables.train
    matrix = csr_matrix((part.ratings, (part.users, part.items)), (part.n_users, part.n_items))
    began = time.process_time()
    model.fit(matrix, show_progress=False)
    seconds = time.process_time() - began
    return seconds, np.asarray(model.user_factors @ model.item_factors.T)


RATINGS: Mapping[str, tuple[str, Run]] = {
    "cornac, k = 100": ("cornac", partial(cornac, k=100, rate=0.01, l2=0.02)),
    "cornac, tuned": ("cornac", partial(cornac, k=200, rate=0.015, l2=0.06)),
    "SMURFF": ("smurff", smurff),
    "myFM": ("myfm", myfm),
    "lenskit ALS": ("lenskit", lenskit),
    "Surprise": ("surprise", surprise),
}
RANKINGS: Mapping[str, tuple[str, Callable[[Tables, int], tuple[float, Scores]]]] = {
    "implicit ALS": ("implicit", implicit_als),
    "implicit ALS, tuned": ("implicit", implicit_als_tuned),
    "implicit BPR": ("implicit", implicit_bpr),
}


def installed(runs: Mapping[str, tuple[str, Any]]) -> dict[str, Any]:
    """Those whose package is there."""
    return {name: run for name, (package, run) in runs.items() if importlib.util.find_spec(package)}
