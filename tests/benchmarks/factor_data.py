"""Ratings to measure on: MovieLens 100k where a package has it, and synthetic ones of any size.

MovieLens may not be redistributed. It is read from the wheel of recbole 1.2.1 (`pip install
--no-deps recbole==1.2.1`), which holds it as an example and is not imported, or from the path in
the environment variable XLCOLLAB_ML100K (a `u.data`).
"""

from __future__ import annotations

import importlib.util
import os
from pathlib import Path

import numpy as np

from xlcollab.factor import Tables
from xlcollab.ratings import RatingsTable, Vocabulary, read_ratings

SHAPES = {
    "1M": (6_040, 3_706, 1_000_209),
    "10M": (69_878, 10_677, 10_000_054),
    "25M": (162_541, 59_047, 25_000_095),
}
"""Users, items and ratings of the MovieLens sets of these sizes."""


def movielens_path() -> Path | None:
    """The file with MovieLens 100k, in the order of u.data; None where there is none."""
    if "XLCOLLAB_ML100K" in os.environ:
        return Path(os.environ["XLCOLLAB_ML100K"])
    found = importlib.util.find_spec("recbole")
    for folder in (found.submodule_search_locations or []) if found else []:
        path = Path(folder) / "dataset_example/ml-100k/ml-100k.inter"
        if path.exists():
            return path
    return None


def movielens_split(table: RatingsTable, number: int) -> Tables:
    """The official split `number`, 1 to 5: its test part are the rows 20,000 · (number − 1) on."""
    test = np.zeros(len(table), bool)
    test[20_000 * (number - 1) : 20_000 * number] = True
    return Tables(table.take(~test), test=table.take(test))


def movielens() -> RatingsTable | None:
    """MovieLens 100k, or None."""
    path = movielens_path()
    return None if path is None else read_ratings(path)


def synthetic(n_users: int, n_items: int, n_ratings: int, seed: int = 0) -> RatingsTable:
    """Ratings from 1 to 5 whose users are lognormal and items Zipf, as MovieLens' are.

    Ten planted factors, biases, noise of 0.78; numbers are ids.
    """
    rng = np.random.default_rng(seed)
    pairs = _pairs(rng, n_users, n_items, n_ratings)
    users, items = (pairs // n_items).astype(np.int32), (pairs % n_items).astype(np.int32)
    p = rng.normal(0, 0.35, (n_users, 10)).astype(np.float32)
    q = rng.normal(0, 0.35, (n_items, 10)).astype(np.float32)
    user_bias, item_bias = rng.normal(0, 0.4, n_users), rng.normal(0, 0.5, n_items)
    ratings = np.empty(n_ratings, np.float32)
    for begin in range(0, n_ratings, 1 << 20):
        part = slice(begin, begin + (1 << 20))
        u, i = users[part], items[part]
        noise = rng.normal(0, 0.78, len(u))
        ratings[part] = 3.58 + user_bias[u] + item_bias[i] + (p[u] * q[i]).sum(1) + noise
    np.clip(np.round(ratings, out=ratings), 1, 5, out=ratings)
    user_ids, _ = Vocabulary.of(np.arange(n_users), "user")
    item_ids, _ = Vocabulary.of(np.arange(n_items), "item")
    return RatingsTable(users, items, ratings, user_ids, item_ids)


def _pairs(rng: np.random.Generator, n_users: int, n_items: int, n: int) -> np.ndarray:
    """n different pairs user · n_items + item, sorted."""
    users = np.cumsum(rng.lognormal(0, 1.1, n_users))
    items = np.cumsum(rng.permutation((np.arange(n_items) + 0.04 * n_items) ** -1.35))
    pairs = np.empty(0, np.int64)
    while len(pairs) < n:
        more = int(1.5 * (n - len(pairs))) + 1000
        u = np.searchsorted(users, rng.random(more) * users[-1])
        i = np.searchsorted(items, rng.random(more) * items[-1])
        pairs = np.unique(np.concatenate([pairs, u * n_items + i]))
    return np.sort(rng.choice(pairs, n, replace=False))
