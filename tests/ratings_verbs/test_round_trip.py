"""A model comes back from its workbook as it was: ids, predictions, recommendations."""

from __future__ import annotations

import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import xlcollab as xc
from tests.ratings_verbs.data import planted
from xlcollab.api.ratings.model import read_model_workbook
from xlcollab.errors import DataError
from xlcollab.factor import FactorModel, predict, recommend

DAY = datetime.date(2024, 1, 1)


def same(number: int) -> Any:
    return number


def moment(number: int) -> Any:
    return pd.Timestamp("2024-01-01 12:30") + pd.Timedelta(days=number)


IDS = {
    "ints": same,
    "texts": lambda n: f"user {n}",
    "texts of digits": lambda n: f"{n:03}",
    "texts like formulas": lambda n: f"=A{n}",
    "mixed": lambda n: n if n % 2 else f"u{n}",
    "dates": lambda n: DAY + datetime.timedelta(days=n),
    "moments": moment,
    "huge ints": lambda n: 2**53 + n,
    "negative ints": lambda n: -n,
}


def fitted(ids: str = "ints", **settings: Any) -> xc.MatrixFactorization:
    frame = planted()
    frame["user"] = [IDS[ids](user) for user in frame["user"].tolist()]
    frame["item"] = [IDS[ids](item) for item in frame["item"].tolist()]
    columns = {"n_factors": 3, "epochs": 3, "init_scale": 0.3} | settings
    return xc.MatrixFactorization(**columns).fit(frame)


def check_equal(back: FactorModel, model: Any) -> None:
    users = model.user_ids.index.tolist()
    items = model.item_ids.index.tolist()
    assert back.user_ids.index.tolist() == users
    assert back.item_ids.index.tolist() == items
    assert [type(one) for one in back.user_ids.index.tolist()] == [type(one) for one in users]
    every = np.repeat(np.arange(len(users)), len(items)), np.tile(np.arange(len(items)), len(users))
    pairs = [users[i] for i in every[0]], [items[j] for j in every[1]]
    np.testing.assert_allclose(predict(back, *pairs), predict(model, *pairs), rtol=0, atol=1e-6)
    for user in users:
        one, other = recommend(back, user, 5), recommend(model, user, 5)
        assert (one.items, one.cold) == (other.items, other.cold)


@pytest.mark.parametrize("ids", IDS)
def test_ids_of_any_type_come_back(ids: str, tmp_path: Path) -> None:
    model = fitted(ids)
    model.to_workbook(tmp_path / "m.xlsx")
    check_equal(read_model_workbook(tmp_path / "m.xlsx"), model.model_)


@pytest.mark.parametrize(
    "settings",
    [
        {"dtype": "float64"},
        {"bias": False},
        {"global_bias": False},
        {"n_factors": 0},
        {"output_range": (0.5, 5.5)},
        {"output_range": (1.0, 5.0), "padding": 0.3},
        {"clip_output": False},
        {"quality": "best"},
        {"optimizer": "adam", "output_range": (0.9, 5.1), "learn_padding": True, "epochs": 30},
    ],
    ids=str,
)
def test_models_of_any_shape_come_back(settings: dict[str, Any], tmp_path: Path) -> None:
    model = fitted(**settings)
    model.to_workbook(tmp_path / "m.xlsx", predictions=True)
    back = read_model_workbook(tmp_path / "m.xlsx")
    check_equal(back, model.model_)
    assert back.settings == model.model_.settings


def test_a_learned_padding_is_kept(tmp_path: Path) -> None:
    model = fitted(optimizer="adam", output_range=(0.9, 5.1), learn_padding=True, epochs=30)
    model.to_workbook(tmp_path / "m.xlsx")
    assert read_model_workbook(tmp_path / "m.xlsx").output.span > 4.3


def test_load_reads_workbooks_and_model_files(tmp_path: Path) -> None:
    model = fitted()
    model.save(tmp_path / "m.safetensors")
    model.to_workbook(tmp_path / "m.xlsx")
    wanted = model.predict([1, 2], [10, 20])
    for name in ("m.safetensors", "m.xlsx"):
        back = xc.MatrixFactorization.load(tmp_path / name)
        assert isinstance(back, xc.MatrixFactorization)
        assert back.n_factors == 3
        np.testing.assert_allclose(back.predict([1, 2], [10, 20]), wanted, rtol=0, atol=1e-6)


def test_dates_among_texts_are_refused_with_another_form(tmp_path: Path) -> None:
    frame = planted()
    frame["user"] = [DAY if user == 1 else f"u{user}" for user in frame["user"].tolist()]
    model = xc.MatrixFactorization(n_factors=2, epochs=1).fit(frame)
    with pytest.raises(DataError, match=r"types date, str cannot be kept in cells.*safetensors"):
        model.to_workbook(tmp_path / "m.xlsx")
    assert not list(tmp_path.iterdir())


def test_a_net_is_no_model_of_a_workbook(tmp_path: Path) -> None:
    model = fitted(hidden_sizes=(4,), optimizer="adam")
    model.to_workbook(tmp_path / "m.xlsx")
    with pytest.raises(DataError, match=r"shows a net.*-o m\.safetensors"):
        read_model_workbook(tmp_path / "m.xlsx")


def test_an_estimator_keeps_the_conventions() -> None:
    import pickle

    model = fitted()
    again = type(model)(**model.get_params()).fit(planted())
    assert again.model_.user_ids == model.model_.user_ids
    copy = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(copy.predict([1], [10]), model.predict([1], [10]))
    with pytest.raises(xc.XlcollabError, match="call fit first"):
        xc.MatrixFactorization().to_workbook("never.xlsx")
