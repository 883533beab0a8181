"""A model comes back from its workbook as it was: ids, predictions, recommendations."""

from __future__ import annotations

import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import xlcollab as xc
from tests.faces.shell import xlcollab
from tests.ratings_verbs.data import planted, ratings_csv
from xlcollab.api.ratings.kept.reading import read_model_workbook
from xlcollab.errors import DataError
from xlcollab.factor import Model, predict, recommend
from xlcollab.settings.optimizers import GRADIENT_RULES

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


def check_equal(back: Model, model: Any) -> None:
    users = model.user_ids.index.tolist()
    items = model.item_ids.index.tolist()
    assert back.user_ids.index.tolist() == users
    assert back.item_ids.index.tolist() == items
    assert [type(one) for one in back.user_ids.index.tolist()] == [type(one) for one in users]
    every = np.repeat(np.arange(len(users)), len(items)), np.tile(np.arange(len(items)), len(users))
    pairs = [users[i] for i in every[0]], [items[j] for j in every[1]]
    np.testing.assert_array_equal(predict(back, *pairs), predict(model, *pairs))
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
        np.testing.assert_array_equal(back.predict([1, 2], [10, 20]), wanted)


def test_dates_among_texts_are_refused_with_another_form(tmp_path: Path) -> None:
    frame = planted()
    frame["user"] = [DAY if user == 1 else f"u{user}" for user in frame["user"].tolist()]
    model = xc.MatrixFactorization(n_factors=2, epochs=1).fit(frame)
    with pytest.raises(DataError, match=r"types date, str cannot be kept in cells.*safetensors"):
        model.to_workbook(tmp_path / "m.xlsx")
    assert not list(tmp_path.iterdir())


RULES: dict[str, dict[str, Any]] = {
    "fast": {"n_factors": None},
    "best": {"quality": "best", "n_factors": None, "epochs": 24},
    "best in float64": {"quality": "best", "epochs": 27, "dtype": "float64"},
    **{rule: {"optimizer": rule} for rule in ("als", "gibbs", *GRADIENT_RULES)},
    **{f"{rule} in batches": {"optimizer": rule, "batch_size": 64} for rule in GRADIENT_RULES},
    "fastai": {"recipe": "fastai", "n_factors": None},
}
MODELS: dict[str, dict[str, Any]] = {
    "dot": {},
    "no biases": {"bias": False, "global_bias": False},
    "range": {"output_range": (0.5, 5.5)},
    "learned range": {"output_range": (0.5, 5.5), "learn_padding": True},
    "net": {"hidden_sizes": (4, 3)},
    "net in a range": {"hidden_sizes": (5,), "output_range": (0.5, 5.5), "bias": False},
    "net of sides": {"hidden_sizes": (4,), "side_columns": ("genre", "mood"), "side_factors": 2},
}
CASES = [
    (rule, model)
    for rule, settings in RULES.items()
    for model in MODELS
    if settings.get("optimizer") in GRADIENT_RULES
    or (model in ("dot", "no biases"))
    or (rule == "fast" and model == "range")
]


@pytest.mark.parametrize(("rule", "model"), CASES)
def test_a_saved_model_is_the_same_model(rule: str, model: str, tmp_path: Path) -> None:
    """Every quality, rule, model and writer: the same predictions to the last bit."""
    frame = planted()
    frame["genre"] = np.where(frame["item"] % 20 == 0, "war", "")
    frame["mood"] = pd.to_datetime(frame["timestamp"], unit="s").dt.day % 3
    options = {"n_factors": 3, "epochs": 3} | RULES[rule] | MODELS[model]
    estimator = xc.MatrixFactorization(**options).fit(frame)
    estimator.save(tmp_path / "m.safetensors")
    estimator.to_workbook(tmp_path / "m.xlsx")
    users, items = np.repeat(range(1, 21), 12), np.tile(range(10, 130, 10), 20)
    wanted = estimator.predict(users, items)
    for name in ("m.safetensors", "m.xlsx"):
        back = xc.MatrixFactorization.load(tmp_path / name)
        np.testing.assert_array_equal(back.predict(users, items), wanted)
        np.testing.assert_array_equal(back.predict(frame), estimator.predict(frame))
        assert back.recommend(3).items == estimator.recommend(3).items
        assert back.model_.user_factors.shape == estimator.model_.user_factors.shape


NEW = pd.DataFrame({"user": [501, 501, 502], "item": [10, 20, 30], "rating": [5.0, 1.0, 3.0]})


def check_same(back: Any, model: Any) -> None:
    """Predictions, recommendations and intervals of every user, to the last bit."""
    users = model.model_.user_ids.index.tolist()
    items = model.model_.item_ids.index.tolist()
    pairs = np.repeat(users, len(items)), np.tile(items, len(users))
    np.testing.assert_array_equal(back.predict(*pairs), model.predict(*pairs))
    assert [back.recommend(u, 5).items for u in users] == [
        model.recommend(u, 5).items for u in users
    ]
    if getattr(model.model_, "draws", None) is not None:
        np.testing.assert_array_equal(back.predict_interval(*pairs), model.predict_interval(*pairs))


@pytest.mark.parametrize("first", [".xlsx", ".safetensors"])
@pytest.mark.parametrize("second", [".xlsx", ".safetensors"])
@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"quality": "best", "epochs": 24},
        {"implicit": True},
        {"hidden_sizes": (3,), "epochs": 1},
        {"optimizer": "adam", "output_range": (0.9, 5.1), "learn_padding": True},
    ],
    ids=str,
)
def test_a_model_that_was_read_is_written_again(
    settings: dict[str, Any], first: str, second: str, tmp_path: Path
) -> None:
    model = xc.MatrixFactorization(**{"n_factors": 3, "epochs": 3, **settings}).fit(planted())
    for number, ending in enumerate((first, second)):
        path = tmp_path / f"{number}{ending}"
        model.to_workbook(path) if ending == ".xlsx" else model.save(path)
        back = xc.MatrixFactorization.load(path)
        check_same(back, model)
        model = back


@pytest.mark.parametrize("settings", [{}, {"quality": "best", "epochs": 24}], ids=str)
@pytest.mark.parametrize("ending", [".xlsx", ".safetensors"])
def test_who_was_folded_in_is_written_too(
    ending: str, settings: dict[str, Any], tmp_path: Path
) -> None:
    model = fitted(**settings)
    model.fold_in(NEW)
    path = tmp_path / f"m{ending}"
    model.to_workbook(path) if ending == ".xlsx" else model.save(path)
    check_same(xc.MatrixFactorization.load(path), model)
    assert len(model.model_.user_ids) == 22


def test_what_comes_after_a_fit_keeps_what_popularity_weighs() -> None:
    """It is learned when it is first asked for, which may be after the model was gone on with."""
    rng = np.random.default_rng(0)
    n_users, n_items, popular = 80, 40, rng.permutation(40)
    shown = rng.random((n_users, n_items)) < 0.9 / (1 + popular / 4)
    user, item = np.nonzero(shown)
    frame = pd.DataFrame({"user": user, "item": item, "rating": rng.integers(3, 6, len(user))})
    assert len(frame) >= 500
    early, late, folded = (xc.MatrixFactorization(n_factors=3, epochs=3) for _ in range(3))
    early.fit(frame).recommend(1)
    weight = early.model_.popularity
    assert weight > 0
    more = frame.assign(user=frame["user"] + 70).iloc[::7]
    for model in (early, late.fit(frame)):
        model.partial_fit(more, epochs=1)
    assert early.recommend(1, 5).items == late.recommend(1, 5).items
    assert early.model_.popularity == late.model_.popularity == weight
    folded.fit(frame).fold_in(NEW)
    assert folded.recommend(1).items
    assert folded.model_.popularity == weight


@pytest.mark.parametrize("ending", [".xlsx", ".safetensors"])
def test_an_average_is_gone_on_with_as_wide_as_it_is(ending: str, tmp_path: Path) -> None:
    """The draws lie side by side: more columns than the factors that were asked for."""
    best = xc.MatrixFactorization(3, quality="best", epochs=24).fit(planted())
    path = tmp_path / f"m{ending}"
    best.to_workbook(path) if ending == ".xlsx" else best.save(path)
    assert best.model_.user_factors.shape == (20, 12)
    back = xc.MatrixFactorization.load(path)
    back.partial_fit(planted().assign(user=lambda frame: frame["user"] + 5))
    assert back.model_.user_factors.shape == (25, 12)
    found = xlcollab(
        "fit", ratings_csv(tmp_path), "--start", path, "--epochs", 0, "-o", tmp_path / "s.xlsx"
    )
    assert found.code == 0, found.err
    again = read_model_workbook(tmp_path / "s.xlsx")
    np.testing.assert_array_equal(again.item_factors, best.model_.item_factors)


def test_an_average_too_wide_for_a_sheet_is_refused_before_it_is_trained(tmp_path: Path) -> None:
    options = ("--quality", "best", "--n-factors", 400, "-o", tmp_path / "m.xlsx")
    found = xlcollab("fit", ratings_csv(tmp_path), *options)
    assert found.code == 3
    assert "20,000 columns of numbers do not fit" in found.sentence


def test_an_estimator_keeps_the_conventions() -> None:
    import pickle

    model = fitted()
    again = type(model)(**model.get_params()).fit(planted())
    assert again.model_.user_ids == model.model_.user_ids
    copy = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(copy.predict([1], [10]), model.predict([1], [10]))
    with pytest.raises(xc.XlcollabError, match="call fit first"):
        xc.MatrixFactorization().to_workbook("never.xlsx")
