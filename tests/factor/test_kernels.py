"""Fused gradients against autograd, in both precisions, for many widths of a row."""

from __future__ import annotations

import numpy as np
import pytest

from tests.factor.data import planted
from tests.factor.judges import Judge
from xlcollab.factor.passes.kernels import batch_pass, error_pass, full_pass
from xlcollab.factor.passes.order import BySide
from xlcollab.factor.passes.output import Output
from xlcollab.factor.passes.prefetch import CACHED
from xlcollab.factor.passes.rows import Rows, aligned_zeros

TOLERANCE = {"float32": 1e-5, "float64": 1e-12}
RANGES = (None, (0.0, 6.5))


def rows_of(judge: Judge) -> Rows:
    return Rows.pack(*(weight.detach().numpy() for weight in judge.weights))


def output_of(judge: Judge) -> Output:
    low, high = judge.output_range or (0.0, 0.0)
    return Output(judge.centre, low, high - low, (0, 0), clip=False)


def compare(got: np.ndarray, expected: np.ndarray, dtype: str) -> None:
    assert got.dtype == dtype
    np.testing.assert_allclose(got, expected, rtol=0, atol=TOLERANCE[dtype] * abs(expected).max())


@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize("output_range", RANGES)
@pytest.mark.parametrize("k", [1, 5, 20, 50])
@pytest.mark.parametrize("n_parts", [1, 3])
def test_full_pass_equals_autograd(
    dtype: str, output_range: tuple[float, float] | None, k: int, n_parts: int
) -> None:
    judge = Judge.of(planted(dtype=dtype), k, centre=0.25, output_range=output_range)
    judge.loss("sse").backward()
    rows, table = rows_of(judge), judge.table
    by_user = BySide.users(table, dtype)
    users = np.full_like(rows.users, 7)
    items = np.full((n_parts, *rows.items.shape), 7, dtype)
    squared = np.zeros(n_parts)
    full_pass(
        by_user.cuts(n_parts), by_user.starts, by_user.others, by_user.ratings,
        *output_of(judge).numbers(dtype), rows.users, rows.items, users, items, squared,
    )  # fmt: skip
    _compare_all(judge, users, items.sum(axis=0), k, dtype)
    assert squared.sum() == pytest.approx(judge.squared_error().item(), rel=1e-5)


@pytest.mark.parametrize("dtype", TOLERANCE)
def test_batch_pass_equals_autograd_on_the_batch(dtype: str) -> None:
    judge = Judge.of(planted(dtype=dtype), 6, centre=0.25)
    chosen = np.random.default_rng(0).permutation(len(judge.table))[:100].astype(np.uint32)
    judge.loss("sse", chosen).backward()
    rows, table = rows_of(judge), judge.table
    users, items = (np.full((2, *side.shape), 7, dtype) for side in (rows.users, rows.items))
    batch_pass(
        np.array([0, 30, 100]), chosen, table.users, table.items, table.ratings,
        *output_of(judge).numbers(dtype), rows.users, rows.items, users, items, np.zeros(2),
    )  # fmt: skip
    _compare_all(judge, users.sum(axis=0), items.sum(axis=0), 6, dtype)


def _compare_all(judge: Judge, users: np.ndarray, items: np.ndarray, k: int, dtype: str) -> None:
    expected = [weight.grad.numpy() for weight in judge.weights if weight.grad is not None]
    got = [users[:, :k], items[:, :k], users[:, k], items[:, k + 1]]
    for ours, torchs in zip(got, expected, strict=True):
        compare(ours, torchs, dtype)


def test_error_pass_counts_what_predictions_miss() -> None:
    judge = Judge.of(planted(dtype="float64"), 3, output_range=RANGES[1])
    by_user, rows, squared = BySide.users(judge.table, "float64"), rows_of(judge), np.zeros(2)
    error_pass(
        by_user.cuts(2), by_user.starts, by_user.others, by_user.ratings,
        *output_of(judge).numbers("float64"), rows.users, rows.items, squared,
    )  # fmt: skip
    assert squared.sum() == pytest.approx(judge.squared_error().item(), rel=1e-12)


def test_extreme_outputs_stay_finite() -> None:
    judge = Judge.of(planted(dtype="float32"), 2, output_range=RANGES[1])
    rows = Rows.pack(*(1000 * weight.detach().numpy() for weight in judge.weights))
    by_user = BySide.users(judge.table, "float32")
    users, items, squared = np.empty_like(rows.users), np.empty_like(rows.items)[None], np.zeros(1)
    full_pass(
        by_user.cuts(1), by_user.starts, by_user.others, by_user.ratings,
        *output_of(judge).numbers("float32"), rows.users, rows.items, users, items, squared,
    )  # fmt: skip
    assert np.isfinite(users).all()
    assert np.isfinite(items).all()
    assert np.isfinite(squared).all()


def test_asking_ahead_for_rows_changes_no_number() -> None:
    """A table of rows too large for the cache, whose last ratings look ahead beyond the end."""
    table = planted(200, 6000, 20_000, dtype="float64")
    judge = Judge.of(table, 50)
    judge.loss("sse").backward()
    rows = rows_of(judge)
    assert rows.items.size > CACHED
    by_user = BySide.users(table, "float64")
    users, items = np.empty_like(rows.users), np.empty((2, *rows.items.shape))
    full_pass(
        by_user.cuts(2), by_user.starts, by_user.others, by_user.ratings,
        *output_of(judge).numbers("float64"), rows.users, rows.items, users, items, np.zeros(2),
    )  # fmt: skip
    _compare_all(judge, users, items.sum(axis=0), 50, "float64")


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_rows_begin_with_a_line_of_the_cache(dtype: str) -> None:
    for shape in [(3, 8), (1, 5, 24)]:
        rows = aligned_zeros(shape, dtype)
        assert (rows.shape, rows.dtype, rows.ctypes.data % 64) == (shape, dtype, 0)
        assert not rows.any()
