"""`xlcollab factors`: components, neighbours, sheet and chart."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import openpyxl
import pytest

import xlcollab
from tests.build import build
from tests.shared_data import lesson
from tests.workbooks.made import FOLDER
from xlcollab.api import open as open_book
from xlcollab.api.factors.book import write_factors
from xlcollab.api.factors.factors import factors_of, neighbours, principal_components
from xlcollab.errors import DataError, ModelError, UsageError
from xlcollab.faces.cli import build as application

BOOK = FOLDER / "collab_filter.xlsx"
RNG = np.random.default_rng(1)
MATRIX = RNG.normal(size=(9, 4))


def test_components_are_the_eigenvectors_of_the_covariance() -> None:
    scores, shares = principal_components(MATRIX, 3)
    values, vectors = np.linalg.eigh(np.cov(MATRIX, rowvar=False))
    np.testing.assert_allclose(shares, (values[::-1] / values.sum())[:3], atol=1e-12)
    expected = (MATRIX - MATRIX.mean(0)) @ vectors[:, ::-1][:, :3]
    np.testing.assert_allclose(np.abs(scores), np.abs(expected), atol=1e-12)


def test_the_sign_of_a_component_is_its_largest_loading_s() -> None:
    scores, _ = principal_components(MATRIX, 4)
    loadings = np.linalg.lstsq(scores, MATRIX - MATRIX.mean(0), rcond=None)[0]
    largest = np.abs(loadings).argmax(axis=1)
    assert (loadings[np.arange(4), largest] > 0).all()


def test_one_item_and_equal_items_have_no_variance() -> None:
    scores, shares = principal_components(np.ones((3, 2)), 2)
    assert not scores.any()
    assert not shares.any()
    assert principal_components(np.ones((1, 2)), 2)[0].shape == (1, 2)


def test_neighbours_are_those_of_a_plain_search() -> None:
    numbers, cosines = neighbours(MATRIX, 3)
    for i, row in enumerate(MATRIX):
        angles = {
            j: float(row @ other / np.linalg.norm(row) / np.linalg.norm(other))
            for j, other in enumerate(MATRIX)
            if j != i
        }
        best = sorted(angles, key=lambda j: -angles[j])[:3]
        assert numbers[i].tolist() == best
        np.testing.assert_allclose(cosines[i], [angles[j] for j in best], atol=1e-12)


def test_an_item_without_factors_is_like_none() -> None:
    _, cosines = neighbours(np.array([[0.0, 0.0], [1.0, 0.0], [1.0, 1.0]]), 2)
    assert cosines[0].tolist() == [0.0, 0.0]


def test_a_trained_book_tells_the_genres_apart() -> None:
    book = xlcollab.open(FOLDER / "trained/collab_filter.solved.xlsx")
    found = factors_of(book, "bias")
    nearest = {item: found.items[found.nearest[i][0]] for i, item in enumerate(found.items)}
    assert nearest["Red Moon Convoy"] == "Thunder Over Kestrel Bay"
    assert nearest["Ash on the Piano"] == "Letters from Saltmarsh"
    assert found.explained.sum() > 0.9
    assert found.bias is not None
    assert len(found.bias) == len(found.items) == 15


def test_the_lesson_s_own_book_needs_no_names() -> None:
    book = xlcollab.open(lesson("collab_filter.xlsx"))
    found = factors_of(book, "dotprod")
    assert found.factors.shape == (15, 5)
    assert found.items[:3] == ("27", "49", "57")
    given = factors_of(book, "dotprod", items="H19:V23", bias="H25:V25", components=3)
    assert given.scores.shape == (15, 3)


def test_tables_with_items_down_are_read_too() -> None:
    found = factors_of(xlcollab.open(BOOK), "word_embeddings")
    assert found.factors.shape == (15, 2)
    assert found.items[:2] == ("superb", "moving")


@pytest.mark.parametrize(
    ("sheet", "options", "error", "message"),
    [
        (None, {}, UsageError, "holds models on dotprod, bias"),
        ("dotprod", {"components": 6}, UsageError, "6 components of 5 factors"),
        ("dotprod", {"items": "A7:B9"}, DataError, "a number was expected in each of"),
        ("bias", {"bias": "I6:J6"}, UsageError, "one for each"),
        ("ratings", {}, ModelError, "holds no Solver model"),
    ],
)
def test_bad_questions(
    sheet: str | None, options: dict[str, object], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        factors_of(xlcollab.open(BOOK), sheet, **options)  # type: ignore[arg-type]


def test_the_sheet_holds_the_numbers_and_labelled_charts(tmp_path: Path) -> None:
    found, path = write_factors(BOOK, "bias", components=3, output=tmp_path / "out.xlsx")
    sheet = openpyxl.load_workbook(path)["bias factors"]
    header = [cell.value for cell in sheet[4]]
    rows = {row[0].value: [cell.value for cell in row] for row in sheet.iter_rows(5, 19)}
    assert tuple(rows) == found.items
    for i, item in enumerate(found.items):
        assert rows[item][header.index("pc3")] == pytest.approx(found.scores[i, 2], abs=1e-15)
    ranks = [row[header.index("rank by bias")] for row in rows.values()]
    assert sorted(ranks) == list(range(1, 16))
    assert len(sheet._charts) == 3


def test_one_factor_has_one_component_and_no_nearest_items(tmp_path: Path) -> None:
    """A cosine of single numbers is their sign: the first items would be everybody's nearest."""
    cells = {cell: float(n + 1) for n, cell in enumerate(("A1", "B1", "C1", "D1"))}
    found, path = write_factors(
        build(tmp_path / "b.xlsx", {"S": cells}), "S", items="A1:D1", output=tmp_path / "o.xlsx"
    )
    assert found.scores.shape == (4, 1)
    texts = {cell.value for row in openpyxl.load_workbook(path)["S factors"] for cell in row}
    assert "factor 1" in texts
    assert not {"nearest 1", "cosine 1"} & texts


def test_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    target = tmp_path / "out.xlsx"
    with pytest.raises(SystemExit) as ending:
        application()(["factors", str(BOOK), "--sheet", "bias", "-o", str(target), "--json"])
    assert ending.value.code == 0
    told = json.loads(capsys.readouterr().out)
    assert told["output"] == str(target)
    assert len(told["items"]) == len(told["nearest"]) == 15


@pytest.mark.parametrize("bias_row", [1, 8], ids=["first", "last"])
@pytest.mark.parametrize("product", ["MMULT", "SUMPRODUCT", "typed"])
def test_roles_come_from_the_formula_not_from_the_shape(
    product: str, bias_row: int, tmp_path: Path
) -> None:
    """The row of biases stands beside the factors, in one block of variables with them."""
    first = 2 if bias_row == 1 else 3
    cells: dict[str, Any] = {"A1": "x"}
    for j, column in enumerate("HIJKL"):
        cells[f"{column}{bias_row}"] = 0.1 * j + 0.05
        for i in range(5):
            cells[f"{column}{first + i}"] = float(i * j + i)
    for row in range(20, 23):
        cells |= {f"{column}{row}": 1.0 for column in "ABCDEF"}
        for column in "HIJKL":
            cells[f"{column}{row}"] = (_product(product, row, column, first, bias_row), 0.0)
    book = open_book(build(tmp_path / "b.xlsx", {"S": cells}))
    found = factors_of(book, "S")
    assert found.factors.shape == (5, 5)
    assert found.factors[2].tolist() == [0.0, 3.0, 6.0, 9.0, 12.0]
    assert found.bias is not None
    assert found.bias.tolist() == pytest.approx([0.05, 0.15, 0.25, 0.35, 0.45])


def _product(product: str, row: int, column: str, first: int, bias: int) -> str:
    operands = f"$A{row}:$E{row},{column}${first}:{column}${first + 4}"
    told = {
        "MMULT": f"MMULT({operands})",
        "SUMPRODUCT": f"SUMPRODUCT(TRANSPOSE($A{row}:$E{row}),{operands.split(',')[1]})",
        "typed": "+".join(f"${c}{row}*{column}${first + i}" for i, c in enumerate("ABCDE")),
    }[product]
    return f'=IF({column}$1="","",{told}+{column}${bias}+$F{row})'
