"""Ratings found in sheets: where they are, what is told apart from them, how long it takes."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import pytest

from tests.architecture.test_light_import import _CLI, loaded_by
from tests.build import Cells, build
from tests.faces.shell import xlcollab
from tests.ratings_verbs.data import crosstab_cells
from tests.shared_data import lesson
from xlcollab.files import FileBook
from xlcollab.grid import Formulas, Kind, Sheet, TextPool, Workbook
from xlcollab.problems.ratings.find import find_ratings

LONG: Cells = {
    "C3": "userId", "D3": "movie", "E3": "note", "F3": "stars",
    **{f"C{i}": float(i % 3) for i in range(4, 10)},
    **{f"D{i}": f"film {i}" for i in range(4, 10)},
    **{f"F{i}": float(i % 5) for i in range(4, 10)},
}  # fmt: skip


def found(path: Path, sheets: dict[str, Cells]) -> list[tuple[str, str, int]]:
    workbook = FileBook(build(path, sheets)).read()
    return [(str(one.area), one.form, one.count) for one in find_ratings(workbook)]


def test_a_crosstab_wherever_it_lies(tmp_path: Path) -> None:
    cells = {"A1": "My films", **crosstab_cells(3, 2)}
    assert found(tmp_path / "b.xlsx", {"S": cells}) == [("S!C4:H10", "crosstab", 22)]


def test_a_long_table_with_a_column_that_is_often_blank(tmp_path: Path) -> None:
    assert found(tmp_path / "b.xlsx", {"S": LONG}) == [("S!C3:F9", "table", 6)]


def test_a_crosstab_with_a_typing_error_is_still_one(tmp_path: Path) -> None:
    cells = {**crosstab_cells(), "C2": "good"}
    ((area, form, _),) = found(tmp_path / "b.xlsx", {"S": cells})
    assert (area, form) == ("S!A1:F7", "crosstab")


def test_factors_and_formulas_are_no_ratings(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    factors = {**crosstab_cells()}
    for address in [one for one in factors if one[0] != "A" and one[1:] != "1"]:
        factors[address] = float(rng.normal())
    formulas = {
        address: value if address[0] == "A" or address[1:] == "1" else (f"={value}", value)
        for address, value in crosstab_cells().items()
    }
    assert found(tmp_path / "b.xlsx", {"factors": factors, "formulas": formulas}) == []


def test_formulas_are_ratings_where_their_sheet_is_asked_for(tmp_path: Path) -> None:
    """Those that give an empty text count as blanks."""
    cells: Cells = {
        address: (f'=IF(TRUE,"{value}")', value) for address, value in crosstab_cells().items()
    }
    cells["C2"] = ('=""', "")
    path = build(tmp_path / "b.xlsx", {"S": cells, "T": LONG})
    (one,) = find_ratings(FileBook(path).read(), "S")
    assert (str(one.area), one.form, one.count) == ("S!A1:F7", "crosstab", 21)
    told = xlcollab("fit", path, "--sheet", "S", "--json", "-o", tmp_path / "m.safetensors").json
    assert told["ratings"] == 21


def test_our_lesson_folded_out_by_formulas(tmp_path: Path) -> None:
    book = Path(__file__).resolve().parents[2] / "workbooks" / "collab_filter.xlsx"
    for place in (("--sheet", "crosstab"), ("--area", "crosstab!A5:P20")):
        target = tmp_path / f"{place[0]}.safetensors"
        assert xlcollab("fit", book, *place, "--json", "-o", target).json["ratings"] == 186


def test_the_lesson_book() -> None:
    workbook = FileBook(lesson("collab_filter.xlsx")).read()
    areas = {str(one.area): one.count for one in find_ratings(workbook)}
    assert areas["dotprod!G1:V16"] == areas["bias!G1:V16"] == areas["movielens_emb!I2:L208"] == 206


def test_inspect_shows_them_and_loads_no_pandas(tmp_path: Path) -> None:
    book = build(tmp_path / "b.xlsx", {"S": crosstab_cells(), "T": LONG})
    shown = xlcollab("inspect", book, "--json").json["ratings"]
    assert shown[0] == {"area": "S!A1:F7", "form": "crosstab", "ratings": 22}
    told = xlcollab("inspect", book)
    assert "what may be ratings (for fit)" in told.out
    assert loaded_by(_CLI, "inspect", str(book)).isdisjoint({"torch", "pandas"})


def test_a_block_without_blanks_is_told_as_such(tmp_path: Path) -> None:
    """Prices by product and region look like ratings, but leave nothing to predict."""
    prices: Cells = {"B1": "North", "C1": "South", "D1": "West"}
    prices |= {f"A{i}": f"product {i}" for i in range(2, 6)}
    prices |= {f"{c}{i}": 9.5 + i % 2 for c in "BCD" for i in range(2, 6)}
    book = build(tmp_path / "b.xlsx", {"S": prices, "T": crosstab_cells()})
    areas = {one.area.sheet: one.blanks for one in find_ratings(FileBook(book).read())}
    assert areas == {"S": 0, "T": 8}


@pytest.mark.parametrize("texts", [1, 2])
def test_a_large_table_that_is_no_ratings_is_passed_quickly(texts: int) -> None:
    """100,000 rows that begin with texts: every one of them could be a corner."""
    n = 100_000
    kinds = np.full((n, 6), Kind.NUMBER, np.uint8)
    kinds[:, :texts] = Kind.TEXT
    pool = TextPool()
    pool.add("name")
    numbers = np.tile(np.arange(n, dtype=np.float64)[:, None], (1, 6))
    numbers[:, :texts] = 0
    sheet = Sheet("S", kinds, numbers, pool, Formulas.from_cells({}))
    began = time.perf_counter()
    find_ratings(Workbook([sheet], pool))
    assert time.perf_counter() - began < 3
