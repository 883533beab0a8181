"""`xlcollab solve` as users give it: where it writes, what it adds, and models in words."""

from __future__ import annotations

from pathlib import Path

import openpyxl
import pytest

from tests.build import build
from tests.faces.shell import BOWL, LINE, bowl, listing, two_bowls, xlcollab


@pytest.fixture
def book(tmp_path: Path) -> Path:
    return bowl(tmp_path / "bowl.xlsx")


def values(path: Path, sheet: str, *cells: str) -> list[object]:
    """Stored values of single cells."""
    found = openpyxl.load_workbook(path, data_only=True)
    return [found[sheet][cell].value for cell in cells]


def sheets(path: Path) -> list[str]:
    return list(openpyxl.load_workbook(path).sheetnames)


def history(path: Path, sheet: str = "S history") -> list[tuple[object, ...]]:
    """The rows of a history sheet, its headings first."""
    rows = openpyxl.load_workbook(path, data_only=True)[sheet].iter_rows(values_only=True)
    return [row for row in list(rows)[3:] if row[0] is not None]


def test_a_solved_copy_lies_beside_the_workbook(book: Path) -> None:
    before = book.read_bytes()
    found = xlcollab("solve", book)
    assert found.code == 0
    solved = book.with_name("bowl.solved.xlsx")
    assert str(solved) in found.out.replace("\n", "")
    assert book.read_bytes() == before
    assert sorted(listing(book.parent)) == ["bowl.solved.xlsx", "bowl.xlsx"]
    assert values(solved, "S", "A1", "A2", "B1", "B2", "C1") == [
        pytest.approx(3.0),
        pytest.approx(-1.0),
        pytest.approx(0.0, abs=1e-20),
        pytest.approx(0.0, abs=1e-20),
        "left alone",
    ]
    assert sheets(solved) == ["S", "S history", "S answer"]


def test_solving_again_replaces_our_own_sheets(book: Path) -> None:
    for _ in range(2):
        assert xlcollab("solve", book, "--in-place").code == 0
    assert sheets(book) == ["S", "S history", "S answer"]


def test_output_is_where_it_is_asked_for(book: Path, tmp_path: Path) -> None:
    target = tmp_path / "deep" / "other.xlsx"
    target.parent.mkdir()
    assert xlcollab("solve", book, "--output", target).code == 0
    assert sorted(listing(tmp_path)) == ["bowl.xlsx"]
    assert sheets(target)[0] == "S"


def test_in_place_keeps_a_backup(book: Path) -> None:
    original = book.read_bytes()
    assert xlcollab("solve", book, "--in-place", "--json").json["output"] == str(book)
    assert listing(book.parent)["bowl.bak.xlsx"] == original
    assert sorted(listing(book.parent)) == ["bowl.bak.xlsx", "bowl.xlsx"]
    assert values(book, "S", "A1") == [pytest.approx(3.0)]
    xlcollab("solve", book, "--in-place")
    assert listing(book.parent)["bowl.bak.xlsx"] == original
    assert "bowl.bak2.xlsx" in listing(book.parent)


def test_no_history_adds_no_sheet(book: Path) -> None:
    assert xlcollab("solve", book, "--no-history").code == 0
    solved = book.with_name("bowl.solved.xlsx")
    assert sheets(solved) == ["S"]
    assert values(solved, "S", "A1") == [pytest.approx(3.0)]


def test_history_has_a_row_per_iteration_and_a_column_per_variable(book: Path) -> None:
    run = ("--method", "gd", "--learning-rate", "0.1", "--iterations", "4")
    assert xlcollab("solve", book, *run).code == 0
    heading, *rows = history(book.with_name("bowl.solved.xlsx"))
    assert heading[:6] == ("iteration", "objective", "gradient norm", "seconds", "A1", "A2")
    assert [row[0] for row in rows] == [0, 1, 2, 3, 4]
    weights = [1.0]
    for _ in range(4):
        weights.append(weights[-1] - 0.1 * 2 * (weights[-1] - 3))
    assert [row[4] for row in rows] == pytest.approx(weights, abs=1e-14)
    assert [row[1] for row in rows] == pytest.approx([2 * (w - 3) ** 2 for w in weights])


@pytest.mark.parametrize(("every", "expected"), [(1, 11), (4, 4), (5, 3), (0, 2), (100, 2)])
def test_history_every(book: Path, every: int, expected: int) -> None:
    run = ("--method", "gd", "--learning-rate", "0.1", "--iterations", "10")
    assert xlcollab("solve", book, *run, "--history-every", every).code == 0
    _, *rows = history(book.with_name("bowl.solved.xlsx"))
    assert len(rows) == expected
    assert rows[0][0] == 0
    assert rows[-1][0] == 10


def test_one_sheet_alone_is_solved(tmp_path: Path) -> None:
    book = two_bowls(tmp_path / "b.xlsx")
    assert xlcollab("solve", book, "--sheet", "t").code == 0
    solved = tmp_path / "b.solved.xlsx"
    assert values(solved, "S", "A1", "B1") == [1, 8]
    assert values(solved, "T", "A1") == [pytest.approx(3.0)]
    assert sheets(solved) == ["S", "T", "T history", "T answer"]


GIVEN = ("--by-changing", "A1:A2")


def test_a_model_in_words_needs_no_stored_one(tmp_path: Path) -> None:
    book = build(tmp_path / "b.xlsx", {"S": BOWL})
    found = xlcollab("solve", book, "--minimize", "B1", *GIVEN, "--json")
    assert found.json["models"][0]["final"] == pytest.approx(0.0, abs=1e-20)


def test_maximize_with_constraints(tmp_path: Path) -> None:
    """max 3a + 2b with a + b <= 4, a + 3b <= 6, a, b >= 0: 12 at (4, 0)."""
    book = build(tmp_path / "b.xlsx", {"S": {**LINE, "D1": 4.0, "D2": 6.0}})
    lines = ("--subject-to", "C1:C2<=D1:D2", "--non-negative")
    found = xlcollab("solve", book, "--maximize", "S!B1", *GIVEN, *lines, "--json")
    (model,) = found.json["models"]
    assert (model["sense"], model["constraints"], model["method"]) == ("maximize", 2, "highs")
    assert model["final"] == pytest.approx(12.0)
    assert model["max_violation"] == pytest.approx(0.0, abs=1e-9)
    assert values(Path(found.json["output"]), "S", "A1", "A2", "C2") == [
        pytest.approx(4.0),
        pytest.approx(0.0),
        pytest.approx(4.0),
    ]


def test_integers_in_words(tmp_path: Path) -> None:
    """max 3a + 2b with 2a <= 5, a + b <= 4: a = 2.5, or 2 if whole."""
    cells = {**LINE, "C2": ("=2*A1", 2.0)}
    book = build(tmp_path / "b.xlsx", {"S": cells})
    lines = ("--subject-to", "C1<=4", "--subject-to", "C2<=5", "--subject-to", "A1:A2>=0")
    run = ("solve", book, "--maximize", "S!B1", *GIVEN, *lines, "--json")
    assert xlcollab(*run).json["models"][0]["final"] == pytest.approx(10.5)
    whole = xlcollab(*run, "--subject-to", "A1:A2=integer").json["models"][0]
    assert whole["final"] == pytest.approx(10.0)
    binary = xlcollab(*run, "--subject-to", "A1:A2=binary").json["models"][0]
    assert binary["final"] == pytest.approx(5.0)


def test_a_value_to_reach(tmp_path: Path) -> None:
    book = build(tmp_path / "b.xlsx", {"S": {"A1": 1.0, "B1": ("=EXP(A1)", 2.718281828459045)}})
    found = xlcollab("solve", book, "--target", "S!B1=10", "--by-changing", "A1", "--json")
    (model,) = found.json["models"]
    assert model["sense"] == "value"
    assert model["final"] == pytest.approx(10.0, abs=1e-6)
    assert values(Path(found.json["output"]), "S", "A1") == [pytest.approx(2.302585093, abs=1e-6)]


def test_a_value_out_of_reach_says_by_how_much(tmp_path: Path) -> None:
    book = build(tmp_path / "b.xlsx", {"S": BOWL})
    found = xlcollab("solve", book, "--target", "S!B1=-4", *GIVEN, "--json")
    (model,) = found.json["models"]
    assert model["final"] == pytest.approx(0.0, abs=1e-6)
    assert "missed by 4" in model["message"]


def test_bounds_are_kept(book: Path) -> None:
    for method in ("auto", "lbfgs", "adam", "gd"):
        more = () if method in ("auto", "lbfgs") else ("--learning-rate", "0.1")
        found = xlcollab(
            *("solve", book, "--minimize", "S!B1", *GIVEN, "--subject-to", "A1<=2"),
            *("--method", method, "--json", *more),
        )
        (model,) = found.json["models"]
        assert model["final"] == pytest.approx(1.0, abs=1e-4), method
        (weight,) = values(Path(found.json["output"]), "S", "A1")
        assert isinstance(weight, int | float)
        assert weight <= 2.0


def test_a_variable_that_does_not_reach_the_objective_is_warned_of(tmp_path: Path) -> None:
    book = build(tmp_path / "b.xlsx", {"S": {**BOWL, "A3": 7.0}})
    run = ("solve", book, "--minimize", "S!B1", "--by-changing", "A1:A3")
    (model,) = xlcollab(*run, "--json").json["models"]
    (warning,) = model["warnings"]
    assert "S!A3" in warning
    assert model["status"] == "optimal"
    found = xlcollab(*run)
    assert found.code == 0
    assert "S: warning: S!A3" in found.err
    assert values(tmp_path / "b.solved.xlsx", "S", "A3") == [7]


def test_functions_off_the_path_are_left_alone(tmp_path: Path) -> None:
    cells = {**BOWL, "D1": ("=WEBSERVICE(C1)", "stored"), "D2": ("=CUBEVALUE(A1)", 5.0)}
    book = build(tmp_path / "b.xlsx", {"S": cells})
    found = xlcollab("solve", book, "--minimize", "S!B1", *GIVEN, "--json")
    assert found.code == 0
    assert values(Path(found.json["output"]), "S", "D1", "D2") == ["stored", 5]
    assert any("S!D2" in text for text in found.json["models"][0]["warnings"])


def test_random_cells_are_frozen_and_it_is_said_once(tmp_path: Path) -> None:
    cells = {"A1": 1.0, "C1": ("=RAND()", 0.25), "B1": ("=(A1-C1)^2", 0.5625)}
    book = build(tmp_path / "b.xlsx", {"S": cells})
    found = xlcollab("solve", book, "--minimize", "S!B1", "--by-changing", "A1", "--json")
    (warning,) = found.json["models"][0]["warnings"]
    assert "frozen" in warning
    assert "S!C1" in warning
    assert values(Path(found.json["output"]), "S", "A1", "C1") == [pytest.approx(0.25), 0.25]


def test_the_summary_is_a_table_on_stdout(book: Path) -> None:
    found = xlcollab("solve", book)
    for word in ("S!B1", "lm", "optimal", "written to"):
        assert word in found.out
    assert "The optimum was found, and proved to be one" in found.err


def test_seeds_repeat_a_drawn_start(book: Path) -> None:
    start = ("--init", "normal", "--iterations", "1")
    run = (*start, "--method", "gd", "--learning-rate", "0.1", "--json")
    ends = [
        xlcollab("solve", book, *run, "--seed", seed).json["models"][0]["final"]
        for seed in (1, 1, 2)
    ]
    assert ends[0] == ends[1] != ends[2]


def test_blank_variables_may_be_drawn(tmp_path: Path) -> None:
    book = build(tmp_path / "b.xlsx", {"S": {"B1": ("=(A1-3)^2+(A2+1)^2", 10.0)}})
    found = xlcollab("solve", book, "--minimize", "B1", *GIVEN, "--init", "uniform", "--json")
    assert found.json["models"][0]["final"] == pytest.approx(0.0, abs=1e-18)
    assert values(Path(found.json["output"]), "S", "A1") == [pytest.approx(3.0)]


def test_macro_workbooks_keep_their_ending(tmp_path: Path) -> None:
    book = bowl(tmp_path / "bowl.xlsx").rename(tmp_path / "bowl.xlsm")
    assert xlcollab("solve", book).code == 0
    assert (tmp_path / "bowl.solved.xlsm").exists()
