"""How a run ends: exit codes by status, interruption, divergence, and targets that refuse."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import openpyxl
import pytest
import xlsxwriter
from openpyxl.workbook.protection import WorkbookProtection

from tests.build import Cells, build
from tests.faces.shell import bowl, listing, minimised, two_bowls, xlcollab
from tests.shared_data import lesson
from xlcollab.api import OpenBook
from xlcollab.api.solve import running, solving
from xlcollab.api.solve.running import EXIT_CODES
from xlcollab.api.solve.solved import Solved
from xlcollab.optim import Status
from xlcollab.problems import SolverModel


@pytest.fixture
def book(tmp_path: Path) -> Path:
    return bowl(tmp_path / "bowl.xlsx")


def _value(path: Path, cell: str) -> float:
    found = openpyxl.load_workbook(path, data_only=True)["S"][cell].value
    assert isinstance(found, int | float)
    return float(found)


def _model(tmp_path: Path, cells: Cells, **more: str) -> Path:
    names = minimised("S", "S!$B$1", "S!$A$1", **more)
    return build(tmp_path / "book.xlsx", {"S": cells}, names)


def test_every_status_has_the_exit_code_of_the_issue() -> None:
    codes = {status: EXIT_CODES.get(status, 0) for status in Status}
    assert codes == {
        Status.OPTIMAL: 0,
        Status.LOCALLY_OPTIMAL: 0,
        Status.STATIONARY: 0,
        Status.BEST_FOUND: 0,
        Status.TIME_LIMIT: 0,
        Status.GOAL_NOT_MET: 4,
        Status.DONE: 0,
        Status.TOLERANCE: 0,
        Status.ITERATION_LIMIT: 0,
        Status.REFUSED: 3,
        Status.INFEASIBLE: 4,
        Status.UNBOUNDED: 4,
        Status.DIVERGED: 4,
        Status.INTERRUPTED: 130,
    }


def test_planned_steps_that_were_made_are_done(book: Path) -> None:
    run = ("--method", "gd", "--learning-rate", "0.1", "--iterations", "3")
    found = xlcollab("solve", book, *run, "--json")
    (model,) = found.json["models"]
    assert (found.code, model["status"], model["iterations"]) == (0, "done", 3)
    assert found.json["output"]


def test_tolerance_is_a_good_end(book: Path) -> None:
    run = ("--method", "gd", "--learning-rate", "0.1", "--tolerance", "1e-3")
    found = xlcollab("solve", book, *run, "--json")
    assert (found.code, found.json["models"][0]["status"]) in (
        (0, "tolerance"),
        (0, "optimal"),
    )


def test_no_feasible_point_is_code_4_and_nothing_is_written(tmp_path: Path) -> None:
    cells = {"A1": 1.0, "B1": ("=A1*2", 2.0), "C1": ("=A1+1", 2.0)}
    lines = {"num": "2", "lhs1": "S!$C$1", "rel1": "1", "rhs1": "1"}
    lines |= {"lhs2": "S!$C$1", "rel2": "3", "rhs2": "2"}
    found = xlcollab("solve", _model(tmp_path, cells, **lines), "--json")
    (model,) = found.json["models"]
    assert (found.code, model["status"], found.json["output"]) == (4, "infeasible", None)
    assert sorted(listing(tmp_path)) == ["book.xlsx"]


def test_curved_constraints_without_a_feasible_point(tmp_path: Path) -> None:
    cells = {"A1": 1.0, "B1": ("=A1^2", 1.0), "C1": ("=A1^2", 1.0)}
    lines = {"num": "1", "lhs1": "S!$C$1", "rel1": "1", "rhs1": "-1"}
    found = xlcollab("solve", _model(tmp_path, cells, **lines), "--json")
    (model,) = found.json["models"]
    assert (found.code, model["status"], found.json["output"]) == (4, "infeasible", None)
    assert model["max_violation"] == pytest.approx(1.0, abs=1e-3)


@pytest.mark.parametrize("formula", ["=A1*2", "=0-A1^2", "=0-EXP(A1)"])
def test_an_unbounded_model_is_code_4(formula: str, tmp_path: Path) -> None:
    path = _model(tmp_path, {"A1": 1.0, "B1": formula})
    found = xlcollab("solve", path, "--json")
    (model,) = found.json["models"]
    assert found.code == 4, model
    assert model["status"] in ("unbounded", "diverged")


def test_divergence_keeps_the_last_good_weights_and_names_the_rate(book: Path) -> None:
    run = ("--method", "gd", "--learning-rate", "1e200", "--iterations", "50")
    found = xlcollab("solve", book, *run, "--json")
    (model,) = found.json["models"]
    assert (found.code, model["status"]) == (4, "diverged")
    assert "learning rate" in model["message"]
    assert "1e+200" in model["message"]
    weight = _value(Path(found.json["output"]), "A1")
    assert abs(weight) < 1e300
    assert model["final"] <= model["initial"]


def test_a_rate_somewhat_too_large_diverges_too(book: Path) -> None:
    """Twice the curvature and a half: every step is 1.5 times as far."""
    run = ("--method", "gd", "--learning-rate", "1.25", "--iterations", "5000")
    found = xlcollab("solve", book, *run, "--json")
    (model,) = found.json["models"]
    assert (found.code, model["status"]) == (4, "diverged")
    assert "1.25" in model["message"]
    assert model["final"] <= model["initial"]


def test_the_worst_model_gives_the_code(tmp_path: Path) -> None:
    good = {"A1": 1.0, "A2": 1.0, "B1": ("=(A1-3)^2", 4.0)}
    names = minimised("S", "S!$B$1", "S!$A$1") + minimised("T", "T!$B$1", "T!$A$1")
    bad = {"A1": 1.0, "B1": ("=A1", 1.0)}
    book = build(tmp_path / "b.xlsx", {"S": good, "T": bad}, names)
    found = xlcollab("solve", book, "--json")
    assert found.code == 4
    assert [model["status"] for model in found.json["models"]] == ["optimal", "unbounded"]
    assert _value(Path(found.json["output"]), "A1") == pytest.approx(3.0)


LONG = [
    *("--method", "gd", "--learning-rate", "0.001"),
    *("--iterations", "100000000", "--history-every", "1000"),
]


_WALKING = """
import os, signal, threading
from xlcollab.api.solve import running
from xlcollab.faces.cli import main

def watch(row):
    if row.iteration == 300:
        threading.Timer(0.2, os.kill, (os.getpid(), signal.SIGINT)).start()

solve_model = running.solve_model
running.solve_model = lambda *a, on_step, **k: solve_model(*a, on_step=watch, **k)
main()
"""
"""The command line, with a Ctrl-C a moment after the 300th step of a model."""


def _interrupted(book: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", _WALKING, "solve", str(book), *LONG, "--json"],
        capture_output=True,
        text=True,
        timeout=120,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        check=False,
    )


def test_ctrl_c_keeps_the_best_weights_and_writes_them(book: Path) -> None:
    found = _interrupted(book)
    assert found.returncode == 130, found
    assert "Traceback" not in found.stderr
    run = json.loads(found.stdout)
    (model,) = run["models"]
    assert model["status"] == "interrupted"
    assert model["final"] < model["initial"]
    assert Path(run["output"]).exists()
    assert _value(Path(run["output"]), "B1") == pytest.approx(model["final"], rel=1e-12, abs=1e-30)
    assert sorted(listing(book.parent)) == ["bowl.solved.xlsx", "bowl.xlsx"]


def test_ctrl_c_ends_the_row_of_models(tmp_path: Path) -> None:
    found = _interrupted(two_bowls(tmp_path / "b.xlsx"))
    assert found.returncode == 130
    assert [model["sheet"] for model in json.loads(found.stdout)["models"]] == ["S"]


def test_ctrl_c_before_the_first_step_keeps_what_is_solved(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = solving.solve_model

    def solve_model(book: OpenBook, model: SolverModel, *more: Any, **options: Any) -> Solved:
        if model.sheet == "T":
            raise KeyboardInterrupt
        return real(book, model, *more, **options)

    monkeypatch.setattr(running, "solve_model", solve_model)
    book = two_bowls(tmp_path / "b.xlsx")
    found = xlcollab("solve", book, "--json")
    assert found.code == 130
    assert [m["status"] for m in found.json["models"]] == ["optimal", "interrupted"]
    assert _value(tmp_path / "b.solved.xlsx", "A1") == pytest.approx(3.0)
    (tmp_path / "b.solved.xlsx").unlink()
    found = xlcollab("solve", book, "--sheet", "T")
    assert (found.code, sorted(listing(tmp_path))) == (130, ["b.xlsx"])


def test_ctrl_c_while_reading(book: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(path: Path) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(running, "Session", interrupt)
    found = xlcollab("solve", book)
    assert (found.code, found.sentence) == (130, "interrupted; nothing was written")


@pytest.mark.parametrize("lock", ["~$bowl.solved.xlsx", ".~lock.bowl.solved.xlsx#"])
def test_a_target_that_is_open_elsewhere(book: Path, lock: str) -> None:
    (book.parent / lock).touch()
    before = listing(book.parent)
    found = xlcollab("solve", book)
    assert (found.code, listing(book.parent)) == (3, before)
    assert "is open in" in found.sentence


def test_in_place_refuses_an_open_workbook_and_leaves_no_backup(book: Path) -> None:
    (book.parent / "~$bowl.xlsx").touch()
    before = listing(book.parent)
    found = xlcollab("solve", book, "--in-place")
    assert (found.code, listing(book.parent)) == (3, before)
    assert "is open in Excel" in found.sentence


def test_a_folder_that_is_not_there(book: Path) -> None:
    found = xlcollab("solve", book, "-o", book.parent / "none" / "x.xlsx")
    assert found.code == 3
    assert "there is no folder" in found.sentence


def test_a_target_that_is_a_folder(book: Path) -> None:
    found = xlcollab("solve", book, "-o", book.parent)
    assert found.code == 3
    assert "is a folder" in found.sentence


def test_the_workbook_itself_as_output_is_wrong_usage(book: Path) -> None:
    before = listing(book.parent)
    found = xlcollab("solve", book, "-o", book)
    assert (found.code, listing(book.parent)) == (2, before)
    assert "--in-place" in found.sentence


def test_a_folder_that_lets_nobody_write(book: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Root may write anywhere, so the system's answer is given for it."""
    monkeypatch.setattr(os, "access", lambda path, mode: Path(path) != book.parent)
    before = listing(book.parent)
    found = xlcollab("solve", book)
    assert (found.code, listing(book.parent)) == (3, before)
    assert "is read-only" in found.sentence


def test_a_disk_that_takes_no_file(book: Path) -> None:
    found = xlcollab("solve", book, "-o", "/proc/x.xlsx")
    assert found.code == 3
    assert "x.xlsx cannot be written" in found.sentence or "is read-only" in found.sentence


def test_protected_sheets_and_locked_structures_are_refused_by_name(tmp_path: Path) -> None:
    path = tmp_path / "book.xlsx"
    workbook = xlsxwriter.Workbook(str(path))
    sheet = workbook.add_worksheet("S")
    sheet.write_number("A1", 1.0)
    sheet.write_formula("B1", "=(A1-3)^2", None, 4.0)
    sheet.protect()
    workbook.close()
    before = listing(tmp_path)
    found = xlcollab("solve", path, "--minimize", "S!B1", "--by-changing", "S!A1")
    assert (found.code, listing(tmp_path)) == (3, before)
    assert "'S' is protected" in found.err


def test_a_locked_structure_takes_no_history(tmp_path: Path) -> None:
    path = bowl(tmp_path / "book.xlsx")
    locked = openpyxl.load_workbook(path)
    locked.security = WorkbookProtection(lockStructure=True)
    locked.save(path)
    before = listing(tmp_path)
    found = xlcollab("solve", path)
    assert (found.code, listing(tmp_path)) == (3, before)
    assert "structure" in found.sentence
    assert xlcollab("solve", path, "--no-history").code == 0


def test_a_refused_target_is_refused_before_the_work(tmp_path: Path) -> None:
    """A run of minutes must not end in "cannot be written"."""
    source = tmp_path / "collab_filter.xlsx"
    source.write_bytes(lesson("collab_filter.xlsx").read_bytes())
    began = time.perf_counter()
    found = xlcollab("solve", source, "-o", tmp_path / "none" / "x.xlsx")
    assert found.code == 3
    assert time.perf_counter() - began < 2.0
