"""`xlcollab predict`, `recommend`, `crosstab` and `tune`."""

from __future__ import annotations

import shlex
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tests.build import build
from tests.faces.shell import xlcollab
from tests.ratings_verbs.data import N_ITEMS, N_USERS, crosstab_book, planted, ratings_csv
from xlcollab.api.ratings import predict as predicting
from xlcollab.api.ratings.kept.opening import open_model
from xlcollab.api.ratings.source import Place, read_source
from xlcollab.factor import predict, recommend
from xlcollab.factor.models.files import save_model
from xlcollab.factor.models.recommend import SENTENCE
from xlcollab.files import FileBook


def cells(path: Path) -> list[list[object]]:
    """The rows of the first sheet below its title and sentence, the headings first."""
    sheet = FileBook(path).read().sheets[0]
    return [[sheet.value(i, j) for j in range(sheet.width)] for i in range(3, sheet.height)]


def test_predict_typed_pairs(model: Path) -> None:
    found = xlcollab("predict", model, "--user", 3, "--item", 10, "--item", 20, "--json").json
    wanted = predict(open_model(model), [3, 3], [10, 20])
    assert [(p["user"], p["item"]) for p in found["predictions"]] == [(3, 10), (3, 20)]
    np.testing.assert_allclose([p["rating"] for p in found["predictions"]], wanted, atol=1e-6)


@pytest.mark.parametrize("form", ["csv", "parquet", "xlsx"])
def test_predict_a_file_of_pairs_into_each_form(form: str, folder: Path, tmp_path: Path) -> None:
    pairs = planted()[["user", "item"]][:7]
    source, target = tmp_path / f"pairs.{form}", tmp_path / f"out.{form}"
    if form == "xlsx":
        rows = {f"A{i + 2}": float(user) for i, user in enumerate(pairs["user"])}
        rows |= {f"B{i + 2}": float(item) for i, item in enumerate(pairs["item"])}
        build(source, {"S": {"A1": "user", "B1": "item", **rows}})
    elif form == "csv":
        pairs.to_csv(source, index=False)
    else:
        pairs.to_parquet(source)
    found = xlcollab("predict", folder / "m.xlsx", "--pairs", source, "-o", target)
    assert found.code == 0, found.err
    wanted = predict(open_model(folder / "m.xlsx"), pairs["user"], pairs["item"])
    got = [row[2] for row in cells(target)[1:]] if form == "xlsx" else _frame(target)["rating"]
    np.testing.assert_allclose(np.array(got, float), wanted, atol=1e-6)


def _frame(path: Path) -> pd.DataFrame:
    return pd.read_csv(path) if path.suffix == ".csv" else pd.read_parquet(path)


def test_pairs_whose_ids_are_texts_of_the_numbers_known(folder: Path, tmp_path: Path) -> None:
    pd.DataFrame({"user": ["3", "4"], "item": ["10", "20"]}).to_parquet(tmp_path / "p.parquet")
    found = xlcollab("predict", folder / "m.xlsx", "--pairs", tmp_path / "p.parquet", "--json")
    assert [p["user"] for p in found.json["predictions"]] == [3, 4]


def test_unknown_ids_are_let_through_when_asked(folder: Path) -> None:
    refused = xlcollab("predict", folder / "m.xlsx", "--user", 99, "--item", 10)
    assert (refused.code, "unknown user '99'" in refused.sentence) == (3, True)
    found = xlcollab(
        "predict", folder / "m.xlsx", "--user", 99, "--item", 10, "--unknown-ids", "--json"
    )
    model = open_model(folder / "m.xlsx")
    bias = float(model.item_bias[model.item_ids.number(10)])
    assert found.json["predictions"][0]["rating"] == pytest.approx(
        model.output.centre + bias, abs=1e-5
    )


@pytest.mark.parametrize("form", ["csv", "parquet", "xlsx"])
def test_predict_a_whole_crosstab(form: str, model: Path, tmp_path: Path) -> None:
    target = tmp_path / f"all.{form}"
    assert xlcollab("predict", model, "--crosstab", "-o", target).code == 0
    found = np.array(cells(target)[1:] if form == "xlsx" else _frame(target).to_numpy(), float)
    assert found.shape == (N_USERS, N_ITEMS + 1)
    wanted = predict(open_model(model), [5] * N_ITEMS, [10 * (j + 1) for j in range(N_ITEMS)])
    np.testing.assert_allclose(found[4, 1:], wanted, atol=1e-6)


def test_ids_of_a_predicted_crosstab_are_kept_or_refused_before_the_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Heads of a native table would be texts of 255 characters that differ in more than case."""
    items = ["a", "A", "x" * 300]
    frame = pd.DataFrame([(u, i, u % 5) for u in range(9) for i in items])
    frame.columns = pd.Index(["user", "item", "rating"])
    frame.to_csv(tmp_path / "r.csv", index=False)
    model, target = tmp_path / "m.safetensors", tmp_path / "p.xlsx"
    assert xlcollab("fit", tmp_path / "r.csv", "-o", model, "--epochs", 1).code == 0
    assert xlcollab("predict", model, "--crosstab", "-o", target).code == 0
    assert sorted(map(str, cells(target)[0][1:])) == sorted(items)
    frame.replace(items[2], "y" * 40_000).to_csv(tmp_path / "r.csv", index=False)
    assert xlcollab("fit", tmp_path / "r.csv", "-o", model, "--epochs", 1, "--overwrite").code == 0
    monkeypatch.setattr(predicting, "_rows", lambda *_: pytest.fail("computed first"))
    found = xlcollab("predict", model, "--crosstab", "-o", target)
    assert (found.code, "has 40,000 characters" in found.sentence) == (3, True)


def test_ids_of_a_crosstab_in_a_text_file_are_as_typed(tmp_path: Path) -> None:
    wide, long, back = (tmp_path / name for name in ("w.csv", "l.csv", "b.csv"))
    wide.write_text("user,17,17.0,18\n1,3.0,4.0,\n2,4.0,,5.0\n2.,,1.0,2.0\n")
    assert xlcollab("crosstab", wide, "-o", long).code == 0
    assert xlcollab("crosstab", long, "-o", back).code == 0
    assert back.read_text() == wide.read_text()


def test_predict_part_of_a_crosstab_on_the_screen(model: Path) -> None:
    part = ("--crosstab", "--user", 2, "--user", 1, "--item", 30)
    found = xlcollab("predict", model, *part, "--json").json
    assert (found["users"], found["items"]) == ([2, 1], ["30"])
    assert xlcollab("predict", model, *part).code == 0


def test_recommend_leaves_out_what_is_rated(model: Path) -> None:
    found = xlcollab("recommend", model, "--user", 3, "-k", 4, "--json").json["items"]
    rated = set(planted().query("user == 3")["item"])
    assert not rated & {one["item"] for one in found}
    assert [one["value"] for one in found] == sorted((one["value"] for one in found), reverse=True)


def test_an_unknown_user_is_an_error(model: Path) -> None:
    found = xlcollab("recommend", model, "--user", "nobody", "-k", 3)
    assert found.code == 3
    assert "unknown user 'nobody'; 20 users are known, such as 1, 2, 3" in found.sentence


def test_similar_items(model: Path) -> None:
    found = xlcollab("recommend", model, "--like", 10, "-k", 3, "--json").json["items"]
    assert len(found) == 3
    assert all(-1 <= one["value"] <= 1 and one["item"] != 10 for one in found)


@pytest.mark.parametrize("form", ["csv", "parquet", "xlsx"])
def test_recommend_for_everyone(form: str, model: Path, tmp_path: Path) -> None:
    target = tmp_path / f"all.{form}"
    found = xlcollab("recommend", model, "--all", "-k", 2, "-o", target, "--json").json
    rows = cells(target)[1:] if form == "xlsx" else _frame(target).to_numpy().tolist()
    assert len(rows) == found["rows"]
    of_five = [int(row[2]) for row in rows if row[0] == 5]  # type: ignore[call-overload]
    assert of_five == recommend(open_model(model), 5, 2).items


def test_crosstab_and_back(tmp_path: Path) -> None:
    source, wide, long = ratings_csv(tmp_path), tmp_path / "w.xlsx", tmp_path / "l.csv"
    found = xlcollab("crosstab", source, "-o", wide, "--json").json
    assert (found["form"], found["users"], found["items"]) == ("crosstab", N_USERS, N_ITEMS)
    assert xlcollab("crosstab", wide, "-o", long).code == 0
    columns = ["user", "item", "rating"]
    back = pd.read_csv(long).sort_values(columns).reset_index(drop=True)
    wanted = planted()[columns].sort_values(columns).reset_index(drop=True)
    pd.testing.assert_frame_equal(back, wanted, check_dtype=False)


def test_the_densest_corner(tmp_path: Path) -> None:
    target = tmp_path / "c.xlsx"
    assert xlcollab("crosstab", ratings_csv(tmp_path), "--corner", 5, 4, "-o", target).code == 0
    frame = planted()
    wanted = set(frame["user"].value_counts().sort_index(kind="stable").nlargest(5).index)
    assert {row[0] for row in cells(target)[1:]} == wanted


def test_a_crosstab_on_a_sheet_is_read_with_its_ids(tmp_path: Path) -> None:
    source = read_source(Place(source=crosstab_book(tmp_path / "b.xlsx")))
    assert source.is_crosstab
    assert source.table.user_ids.index.tolist() == [1, 2, 3, 4, 5, 6]
    assert source.table.item_ids.index.tolist() == [100, 101, 102, 103, 104]


def test_tune_writes_its_trials(tmp_path: Path) -> None:
    pytest.importorskip("optuna")
    options = ("--search", "n_factors=1..3", "--search", "learning-rate=0.01..0.1", "--trials", 3)
    found = xlcollab("tune", ratings_csv(tmp_path), *options, "--json")
    assert found.code == 0, found.err
    assert found.json["best"]["n_factors"] in (1, 2, 3)
    rows = cells(tmp_path / "r.tune.xlsx")
    assert rows[0] == ["trial", "factors", "learning rate", "validation RMSE", "seconds"]
    assert min(row[3] for row in rows[1:]) == found.json["validation_rmse"]  # type: ignore[type-var]


@pytest.mark.parametrize("optimizer", ["als", "adam"])
def test_tune_searches_only_what_the_optimizer_uses(optimizer: str, tmp_path: Path) -> None:
    pytest.importorskip("optuna")
    source = ratings_csv(tmp_path)
    found = xlcollab("tune", source, "--optimizer", optimizer, "--trials", 1, "--json").json
    assert ("learning_rate" in found["best"]) == (optimizer == "adam")


def test_what_tune_says_to_type_is_the_best_trial(tmp_path: Path) -> None:
    pytest.importorskip("optuna")
    source = ratings_csv(tmp_path)
    for options in ((), ("--optimizer", "adam", "--search", "learning_rate=0.01..0.1")):
        found = xlcollab("tune", source, *options, "--trials", 2, "--overwrite", "--json").json
        program, *command = shlex.split(found["fit"])
        assert program == "xlcollab"
        more = ("--validation-fraction", 0.1, "--overwrite", "-o", tmp_path / "m.xlsx", "--json")
        fitted = xlcollab(*command, *more)
        assert fitted.code == 0, fitted.err
        assert fitted.json["validation_rmse"] == found["validation_rmse"]


def test_factors_are_read_from_a_fits_own_workbook(folder: Path, tmp_path: Path) -> None:
    found = xlcollab("factors", folder / "m.xlsx", "-o", tmp_path / "f.xlsx", "--json")
    assert found.code == 0, found.err
    model = open_model(folder / "m.xlsx")
    assert found.json["items"] == [str(item) for item in model.item_ids.index.tolist()]
    np.testing.assert_array_equal(np.float32(found.json["factors"]), model.item_factors)
    np.testing.assert_array_equal(np.float32(found.json["bias"]), model.item_bias)


@pytest.fixture(scope="module")
def uneven(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model of items of which those that many rated are a little less liked, and count more."""
    draw = np.random.default_rng(4)
    pairs = [(u, i) for u in range(1, 41) for i in range(1, 13) if draw.random() < i / 14]
    frame = pd.DataFrame(pairs, columns=["user", "item"])
    frame["rating"] = 4.0 - 0.02 * frame["item"] - (frame["user"] % 2)
    folder = tmp_path_factory.mktemp("uneven")
    source = ratings_csv(folder, frame)
    made = xlcollab("fit", source, "--n-factors", 2, "--epochs", 8, "-o", folder / "m.safetensors")
    assert made.code == 0, made.err
    model = replace(open_model(folder / "m.safetensors"), popularity=1.0)
    save_model(model, folder / "popular.safetensors")
    return folder / "popular.safetensors"


def test_what_is_best_is_told_by_what_was_asked(uneven: Path, tmp_path: Path) -> None:
    model, orders = open_model(uneven), {}
    for by in ("mix", "rating"):
        best = recommend(model, 3, 4, by).items  # type: ignore[arg-type]
        asked = ("-k", 4, "--by", by)
        found = xlcollab("recommend", uneven, "--user", 3, *asked, "--json").json["items"]
        assert [one["item"] for one in found] == best
        shown = xlcollab("recommend", uneven, "--user", 3, *asked)
        assert (SENTENCE in shown.err) == (by == "mix")
        assert (
            xlcollab("recommend", uneven, "--all", *asked, "-o", tmp_path / f"{by}.csv").code == 0
        )
        rows = pd.read_csv(tmp_path / f"{by}.csv")
        assert rows[rows["user"] == 3]["item"].tolist() == best
        orders[by] = best
    assert orders["mix"] != orders["rating"]


def test_less_than_one_like_it_is_refused(model: Path) -> None:
    found = xlcollab("recommend", model, "--like", 10, "-k", 0)
    assert (found.code, found.sentence) == (2, "-k is 0; expected 1 or more")
    assert len(xlcollab("recommend", model, "--like", 10, "-k", 1, "--json").json["items"]) == 1
