"""Bad input through the shell: one sentence that says where, the right exit code, no output."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tests.build import build
from tests.faces.shell import Outcome, xlcollab
from tests.ratings_verbs.data import crosstab_book, crosstab_cells, planted, ratings_csv
from xlcollab.history import HEAD_ROW


def refused(found: Outcome, code: int, *parts: str) -> None:
    assert found.code == code, (found.code, found.err)
    assert not found.out
    for part in parts:
        assert part in found.sentence
    assert "internal error" not in found.sentence


def fit(source: Path, *options: object) -> Outcome:
    return xlcollab("fit", source, *options, "-o", source.parent / "out.xlsx")


CSVS = {
    "text rating": ("user,item,rating\n1,2,3\n1,3,good\n", "row 3, column 'rating': found 'good'"),
    "infinite": ("user,item,rating\n1,2,3\n1,3,inf\n", "row 3, column 'rating': found inf"),
    "blank rating": ("user,item,rating\n1,2,\n1,3,2\n", "row 2, column 'rating': found a blank"),
    "blank id": ("user,item,rating\n1,2,4\n,3,2\n", "row 3, column 'user': found a blank"),
    "no rows": ("user,item,rating\n", "is empty"),
    "too large": ("user,item,rating\n1,2,1e39\n1,3,2\n", "found 1e+39, expected a number of at"),
    "too long a line": ("user,item,rating\n1,2,3\n1,3,4,5\n", "row 3 has more cells than"),
    "a pair twice": ("user,item,rating\n1,2,3\n1,2,4\n", "rated item 2 twice (rows 2 and 3)"),
    "blank file": ("", "r.csv is empty"),
    "not a table": ('user,item,rating\n"1,2', "cannot be read as a table"),
}


@pytest.mark.parametrize("case", CSVS)
def test_files(case: str, tmp_path: Path) -> None:
    text, sentence = CSVS[case]
    source = tmp_path / "r.csv"
    source.write_text(text)
    refused(fit(source), 3, sentence)
    assert [file.name for file in tmp_path.iterdir()] == ["r.csv"]


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"C2": "good"}, "S!C2 holds 'good', expected a number, or a blank for no rating"),
        ({"C2": True}, "S!C2 holds True, expected a number"),
        ({"C2": "good", "D5": "bad"}, "(1 more like it)"),
    ],
)
def test_cells(changed: dict[str, object], sentence: str, tmp_path: Path) -> None:
    source = crosstab_book(tmp_path / "b.xlsx", **changed)
    refused(fit(source), 3, sentence)
    refused(fit(source, "--area", "S!A1:F7"), 3, sentence)
    assert [file.name for file in tmp_path.iterdir()] == ["b.xlsx"]


def test_an_error_value_in_a_cell(tmp_path: Path) -> None:
    source = crosstab_book(tmp_path / "b.xlsx", C2=("=NA()", "#N/A"))
    refused(fit(source, "--area", "S!A1:F7"), 3, "S!C2 holds", "#N/A")


def test_a_blank_rating_in_a_long_table_does_not_end_it(tmp_path: Path) -> None:
    cells = {"A1": "user", "B1": "item", "C1": "rating"}
    rows = {f"{c}{i}": float(i) for i in range(2, 9) for c in "ABC"}
    source = build(tmp_path / "b.xlsx", {"S": {**cells, **rows, "C5": None}})
    refused(fit(source), 3, "S!C5 is blank, expected a number")


def test_sheets_without_ratings(tmp_path: Path) -> None:
    source = build(tmp_path / "b.xlsx", {"S": {"A1": 1.0}, "T": {"A1": "x"}})
    refused(fit(source), 3, "b.xlsx holds neither a ratings crosstab")
    refused(fit(source, "--sheet", "T"), 3, "sheet T holds neither")
    refused(fit(source, "--sheet", "U"), 3, "has no sheet 'U'; its sheets are S, T")


def test_an_empty_crosstab_and_repeated_ids(tmp_path: Path) -> None:
    edges = {
        address: value for address, value in crosstab_cells().items()
        if address[0] == "A" or address[1:] == "1"
    }  # fmt: skip
    source = build(tmp_path / "b.xlsx", {"S": edges})
    refused(fit(source, "--area", "S!A1:F7"), 3, "holds no rating")
    twice = crosstab_book(tmp_path / "c.xlsx", A3=1.0)
    refused(fit(twice, "--area", "S!A1:F7"), 3, "user 1 is listed twice")
    refused(fit(twice, "--area", "S!A1"), 3, "too small for ratings")


def test_ids_negative_and_huge_are_taken(tmp_path: Path) -> None:
    frame = planted()
    frame["user"] = np.where(frame["user"] == 1, -7, frame["user"] + 2**60)
    found = fit(ratings_csv(tmp_path, frame), "--n-factors", 2)
    assert found.code == 0, found.err
    predicted = xlcollab("predict", tmp_path / "out.xlsx", "--user", 2**60 + 3, "--item", 10)
    assert predicted.code == 0, predicted.err


@pytest.mark.parametrize(
    ("frame", "note"),
    [
        (planted().query("user == 3"), "Only one user has ratings"),
        (planted().assign(rating=4.0), "All training ratings are 4"),
    ],
)
def test_poor_ratings_are_told(frame: pd.DataFrame, note: str, tmp_path: Path) -> None:
    found = fit(ratings_csv(tmp_path, frame), "--n-factors", 2)
    assert found.code == 0, found.err
    assert note in found.err


def test_a_test_user_without_training_ratings_is_told(tmp_path: Path) -> None:
    frame = planted()
    test = ratings_csv(tmp_path, frame.query("user == 3"), "t.csv")
    found = fit(ratings_csv(tmp_path, frame.query("user != 3")), "--n-factors", 2, "--test", test)
    assert found.code == 0, found.err
    assert "1 user of the test ratings has no training rating (3)" in found.err


def test_more_ratings_than_a_sheet_has_rows(tmp_path: Path) -> None:
    n = 1_048_576
    pairs = np.arange(n, dtype=np.int64)
    frame = pd.DataFrame({"user": pairs // 1024, "item": pairs % 1024, "rating": pairs % 5})
    frame.to_parquet(tmp_path / "r.parquet")
    found = fit(tmp_path / "r.parquet", "--epochs", 1)
    assert found.code == 3
    assert "'rated' would need 1,048,576 rows below its header; Excel has 1,048,575" in found.err
    assert "write a model file instead: -o out.safetensors" in found.err.lower()
    assert not (tmp_path / "out.xlsx").exists()


USAGE: list[tuple[tuple[object, ...], str]] = [
    (("--test-fraction", 0.2, "--leave-out", 1), "exclude each other; give one"),
    (("--validation-fraction", 0.2, "--validation-leave-out", 1), "exclude each other"),
    (("--test-fraction", 1.5), "lies between 0 and 1"),
    (("--optimizer", "als", "--momentum", 0.5), "als does not use momentum"),
    (("--batch-size", 10), "sgd does not use batch_size"),
    (("--padding", 0.1), "padding widens an output_range; give the range too"),
    (("--side-column", "user"), "give hidden_sizes too"),
    (("--hidden", 4, "--optimizer", "adam", "--side-column", "genre"), "has no column 'genre'"),
    (("--user-column", "who"), "has no column 'who'"),
    (("--sheet", "S"), "has no sheets; leave --sheet out"),
    (("--epochs", -1), "epochs is -1"),
    (("--range", 5, 1), "must rise from low to high"),
    (("--range", 2, 4), "do not fit the output range"),
    (("--folds", 1), "folds must be 2 to"),
    (("--find-learning-rate", "--learning-rate", 0.1), "drop one"),
    (("--find-learning-rate", "--optimizer", "als"), "als has no learning rate to find"),
    (("--resume",), "name it with --checkpoint"),
    (("--checkpoint", "c", "--quality", "best"), "not by gibbs; add --optimizer with one of sgd"),
    (("--start-cells", "user_factors=A1:B2"), "are cells of the workbook"),
    (("--top-k", 0, "--leave-out", 1), "--top-k is 0; expected at least 1"),
    (("--relevant", "nan"), "--relevant is nan; expected a rating"),
    (("--epochs", 10**10), "expected a whole number, 0 to 1000000000"),
    (
        ("--checkpoint", "c", "--optimizer", "adam", "--batch-size", 9),
        "runs that keep a checkpoint",
    ),
    (("--hidden", 4, "--optimizer", "adam", "--date-part", "era"), "unknown date part 'era'"),
]


@pytest.mark.parametrize(("options", "sentence"), USAGE, ids=lambda one: str(one)[:50])
def test_options_that_do_not_go_together(
    options: tuple[object, ...], sentence: str, tmp_path: Path
) -> None:
    found = fit(ratings_csv(tmp_path), *options)
    assert found.code == 2, found.err
    assert sentence in found.err.splitlines()[-1]
    assert not (tmp_path / "out.xlsx").exists()


@pytest.mark.parametrize("epochs", ["1.5", "many", "1e3"])
def test_epochs_that_are_no_whole_number(epochs: str, tmp_path: Path) -> None:
    found = fit(ratings_csv(tmp_path), "--epochs", epochs)
    assert found.code == 2
    assert "Invalid value for '--epochs'" in found.err


@pytest.mark.parametrize("way", [("--test-by-time", 0.2), ("--leave-out", 1)])
@pytest.mark.parametrize(("time", "said"), [("soon", "'soon'"), (None, "a blank")])
def test_times_that_cannot_be_read(
    way: tuple[object, ...], time: object, said: str, tmp_path: Path
) -> None:
    frame = planted().astype({"timestamp": object})
    frame.loc[4, "timestamp"] = time
    user, item = frame.loc[4, ["user", "item"]]
    found = fit(ratings_csv(tmp_path, frame), *way)
    assert found.code == 3
    assert f"the time of user {user}'s rating of item {item} is {said}" in found.err


def test_times_in_other_forms_are_told_apart(tmp_path: Path) -> None:
    frame = planted().drop(columns="timestamp")
    frame["date"] = [f"{1 + i % 12}/{1 + i % 28}/{2000 + i}" for i in range(150)]
    found = fit(ratings_csv(tmp_path, frame), "--test-by-time", 0.2, "--json")
    assert found.json["ratings"] == 120


def test_ratings_that_are_far_off_the_others(tmp_path: Path) -> None:
    frame = planted()
    frame.loc[7, "rating"] = 1e30
    found = fit(ratings_csv(tmp_path, frame), "--learning-rate", 0.05)
    assert found.code == 4
    assert "lower the learning rate or look for ratings far off the others" in found.err


def test_pairs_that_cannot_be_predicted(folder: Path, tmp_path: Path) -> None:
    cases = {
        "user,item\n1,10\n99,10\n98,10\n": "row 3, column 'user': unknown user 99 (1 more like it)",
        "user,item\n1,10\n2,7\n": "row 3, column 'item': unknown item 7; 12 items are known",
        "user,item\n1,10\n,10\n": "row 3, column 'user': found a blank, expected an id",
        "who,item\n1,10\n": "needs columns named user and item; it has who, item",
        "user,item\n": "p.csv holds no pair",
    }
    for text, sentence in cases.items():
        (tmp_path / "p.csv").write_text(text)
        found = xlcollab("predict", folder / "m.xlsx", "--pairs", tmp_path / "p.csv")
        assert found.code in (2, 3)
        assert sentence in found.sentence
        assert found.sentence.startswith("p.csv")


def test_targets_that_cannot_be(tmp_path: Path) -> None:
    source = ratings_csv(tmp_path)
    refused(xlcollab("fit", source, "-o", tmp_path / "m.txt"), 2, "write a workbook (.xlsx) or")
    refused(xlcollab("fit", source, "-o", tmp_path / "no" / "m.xlsx"), 3, "there is no folder")
    book = crosstab_book(tmp_path / "b.xlsx")
    refused(xlcollab("fit", book, "-o", book), 2, "is the source itself")
    refused(xlcollab("fit", tmp_path / "none.csv"), 3, "there is no such file")


def test_wrong_start_cells(tmp_path: Path) -> None:
    book = crosstab_book(tmp_path / "b.xlsx", J1="x")
    cases = {
        "factors=S!A1": (2, "write NAME=AREA"),
        "user_factors=S!J1:K6": (3, "S!J1 holds 'x', expected a number to start from"),
        "user_factors=S!A2:A4": (3, "user_factors has shape (3, 1); the model needs (6, 1)"),
    }
    for text, (code, sentence) in cases.items():
        found = fit(book, "--start-cells", text)
        assert (found.code, sentence in found.err) == (code, True), found.err


@pytest.mark.parametrize(
    ("arguments", "code", "sentence"),
    [
        (("predict", "--user", 1), 2, "give --user and --item, or --pairs"),
        (("predict", "--user", 1, "--item", 77), 3, "unknown item '77'; 12 items are known"),
        (("predict", "--pairs", "r.csv", "--user", 1), 2, "give no other ids"),
        (("predict", "--pairs", "none.csv"), 3, "there is no such file"),
        (("predict", "--pairs", "none.doc"), 2, "is no file of pairs"),
        (("predict", "--crosstab", "-o", "x.txt"), 2, "write one of .csv, .parquet, .xlsx"),
        (("recommend",), 2, "give one of --user, --like and --all"),
        (("recommend", "--all", "--user", 1), 2, "give one of"),
        (("recommend", "--all"), 2, "--all needs a file"),
        (("recommend", "--user", 1, "-k", 0), 2, "at least 1, found 0"),
        (("recommend", "--like", 1), 3, "unknown item '1'"),
    ],
)
def test_using_a_model(
    arguments: tuple[object, ...], code: int, sentence: str, folder: Path
) -> None:
    verb, *options = arguments
    refused(xlcollab(verb, folder / "m.xlsx", *options), code, sentence)


def test_what_is_no_model(tmp_path: Path) -> None:
    ask = ("--user", 1, "--item", 1)
    book = crosstab_book(tmp_path / "b.xlsx")
    refused(xlcollab("predict", book, *ask), 3, "b.xlsx holds no factor model; make one with")
    refused(xlcollab("predict", ratings_csv(tmp_path), *ask), 2, "is no model")
    (tmp_path / "m.safetensors").write_bytes(b"nothing")
    refused(xlcollab("predict", tmp_path / "m.safetensors", *ask), 3, "cannot be read as a model")


def test_a_model_workbook_that_was_changed(folder: Path, tmp_path: Path) -> None:
    import openpyxl

    book = openpyxl.load_workbook(folder / "m.xlsx")
    book["saved"].cell(HEAD_ROW + 2, 2).value = "{"
    book.save(tmp_path / "m.xlsx")
    found = xlcollab("predict", tmp_path / "m.xlsx", "--user", 1, "--item", 10)
    refused(found, 3, "was changed and cannot be read back")


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (("--search", "n_factors"), "is no range; write it as n_factors=5..100"),
        (("--search", "colour=1..2"), "'colour' cannot be searched; choose from n_factors"),
        (("--search", "n_factors=9..2"), "must rise"),
        (("--trials", 0), "expected 1 or more"),
        (("-o", "t.txt"), "write one of"),
    ],
)
def test_tuning(options: tuple[object, ...], sentence: str, tmp_path: Path) -> None:
    refused(xlcollab("tune", ratings_csv(tmp_path), *options), 2, sentence)
