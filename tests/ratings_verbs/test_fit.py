"""`xlcollab fit`: what is read, held out, measured, begun from and written."""

from __future__ import annotations

from dataclasses import fields
from inspect import signature
from pathlib import Path

import numpy as np
import pytest

from tests.faces.shell import Outcome, xlcollab
from tests.ratings_verbs.data import crosstab_book, planted, ratings_csv
from tests.shared_data import lesson
from xlcollab.api.ratings.kept.opening import open_model
from xlcollab.api.ratings.kept.reading import read_model_workbook
from xlcollab.faces.commands.fit import fit as command
from xlcollab.factor import ModelSettings, TrainingSettings
from xlcollab.files import FileBook

SMALL = ("--n-factors", 2, "--init-scale", 0.3)
KEYS = {"train_rmse", "test_rmse", "epochs", "ratings", "users", "items", "status", "seconds"}


def fit(source: Path, *options: object, output: str = "m.xlsx") -> Outcome:
    return xlcollab("fit", source, *SMALL, *options, "-o", source.parent / output, "--json")


def sheets(path: Path) -> list[str]:
    return [sheet.name for sheet in FileBook(path).read()]


def model_rows(path: Path) -> dict[object, object]:
    sheet = FileBook(path).read().sheet("model")
    return {sheet.value(row, 0): sheet.value(row, 1) for row in range(sheet.height)}


def test_every_setting_is_an_option() -> None:
    settings = {one.name for kind in (ModelSettings, TrainingSettings) for one in fields(kind)}
    assert settings <= signature(command).parameters.keys()


def test_json_has_what_the_issue_asks_for(tmp_path: Path) -> None:
    found = fit(ratings_csv(tmp_path), "--test-fraction", 0.2)
    assert found.code == 0, found.err
    result = found.json
    assert result.keys() >= KEYS | {"output"}
    assert (result["ratings"], result["users"], result["items"]) == (120, 20, 12)
    assert result["status"] == "epoch_limit"
    assert 0 < result["train_rmse"] < result["test_rmse"] < 2
    assert Path(result["output"]).is_file()


def test_without_test_ratings_their_errors_are_null(tmp_path: Path) -> None:
    result = fit(ratings_csv(tmp_path)).json
    assert result["test_rmse"] is None
    assert result["ranking"] is None
    assert "precision at 10" not in model_rows(tmp_path / "m.xlsx")


def test_the_workbook_has_the_sheets_of_the_issue(tmp_path: Path) -> None:
    assert fit(crosstab_book(tmp_path / "b.xlsx")).code == 0
    wanted = [
        "model",
        "predict",
        "scores",
        "training history",
        "users",
        "items",
        "predictions",
        "recommendations",
    ]
    assert sheets(tmp_path / "m.xlsx") == [*wanted, "rated", "saved"]


def test_a_summary_is_shown_where_no_json_is_asked_for(tmp_path: Path) -> None:
    found = xlcollab("fit", ratings_csv(tmp_path), *SMALL, "-o", tmp_path / "m.xlsx")
    assert found.code == 0
    assert "All epochs were run. Written to" in found.out
    assert "150 ratings in r.csv" in found.err
    assert "MB at its peak: the program with what it has read" in found.err


@pytest.mark.parametrize(
    ("options", "n_train"),
    [
        (("--test-fraction", 0.1), 135),
        (("--test-by-time", 0.2), 120),
        (("--leave-out", 1), 130),
    ],
)
def test_ways_to_hold_ratings_out(
    options: tuple[object, ...], n_train: int, tmp_path: Path
) -> None:
    result = fit(ratings_csv(tmp_path), *options).json
    assert result["ratings"] == n_train
    assert result["test_rmse"] is not None


def test_a_split_column_and_a_test_file(tmp_path: Path) -> None:
    frame = planted()
    frame["part"] = np.where(np.arange(150) < 30, "later", "now")
    whole = ratings_csv(tmp_path, frame)
    by_column = fit(whole, "--split-column", "part", "--test-split", "later").json
    base = ratings_csv(tmp_path, frame[30:], "base.csv")
    test = ratings_csv(tmp_path, frame[:30], "test.csv")
    by_file = fit(base, "--test", test, "--split-column", "part").json
    assert by_column["ratings"] == by_file["ratings"] == 120
    assert by_column["test_rmse"] == pytest.approx(by_file["test_rmse"], rel=1e-6)


def test_early_stopping_by_each_kind_of_validation(tmp_path: Path) -> None:
    source = ratings_csv(tmp_path)
    for options in ((), ("--validation-by-time", 0.2), ("--validation-leave-out", 1)):
        slow = ("--patience", 2, "--epochs", 500, "--schedule", "constant")
        result = fit(source, *slow, *options).json
        assert result["status"] == "early_stopped"
        assert result["best_epoch"] == result["epochs"] - 2
        assert result["validation_rmse"] is not None


def test_rankings_are_measured_and_written(tmp_path: Path) -> None:
    found = fit(ratings_csv(tmp_path), "--leave-out", 2, "--top-k", 4, "--relevant", 4).json
    ranking = found["ranking"]
    assert (ranking["k"], ranking["relevant"]) == (4, 4.0)
    assert 0 < ranking["ndcg"] <= 1
    rows = model_rows(tmp_path / "m.xlsx")
    assert rows["NDCG at 4"] == pytest.approx(ranking["ndcg"])
    assert rows["recall at 4"] == pytest.approx(ranking["recall"])
    usual = fit(ratings_csv(tmp_path), "--leave-out", 2, "--top-k", 4).json["ranking"]
    assert usual == ranking  # three quarters up from 1 to 5 is 4


def test_folds_are_in_json_and_on_a_sheet(tmp_path: Path) -> None:
    found = fit(ratings_csv(tmp_path), "--folds", 3).json["cross_validation"]
    assert [fold["ratings"] for fold in found["folds"]] == [50, 50, 50]
    assert found["rmse"] == pytest.approx(np.mean([fold["rmse"] for fold in found["folds"]]))
    sheet = FileBook(tmp_path / "m.xlsx").read().sheet("folds")
    assert (sheet.value(7, 0), sheet.value(7, 2)) == ("mean", pytest.approx(found["rmse"]))


def test_the_rate_that_is_found_is_used(tmp_path: Path) -> None:
    found = fit(ratings_csv(tmp_path), "--find-learning-rate").json["learning_rate_sweep"]
    reached = [error for error in found["validation_rmse"] if error is not None]
    best = found["validation_rmse"].index(min(reached))
    assert found["suggestion"] == found["learning_rates"][best]
    history = FileBook(tmp_path / "m.xlsx").read().sheet("training history")
    assert history.value(4, 1) == pytest.approx(found["suggestion"])
    assert "learning rates" in sheets(tmp_path / "m.xlsx")


@pytest.mark.parametrize("name", ["m.xlsx", "m.safetensors"])
def test_a_saved_model_is_a_start(name: str, tmp_path: Path) -> None:
    source = ratings_csv(tmp_path)
    assert fit(source, "--epochs", 3, output=name).code == 0
    begun = tmp_path / name
    same = xlcollab("fit", source, "--start", begun, "--epochs", 0, "-o", tmp_path / "s.xlsx")
    assert same.code == 0, same.err
    one, other = open_model(begun), read_model_workbook(tmp_path / "s.xlsx")
    assert other.settings.n_factors == 2  # that of the start, unless another is asked for
    np.testing.assert_array_equal(one.user_factors, other.user_factors)
    np.testing.assert_array_equal(one.item_bias, other.item_bias)


def test_cells_are_a_start(tmp_path: Path) -> None:
    factors = {f"J{2 + i}": 0.1 * i for i in range(6)} | {f"K{2 + i}": 1.0 for i in range(6)}
    factors |= {f"{column}10": 0.5 for column in "BCDEF"} | {f"{c}11": -0.5 for c in "BCDEF"}
    book = crosstab_book(tmp_path / "b.xlsx", **factors)
    options = ("--start-cells", "user_factors=J2:K7", "--start-cells", "item-factors=S!B10:F11")
    found = xlcollab(
        "fit", book, "--sheet", "S", *options, "--epochs", 0, "-o", tmp_path / "m.xlsx"
    )
    assert found.code == 0, found.err
    model = read_model_workbook(tmp_path / "m.xlsx")
    np.testing.assert_allclose(model.user_factors[:, 0], 0.1 * np.arange(6), atol=1e-7)
    np.testing.assert_array_equal(model.item_factors, [[0.5, -0.5]] * 5)


def test_side_columns_and_date_parts_feed_a_net(tmp_path: Path) -> None:
    frame = planted()
    frame["genre"] = np.where(frame["item"] > 60, "drama", "comedy")
    options = ("--hidden", 4, "--side-column", "genre", "--date-part", "weekday")
    net = ("--optimizer", "adam", "--hidden-dropout", 0.1, "--embedding-dropout", 0.1)
    source = ratings_csv(tmp_path, frame)
    result = fit(source, *options, *net, "--test-fraction", 0.2, output="m.safetensors")
    assert result.code == 0, result.err
    model = open_model(tmp_path / "m.safetensors")
    assert model.settings.side_columns == ("genre", "weekday")
    assert model.settings.hidden_dropouts == (0.1,)


def test_a_net_needs_no_rule_to_be_named(tmp_path: Path) -> None:
    result = fit(ratings_csv(tmp_path), "--hidden", 4, "--epochs", 3)
    assert result.code == 0, result.err
    best = fit(ratings_csv(tmp_path), "--hidden", 4, "--quality", "best")
    assert (best.code, "which no net has" in best.sentence) == (2, True)


def test_a_side_column_of_a_test_file_is_numbered_alike(tmp_path: Path) -> None:
    frame = planted()
    frame["genre"] = [f"g{item % 7}" for item in frame["item"]]
    base = ratings_csv(tmp_path, frame[:120], "base.csv")
    test = ratings_csv(tmp_path, frame[120:][::-1], "test.csv")
    options = ("--hidden", 4, "--side-column", "genre", "--optimizer", "adam", "--epochs", 2)
    found = fit(base, "--test", test, *options, output="m.safetensors")
    assert found.code == 0, found.err


def test_duplicates_are_merged_as_asked(tmp_path: Path) -> None:
    frame = planted()
    source = ratings_csv(tmp_path, frame.iloc[[*range(150), 0, 1]])
    refused = fit(source)
    assert refused.code == 3
    assert "2 ratings repeat a pair in all; choose mean, sum or last" in refused.err
    assert fit(source, "--duplicates", "mean").json["ratings"] == 150


def test_runs_are_the_same_for_a_seed_and_differ_for_another(tmp_path: Path) -> None:
    source = ratings_csv(tmp_path)
    errors = [fit(source, "--seed", seed).json["train_rmse"] for seed in (1, 1, 2)]
    assert errors[0] == errors[1] != errors[2]


def test_the_lesson(tmp_path: Path) -> None:
    book = lesson("collab_filter.xlsx")
    options = ("--sheet", "dotprod", "--bias", "--range", 0.5, 5.5, "-o", tmp_path / "t.xlsx")
    found = xlcollab("fit", book, *options, "--json")
    assert found.code == 0, found.err
    assert (found.json["ratings"], found.json["users"], found.json["items"]) == (206, 15, 15)
    predicted = xlcollab("predict", tmp_path / "t.xlsx", "--user", 14, "--item", 417, "--json")
    (one,) = predicted.json["predictions"]
    sheet = FileBook(tmp_path / "t.xlsx").read().sheet("predictions")
    row = next(i for i in range(sheet.height) if sheet.value(i, 0) == 14)
    column = next(j for j in range(sheet.width) if sheet.value(3, j) == "417")
    assert one["rating"] == pytest.approx(sheet.value(row, column), abs=1e-6)
