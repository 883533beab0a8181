"""First-order methods on the lesson's sheet beside torch.optim on the same model by hand."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor, optim

import xlcollab as xc
from tests.oracle.lesson import area, copied, rmse, start
from tests.shared_data import lesson

RATE, L2, STEPS = 0.05, 0.01, 200

Make = Callable[..., optim.Optimizer]
METHODS: Mapping[str, tuple[Make, dict[str, Any], dict[str, Any]]] = {
    "gd": (optim.SGD, {}, {}),
    "momentum": (optim.SGD, {"momentum": 0.9}, {"momentum": 0.9}),
    "nesterov": (optim.SGD, {"momentum": 0.9, "nesterov": True}, {"momentum": 0.9}),
    "adagrad": (optim.Adagrad, {}, {}),
    "rmsprop": (optim.RMSprop, {"alpha": 0.9}, {"rho": 0.9}),
    "adam": (optim.Adam, {"betas": (0.8, 0.99)}, {"beta1": 0.8, "beta2": 0.99}),
    "adamw": (optim.AdamW, {"weight_decay": 0.1}, {"weight_decay": 0.1}),
}
"""Method: torch's optimiser, torch's options, ours."""
WITH_L2 = ("gd", "momentum", "nesterov", "adagrad", "rmsprop", "adam")
"""torch's coupled weight_decay is our l2; AdamW's is another thing."""


def by_hand(make: Make, options: dict[str, Any]) -> NDArray[np.float64]:
    """The weights of every step, shape (STEPS + 1, 150)."""
    x = start().requires_grad_()
    optimiser = make([x], lr=RATE, **options)
    path: list[Tensor] = [x.detach().clone()]
    for _ in range(STEPS):
        optimiser.zero_grad()
        rmse(x).backward()
        optimiser.step()
        path.append(x.detach().clone())
    return torch.stack(path).numpy()


def on_the_sheet(method: str, **options: Any) -> NDArray[np.float64]:
    book = xc.open(lesson("collab_filter.xlsx"))
    run = dict(method=method, learning_rate=RATE, iterations=STEPS, history=False, **options)
    return book.solve("dotprod", **run).solution.history.weights


@pytest.mark.parametrize("method", METHODS)
def test_every_step_is_that_of_torch(method: str) -> None:
    make, theirs, ours = METHODS[method]
    np.testing.assert_allclose(on_the_sheet(method, **ours), by_hand(make, theirs), atol=1e-9)


@pytest.mark.parametrize("method", WITH_L2)
def test_every_step_with_l2_is_that_of_torch(method: str) -> None:
    make, theirs, ours = METHODS[method]
    expected = by_hand(make, {**theirs, "weight_decay": L2})
    np.testing.assert_allclose(on_the_sheet(method, l2=L2, **ours), expected, atol=1e-9)


def test_defaults_are_those_of_torch() -> None:
    np.testing.assert_allclose(on_the_sheet("adam"), by_hand(optim.Adam, {}), atol=1e-9)


def test_the_weights_sheet_holds_the_same_weights(tmp_path: Path) -> None:
    """Read from the saved file by another reader, in the order of its cells."""
    book = xc.open(copied(tmp_path))
    book.solve("dotprod", method="adam", learning_rate=RATE, iterations=STEPS)
    rows = xc.open(book.save()).workbook.sheet("dotprod weights")
    end = max(row for row in range(rows.height) if isinstance(rows.value(row, 0), float))
    assert rows.value(end, 0) == STEPS
    last = [rows.value(end, column) for column in range(1, 151)]
    np.testing.assert_allclose(np.array(last, float), by_hand(optim.Adam, {})[-1], atol=1e-9)
    assert (rows.value(2, 1), rows.value(2, 76)) == ("H19", "B25")
    assert rows.value(3, 1) == "movie 27, factor 1"


def test_the_sheet_by_hand_has_the_value_that_excel_stored() -> None:
    assert rmse(start()).item() == pytest.approx(area("dotprod", "V41:V41").item(), rel=1e-14)
