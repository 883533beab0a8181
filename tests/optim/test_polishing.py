"""A descent from a population's best is told as the population's, and keeps it."""

from __future__ import annotations

from torch import Tensor

from tests.optim.written import model
from xlcollab.optim import Settings, solve

BOX = [(-9.0, 9.0)] * 6


def valley(x: Tensor) -> Tensor:
    return (100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2).sum()


def test_a_polished_best_keeps_where_the_population_stood() -> None:
    """So few generations do not reach the floor of the valley."""
    objective, start = model(valley, [4.0] * 6, box=BOX)
    found = solve(objective, start, Settings(method="evolutionary", iterations=60))
    assert "The best was polished by" in found.message
    assert found.population is not None
    assert found.population.shape[1] == 6
