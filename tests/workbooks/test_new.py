"""`xlcollab new`: anybody's ratings as a lesson."""

from __future__ import annotations

import re
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import xlcollab
from tests.workbooks.made import number
from xlcollab.api.lessons.new import Size, labels, new_book
from xlcollab.errors import DataError, UsageError
from xlcollab.faces.cli import build
from xlcollab.files import FileBook
from xlcollab.ref import parse_area


def frame(n_users: int = 12, n_items: int = 9, seed: int = 0) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    seen = np.argwhere(rng.random((n_users, n_items)) < 0.7)
    stars = rng.integers(1, 11, len(seen)) / 2
    return pd.DataFrame({"userId": seen[:, 0], "movieId": 10 * seen[:, 1], "rating": stars})


@pytest.fixture
def ratings(tmp_path: Path) -> Path:
    path = tmp_path / "ratings.csv"
    frame().to_csv(path, index=False)
    return path


def test_the_crosstab_holds_the_ratings(ratings: Path, tmp_path: Path) -> None:
    made = new_book("matrix-factorisation", ratings, tmp_path / "a.xlsx", Size(12, 9, 3))
    book = FileBook(made.output).read()
    found = book.name("ratings_all")
    assert found is not None
    kinds, numbers = book.sheet("crosstab").block(parse_area(found.text).rect)
    wanted = frame().pivot(index="userId", columns="movieId", values="rating")
    np.testing.assert_array_equal(np.where(kinds == 1, numbers, np.nan), wanted.to_numpy())
    assert made.n_ratings == len(frame())


def test_default_place_and_size(ratings: Path) -> None:
    made = new_book("matrix-factorization", ratings, size=Size(n_users=5, n_items=4, n_factors=2))
    assert made.output == ratings.with_suffix(".lesson.xlsx")
    assert (made.n_users, made.n_items) == (5, 4)
    book = xlcollab.open(made.output)
    assert [model.size for model in book.models()] == [18, 27, 28]


def test_a_new_lesson_is_worked_out_and_the_same_each_time(ratings: Path, tmp_path: Path) -> None:
    """No reader need evaluate it again: its stored values are said to be good."""
    found = []
    for name in ("a.xlsx", "b.xlsx"):
        made = new_book("matrix-factorisation", ratings, tmp_path / name, Size(5, 4, 2))
        with zipfile.ZipFile(made.output) as package:
            parts = {one.filename: package.read(one) for one in package.infolist()}
        assert b"fullCalcOnLoad" not in parts["xl/workbook.xml"]
        assert b"calcPr" in parts["xl/workbook.xml"]
        del parts["xl/workbook.xml"], parts["docProps/core.xml"]  # when, and what made it
        found.append(parts)
    assert found[0] == found[1]


def test_a_new_lesson_can_be_solved(ratings: Path) -> None:
    book = xlcollab.open(new_book("matrix-factorisation", ratings).output)
    before = number(book.workbook, "bias", "rmse_train")
    book.solve("bias", method="adam", iterations=30, history=False)
    assert number(book.workbook, "bias", "rmse_train") < 0.9 * before


def test_a_split_column_decides_what_is_kept_for_the_test(tmp_path: Path) -> None:
    table = frame()
    table["split"] = np.where(np.arange(len(table)) % 4 == 0, "test", "train")
    table.to_csv(tmp_path / "split.csv", index=False)
    made = new_book("matrix-factorisation", tmp_path / "split.csv", size=Size(12, 9))
    book = FileBook(made.output).read()
    assert number(book, "crosstab", "count_test") == (table["split"] == "test").sum()
    draws = book.name("rating_draw")
    assert draws is not None
    _, numbers = book.sheet("ratings").block(parse_area(draws.text).rect)
    for fraction in (0.01, 0.5, 0.99):  # whichever is typed
        assert ((numbers < fraction).sum(), numbers.max() < 1.0) == (
            (table["split"] == "test").sum(),
            True,
        )


def test_awkward_names_stay_apart(tmp_path: Path) -> None:
    users, items = ["ann", "Ann", "=x", "b?b"], ["a*b", "ab", "TRUE", "3/4", ">5", "1e3"]
    pairs = [(user, item) for user in users for item in items]
    table = pd.DataFrame(pairs, columns=["user", "item"])
    table["rating"] = np.arange(len(table)) % 5 + 1.0
    table.to_csv(tmp_path / "awkward.csv", index=False)
    made = new_book("matrix-factorisation", tmp_path / "awkward.csv")
    book = FileBook(made.output).read()
    found = book.name("ratings_all")
    assert found is not None
    _, numbers = book.sheet("crosstab").block(parse_area(found.text).rect)
    assert sorted(numbers.ravel()) == sorted(table["rating"])


@given(st.lists(st.text(max_size=60), max_size=20))
def test_labels_differ_for_formulas(ids: list[str]) -> None:
    found = labels(ids, "item")
    assert len({label.casefold() for label in found}) == len(ids)
    for label in found:
        assert label.strip() == label != ""
        assert not set(label) & set("*?~")
        assert label[0] not in "=<>"
        assert not re.fullmatch(r"[-+\d.,/:%eE\s]*|true|false", label, re.IGNORECASE)


@pytest.mark.parametrize(
    ("size", "message"),
    [
        ({"n_users": 0}, "n_users is 0; expected a whole number from 1"),
        ({"n_factors": 101}, "n_factors is 101"),
        ({"test_fraction": 1.0}, "test_fraction is 1.0"),
        ({"n_users": 1000, "n_items": 1000}, "too many for a lesson"),
    ],
)
def test_impossible_sizes(size: dict[str, float], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        Size(**size)  # type: ignore[arg-type]


def test_wrong_kind_ending_and_data(ratings: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no lesson of kind 'pca'"):
        new_book("pca", ratings)
    with pytest.raises(UsageError, match=r"should end in \.xlsx"):
        new_book("matrix-factorisation", ratings, tmp_path / "a.csv")
    ratings.write_text("user,item,rating\na,b,good\n")
    with pytest.raises(DataError, match="good"):
        new_book("matrix-factorisation", ratings)


def test_the_command(ratings: Path, capsys: pytest.CaptureFixture[str]) -> None:
    command = ["new", "matrix-factorisation", str(ratings), "--n-users", "4", "--n-items", "3"]
    with pytest.raises(SystemExit) as ending:
        build()(command)
    assert ending.value.code == 0
    assert "of 4 users and 3 items written to" in capsys.readouterr().out
