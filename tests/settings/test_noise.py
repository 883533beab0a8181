"""The penalty of what is taken up: what chance alone puts into a table, by its singular values."""

from __future__ import annotations

import numpy as np
import pytest

from xlcollab.settings.recipes import OF_NOISE, Noise


@pytest.mark.parametrize(
    ("n_users", "n_items", "density"), [(300, 300, 0.1), (500, 120, 0.3), (80, 600, 0.04)]
)
def test_it_is_the_largest_singular_value_of_a_random_table(
    n_users: int, n_items: int, density: float
) -> None:
    drawn = np.random.default_rng(1).random((n_users, n_items)) < density
    largest = np.linalg.svd(drawn - drawn.mean(), compute_uv=False)[0]
    found = Noise(1.0).penalty(int(drawn.sum()), n_users, n_items, 1.0)
    assert found == pytest.approx(largest, rel=0.06)


def test_it_grows_with_share_and_confidence() -> None:
    whole = Noise(1.0).penalty(900, 90, 60, 1.0)
    assert Noise(0.5).penalty(900, 90, 60, 3.0) == pytest.approx(1.5 * whole)
    assert OF_NOISE.penalty(900, 90, 60, 1.0) == pytest.approx(0.57 * whole)


def test_a_full_table_has_some_too() -> None:
    one = 1.0 / np.sqrt(8 * 2) * (np.sqrt(8) + np.sqrt(2))
    assert Noise(1.0).penalty(16, 8, 2, 1.0) == pytest.approx(one)
