"""What is wrong with a tab is said by cell; a run that diverges keeps its last good epoch."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest

import xlcollab
from tests.graddesc.typed_tabs import Layout, judged_sgd, sgd_cells, write
from xlcollab.errors import DataError, ModelError, UnsupportedError, UsageError, WorkbookError

LAYOUT = Layout()
X, Y, WEIGHT = LAYOUT.column("x"), LAYOUT.column("y"), LAYOUT.column("weight")


def book(path: Path, changed: dict[str, Any]) -> xlcollab.OpenBook:
    return xlcollab.open(write(path / "book.xlsx", {"lesson": sgd_cells(LAYOUT) | changed}))


@pytest.mark.parametrize(
    ("changed", "error", "said"),
    [
        ({f"{X}8": "many"}, DataError, f"lesson!{X}8 holds 'many'"),
        ({f"{Y}9": None}, DataError, f"lesson!{Y}9 is blank"),
        ({f"{X}7": True}, DataError, f"lesson!{X}7 holds True"),
        ({f"{WEIGHT}5": "=2*D1"}, ModelError, f"lesson!{WEIGHT}5 should take its start"),
        ({"D1": "one"}, ModelError, f"lesson!{WEIGHT}5 should take its start"),
    ],
)
def test_the_cell_is_named(
    tmp_path: Path, changed: dict[str, Any], error: type[ModelError], said: str
) -> None:
    with pytest.raises(error, match=said.replace("!", ".")) as raised:
        book(tmp_path, changed).tab("lesson")
    assert said in str(raised.value)
    assert raised.value.exit_code == 3


def test_a_sheet_without_a_chain(tmp_path: Path) -> None:
    path = write(tmp_path / "book.xlsx", {"plain": {"A1": 1, "A2": "=A1", "A3": "=A2+1"}})
    with pytest.raises(ModelError, match="plain holds no chain of gradient descent"):
        xlcollab.open(path).tab("plain")
    with pytest.raises(WorkbookError, match="has no sheet 'other'; its sheets are plain"):
        xlcollab.open(path).tab("other")


def test_a_chain_without_a_prediction(tmp_path: Path) -> None:
    rows = {f"B{row}": f"=C{row - 1}" for row in range(3, 9)} | {"B2": "=A1", "A1": 1.0}
    rows |= {f"C{row}": f"=B{row}*0.5" for row in range(2, 9)}
    path = write(tmp_path / "book.xlsx", {"decay": rows})
    with pytest.raises(ModelError, match="decay: the chain in rows 2 to 8 has no prediction"):
        xlcollab.open(path).tab("decay")


def test_a_missing_pair_can_be_given(tmp_path: Path) -> None:
    changed = {f"{WEIGHT}5": "=D1*1"}
    copies = [f"{LAYOUT.column('update', k)}{LAYOUT.bottom + 1}->{LAYOUT.start(k)}" for k in (0, 1)]
    run = book(tmp_path, changed).tab("lesson", copy=",".join(copies)).run(3)
    assert list(run.weights.values()) == pytest.approx(judged_sgd(LAYOUT, 3), rel=1e-12)


@pytest.mark.parametrize(
    ("copy", "said"),
    [
        ("N32", "is no pair of cells"),
        ("N32->", "is not a cell address"),
        ("J9:J10->D1", "differ in size"),
        ("J9->E5", "E5 must hold a number"),
        ("J9->A1", "A1 must hold a number"),
    ],
)
def test_impossible_pairs(tmp_path: Path, copy: str, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        book(tmp_path, {}).tab("lesson", copy=copy)


def test_a_function_that_cannot_be_compiled_is_named(tmp_path: Path) -> None:
    prediction, second = LAYOUT.column("prediction"), LAYOUT.column("weight", 1)
    changed = {
        f"{prediction}{row}": f"={WEIGHT}{row}+{second}{row}*GAMMALN({X}{row}+5)"
        for row in range(5, 17)
    }
    said = f"lesson.{prediction}5.*the function GAMMALN"
    with pytest.raises(UnsupportedError, match=said):
        book(tmp_path, changed).tab("lesson").run(1)


def test_off_the_path_a_function_is_left_alone(tmp_path: Path) -> None:
    last = f"{LAYOUT.column('update')}{LAYOUT.bottom + 1}"
    opened = book(tmp_path, {"A1": (f'=CELL("width",{last})', 0.25)})
    run = opened.tab("lesson").run(3)
    assert list(run.weights.values()) == pytest.approx(judged_sgd(LAYOUT, 3), rel=1e-12)
    assert "lesson!A1 keeps its stored value: lesson!A1: CELL is computed for" in run.message
    assert opened.workbook.sheet("lesson").value(0, 0) == 0.25


def test_divergence_keeps_the_last_good_epoch(tmp_path: Path) -> None:
    rate = 40.0
    opened = book(tmp_path, {LAYOUT.rate_cell.replace("$", ""): rate})
    run = opened.tab("lesson").run(500)
    assert run.status == "diverged"
    assert run.exit_code == 4
    assert 0 < run.epochs < 500
    assert len(run.loss) == run.epochs
    assert all(math.isfinite(value) for value in (*run.weights.values(), *run.loss))
    assert f"Epoch {run.epochs + 1} gave a number that is not finite at row" in run.message
    assert f"the state after epoch {run.epochs} is kept; try a learning rate of 4 " in run.message
    kept = [opened.workbook.sheet("lesson").value(k, 3) for k in (0, 1)]
    assert kept == list(run.weights.values())
    bad_row = int(run.message.split("at row ")[1].split()[0])
    assert LAYOUT.top + 1 <= bad_row <= LAYOUT.bottom + 1


def test_divergence_at_the_start(tmp_path: Path) -> None:
    run = book(tmp_path, {LAYOUT.rate_cell.replace("$", ""): 1e300}).tab("lesson").run(5)
    assert (run.status, run.epochs) == ("diverged", 0)
    assert run.weights == {"b": 0.5, "a": 0.5}
    assert "nothing was run" in run.message


def test_the_engine_diverges_likewise(tmp_path: Path) -> None:
    tab = book(tmp_path, {}).tab("lesson")
    run = tab.run(400, optimizer="sgd", learning_rate=1e3, batch_size=4)
    assert run.status == "diverged"
    assert 0 < run.epochs < 400
    assert all(math.isfinite(value) for value in run.weights.values())
    assert "try a learning rate of 100 instead of 1e+03" in run.message


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"epochs": -1}, "epochs is -1"),
        ({"learning_rate": 0.1}, "learning_rate needs an optimizer"),
        ({"batch_size": 4}, "batch_size needs an optimizer"),
        ({"schedule": "cosine"}, "schedule needs an optimizer"),
        ({"optimizer": "magic"}, "choose one of gd, momentum, nesterov"),
        ({"optimizer": "lbfgs"}, "choose one of gd, momentum, nesterov"),
        ({"optimizer": "gd", "batch_size": 0}, "batch_size is 0"),
        ({"optimizer": "gd", "momentum": 0.5}, "momentum=0.5 has no effect with method gd"),
        ({"optimizer": "tab", "batch_size": 5}, "optimizer tab follows the sheet row by row"),
        ({"optimizer": "gd", "pace": 1.0}, "unknown option pace"),
    ],
)
def test_impossible_settings(tmp_path: Path, options: dict[str, Any], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        book(tmp_path, {}).tab("lesson").run(**options)


def test_no_history_before_a_run(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="lesson has no history yet"):
        _ = book(tmp_path, {}).tab("lesson").history


def test_inconsistent_cells_are_told_and_obeyed(tmp_path: Path) -> None:
    gradient = LAYOUT.column("gradient")
    prediction = LAYOUT.column("prediction")
    tab = book(tmp_path, {f"{gradient}9": "=0", f"{LAYOUT.column('error')}10": 5.0}).tab("lesson")
    odd = " | ".join(tab.found.oddities)
    assert f"lesson!{gradient}9 holds =0, where the rest of column {gradient} would have" in odd
    assert f"=2*({prediction}9-{Y}9)*1" in odd
    assert "holds 5.0, where the rest of column" in odd
    assert list(tab.run(1).weights.values()) != pytest.approx(judged_sgd(LAYOUT, 1), rel=1e-6)
