"""`fit --implicit` and what follows in the shell: logs, counts, 0/1, new users, the best epoch."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import xlcollab as xc
from tests.build import build
from tests.faces.shell import xlcollab
from tests.factor.test_implicit import taken
from tests.ratings_verbs.data import ratings_csv
from xlcollab.api.ratings.kept.reading import read_model_workbook
from xlcollab.factor import load_model
from xlcollab.files import FileBook
from xlcollab.ref import cell_name

COUNTS = taken().to_frame().rename(columns={"user": "customer", "item": "sku", "rating": "qty"})
FEW = ("--n-factors", 4, "--epochs", 8)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """counts.csv, log.csv without counts, wide.csv of 0 and 1, book.xlsx of counts, and the model
    of counts as m.xlsx and m.safetensors."""
    place = tmp_path_factory.mktemp("taken")
    counts = COUNTS.rename(columns={"qty": "quantity"}).astype({"quantity": int})
    counts.to_csv(place / "counts.csv", index=False)
    ids = counts[["customer", "sku"]]
    ids.loc[ids.index.repeat(counts["quantity"])].to_csv(place / "log.csv", index=False)
    wide = counts.pivot(index="customer", columns="sku", values="quantity").notna().astype(int)
    wide.to_csv(place / "wide.csv")
    cells = {cell_name(0, at): name for at, name in enumerate(counts)}
    for row, values in enumerate(counts.itertuples(index=False), 1):
        cells |= {cell_name(row, at): float(value) for at, value in enumerate(values)}
    build(place / "book.xlsx", {"S": cells})
    for name in ("m.xlsx", "m.safetensors"):
        told = xlcollab("fit", place / "counts.csv", "--implicit", *FEW, "-o", place / name)
        assert told.code == 0, told.err
    return place


@pytest.mark.parametrize("name", ["counts.csv", "log.csv", "book.xlsx", "wide.csv"])
@pytest.mark.parametrize("rule", ["als", "bpr"])
def test_every_form_of_counts_is_fitted(name: str, rule: str, folder: Path, tmp_path: Path) -> None:
    wanted = ("--implicit", "--optimizer", rule, "--n-factors", 4, "--test-fraction", 0.2)
    found = xlcollab("fit", folder / name, *wanted, "-o", tmp_path / "m.safetensors", "--json").json
    assert found["test_rmse"] is None
    assert found["biases_alone"] == {}
    assert any("no RMSE" in note for note in found["notes"])
    assert found["ranking"]["ndcg"] > found["popularity_alone"]["ndcg"]
    assert (found["users"], found["items"]) == (90, 60)
    assert found["ratings"] == 864


def test_a_log_is_the_same_as_its_counts(folder: Path, tmp_path: Path) -> None:
    written = []
    for name in ("counts.csv", "log.csv"):
        path = tmp_path / f"{name}.safetensors"
        assert xlcollab("fit", folder / name, "--implicit", *FEW, "-o", path).code == 0
        written.append(load_model(path))
    np.testing.assert_allclose(written[1].item_factors, written[0].item_factors, rtol=1e-5)


def test_the_workbook_says_what_it_is(folder: Path) -> None:
    model = read_model_workbook(folder / "m.xlsx")
    assert model.settings.implicit
    book = FileBook(folder / "m.xlsx").read()
    texts = {
        str(cell)
        for name in ("model", "training history", "recommendations", "predict")
        for cell in book.sheet(name).texts
    }
    assert {"preference", "train loss", "implicit"} <= texts
    assert not any("RMSE" in text for text in texts if "no RMSE" not in text)


def test_the_formulas_of_the_workbook_give_the_preferences(folder: Path) -> None:
    again = xlcollab("recalc", folder / "m.xlsx", "--check", "--json")
    assert again.code == 0, again.out


@pytest.mark.parametrize("name", ["m.xlsx", "m.safetensors"])
def test_what_is_recommended_and_predicted_is_a_preference(name: str, folder: Path) -> None:
    told = xlcollab("recommend", folder / name, "--user", 5, "-k", 4, "--json").json
    assert "take an item up" in told["note"]
    values = [one["value"] for one in told["items"]]
    assert values == sorted(values, reverse=True)
    seen = set(COUNTS[COUNTS["customer"] == 5]["sku"])
    assert not seen & {one["item"] for one in told["items"]}
    best = told["items"][0]
    pair = xlcollab("predict", folder / name, "--user", 5, "--item", best["item"], "--json").json
    assert pair["predictions"][0]["preference"] == pytest.approx(best["value"])


def test_no_interval_of_a_preference(folder: Path) -> None:
    told = xlcollab("predict", folder / "m.xlsx", "--user", 5, "--item", 3, "--interval", 0.9)
    assert (told.code, "a preference is no rating" in told.sentence) == (2, True)


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (("--optimizer", "adam"), "implicit feedback is learned by als or bpr"),
        (("--quality", "best"), "quality best is for ratings"),
        (("--recipe", "fastai"), "recipe fastai is for ratings"),
        (("--hidden", 8), "not by a net"),
        (("--range", 1, 5), "which have no range"),
        (("--find-learning-rate",), "compares errors of ratings"),
    ],
)
def test_what_makes_no_sense_is_refused(
    options: tuple[object, ...], sentence: str, folder: Path, tmp_path: Path
) -> None:
    told = xlcollab("fit", folder / "counts.csv", "--implicit", *options, "-o", tmp_path / "m.xlsx")
    assert (told.code, sentence in told.sentence) == (2, True), told.err


@pytest.mark.parametrize(
    "how", [(), ("--optimizer", "als"), ("--optimizer", "adam", "--checkpoint")]
)
def test_ratings_do_not_go_on_from_what_is_taken_up(
    how: tuple[object, ...], folder: Path, tmp_path: Path
) -> None:
    rated = ratings_csv(tmp_path, COUNTS.rename(columns={"qty": "rating"}))
    more = [*how, tmp_path / "saved"] if "--checkpoint" in how else how
    start = ("--start", folder / "m.safetensors", "-o", tmp_path / "s.safetensors")
    told = xlcollab(
        "fit", rated, "--user-column", "customer", "--item-column", "sku", *more, *start
    )
    assert told.code == 2, told.err
    assert "the start is an implicit model; one of ratings is needed" in told.err
    assert not (tmp_path / "s.safetensors").exists()


def test_folds_are_ranked(folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "m.xlsx"
    told = xlcollab("fit", folder / "counts.csv", "--implicit", *FEW, "--folds", 3, "-o", out)
    assert told.code == 0, told.err
    assert "cross-validation: NDCG 0." in told.out
    assert "NDCG at 10" in {str(cell) for cell in FileBook(out).read().sheet("folds").texts}


def test_counts_below_0_are_named(tmp_path: Path) -> None:
    (tmp_path / "r.csv").write_text("user,item,count\na,x,1\na,y,-3\nb,x,2\n")
    told = xlcollab("fit", tmp_path / "r.csv", "--implicit", "-o", tmp_path / "m.xlsx")
    assert told.code == 3
    assert "user 'a' has -3 of item 'y'" in told.err


@pytest.mark.parametrize("implicit", [False, True])
def test_new_users_from_a_file(implicit: bool, folder: Path, tmp_path: Path) -> None:
    if implicit:
        model, mine = folder / "m.xlsx", COUNTS[COUNTS["customer"] == 7]
    else:
        frame = pd.DataFrame({"user": [1, 1, 2, 2, 3], "item": [1, 2, 1, 3, 2], "rating": 3.0})
        frame["rating"] += np.arange(5)
        model, mine = tmp_path / "r.xlsx", frame[:2]
        assert xlcollab("fit", ratings_csv(tmp_path, frame), "-o", model).code == 0
    mine = mine.set_axis(["user", "item", "rating", *mine.columns[3:]], axis=1)
    path = ratings_csv(tmp_path, mine.assign(user="me"), "me.csv")
    alone = xlcollab("recommend", model, "--ratings", path, "-k", 3, "--json")
    named = xlcollab("recommend", model, "--ratings", path, "--user", "me", "-k", 3, "--json")
    assert alone.code == 0, alone.err
    assert alone.json == named.json
    assert not {one["item"] for one in alone.json["items"]} & set(mine["item"])
    told = xlcollab("predict", model, "--ratings", path, "--user", "me", "--item", 2)
    assert told.code == 0, told.err
    assert xlcollab("recommend", model, "--user", "me").code == 3  # the model stays as it was
    out = tmp_path / "all.csv"
    assert xlcollab("recommend", model, "--ratings", path, "--all", "-o", out).code == 0
    assert set(pd.read_csv(out)["user"]) == {"me"}


def test_users_that_are_known_are_no_new_ones(folder: Path) -> None:
    told = xlcollab("recommend", folder / "m.xlsx", "--ratings", folder / "counts.csv")
    assert (told.code, "are known to the model" in told.sentence) == (2, True)


@pytest.mark.parametrize("implicit", [False, True])
def test_the_best_epoch_is_on_disk_while_the_run_goes_on(
    implicit: bool, folder: Path, tmp_path: Path
) -> None:
    best, out = tmp_path / "best.safetensors", tmp_path / "m.safetensors"
    options = ["--rating-column", "quantity", "--validation-fraction", 0.2, "--n-factors", 4]
    options += ["--implicit"] if implicit else ["--user-column", "customer", "--item-column", "sku"]
    told = xlcollab(
        "fit", folder / "counts.csv", *options, "--save-best", best, "-o", out, "--json"
    ).json
    kept, final = load_model(best), load_model(out)
    assert 1 <= told["best_epoch"] <= told["epochs"]
    np.testing.assert_array_equal(kept.item_factors, final.item_factors)


def test_nothing_to_compare_epochs_by(folder: Path, tmp_path: Path) -> None:
    told = xlcollab(
        *("fit", folder / "counts.csv", "--implicit", "-o", tmp_path / "m.xlsx"),
        *("--save-best", tmp_path / "best.safetensors"),
    )
    assert told.code == 2
    assert "by ratings set aside" in told.err


def test_a_callback_sees_the_model_as_it_stands() -> None:
    seen = []

    def look(told: xc.factor.Progress) -> None:
        seen.append((told.row.epoch, told.is_best, told.model().item_factors.copy()))

    rest = COUNTS.rename(columns={"customer": "user", "sku": "item", "qty": "rating"})
    model = xc.MatrixFactorization(4, epochs=6, patience=6).fit(rest, on_epoch=look)
    epochs, best, factors = zip(*seen, strict=True)
    assert epochs == (1, 2, 3, 4, 5, 6)
    last = max(at for at, is_best in enumerate(best) if is_best)
    np.testing.assert_array_equal(factors[last], model.model_.item_factors)
    assert not np.array_equal(factors[0], factors[-1])


def test_settings_are_compared_over_folds(tmp_path: Path) -> None:
    pytest.importorskip("optuna")
    out = tmp_path / "t.xlsx"
    search = ("--search", "n_factors=1..4", "--trials", 2, "--folds", 3)
    told = xlcollab("tune", ratings_csv(tmp_path), *search, "-o", out, "--json")
    assert told.code == 0, told.err
    assert told.json["trials"] == 2
    few = xlcollab("tune", ratings_csv(tmp_path), "--folds", 1, "-o", out)
    assert (few.code, "expected a whole number, 2 to" in few.sentence) == (2, True)


def test_a_test_file_of_texts_names_the_users_of_training(folder: Path, tmp_path: Path) -> None:
    """One id that is a text makes texts of all in its file; "14" is 14 all the same."""
    counts = pd.read_csv(folder / "counts.csv")
    tested = counts.iloc[::9].astype({"customer": str, "sku": str})
    tested.loc[len(counts)] = ["zoe", "new", 1]
    counts.drop(counts.index[::9]).to_csv(tmp_path / "train.csv", index=False)
    tested.to_csv(tmp_path / "test.csv", index=False)
    files = (tmp_path / "train.csv", "--test", tmp_path / "test.csv")
    path = tmp_path / "m.safetensors"
    found = xlcollab("fit", *files, "--implicit", *FEW, "-o", path, "--json").json
    assert found["ranking"]["ndcg"] > found["popularity_alone"]["ndcg"]
    assert [note for note in found["notes"] if "taken up nothing in training (zoe)" in note]
    assert (found["users"], found["items"]) == (91, 61)
