"""A population among straight rows: the best lies in their corners."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.solver.models import Model
from xlcollab.optim.evolution.domain import Domain
from xlcollab.optim.evolution.walls import Walls

WYNDOR: dict[str, object] = {"A1": 0, "A2": 0, "C1": "=A1", "C2": "=2*A2", "C3": "=3*A1+2*A2"}
ROWS = [("S!$C$1", "<=", "4"), ("S!$C$2", "<=", "12"), ("S!$C$3", "<=", "18")]


@pytest.mark.parametrize("whole", [(), ("$A$1",), ("$A$2",)])
@pytest.mark.parametrize("profit", ["=3*INT(A1)+5*A2", "=INT(3*A1+5*A2)", "=3*A1+5*INT(A2)"])
def test_wyndor_glass(profit: str, whole: tuple[str, ...], tmp_path: Path) -> None:
    lines = [*ROWS, *((f"S!{cell}", "int", "integer") for cell in whole)]
    model = Model({**WYNDOR, "B1": profit}, "$B$1", "S!$A$1:$A$2", "1", lines)
    (told,) = model.solve(tmp_path, "--method", "evolutionary").json["models"]
    assert told["final"] == pytest.approx(36.0, abs=1e-6)


def _box(n: int, whole: list[int]) -> Domain:
    marks = np.isin(np.arange(n), whole)
    never = np.zeros(n, np.bool_)
    return Domain(np.zeros(n), np.full(n, 10.0), marks, (), never, never)


@pytest.mark.parametrize("whole", [[], [0], [0, 1, 2]])
def test_a_neighbour_keeps_bounds_and_ends_on_a_row_or_a_bound(whole: list[int]) -> None:
    walls = Walls(np.array([[3.0, 2.0, 0.0], [0.0, 1.0, -1.0]]), np.full(2, -5.0), np.full(2, 7.0))
    x = np.array([1.0, 1.0, 2.0])
    near = walls.neighbours(x, 0.05, _box(3, whole), np.random.default_rng(0))
    assert ((near >= 0.0) & (near <= 10.0)).all()
    assert (near[:, whole] == near[:, whole].round()).all()
    if not whole:
        values = near @ walls.matrix.T
        ends = np.isclose(values, 7.0).any(axis=1) | np.isclose(values, -5.0).any(axis=1)
        assert (ends | ((near == 0.0) | (near == 10.0)).any(axis=1)).all()


def test_many_variables_have_few_neighbours() -> None:
    walls = Walls(np.ones((1, 200)), np.zeros(1), np.full(1, 50.0))
    near = walls.neighbours(np.zeros(200), 0.05, _box(200, []), np.random.default_rng(0))
    assert len(near) < 4000


def test_many_order_quantities_each_with_price_breaks(tmp_path: Path) -> None:
    """210 numbers whose cost steps: what they add up to is nearly the sum of the best of each."""
    cells: dict[str, object] = {f"B{i}": 200 + 9 * i for i in range(1, 211)}
    cells |= {f"A{i}": 20 for i in range(1, 211)}
    for i in range(1, 211):
        price = f"IF(A{i}<50,10,IF(A{i}<250,8.5,7.5))"
        cells[f"C{i}"] = f"=B{i}*{price}+40*B{i}/A{i}+A{i}"
    lines = [("S!$A$1:$A$210", ">=", "1"), ("S!$A$1:$A$210", "<=", "1000")]
    model = Model({**cells, "D1": "=SUM(C1:C210)"}, "$D$1", "S!$A$1:$A$210", lines=lines)
    (told,) = model.solve(tmp_path, "--time-limit", "2").json["models"]
    lots = np.arange(1.0, 1001.0)
    price = np.where(lots < 50, 10.0, np.where(lots < 250, 8.5, 7.5))
    demand = (200.0 + 9.0 * np.arange(1.0, 211.0))[:, None]
    truth = (demand * price + 40.0 * demand / lots + lots).min(axis=1).sum()
    assert told["final"] == pytest.approx(truth, rel=0.01)
