"""Whole models on a CUDA device: the steps and the optima of the CPU."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import xlcollab as xc
from tests.benchmarks.crosstab import drawn, write
from tests.build import build
from tests.faces.shell import LINE, minimised
from tests.shared_data import lesson
from xlcollab.api.session import devices
from xlcollab.api.solve.solved import Solved
from xlcollab.optim.methods import METHODS

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device"),
]
FIRST_ORDER = [name for name, method in METHODS.items() if method.first_order]


def solved_crosstab(folder: Path, side: int, **options: Any) -> Solved:
    """The model of a sheet of side × side ratings, solved."""
    table = drawn(side)
    book = xc.open(write(folder / "crosstab.xlsx", table))
    model = book.model(minimize=f"S!{table.objective}", by_changing=table.variables)
    return book.solve(model, **options)


@pytest.mark.parametrize("method", FIRST_ORDER)
def test_first_order_methods_take_the_same_steps(tmp_path: Path, method: str) -> None:
    here, there = (
        solved_crosstab(tmp_path, 20, method=method, iterations=60, device=device)
        for device in ("cpu", "cuda")
    )
    assert there.device.startswith("cuda")
    np.testing.assert_allclose(there.history["objective"], here.history["objective"], rtol=1e-9)


@pytest.mark.parametrize("method", ["lbfgs", "lm", "auto"])
def test_strong_methods_find_the_same_optimum_of_the_lesson(method: str) -> None:
    solved = xc.open(lesson("collab_filter.xlsx")).solve("dotprod", method=method, device="cuda")
    assert solved.device.startswith("cuda")
    assert solved.objective == pytest.approx(0.3929007909, rel=1e-4)


def test_constraints_hold_on_the_device(tmp_path: Path) -> None:
    names = minimised(
        "S", "S!$B$1", "S!$A$1:$A$2", num="2", lhs1="S!$C$1", rel1="3", rhs1="4",
        lhs2="S!$C$2", rel2="3", rhs2="6", neg="1",
    )  # fmt: skip
    path = build(tmp_path / "line.xlsx", {"S": LINE}, names)
    here, there = (xc.open(path).solve(device=device) for device in ("cpu", "cuda"))
    assert there.objective == pytest.approx(here.objective, rel=1e-9)


def test_float32_on_the_device(tmp_path: Path) -> None:
    solved = solved_crosstab(tmp_path, 20, method="adam", device="cuda", dtype="float32")
    assert solved.dtype == "float32"
    assert solved.objective < 0.5 * solved.solution.initial


def test_auto_takes_the_device_where_the_sheet_is_large(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A crosstab reads two numbers a cell."""
    monkeypatch.setattr(devices, "LARGE_FOR_GPU", 700)
    assert solved_crosstab(tmp_path, 18, method="adam", iterations=5).device == "cpu"
    assert solved_crosstab(tmp_path, 20, method="adam", iterations=5).device.startswith("cuda")
