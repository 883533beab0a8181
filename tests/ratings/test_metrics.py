"""Measures against scikit-learn and against lists small enough to count by hand."""

from __future__ import annotations

import numpy as np
import pytest

from xlcollab.errors import DataError, UsageError
from xlcollab.ratings import RatingsTable, mae, ranking, rmse
from xlcollab.ratings.metrics import top


def test_errors_by_hand() -> None:
    predictions, ratings = np.array([1.0, 2.0, 4.0]), np.array([2.0, 2.0, 2.0])
    assert rmse(predictions, ratings) == pytest.approx(np.sqrt(5 / 3))
    assert mae(predictions, ratings) == 1


def test_float32_sums_do_not_lose_digits() -> None:
    errors = np.full(10_000_000, 0.1, np.float32)
    assert rmse(errors, np.zeros_like(errors)) == pytest.approx(float(np.float32(0.1)), rel=1e-9)


def whole() -> RatingsTable:
    users = ["a"] * 5 + ["b"] * 5
    ratings = [5, 4, 1, 2, 5, 1, 5, 1, 1, 1]
    return RatingsTable.of(users, [0, 1, 2, 3, 4] * 2, ratings)


def test_ranking_by_hand() -> None:
    train = whole().take(np.array([0, 5]))
    test = whole().take(np.array([1, 2, 3, 4, 6, 7, 8, 9]))
    scores = np.array([9.0, 3.0, 2.0, 1.0, 0.0])
    found = ranking(lambda user: scores, train, test, k=2)
    # Item 0 is left out; both lists are 1, 2. User a likes 1 and 4, user b likes 1.
    assert found.n_users == 2
    assert found.precision == pytest.approx(0.5)
    assert found.recall == pytest.approx((1 / 2 + 1) / 2)
    assert found.ndcg == pytest.approx((1 / (1 + 1 / np.log2(3)) + 1) / 2)
    assert found.map == pytest.approx((1 / 2 + 1) / 2)
    assert found.mrr == found.hit_rate == 1
    assert found.coverage == pytest.approx(2 / 5)


def test_a_hit_at_the_second_place_and_none() -> None:
    train = whole().take(np.array([0, 5]))
    test = whole().take(np.array([3, 4, 6, 7, 8, 9]))
    by_user = {0: np.array([0.0, 3, 0, 0, 2]), 1: np.array([0.0, 0, 3, 2, 1])}
    found = ranking(by_user.get, train, test, k=2)
    # Users like 4, found second, and 1, not found among 2 and 3.
    assert (found.map, found.mrr, found.hit_rate) == pytest.approx((1 / 4, 1 / 4, 1 / 2))
    assert found.coverage == pytest.approx(4 / 5)


def test_ndcg_equals_scikit_learn() -> None:
    sklearn = pytest.importorskip("sklearn.metrics")
    rng = np.random.default_rng(0)
    n_users, n_items, k = 8, 30, 5
    relevant = rng.random((n_users, n_items)) < 0.2
    relevant[:, 0] = True
    scores = rng.random((n_users, n_items))
    users, items = np.nonzero(np.ones_like(relevant))
    table = RatingsTable.of(users, items, np.where(relevant, 5, 1).ravel())
    found = ranking(lambda user: scores[user], table.take(np.array([], int)), table, k)
    assert found.ndcg == pytest.approx(sklearn.ndcg_score(relevant, scores, k=k))


@pytest.mark.parametrize("k", [1, 3, 7, 20])
def test_top_is_a_stable_sort_without_what_is_left_out(k: int) -> None:
    scores = np.random.default_rng(k).integers(0, 4, 12).astype(float)
    order = np.argsort(-scores, kind="stable")
    expected = [one for one in order.tolist() if one not in (2, 5)][:k]
    assert top(scores, k, np.array([2, 5], np.int32)).tolist() == expected


def test_nothing_relevant_and_no_k_are_refused() -> None:
    with pytest.raises(DataError, match="no test rating is 6 or better"):
        ranking(lambda user: np.zeros(5), whole(), whole(), relevant=6)
    with pytest.raises(UsageError, match="k of at least 1"):
        ranking(lambda user: np.zeros(5), whole(), whole(), k=0)
