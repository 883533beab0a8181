"""gradient_descent_formulas.xlsx against torch.optim and against xlcollab's own steps."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

import xlcollab
from tests.workbooks.made import FOLDER, named, number, read, recalculated_elsewhere
from xlcollab.files import FileBook
from xlcollab.grid import CellEdit, Changes, Workbook
from xlcollab.problems import read_model, start
from xlcollab.ref import parse_area

from lessons.descent_chain import FIRST, ITERATIONS, N_WEIGHTS, WEIGHTS  # isort: skip
from lessons.descent_data import N_FACTORS, N_ITEMS, N_USERS  # isort: skip

NAME = "gradient_descent_formulas.xlsx"
BOOK = read(NAME)


def area(name: str) -> NDArray[np.float64]:
    """The numbers of a named block, blanks as 0."""
    found = BOOK.name(name, "data")
    assert found is not None
    where = parse_area(found.text, "data")
    return BOOK.sheet(where.sheet).block(where.rect)[1]


def torch_run(make: Callable[[list[torch.Tensor]], torch.optim.Optimizer]) -> NDArray[np.float64]:
    """The weights of a torch model after all iterations, in the order of the sheet's columns."""
    users = torch.tensor(area("start_users"), requires_grad=True)
    items = torch.tensor(area("start_items"), requires_grad=True)
    ratings = torch.tensor(BOOK.sheet("data").block(parse_area("data!B6:G11").rect)[1])
    mask = torch.tensor(area("train_mask"))
    optimizer = make([users, items])
    for _ in range(ITERATIONS):
        optimizer.zero_grad()
        loss = (mask * (ratings - users @ items)).square().sum() / mask.sum()
        loss.backward()
        optimizer.step()
    return np.concatenate([users.detach().T.numpy().ravel(), items.detach().numpy().ravel()])


L2 = number(BOOK, None, "l2_penalty")
OPTIMISERS: dict[str, Callable[[list[torch.Tensor]], torch.optim.Optimizer]] = {
    "gd": lambda w: torch.optim.SGD(w, lr=0.1, weight_decay=L2),
    "momentum": lambda w: torch.optim.SGD(w, lr=0.1, momentum=0.8, weight_decay=L2),
    "nesterov": lambda w: torch.optim.SGD(w, lr=0.1, momentum=0.8, nesterov=True, weight_decay=L2),
    "adagrad": lambda w: torch.optim.Adagrad(w, lr=0.1, eps=1e-8, weight_decay=L2),
    "rmsprop": lambda w: torch.optim.RMSprop(w, lr=0.1, alpha=0.9, eps=1e-8, weight_decay=L2),
    "adam": lambda w: torch.optim.Adam(w, lr=0.1, weight_decay=L2),
}


def last_row(value: Callable[[int, int], Any]) -> NDArray[np.float64]:
    row = FIRST + ITERATIONS
    return np.array([value(row, WEIGHTS + number) for number in range(N_WEIGHTS)], np.float64)


def test_the_stored_run_is_torch_s() -> None:
    stored = last_row(BOOK.sheet("descent").value)
    chosen = OPTIMISERS[str(named(BOOK, None, "optimiser"))]
    np.testing.assert_allclose(stored, torch_run(chosen), rtol=0, atol=1e-9)


@pytest.mark.slow
def test_the_stored_run_is_xlcollab_s() -> None:
    book = xlcollab.open(FOLDER / NAME)
    assert number(book.workbook, "solver", "distance") > 1
    book.solve("solver", history=False)
    assert number(book.workbook, "solver", "distance") < 1e-9
    weights = start(read_model(book.workbook, "solver"), book.workbook)
    users = weights[: N_USERS * N_FACTORS].reshape(N_USERS, N_FACTORS).T.ravel()
    stored = last_row(BOOK.sheet("descent").value)
    np.testing.assert_allclose(stored[: users.size], users, rtol=0, atol=1e-9)
    np.testing.assert_allclose(stored[users.size :], weights[users.size :], rtol=0, atol=1e-9)
    assert weights.size == N_FACTORS * (N_USERS + N_ITEMS)


def test_the_derivation_agrees_with_its_finite_differences() -> None:
    assert number(BOOK, "derivation", "distance") < 1e-9
    assert number(BOOK, "derivation", "loss") == pytest.approx(
        number(BOOK, "derivation", "chain_loss"), abs=1e-12
    )


def changed(workbook: Workbook, names: dict[str, str | float]) -> Changes:
    """Inputs for cells by their names."""
    edits = []
    for name, value in names.items():
        found = workbook.name(name)
        assert found is not None
        edits.append(CellEdit.of_value(parse_area(found.text), value, workbook.texts))
    return Changes(inputs=edits)


def rerun(folder: Path, names: dict[str, str | float]) -> Any:
    """The book after typing into named cells, recalculated by LibreOffice."""
    path = folder / "changed.xlsx"
    book = FileBook(FOLDER / NAME, path)
    book.write(changed(book.read(), names))
    return recalculated_elsewhere(path, folder)


@pytest.mark.slow
@pytest.mark.parametrize("optimiser", OPTIMISERS)
def test_another_optimiser_in_the_drop_down(optimiser: str, tmp_path: Path) -> None:
    sheet = rerun(tmp_path, {"optimiser": optimiser})["descent"]
    found = last_row(lambda row, column: sheet.cell(row + 1, column + 1).value)
    np.testing.assert_allclose(found, torch_run(OPTIMISERS[optimiser]), rtol=0, atol=1e-9)


@pytest.mark.slow
def test_weights_that_start_equal_stay_equal(tmp_path: Path) -> None:
    sheet = rerun(tmp_path, {"initial_weights": "all equal"})["descent"]
    found = last_row(lambda row, column: sheet.cell(row + 1, column + 1).value)
    users = found[: N_USERS * N_FACTORS].reshape(N_FACTORS, N_USERS)
    np.testing.assert_allclose(users[0], users[1], rtol=0, atol=1e-12)


@pytest.mark.slow
def test_a_cosine_rate_ends_near_zero_and_no_l2_fits_better(tmp_path: Path) -> None:
    sheet = rerun(tmp_path, {"schedule": "cosine", "l2_penalty": 0.0})["descent"]
    rates = [sheet.cell(FIRST + 1 + t, 2).value for t in (0, ITERATIONS // 2, ITERATIONS)]
    assert rates == pytest.approx([0.1, 0.05, 0.0], abs=1e-12)
    last = FIRST + ITERATIONS
    assert sheet.cell(last + 1, 4).value > BOOK.sheet("descent").value(last, 3)
