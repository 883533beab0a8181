"""A fit as who looks on sees it: errors that were measured, and its factors, thinned evenly."""

from __future__ import annotations

import json
import math
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from xlcollab.api.ratings.viewing import FitView, pictured
from xlcollab.faces.window.stream import Stream
from xlcollab.factor.estimator import MatrixFactorization


def told(stream: Stream) -> list[dict[str, Any]]:
    return [json.loads(one) for one in stream.since(0, 0.0) if one]


def ratings(n_users: int, n_items: int) -> pd.DataFrame:
    rng = np.random.default_rng(3)
    pairs = [(u, i) for u in range(n_users) for i in rng.permutation(n_items)[:4]]
    frame = pd.DataFrame(pairs, columns=["user", "item"])
    return frame.assign(rating=1.0 + (frame["user"] * frame["item"]) % 5)


def epoch(number: int, **errors: float) -> Any:
    row = {"train_rmse": 0.9, "validation_rmse": 1.0, "test_rmse": 1.1, "seconds": 2.5}
    row |= {"train_loss": math.nan, "validation_ndcg": math.nan} | errors
    model = MatrixFactorization(n_factors=2, epochs=1).fit(ratings(3, 4)).model_
    return SimpleNamespace(row=SimpleNamespace(epoch=number, **row), epochs=30, model=lambda: model)


def test_epochs_are_rows() -> None:
    stream = Stream()
    view = FitView(stream)
    assert view.epoch(epoch(1)) is False
    view.epoch(epoch(2, train_rmse=math.inf, test_rmse=-math.inf))
    stream.stop()
    assert view.epoch(epoch(3)) is True
    begin, first, _, second, third = told(stream)
    assert begin == {"kind": "begin", "run": "fit", "others": ["validation RMSE", "test RMSE"]}
    assert first == {
        "kind": "row",
        "step": 1,
        "steps": 30,
        "loss": 0.9,
        "others": {"validation RMSE": 1.0, "test RMSE": 1.1},
        "seconds": 2.5,
    }
    assert second["loss"] is None
    assert second["others"] == {"validation RMSE": 1.0, "test RMSE": None}
    assert third["step"] == 3


@pytest.mark.parametrize(
    ("row", "loss", "others"),
    [
        ({"validation_rmse": math.nan, "test_rmse": math.nan}, 0.9, {}),
        ({"validation_rmse": math.nan}, 0.9, {"test RMSE": 1.1}),
        ({"train_rmse": math.nan, "train_loss": 0.3, "validation_ndcg": 0.7}, 0.3,
         {"validation NDCG": 0.7}),
        ({"train_rmse": math.nan, "train_loss": 0.3}, 0.3, {}),
    ],
)  # fmt: skip
def test_what_was_not_measured_is_not_told(
    row: dict[str, float], loss: float, others: dict[str, float]
) -> None:
    stream = Stream()
    FitView(stream).epoch(epoch(1, **row))
    begin, first, _ = told(stream)
    assert begin["others"] == list(others)
    assert (first["loss"], first["others"]) == (loss, others)


def test_a_run_that_is_gone_on_with_and_every_fold_begin() -> None:
    stream = Stream()
    view = FitView(stream)
    for number in (7, 8, 1, 2, 1):
        view.epoch(epoch(number))
    kinds = [event["kind"] for event in told(stream) if event["kind"] != "weights"]
    assert kinds == ["begin", "row", "row", "begin", "row", "row", "begin", "row"]


def test_of_many_users_some_are_shown_the_first_and_the_last_among_them() -> None:
    model = MatrixFactorization(n_factors=60, epochs=1).fit(ratings(97, 50)).model_
    users, items, of_users, of_items = pictured(model)
    assert users["name"] == "40 of 97 users × 32 of 60 factors"
    assert items["name"] == "40 of 50 items × 32 of 60 factors"
    assert of_users["name"] == "biases of 32 of 97 users"
    assert of_items["name"] == "biases of 32 of 50 items"
    shown = np.array(users["rows"])
    assert shown.shape == (40, 32)
    corners = model.user_factors[np.ix_([0, -1], [0, -1])]
    np.testing.assert_allclose(shown[np.ix_([0, -1], [0, -1])], corners)
    assert np.array(of_items["rows"])[0, [0, -1]] == pytest.approx(model.item_bias[[0, -1]])


def test_no_factors_and_one_factor_and_a_net() -> None:
    frame = ratings(4, 5)

    def names(**settings: Any) -> list[str]:
        model = MatrixFactorization(epochs=1, **settings).fit(frame).model_
        return [one["name"] for one in pictured(model)]

    assert names(n_factors=0) == ["biases of 4 users", "biases of 5 items"]
    assert names(n_factors=1, bias=False) == ["4 users × 1 factor", "5 items × 1 factor"]
    assert names(n_factors=2, bias=False, hidden_sizes=(3,)) == [
        "4 users × 2 factors",
        "5 items × 2 factors",
        "layer 1: 3 units × 4 inputs",
        "layer 2: 1 unit × 3 inputs",
    ]
