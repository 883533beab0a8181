"""The lesson's 15 × 15 sheets: Excel's stored error, autograd's path, the known minimum."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
import pytest
import torch

from tests.factor.judges import Judge
from tests.shared_data import lesson
from xlcollab.factor import ModelSettings, StartArrays, TrainingSettings, train
from xlcollab.ratings import RatingsTable, from_crosstab

calamine = pytest.importorskip("python_calamine")


@dataclass
class Sheet:
    """The ratings, the factors in the cells, and the error that Excel stored."""

    table: RatingsTable
    start: StartArrays
    error: float


def sheet(name: str) -> Sheet:
    """The `dotprod` or `bias` sheet; `bias` has one more row and column, for the biases."""
    extra = int(name == "bias")
    book = calamine.CalamineWorkbook.from_path(str(lesson("collab_filter.xlsx")))
    cells = book.get_sheet_by_name(name).to_python()
    block = np.array([row[: 21 + extra] for row in cells], object)
    right = 6 + extra
    frame = pd.DataFrame(
        block[1:16, right:], index=block[1:16, right - 1], columns=block[0, right:]
    )
    top = 18
    left = block[24 + extra : 39 + extra, : 5 + extra].astype(float)
    items = block[top : top + 5 + extra, right:].astype(float)
    start = StartArrays(left[:, extra:], items[extra:].T)
    if extra:
        start = StartArrays(left[:, 1:], items[1:].T, left[:, 0], items[0])
    error = next(value for value in reversed(cells[-1]) if value != "")
    return Sheet(from_crosstab(frame, dtype=np.float64), start, error)


def model(name: str) -> ModelSettings:
    return ModelSettings(
        n_factors=5, bias=name == "bias", global_bias=False, clip_output=False, dtype="float64"
    )


def test_the_first_error_is_the_one_excel_stored() -> None:
    dotprod = sheet("dotprod")
    settings = TrainingSettings(optimizer="gd", loss="rmse", epochs=1)
    result = train(dotprod.table, model("dotprod"), settings, start=dotprod.start)
    assert result.column("train_rmse")[0] == pytest.approx(dotprod.error, rel=1e-14)


def test_the_first_error_of_the_bias_sheet_is_the_one_excel_stored() -> None:
    bias = sheet("bias")
    settings = TrainingSettings(optimizer="gd", loss="rmse", epochs=1)
    result = train(bias.table, model("bias"), settings, start=bias.start)
    # This edition's cell has the root of the sum where the other sheet has that of the mean.
    error = result.column("train_rmse")[0] * np.sqrt(len(bias.table))
    assert error == pytest.approx(bias.error, rel=1e-14)


@pytest.mark.parametrize("name", ["dotprod", "bias"])
@pytest.mark.parametrize("optimizer", ["gd", "momentum", "adam"])
def test_the_path_is_autograds(name: str, optimizer: str) -> None:
    data = sheet(name)
    settings = TrainingSettings(
        optimizer=optimizer,  # type: ignore[arg-type]
        loss="rmse",
        epochs=40,
        learning_rate=0.05,
    )
    result = train(data.table, model(name), settings, start=data.start)
    judge = Judge.of(data.table, 5)
    with torch.no_grad():
        for weight, given in zip(judge.weights, vars_of(data.start), strict=True):
            weight.copy_(torch.zeros_like(weight) if given is None else torch.from_numpy(given))
    trained = judge.weights if name == "bias" else judge.weights[:2]
    rule = {
        "gd": torch.optim.SGD(trained, 0.05),
        "momentum": torch.optim.SGD(trained, 0.05, momentum=0.9),
        "adam": torch.optim.Adam(trained, 0.05),
    }[optimizer]
    path = []
    for _ in range(40):
        rule.zero_grad()
        loss = judge.loss("rmse")
        loss.backward()
        path.append(loss.item())
        rule.step()
    np.testing.assert_allclose(result.column("train_rmse"), path, rtol=1e-10)


def vars_of(start: StartArrays) -> list[np.ndarray | None]:
    return [start.user_factors, start.item_factors, start.user_bias, start.item_bias]  # type: ignore[list-item]


def test_adam_passes_below_excels_solver() -> None:
    """Excel's own Solver ended at 0.39302; the best known minimum is 0.392900790875."""
    data = sheet("dotprod")
    settings = TrainingSettings(
        optimizer="adam", loss="rmse", epochs=6000, learning_rate=0.05, schedule="cosine"
    )
    result = train(data.table, model("dotprod"), settings, start=data.start)
    assert result.column("train_rmse")[104] < 0.40
    assert result.train.rmse == pytest.approx(0.392900790875, abs=1e-5)
