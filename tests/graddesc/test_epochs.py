"""Weights, memory cells, losses and rates after epochs, by a hand transcription."""

from __future__ import annotations

import pytest

from tests.graddesc.transcription import NAMES, Lesson
from tests.shared_data import lesson
from xlcollab.api.tabs.epochs import Epochs
from xlcollab.files import FileBook
from xlcollab.plan import Plan, build_plan
from xlcollab.problems.tab.tab import read_tab
from xlcollab.ref import CellRef, parse_cell

EXACT = 1e-12


@pytest.fixture(scope="module")
def plan() -> Plan:
    return build_plan(FileBook(lesson("graddesc.xlsx")).read())


def ours(plan: Plan, sheet: str) -> Epochs:
    return Epochs(plan, read_tab(plan.workbook, sheet))


def value(epochs: Epochs, address: str) -> float:
    cell = CellRef(epochs.tab.sheet, *parse_cell(address))
    return float(epochs.registers[epochs.program.register(cell)])


def judged(tab: Lesson) -> list[float]:
    """Weights, learning rate, then the memory cells in the order of the roles."""
    state, memories = tab.state, []
    if tab.name in ("momentum", "adam", "eve", "adam_ann"):
        memories += state.mean
    if tab.name not in ("basic SGD", "momentum"):
        memories += state.square
    return [*tab.weights, state.rate, *memories]


@pytest.mark.parametrize("count", [0, 1, 5, 50])
@pytest.mark.parametrize("sheet", NAMES)
def test_epochs_are_those_of_the_transcription(plan: Plan, sheet: str, count: int) -> None:
    epochs, judge = ours(plan, sheet), Lesson(plan.workbook, sheet)
    epochs.reset()
    judge.reset()
    for _ in range(count):
        epochs.epoch()
        judge.epoch()
    found = [*epochs.weights, epochs.learning_rate, *epochs.memory()]
    assert found == pytest.approx(judged(judge), rel=EXACT, abs=0.0)
    assert epochs.loss == pytest.approx(judge.state.out.loss, rel=EXACT, abs=0.0)
    assert epochs.measured_loss == pytest.approx(judge.state.out.loss, rel=EXACT, abs=0.0)


@pytest.mark.parametrize(
    ("sheet", "address", "kept"),
    [("adagrad_ann", "J1", "limit"), ("adam_ann", "N3", "limit"), ("eve", "F37", "last_divisor")],
)
def test_cells_of_feedback(plan: Plan, sheet: str, address: str, kept: str) -> None:
    epochs, judge = ours(plan, sheet), Lesson(plan.workbook, sheet)
    epochs.reset()
    judge.reset()
    for _ in range(20):
        epochs.epoch()
        judge.epoch()
        assert value(epochs, address) == pytest.approx(getattr(judge.state, kept), rel=EXACT)


@pytest.mark.parametrize(
    ("sheet", "count", "cells"),
    [
        ("momentum", 5, ["C1", "C2", "J33", "K33"]),
        ("adagrad", 0, ["C1", "C2", "F1", "G1"]),
        ("rmsprop", 0, ["C1", "C2", "J33", "K33"]),
        ("adam", 0, ["C1", "C2", "J33", "K33", "L33", "M33"]),
        ("adagrad_ann", 10, ["C1", "C2", "D2", "F1", "G1", "J1"]),
    ],
)
def test_buttons_lead_to_what_the_teacher_saved(
    plan: Plan, sheet: str, count: int, cells: list[str]
) -> None:
    """The workbook was saved after these presses of `reset` and `run`, by Excel itself."""
    epochs = ours(plan, sheet)
    epochs.reset()
    for _ in range(count):
        epochs.epoch()
    stored = [plan.workbook.value(CellRef(sheet, *parse_cell(cell))) for cell in cells]
    assert [value(epochs, cell) for cell in cells] == pytest.approx(stored, rel=1e-13)


@pytest.mark.parametrize("sheet", NAMES)
def test_the_program_gives_the_values_excel_stored(plan: Plan, sheet: str) -> None:
    epochs = ours(plan, sheet)
    assert not epochs.program.refused
    for cell in epochs.program.formulas:
        found = epochs.registers[epochs.program.cells[cell]]
        assert found == pytest.approx(plan.workbook.value(cell), rel=1e-13), str(cell)
