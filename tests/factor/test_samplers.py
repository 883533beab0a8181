"""Least squares and draws against NumPy's own solution; orders against sorting."""

from __future__ import annotations

from itertools import pairwise

import numba
import numpy as np
import pytest

from tests.factor.data import planted
from xlcollab.factor import ModelSettings, TrainingSettings, train
from xlcollab.factor.engines.gibbs import averaged, draw_hyperparameters, draw_wishart
from xlcollab.factor.passes.compiled import enough_threads
from xlcollab.factor.passes.normal import solve_rows
from xlcollab.factor.passes.order import Blocks, BySide
from xlcollab.factor.passes.rows import Rows
from xlcollab.factor.passes.threads import allowed_threads


class Problem:
    """Rows to solve with random features, and the same as NumPy's matrices and right sides."""

    def __init__(self) -> None:
        table, rng, d = planted(dtype="float64"), np.random.default_rng(0), 4
        self.side = BySide.users(table, "float64")
        self.features, self.offsets = rng.normal(size=(40, d)), rng.normal(size=40)
        self.prior, mean = np.diag([1.0, 2, 3, 4]) + 0.1, rng.normal(size=d)
        self.prior_mean = self.prior @ mean
        self.per_rating = np.array([0.1, 0.2, 0.0, 0.3])
        self.precisions = rng.uniform(0.5, 2, 60), rng.uniform(0.5, 2, 40)
        self.matrices, self.rights = np.empty((60, d, d)), np.empty((60, d))
        for user in range(60):
            mine = table.users == user
            x = self.features[table.items[mine]]
            target = table.ratings[mine] - 3.5 - self.offsets[table.items[mine]]
            ridge = mine.sum() * np.diag(self.per_rating)
            precise = self.precisions[0][user] * self.precisions[1][table.items[mine]]
            self.matrices[user] = self.prior + ridge + (x.T * precise) @ x
            self.rights[user] = self.prior_mean + x.T @ (precise * target)

    def solve(self, noise: np.ndarray) -> np.ndarray:
        solution, side = np.empty((60, 4)), self.side
        solve_rows(
            side.cuts(3), side.starts, side.others, side.ratings, 3.5, self.features, self.offsets,
            self.prior, self.prior_mean, self.per_rating, *self.precisions, noise, solution,
        )  # fmt: skip
        return solution


def test_rows_solve_their_normal_equations() -> None:
    problem = Problem()
    expected = np.linalg.solve(problem.matrices, problem.rights[..., None])[..., 0]
    np.testing.assert_allclose(problem.solve(np.zeros((60, 4))), expected, rtol=1e-9)


def test_draws_have_the_posterior_covariance() -> None:
    rng, problem = np.random.default_rng(1), Problem()
    draws = np.array([problem.solve(rng.standard_normal((60, 4)))[0] for _ in range(3000)])
    np.testing.assert_allclose(draws.mean(axis=0), problem.solve(np.zeros((60, 4)))[0], atol=0.05)
    covariance = np.linalg.inv(problem.matrices[0])
    np.testing.assert_allclose(np.cov(draws.T), covariance, atol=0.08 * covariance.max())


def test_wishart_has_its_mean() -> None:
    rng, scale = np.random.default_rng(0), np.array([[2.0, 0.5], [0.5, 1.0]])
    draws = [draw_wishart(scale, 7, rng) for _ in range(4000)]
    np.testing.assert_allclose(np.mean(draws, axis=0), 7 * scale, rtol=0.05)


def test_hyperparameters_concentrate_on_the_truth() -> None:
    rng = np.random.default_rng(0)
    rows = rng.multivariate_normal([1, -2], [[0.5, 0.2], [0.2, 0.3]], 20000)
    means, precisions = zip(*(draw_hyperparameters(rows, rng) for _ in range(20)), strict=True)
    np.testing.assert_allclose(np.mean(means, axis=0), [1, -2], atol=0.02)
    expected = np.linalg.inv([[0.5, 0.2], [0.2, 0.3]])
    np.testing.assert_allclose(np.mean(precisions, axis=0), expected, rtol=0.05)


def test_the_averaged_model_predicts_the_mean_of_its_draws() -> None:
    rng = np.random.default_rng(0)
    draws = [
        Rows.pack(*(rng.normal(size=shape) for shape in ((6, 3), (5, 3), 6, 5))) for _ in range(4)
    ]
    mean = np.mean([draw.users @ draw.items.T for draw in draws], axis=0)
    whole = averaged(draws)
    np.testing.assert_allclose(whole.users @ whole.items.T, mean, rtol=1e-12)


def test_bayes_beats_a_single_model_on_noisy_ratings() -> None:
    table = planted(150, 120, 4000, k=4, noise=1.0)
    cut = np.random.default_rng(0).random(len(table)) < 0.25
    part, test = table.take(~cut), table.take(cut)

    def error(optimizer: str) -> float:
        training = TrainingSettings(optimizer=optimizer)  # type: ignore[arg-type]
        model = train(part, ModelSettings(n_factors=8), training).model
        return float(
            np.sqrt(np.mean((model.predict_numbers(test.users, test.items) - test.ratings) ** 2))
        )

    assert error("gibbs") < min(error("sgd"), error("als")) - 0.02


def test_draws_go_on_where_ratings_have_no_noise() -> None:
    """Their precision then grows until float32 no longer tells the prior from its own rounding."""
    table = planted(300, 300, 80_000, k=1, noise=0.0)
    model = ModelSettings(n_factors=40)
    found = train(table, model, TrainingSettings(optimizer="gibbs", epochs=16)).train.rmse
    assert found < 0.01


@pytest.mark.parametrize("side", ["users", "items"])
def test_ratings_by_side_are_a_stable_sort(side: str) -> None:
    table = planted()
    keys = getattr(table, side)
    others = table.items if side == "users" else table.users
    order = np.argsort(keys, kind="stable")
    sorted_by = getattr(BySide, side)(table, "float32")
    np.testing.assert_array_equal(sorted_by.others, others[order])
    np.testing.assert_array_equal(sorted_by.ratings, table.ratings[order])
    np.testing.assert_array_equal(sorted_by.counts, np.bincount(keys))


def test_blocks_of_a_stratum_share_no_row_and_hold_every_rating_once() -> None:
    table = planted()
    blocks = Blocks.shuffled(table, 4, "float32", np.random.default_rng(0))
    for starts in blocks.starts:
        parts = [slice(a, b) for a, b in pairwise(starts)]
        for column in (blocks.users, blocks.items):
            rows = [set(column[part].tolist()) for part in parts]
            assert sum(map(len, rows)) == len(set().union(*rows))
    triples = zip(blocks.users, blocks.items, blocks.ratings, strict=True)
    assert sorted(triples) == sorted(zip(table.users, table.items, table.ratings, strict=True))


def test_per_rating_sgd_is_the_same_for_any_number_of_threads() -> None:
    table = planted(2000, 500, 400_000)
    model = ModelSettings(n_factors=50)
    work: list[int] = []

    def factors(threads: int) -> np.ndarray:
        before = numba.get_num_threads()
        numba.set_num_threads(threads)
        try:
            training = TrainingSettings(epochs=1)
            heard = train(
                table, model, training, on_epoch=lambda _: work.append(numba.get_num_threads())
            )
            return heard.model.item_factors
        finally:
            numba.set_num_threads(before)

    np.testing.assert_array_equal(factors(1), factors(numba.config.NUMBA_NUM_THREADS))
    assert work[0] == 1


def test_threads_grow_with_the_work_and_come_back() -> None:
    before = numba.get_num_threads()
    with enough_threads(1000):
        assert numba.get_num_threads() == 1
    with enough_threads(10**12):
        assert numba.get_num_threads() == min(before, allowed_threads())
    assert numba.get_num_threads() == before
