"""Ratings with planted factors: what a right model must find again."""

from __future__ import annotations

import numpy as np

from xlcollab.ratings import RatingsTable


def planted(
    n_users: int = 60,
    n_items: int = 40,
    n_ratings: int = 900,
    *,
    k: int = 2,
    noise: float = 0.3,
    seed: int = 0,
    dtype: str = "float32",
) -> RatingsTable:
    """`n_ratings` different pairs, rated 3.5 + biases + factors·factors + noise; ids u1 …, 100 …"""
    rng = np.random.default_rng(seed)
    pairs = rng.choice(n_users * n_items, n_ratings, replace=False)
    users, items = pairs // n_items, pairs % n_items
    p, q = rng.normal(0, 0.8, (n_users, k)), rng.normal(0, 0.8, (n_items, k))
    bias = rng.normal(0, 0.4, n_users)[users] + rng.normal(0, 0.5, n_items)[items]
    ratings = 3.5 + bias + (p[users] * q[items]).sum(axis=1) + rng.normal(0, noise, n_ratings)
    ids = np.array([f"u{number}" for number in range(n_users)])
    return RatingsTable.of(
        ids[users], items + 100, ratings, time=rng.random(n_ratings), dtype=dtype
    )
