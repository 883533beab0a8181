"""What running tabs writes: the tab as the button leaves it, history sheets, and nothing else."""

from __future__ import annotations

import json
import re
import shutil
import zipfile
from pathlib import Path

import numpy as np
import openpyxl
import pytest
import python_calamine

import xlcollab
from tests.graddesc.transcription import NAMES, Lesson
from tests.shared_data import lesson
from xlcollab.api.tabs.surface import Surface, contours, loss_surface
from xlcollab.faces.cli import build as shell
from xlcollab.files import FileBook

typer_testing = pytest.importorskip("typer.testing")


def run_shell(*arguments: str) -> tuple[int, str]:
    done = typer_testing.CliRunner().invoke(shell(), list(arguments))
    return done.exit_code, done.stdout


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return Path(shutil.copy(lesson("graddesc.xlsx"), tmp_path / "graddesc.xlsx"))


def test_json_and_the_file_agree_with_the_transcription(path: Path) -> None:
    code, out = run_shell("run", str(path), "--sheet", "adam", "--reset", "--epochs", "4", "--json")
    found = json.loads(out)
    assert code == 0
    assert list(found) == ["workbook", "output", "tabs"]
    assert found["output"] == str(path.with_name("graddesc.run.xlsx"))
    (tab,) = found["tabs"]
    assert list(tab) == ["sheet", "optimizer", "epochs", "weights", "loss", "status", "message"]
    judge, losses = Lesson(FileBook(path).read(), "adam"), []
    judge.reset()
    for _ in range(4):
        judge.epoch()
        losses.append(judge.state.out.loss)
    assert tab["loss"] == pytest.approx(losses, rel=1e-12)
    assert tab["weights"] == pytest.approx(dict(zip("ba", judge.weights, strict=True)), rel=1e-12)
    sheet = openpyxl.load_workbook(found["output"], data_only=True)["adam"]
    written = [sheet[cell].value for cell in ("C1", "C2", "J33", "K33", "L33", "M33", "H32", "I32")]
    state = judge.state
    expected = [*judge.weights, *state.mean, *state.square, *state.out.updates]
    assert written == pytest.approx(expected, rel=1e-12)


def grown(before: bytes, after: bytes) -> bool:
    """Whether a styles part only got formats behind its own: the lists and their counts."""
    plain = [re.sub(rb' count="\d+"', b"", one) for one in (before, after)]
    rest = iter(plain[1])
    return all(byte in rest for byte in plain[0])


def test_all_else_stays_byte_for_byte(path: Path) -> None:
    run_shell("run", str(path), "--sheet", "adam", "--epochs", "2")
    with (
        zipfile.ZipFile(path) as before,
        zipfile.ZipFile(path.with_name("graddesc.run.xlsx")) as after,
    ):
        changed = {name for name in before.namelist() if before.read(name) != after.read(name)}
        styles = [one.read("xl/styles.xml") for one in (before, after)]
    assert {name for name in changed if name.startswith("xl/worksheets/")} == {
        "xl/worksheets/sheet7.xml"
    }
    assert changed <= {
        "xl/worksheets/sheet7.xml",
        "xl/workbook.xml",
        "xl/_rels/workbook.xml.rels",
        "[Content_Types].xml",
        "xl/styles.xml",
    }
    assert grown(*styles)


def test_python_reset_run_history_save(path: Path) -> None:
    book = xlcollab.open(path)
    tab = book.tab("momentum")
    tab.reset()
    tab.run(epochs=5)
    assert list(tab.history.columns[:3]) == ["epoch", "loss", "learning rate"]
    assert tab.history["epoch"].tolist() == [0, 1, 2, 3, 4, 5]
    assert tab.history["b"].iloc[-1] == book.workbook.sheet("momentum").value(0, 2)
    reopened = xlcollab.open(book.save(path.with_name("after.xlsx")))
    assert reopened.tab("momentum").run(0).weights == tab.run(0).weights


def test_a_reset_alone_is_saved(path: Path) -> None:
    book = xlcollab.open(path)
    book.tab("adagrad_ann").reset()
    sheet = book.workbook.sheet("adagrad_ann")
    values = [sheet.value(r, c) for r, c in ((0, 2), (1, 2), (0, 5), (0, 6), (0, 9), (1, 3))]
    assert values == [1.0, 1.0, 1e6, 1e6, 100.0, 0.5]
    assert sheet.value(1, 5) == 0.5 / 1e6


def test_the_pasted_losses(path: Path) -> None:
    """`run` appends the loss before each epoch below "rmse"; `reset` clears the list."""
    book = xlcollab.open(path)
    first = book.tab("basic SGD").run(3)
    second = book.tab("basic SGD").run(2)
    listed = [book.workbook.sheet("basic SGD").value(row, 2) for row in range(37, 44)]
    pasted = [*first.measured[:-1], *second.measured[:-1]]
    assert listed == [*pasted, None, None]
    third = book.tab("basic SGD").run(1, reset=True)
    listed = [book.workbook.sheet("basic SGD").value(row, 2) for row in range(37, 44)]
    assert listed == [third.measured[0], *[None] * 6]


def test_history_and_steps(path: Path) -> None:
    code, _ = run_shell(
        "run", str(path), "--sheet", "momentum", "--reset", "--epochs", "6", "--every", "step"
    )
    assert code == 0
    output = path.with_name("graddesc.run.xlsx")
    judge = Lesson(FileBook(path).read(), "momentum")
    judge.reset()
    rows = python_calamine.load_workbook(output).get_sheet_by_name("momentum history").to_python()
    headings = dict(zip(rows[3], range(99), strict=False))
    for row in rows[4:]:
        state = judge.state
        found = [row[headings[h]] for h in ("loss", "mean of b", "b", "a")]
        assert found == pytest.approx([state.out.loss, state.mean[0], *judge.weights], rel=1e-12)
        judge.epoch()
    steps = python_calamine.load_workbook(output).get_sheet_by_name("momentum steps").to_python()
    assert len(steps) == 4 + 6 * 29
    assert steps[3] == [
        *("step", "epoch", "row", "loss", "gradient of b", "gradient of a"),
        *("mean of b", "mean of a", "b", "a"),
    ]
    assert steps[4][:6] == [1, 1, 4, 1849, -86, -1204]
    charts = openpyxl.load_workbook(output)["momentum history"]._charts
    assert len(charts) == 2
    assert charts[1].series[0].xVal.numRef.f.startswith("'momentum history'!")
    assert all("contours" in one.xVal.numRef.f for one in charts[1].series[1:])
    assert len(charts[1].series) > 4


def test_a_rerun_replaces_its_sheets(path: Path) -> None:
    book = xlcollab.open(path)
    for _ in range(2):
        book.tab("adam").run(3, every="step", optimizer="adam", learning_rate=0.1)
    added = [sheet.name for sheet in book.workbook][10:]
    assert added == ["adam history", "adam contours", "adam steps", "adam gradients"]
    saved = xlcollab.open(book.save(path.with_name("one.xlsx")))
    saved.tab("adam").run(3)
    assert [sheet.name for sheet in saved.workbook][10:] == added


def test_compare(path: Path) -> None:
    code, out = run_shell(
        "compare",
        str(path),
        "--epochs",
        "5",
        "--optimizer",
        "adam",
        "--learning-rate",
        "1",
        "--json",
    )
    found = json.loads(out)
    assert code == 0
    assert [tab["sheet"] for tab in found["tabs"]] == [*NAMES, "adam (batch)"]
    with zipfile.ZipFile(path) as before, zipfile.ZipFile(found["output"]) as after:
        sheets = [name for name in before.namelist() if name.startswith("xl/worksheets/sheet")]
        assert all(before.read(name) == after.read(name) for name in sheets)
    sheet = openpyxl.load_workbook(found["output"])["optimizer comparison"]
    workbook = FileBook(path).read()
    for column, name in enumerate(NAMES, 2):
        judge = Lesson(workbook, name)
        judge.reset()
        for row in range(5, 11):
            b, a = judge.weights
            loss = np.sqrt(np.square(b + a * np.array(judge.x) - np.array(judge.y)).sum())
            assert sheet.cell(row, column).value == pytest.approx(loss, rel=1e-12)
            judge.epoch()
    assert len({sheet.cell(5, column).value for column in range(2, 11)}) == 1
    (chart,) = sheet._charts
    assert len(chart.series) == 9


def test_inspect_shows_what_was_found(path: Path) -> None:
    code, out = run_shell("inspect", str(path), "--json")
    tabs = {tab["sheet"]: tab for tab in json.loads(out)["tabs"]}
    assert code == 0
    assert list(tabs) == list(NAMES)
    assert tabs["basic SGD"]["model"] == "y_pred = intercept+slope*x, to predict y"
    assert tabs["adam_ann"]["odd"][0] == (
        "adam_ann!J5 holds =J4*$J$1+$K$1*Intro!F5, where the rest of column J would have "
        "=J4*$J$1+$K$1*F5"
    )
    copies = {(c["source"], c["target"], c["from"]) for c in tabs["adagrad"]["copies"]}
    assert ("adagrad!I32", "adagrad!C2", "name") in copies


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["run", "--sheet", "data"], 3),
        (["run", "--sheet", "nowhere"], 3),
        (["run", "--sheet", "adam", "--epochs", "-3"], 2),
        (["run", "--sheet", "adam", "--copy", "H32"], 2),
        (["run", "--copy", "H32->C1"], 2),
        (["run", "--sheet", "adam", "--optimizer", "sgd", "--learning-rate", "1e60"], 4),
    ],
)
def test_exit_codes(path: Path, arguments: list[str], code: int) -> None:
    command, *rest = arguments
    assert run_shell(command, str(path), *rest)[0] == code


def test_surface_and_contours_of_a_bowl(path: Path) -> None:
    """The loss of a straight line is a bowl: its contours are ellipses around the solution."""
    book = xlcollab.open(path)
    around = np.array([[29.0, 1.9], [31.0, 2.1]])
    surface = loss_surface(book.plan, book.tab("adam").found, around)
    sheet = book.workbook.sheet("adam")
    x, y = (np.array([sheet.value(row, c) for row in range(3, 32)], float) for c in (0, 1))
    for i, j in ((0, 0), (17, 40), (60, 3)):
        expected = np.sqrt(((surface.x[j] + surface.y[i] * x - y) ** 2).sum())
        assert surface.values[i, j] == pytest.approx(expected, rel=1e-12)


def test_contours_are_closed_lines_of_their_level() -> None:
    grid = np.linspace(-1.0, 1.0, 81)
    bowl = Surface(grid, grid, np.hypot(*np.meshgrid(grid, grid)))
    found = [one for one in contours(bowl) if one.level < 0.95]
    assert len(found) >= 4
    for one in found:
        radii = np.hypot(*one.points.T)
        np.testing.assert_allclose(radii, one.level, atol=2e-3)
        np.testing.assert_array_equal(one.points[0], one.points[-1])
        steps = np.hypot(*np.diff(one.points, axis=0).T)
        assert steps.max() < 0.05
