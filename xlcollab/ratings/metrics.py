"""How good predictions and rankings are."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from xlcollab.errors import DataError, UsageError
from xlcollab.ratings.places import parts
from xlcollab.ratings.table import RatingsTable

Scorer = Callable[[int], NDArray[np.floating]]


def rmse(predictions: NDArray[np.floating], ratings: NDArray[np.floating]) -> float:
    """√ mean (prediction − rating)², summed in float64; no copy of all of them is made."""
    return math.sqrt(_mean(predictions, ratings, lambda error: float(error @ error)))


def mae(predictions: NDArray[np.floating], ratings: NDArray[np.floating]) -> float:
    """mean |prediction − rating|, summed in float64; no copy of all of them is made."""
    return _mean(predictions, ratings, lambda error: float(np.abs(error).sum()))


def _mean(
    predictions: NDArray[np.floating],
    ratings: NDArray[np.floating],
    total: Callable[[NDArray[np.float64]], float],
) -> float:
    if not len(ratings):
        return math.nan
    found = 0.0
    with np.errstate(over="ignore", invalid="ignore"):
        for part in parts(len(ratings)):
            found += total(predictions[part].astype(np.float64) - ratings[part])
    return found / len(ratings)


@dataclass(frozen=True)
class Ranking:
    """Means over the `n_users` users that have a relevant test item, at the first k places."""

    precision: float
    recall: float
    ndcg: float
    n_users: int


def ranking(
    scores: Scorer, train: RatingsTable, test: RatingsTable, k: int = 10, relevant: float = 4.0
) -> Ranking:
    """Rank all items a user has not rated in training by `scores(user)` (n_items,).

    Items of `test` rated `relevant` or better count as hits, each with gain 1:
    DCG = Σ hit at place p / log2(p + 1), p from 1, divided by that of the ideal list (Järvelin and
    Kekäläinen 2002). Raises DataError if no test rating reaches `relevant`.
    """
    if k < 1:
        raise UsageError(f"ranking measures need k of at least 1, found {k}")
    seen = dict(_items_by_user(train))
    liked = _items_by_user(test.take(test.ratings >= relevant))
    rows = [_hits(scores(user), seen.get(user), items, k) for user, items in liked if len(items)]
    if not rows:
        raise DataError(f"no test rating is {relevant:g} or better; nothing can be ranked")
    precision, recall, ndcg = np.mean(rows, axis=0)
    return Ranking(float(precision), float(recall), float(ndcg), len(rows))


def _hits(
    scores: NDArray[np.floating], seen: NDArray[np.int32] | None, liked: NDArray[np.int32], k: int
) -> tuple[float, float, float]:
    hit = np.isin(top(scores, k, seen), liked)
    discount = 1 / np.log2(np.arange(2, k + 2))
    ideal = discount[: min(k, len(liked))].sum()
    return hit.sum() / k, hit.sum() / len(liked), (hit * discount[: len(hit)]).sum() / ideal


def top(
    scores: NDArray[np.floating], k: int, left_out: NDArray[np.int32] | None = None
) -> NDArray[np.int32]:
    """The numbers of the k highest scores, best first, ties by number, without `left_out`. Shape
    (k,), or fewer."""
    allowed = np.ones(len(scores), bool)
    if left_out is not None:
        allowed[left_out] = False
    numbers = np.flatnonzero(allowed)
    values = scores[numbers]
    if k < len(numbers):
        threshold = np.partition(values, len(values) - k)[len(values) - k]
        numbers, values = numbers[values >= threshold], values[values >= threshold]
    return numbers[np.lexsort((numbers, -values))][:k].astype(np.int32)


def _items_by_user(table: RatingsTable) -> Iterator[tuple[int, NDArray[np.int32]]]:
    order = np.argsort(table.users, kind="stable")
    users, starts = np.unique(table.users[order], return_index=True)
    return zip(users.tolist(), np.split(table.items[order], starts[1:]), strict=bool(len(users)))
