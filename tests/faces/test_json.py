"""`--json` prints one object of the promised shape on stdout, and nothing else there."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.build import build
from tests.faces.shell import bowl, minimised, two_bowls, xlcollab
from tests.shared_data import lesson

SOLVE = {"workbook", "output", "models"}
MODEL = {
    "sheet": str,
    "objective": str,
    "sense": str,
    "variables": int,
    "constraints": int,
    "initial": float,
    "final": float,
    "max_violation": float,
    "bound": (float, type(None)),
    "gap": (float, type(None)),
    "status": str,
    "message": str,
    "method": str,
    "iterations": int,
    "evaluations": int,
    "device": str,
    "dtype": str,
    "seconds": dict,
}
STATUSES = {"optimal", "locally_optimal", "done", "tolerance"}
"""With which a run may end well; the others are in test_endings."""


@pytest.fixture
def book(tmp_path: Path) -> Path:
    return bowl(tmp_path / "bowl.xlsx")


def test_solve(book: Path) -> None:
    found = xlcollab("solve", book, "--json")
    assert (found.code, found.err) == (0, "")
    assert found.json.keys() == SOLVE
    assert found.json["workbook"] == str(book)
    assert found.json["output"] == str(book.with_name("bowl.solved.xlsx"))
    (model,) = found.json["models"]
    assert model.keys() == MODEL.keys() | {"warnings"}
    for key, kind in MODEL.items():
        assert isinstance(model[key], kind), key
    assert model["seconds"].keys() == {"read", "compile", "solve", "write"}
    assert all(isinstance(seconds, float) for seconds in model["seconds"].values())
    assert model["status"] in STATUSES
    assert (model["sheet"], model["objective"], model["sense"]) == ("S", "S!B1", "minimize")
    assert (model["variables"], model["constraints"]) == (2, 0)
    assert (model["initial"], model["device"], model["dtype"]) == (8.0, "cpu", "float64")
    assert model["final"] == pytest.approx(0.0, abs=1e-20)


def test_a_refused_model_has_the_same_keys(tmp_path: Path) -> None:
    cells = {"A1": 1.0, "B1": "=WEBSERVICE(A1)"}
    path = build(tmp_path / "b.xlsx", {"S": cells}, minimised("S", "S!$B$1", "S!$A$1"))
    found = xlcollab("solve", path, "--json")
    assert found.code == 3
    assert found.json["output"] is None
    (model,) = found.json["models"]
    assert model.keys() == MODEL.keys() | {"warnings"}
    assert model["status"] == "refused"
    assert "WEBSERVICE" in model["message"]
    assert model["initial"] is None
    assert model["final"] is None


def test_an_error_before_any_model_leaves_stdout_empty(tmp_path: Path) -> None:
    found = xlcollab("solve", tmp_path / "none.xlsx", "--json")
    assert (found.code, found.out) == (3, "")
    assert "there is no file" in found.sentence


def test_models_come_in_tab_order_and_one_bad_one_does_not_hinder(tmp_path: Path) -> None:
    cells = {"A1": 1.0, "B1": ("=WEBSERVICE(A1)", 0.0)}
    names = minimised("T", "T!$B$1", "T!$A$1") + minimised("S", "S!$B$1", "S!$A$1")
    good = {"A1": 1.0, "B1": ("=(A1-2)^2", 1.0)}
    path = build(tmp_path / "b.xlsx", {"S": good, "T": cells}, names)
    found = xlcollab("solve", path, "--json")
    assert found.code == 3
    assert [model["sheet"] for model in found.json["models"]] == ["S", "T"]
    assert [model["status"] for model in found.json["models"]] == ["optimal", "refused"]
    assert Path(found.json["output"]).exists()


def test_one_sheet_of_two(tmp_path: Path) -> None:
    path = two_bowls(tmp_path / "b.xlsx")
    assert len(xlcollab("solve", path, "--json").json["models"]) == 2
    (model,) = xlcollab("solve", path, "--sheet", "T", "--json").json["models"]
    assert model["sheet"] == "T"


def test_recalc_check(tmp_path: Path) -> None:
    cells = {
        "A1": 2.0,
        "B1": ("=A1*2", 4.0),
        "B2": ("=A1*3", 7.0),
        "B3": ("=WEBSERVICE(A1)", 0.0),
        "B4": ("=RAND()", 0.5),
        "B5": ('=IF(A1>1,"x","y")', "y"),
        "B6": ("=1/0", "#DIV/0!"),
    }
    path = build(tmp_path / "b.xlsx", {"S": cells})
    found = xlcollab("recalc", path, "--check", "--json")
    assert found.code == 0
    assert found.json.keys() == {"formulas", "matched", "differences", "unsupported", "volatile"}
    assert found.json["differences"] == [
        {"cell": "S!B2", "stored": 7.0, "computed": 6.0},
        {"cell": "S!B5", "stored": "y", "computed": "x"},
    ]
    (unsupported,) = found.json["unsupported"]
    assert unsupported["cell"] == "S!B3"
    assert "WEBSERVICE" in unsupported["reason"]
    assert (found.json["formulas"], found.json["matched"], found.json["volatile"]) == (6, 2, 1)
    assert list(tmp_path.iterdir()) == [path]


def test_recalc_writes_a_copy(tmp_path: Path) -> None:
    path = build(tmp_path / "b.xlsx", {"S": {"A1": 2.0, "B1": "=A1*2"}})
    found = xlcollab("recalc", path, "--json")
    assert found.json["output"] == str(tmp_path / "b.recalc.xlsx")
    assert xlcollab("recalc", found.json["output"], "--check", "--json").json["differences"] == []


def test_gradient(book: Path) -> None:
    found = xlcollab("gradient", book, "--of", "S!B1", "--with-respect-to", "S!A1:A2", "--json")
    assert found.json == {"of": "S!B1", "value": 8.0, "gradient": {"S!A1": -4.0, "S!A2": 4.0}}
    assert found.err == ""


def test_inspect(book: Path) -> None:
    found = xlcollab("inspect", book, "--json").json
    (model,) = found["models"]
    assert (model["objective"], model["sense"]) == ("S!B1", "minimize")
    assert model["variables"] == ["S!A1:A2"]
    assert found["sheets"][0]["formulas"] == 2


@pytest.mark.parametrize("name", ["collab_filter.xlsx", "graddesc.xlsx"])
def test_every_formula_of_the_lesson_is_as_stored(name: str) -> None:
    found = xlcollab("recalc", lesson(name), "--check", "--json").json
    assert found["differences"] == []
    assert found["unsupported"] == []
    assert found["matched"] + found["volatile"] == found["formulas"] > 0
