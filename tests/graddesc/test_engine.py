"""The engine on a tab's data and model: by torch.optim, by the sheet itself, by differences."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import xlcollab
from tests.graddesc.typed_tabs import Layout, data, judged_sgd, sgd_cells, write
from tests.shared_data import lesson

LAYOUT = Layout(rows=10)


@pytest.fixture
def book(tmp_path: Path) -> xlcollab.OpenBook:
    return xlcollab.open(write(tmp_path / "book.xlsx", {"lesson": sgd_cells(LAYOUT)}))


def torch_run(
    optimizer: type[torch.optim.Optimizer], epochs: int, size: int, **options: Any
) -> Any:
    x, y = (torch.tensor(values, dtype=torch.float64) for values in data(LAYOUT.rows))
    weights = torch.tensor([0.5, 0.5], dtype=torch.float64, requires_grad=True)
    stepper = optimizer([weights], **options)
    for _ in range(epochs):
        for first in range(0, LAYOUT.rows, size):
            batch = slice(first, first + size)
            stepper.zero_grad()
            (weights[0] + weights[1] * x[batch] - y[batch]).square().mean().backward()
            stepper.step()
    return weights.detach().numpy()


@pytest.mark.parametrize("size", [1, 4, 10])
@pytest.mark.parametrize(
    ("name", "options", "optimizer", "theirs"),
    [
        ("sgd", {"learning_rate": 0.03}, torch.optim.SGD, {"lr": 0.03}),
        (
            "momentum",
            {"learning_rate": 0.03, "momentum": 0.8, "dampening": 0.8},
            torch.optim.SGD,
            {"lr": 0.03, "momentum": 0.8, "dampening": 0.8},
        ),
        (
            "nesterov",
            {"learning_rate": 0.02},
            torch.optim.SGD,
            {"lr": 0.02, "momentum": 0.9, "nesterov": True},
        ),
        ("adagrad", {"learning_rate": 0.3}, torch.optim.Adagrad, {"lr": 0.3}),
        ("rmsprop", {"learning_rate": 0.03}, torch.optim.RMSprop, {"lr": 0.03}),
        (
            "adam",
            {"learning_rate": 0.1, "l2": 0.2},
            torch.optim.Adam,
            {"lr": 0.1, "weight_decay": 0.2},
        ),
        (
            "adamw",
            {"learning_rate": 0.1, "weight_decay": 0.3},
            torch.optim.AdamW,
            {"lr": 0.1, "weight_decay": 0.3},
        ),
    ],
)
def test_rules_are_those_of_torch(
    book: xlcollab.OpenBook,
    size: int,
    name: str,
    options: dict[str, Any],
    optimizer: type[torch.optim.Optimizer],
    theirs: dict[str, Any],
) -> None:
    run = book.tab("lesson").run(6, optimizer=name, batch_size=size, history=False, **options)
    found = np.array(list(run.weights.values()))
    np.testing.assert_allclose(found, torch_run(optimizer, 6, size, **theirs), rtol=1e-11)


def test_row_by_row_is_the_tab_itself(book: xlcollab.OpenBook) -> None:
    own = book.tab("lesson").run(8, history=False)
    fresh = xlcollab.open(book.path)
    run = fresh.tab("lesson").run(8, optimizer="sgd", batch_size=1, history=False)
    assert list(run.weights.values()) == pytest.approx(judged_sgd(LAYOUT, 8), rel=1e-12)
    assert run.loss == pytest.approx(own.measured[1:], rel=1e-12)


@pytest.mark.parametrize(
    ("sheet", "epochs", "optimizer", "options"),
    [
        ("basic SGD", 20, "sgd", {"batch_size": 1}),
        ("basic SGD", 20, "tab", {}),
        ("momentum", 20, "tab", {}),
        ("adagrad", 20, "tab", {}),
        ("rmsprop", 20, "tab", {}),
        ("adam", 5, "tab", {}),
        ("eve", 5, "tab", {}),
    ],
)
def test_the_lessons_tabs_by_the_engine(
    sheet: str, epochs: int, optimizer: str, options: dict[str, Any]
) -> None:
    """The same settings, gradients by autograd, tensors instead of cells."""
    book = xlcollab.open(lesson("graddesc.xlsx"))
    by_sheet = book.tab(sheet).run(epochs, reset=True, history=False)
    by_engine = (
        xlcollab.open(book.path)
        .tab(sheet)
        .run(epochs, reset=True, history=False, optimizer=optimizer, **options)
    )
    assert by_engine.loss == pytest.approx(by_sheet.measured[1:], rel=1e-10)
    assert by_engine.weights == pytest.approx(by_sheet.weights, rel=1e-10)


def test_gradients_three_ways() -> None:
    """(error(w + h) - error(w)) / h exceeds the derivative of a parabola by h · x² exactly."""
    found = xlcollab.open(lesson("graddesc.xlsx")).tab("basic SGD").gradients()
    x = np.array([14, 86, 28, 51], np.float64)
    for weight, squares in (("intercept", np.ones(4)), ("slope", x**2)):
        exact = found.column(f"{weight}: autograd")
        np.testing.assert_allclose(found.column(f"{weight}: analytic"), exact, rtol=1e-12)
        off = found.column(f"{weight}: estimate - autograd")
        np.testing.assert_allclose(off[:4], 0.01 * squares, rtol=1e-6)


@pytest.mark.parametrize("schedule", ["cosine", "one-cycle", "step", "exponential"])
def test_schedules_move_the_rate(book: xlcollab.OpenBook, schedule: str) -> None:
    run = book.tab("lesson").run(
        9, optimizer="adam", learning_rate=0.1, schedule=schedule, history=False
    )
    rates = run.history["learning rate"].to_numpy()
    assert len(set(rates)) > 2
    assert rates.max() <= 0.1 + 1e-15


@pytest.mark.parametrize(("schedule", "factor"), [("halving", 2.0), ("quartering", 4.0)])
def test_the_lessons_annealing_as_a_schedule(
    book: xlcollab.OpenBook, schedule: str, factor: float
) -> None:
    """Too high a rate makes the gradients grow; annealing brings the rate down until they fall."""
    tab = book.tab("lesson")
    plain = tab.run(30, optimizer="sgd", learning_rate=2.0, history=False)
    fresh = xlcollab.open(book.path).tab("lesson")
    run = fresh.run(30, optimizer="sgd", learning_rate=2.0, schedule=schedule, history=False)
    ratios = np.log(2.0 / run.history["learning rate"].to_numpy()) / np.log(factor)
    np.testing.assert_allclose(ratios, np.round(ratios), atol=1e-12)
    assert ratios[-1] >= 1
    assert run.measured[-1] < 1e-3 * plain.measured[-1]
