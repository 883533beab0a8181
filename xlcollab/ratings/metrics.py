"""How good predictions and rankings are."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
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
    map: float
    """Mean over users of the mean precision at the places of hits (average precision at k)."""
    mrr: float
    """Mean of 1 / place of the first hit, 0 without one."""
    hit_rate: float
    """Share of the users with a hit."""
    coverage: float
    """Share of all items that stand in at least one of the lists."""

    @staticmethod
    def of(means: Sequence[float], n_users: int, shown: NDArray[np.bool_]) -> Ranking:
        """From the means of precision, recall, NDCG, average precision, reciprocal rank and hit."""
        precision, recall, ndcg, average, first, hit = means
        coverage = float(shown.mean())
        return Ranking(precision, recall, ndcg, n_users, average, first, hit, coverage)


def ranking(
    scores: Scorer, train: RatingsTable, test: RatingsTable, k: int = 10, relevant: float = 4.0
) -> Ranking:
    """Rank all items a user has not rated in training by `scores(user)` (n_items,).

    Items of `test` rated `relevant` or better count as hits, each with gain 1:
    DCG = Σ hit at place p / log2(p + 1), p from 1, divided by that of the ideal list (Järvelin and
    Kekäläinen 2002). All items are ranked, none are sampled. Raises DataError if no test rating
    reaches `relevant`.
    """
    rows, shown = list_measures(scores, train, test, k, relevant)
    if not len(rows):
        raise DataError(f"no test rating is {relevant:g} or better; nothing can be ranked")
    return Ranking.of(rows.mean(axis=0).tolist(), len(rows), shown)


def list_measures(
    scores: Scorer, train: RatingsTable, test: RatingsTable, k: int, relevant: float
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """The measures of each user's list (n_users, 6), in the order of `Ranking.of`, and which items
    stand in at least one of them (n_items,). Raises UsageError for k below 1."""
    if k < 1:
        raise UsageError(f"ranking measures need k of at least 1, found {k}")
    seen = dict(_items_by_user(train))
    liked = _items_by_user(test.take(test.ratings >= relevant))
    rows, shown = [], np.zeros(train.n_items, bool)
    for user, items in liked:
        best = top(scores(user), k, seen.get(user))
        shown[best] = True
        rows.append(_hits(np.isin(best, items), len(items), k))
    return np.array(rows, np.float64).reshape(-1, 6), shown


def _hits(hit: NDArray[np.bool_], n_liked: int, k: int) -> tuple[float, ...]:
    """Precision, recall, NDCG, average precision, reciprocal rank and hit of one list."""
    places = np.arange(1, len(hit) + 1)
    discount = 1 / np.log2(np.arange(2, k + 2))
    most = min(k, n_liked)
    average = (hit * np.cumsum(hit) / places).sum() / most
    first = 1 / places[hit][0] if hit.any() else 0.0
    ndcg = (hit * discount[: len(hit)]).sum() / discount[:most].sum()
    return hit.sum() / k, hit.sum() / n_liked, ndcg, average, first, float(hit.any())


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
