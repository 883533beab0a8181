"""The recipes of a fit: what is proposed is bounded by the ratings, and each start has its case."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xlcollab.settings.optimizers import GRADIENT_RULES
from xlcollab.settings.recipes import STARTS, Bearable, Profile, start_spread


@pytest.mark.parametrize(("rule", "batch", "kind"), STARTS)
def test_every_start_is_reached(rule: str, batch: str, kind: str) -> None:
    sizes = [64] if batch == "mini" else [None]
    for size in [*sizes, *([None] if kind == "net" else [])]:
        assert start_spread(rule, size, kind) == STARTS[rule, batch, kind]  # type: ignore[arg-type, index]


def test_a_descent_of_all_ratings_draws_as_its_model_says() -> None:
    for rule in GRADIENT_RULES:
        for kind in ("dot", "range"):
            known = (rule, "full", kind) in STARTS
            assert (start_spread(rule, None, kind) is None) is not known  # type: ignore[arg-type]
    assert start_spread("als", None, "dot") is None


@given(
    st.integers(1, 10**9),
    st.integers(1, 10**6),
    st.one_of(st.none(), st.integers(1, 10**9)),
    st.floats(0.01, 4.0),
)
def test_a_rate_is_borne_by_the_fullest_row(
    n_ratings: int, most: int, batch: int | None, share: float
) -> None:
    """A step on B of N ratings holds most · B / N of the fullest row, in the mean, and now and then
    three deviations more; fewer than 16 are taken for 16."""
    most = min(most, n_ratings)
    rate = Bearable(share).rate(Profile(n_ratings, most), batch)
    size = n_ratings if batch is None else min(batch, n_ratings)
    mean = most * size / n_ratings
    assert rate * max(16.0, mean + 3 * math.sqrt(mean)) == pytest.approx(share * size)
    if batch is not None and batch >= n_ratings:
        assert rate == Bearable(share).rate(Profile(n_ratings, most), None)
