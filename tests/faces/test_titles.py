"""Titles of items, from a table of them or beside the ratings, wherever items are named."""

from __future__ import annotations

from pathlib import Path

import openpyxl
import pytest

from tests.faces.shell import xlcollab

NAMES = {item: f"Film {chr(64 + item)} (1999)" for item in range(1, 6)}
PAIRS = [(user, item) for user in range(1, 8) for item in NAMES if (user + item) % 4]


def sources(folder: Path, form: str) -> list[object]:
    """The options that name ratings and titles: as movies.csv, as u.item, or in one table."""
    rated = [(user, item, 1 + (user * item) % 5) for user, item in PAIRS]
    if form == "beside":
        lines = [f'{user},{item},{rating},"{NAMES[item]}"' for user, item, rating in rated]
        (folder / "r.csv").write_text("\n".join(["userId,movieId,rating,title", *lines]))
        return [folder / "r.csv"]
    lines = [f"{user},{item},{rating}" for user, item, rating in rated]
    (folder / "r.csv").write_text("\n".join(["userId,movieId,rating", *lines]))
    if form == "u.item":
        table = "\n".join(f"{item}|{name}|01-Jan-1995||url" for item, name in NAMES.items())
        (folder / "u.item").write_text(table)
        return [folder / "r.csv", "--items", folder / "u.item"]
    table = "\n".join(f'{item},"{name}",Drama' for item, name in NAMES.items())
    (folder / "movies.csv").write_text(f"movieId,title,genres\n{table}\n")
    return [folder / "r.csv", "--items", folder / "movies.csv"]


@pytest.mark.parametrize("form", ["movies.csv", "u.item", "beside"])
def test_a_lesson_calls_films_by_their_titles(form: str, tmp_path: Path) -> None:
    target = tmp_path / "lesson.xlsx"
    options = ("--n-users", 6, "--n-items", 4, "--n-factors", 2, "-o", target)
    done = xlcollab("new", "matrix-factorisation", *sources(tmp_path, form), *options)
    assert done.code == 0, done.err
    texts = {
        str(cell.value)
        for sheet in openpyxl.load_workbook(target, data_only=True)
        for row in sheet.iter_rows()
        for cell in row
    }
    assert len(texts & set(NAMES.values())) == 4
    assert not any(text.startswith("item ") and text[5:].isdigit() for text in texts)


@pytest.mark.parametrize("form", ["movies.csv", "u.item", "beside"])
def test_a_fit_and_its_recommendations_name_them(form: str, tmp_path: Path) -> None:
    target = tmp_path / "m.xlsx"
    fit = ("--n-factors", 2, "--epochs", 2, "-o", target)
    done = xlcollab("fit", *sources(tmp_path, form), *fit)
    assert done.code == 0, done.err
    assert f"xlcollab recommend {target} --user 1" in done.out
    (only,) = set(NAMES) - {item for user, item in PAIRS if user == 1}
    found = xlcollab("recommend", target, "--user", 1)
    assert NAMES[only] in found.out
    sheets = openpyxl.load_workbook(target)
    (items,) = [sheet for sheet in sheets if sheet.title == "items"]
    texts = {str(cell.value) for row in items.iter_rows() for cell in row}
    assert set(NAMES.values()) <= texts


def test_predictions_name_them_and_leave_unknown_items_without(tmp_path: Path) -> None:
    model, pairs, target = tmp_path / "m.xlsx", tmp_path / "pairs.csv", tmp_path / "p.xlsx"
    fit = ("--n-factors", 2, "--epochs", 2, "-o", model)
    assert xlcollab("fit", *sources(tmp_path, "movies.csv"), *fit).code == 0
    ask = ("--user", 1, "--item", 2)
    (found,) = xlcollab("predict", model, *ask, "--json").json["predictions"]
    assert list(found) == ["user", "item", "title", "rating"]
    assert found["title"] == NAMES[2]
    assert NAMES[2] in xlcollab("predict", model, *ask).out
    pairs.write_text("user,item\n1,2\n1,99\n")
    done = xlcollab("predict", model, "--pairs", pairs, "--unknown-ids", "-o", target)
    assert done.code == 0, done.err
    sheet = openpyxl.load_workbook(target)["predictions"]
    rows = list(sheet.iter_rows(min_row=5, values_only=True))
    assert [row[2] for row in rows] == [NAMES[2], None]
