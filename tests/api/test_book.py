"""The Python face: open, solve, differentiate, save."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from scipy.optimize import approx_fprime, minimize

import xlcollab as xc
from tests.build import build
from tests.faces.shell import BOWL, bowl, two_bowls
from tests.oracle.lesson import copied
from tests.shared_data import lesson
from xlcollab.errors import ModelError, UsageError
from xlcollab.grid import CellEdit, Changes
from xlcollab.optim import Row, Status
from xlcollab.ref import parse_area


@pytest.fixture
def book(tmp_path: Path) -> xc.OpenBook:
    return xc.open(bowl(tmp_path / "bowl.xlsx"))


def test_the_example_of_the_readme(tmp_path: Path) -> None:
    book = xc.open(copied(tmp_path))
    solution = book.solve("dotprod", method="adam", learning_rate=0.05, iterations=30)
    assert isinstance(solution.history, pd.DataFrame)
    assert len(solution.history) == 31
    assert solution.objective < 0.3 * solution.solution.initial
    assert solution.objective == pytest.approx(solution.history["objective"].iloc[-1], rel=1e-12)
    assert book.save(tmp_path / "out.xlsx") == tmp_path / "out.xlsx"
    value = xc.open(tmp_path / "out.xlsx").workbook.sheet("dotprod").value(40, 21)
    assert value == pytest.approx(solution.objective, rel=1e-12)


def test_a_sheet_must_be_named_where_there_are_two_models(tmp_path: Path) -> None:
    book = xc.open(two_bowls(tmp_path / "b.xlsx"))
    with pytest.raises(UsageError, match="models on S, T; name the sheet"):
        book.solve()


def test_nothing_is_written_before_save(book: xc.OpenBook) -> None:
    before = book.path.read_bytes()
    book.solve()
    assert [path.name for path in book.path.parent.iterdir()] == ["bowl.xlsx"]
    assert book.path.read_bytes() == before
    assert book.workbook.sheet("S").value(0, 0) == pytest.approx(3.0)


def test_verbs_see_what_the_verbs_before_did(book: xc.OpenBook) -> None:
    book.solve(history=False)
    found = book.gradient("S!B1", with_respect_to="S!A1:A2")
    assert found.derivatives == pytest.approx([0.0, 0.0], abs=1e-9)
    assert book.recalculate().differences == ()


def test_changes_by_hand_are_the_start_of_the_next_run(book: xc.OpenBook) -> None:
    area = parse_area("S!A1:A2")
    book.apply(Changes(inputs=[CellEdit.of_numbers(area, np.array([[10.0], [5.0]]))]))
    solved = book.solve(method="gd", learning_rate=0.1, iterations=0)
    assert solved.solution.initial == 85.0


def test_a_step_callback_sees_every_iteration(book: xc.OpenBook) -> None:
    rows: list[Row] = []
    book.solve(method="gd", learning_rate=0.1, iterations=5, on_step=rows.append)
    assert [row.iteration for row in rows][-5:] == [1, 2, 3, 4, 5]


def test_interruption_in_python_keeps_the_best(book: xc.OpenBook) -> None:
    def stop(row: Row) -> None:
        if row.iteration == 7:
            raise KeyboardInterrupt

    solved = book.solve(method="gd", learning_rate=0.1, iterations=50, on_step=stop)
    assert solved.status is Status.INTERRUPTED
    assert solved.objective < 8.0


def test_a_cell_as_a_function_for_torch(book: xc.OpenBook) -> None:
    function = book.function("S!B1", by_changing="S!A1:A2")
    x = function.start.clone().requires_grad_()
    optimiser = torch.optim.SGD([x], lr=0.25)
    for _ in range(40):
        optimiser.zero_grad()
        function(x).backward()
        optimiser.step()
    assert x.tolist() == pytest.approx([3.0, -1.0])
    assert function(x).shape == ()


def test_an_area_as_a_function(tmp_path: Path) -> None:
    cells = {"A1": 1.0, "A2": 2.0, "B1": ("=A1*2", 2.0), "B2": ("=A1*A2", 2.0)}
    book = xc.open(build(tmp_path / "b.xlsx", {"S": cells}))
    function = book.function("B1:B2", by_changing="A1:A2")
    assert function(torch.tensor([3.0, 4.0], dtype=torch.float64)).tolist() == [6.0, 12.0]
    slopes = torch.func.jacrev(function)(function.start)
    assert slopes.tolist() == [[2.0, 0.0], [2.0, 1.0]]


def test_a_cell_as_a_function_for_scipy() -> None:
    book = xc.open(lesson("collab_filter.xlsx"))
    function = book.function("dotprod!V41", by_changing="dotprod!H19:V23,dotprod!B25:F39")
    assert len(function.cells) == 150
    found = minimize(function.value_and_gradient, function.start.numpy(), jac=True)
    assert found.fun < 0.4


def test_a_point_may_be_any_array_of_the_right_length(tmp_path: Path) -> None:
    book = xc.open(build(tmp_path / "b.xlsx", {"S": BOWL}))
    function = book.function("B1", by_changing="A1:A2")
    right = function.value_and_gradient(np.array([3.0, 4.0]))
    fixed = np.array([3.0, 4.0])
    fixed.flags.writeable = False
    for point in (np.array([3, 4]), np.array([3.0, 0.0, 4.0])[::2], fixed):
        found = function.value_and_gradient(point)
        assert found[0] == right[0]
        assert found[1].tolist() == right[1].tolist()
    for wrong in (np.zeros(3), np.zeros(1), np.zeros((2, 1)), np.array(1.0)):
        with pytest.raises(UsageError, match=r"x has shape .*; expected \(2,\)"):
            function.value_and_gradient(wrong)


def test_the_gradient_agrees_with_finite_differences() -> None:
    book = xc.open(lesson("collab_filter.xlsx"))
    found = book.gradient("bias!V42", with_respect_to="bias!H19:H24")
    function = book.function("bias!V42", by_changing="bias!H19:H24")
    start = function.start.numpy()
    slopes = approx_fprime(start, lambda x: function.value_and_gradient(x)[0], 1e-6)
    assert found.derivatives == pytest.approx(slopes, rel=1e-4)


def test_a_gradient_of_nothing_is_refused(tmp_path: Path) -> None:
    book = xc.open(build(tmp_path / "b.xlsx", {"S": {**BOWL, "A3": 1.0}}))
    with pytest.raises(ModelError, match=r"S!B1 does not depend on S!A3"):
        book.gradient("B1", with_respect_to="A3")
    with pytest.raises(UsageError, match="is an area"):
        book.gradient("B1:B2", with_respect_to="A1")


def test_float32_is_close_to_float64(book: xc.OpenBook) -> None:
    solved = book.solve(dtype="float32", history=False)
    assert solved.dtype == "float32"
    assert solved.weights == pytest.approx([3.0, -1.0], abs=1e-3)


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a CUDA device")
def test_a_device_that_is_not_there_is_wrong_usage(book: xc.OpenBook) -> None:
    with pytest.raises(UsageError, match="no CUDA device"):
        book.solve(device="cuda")


def test_unknown_places_are_wrong_usage(book: xc.OpenBook) -> None:
    with pytest.raises(UsageError, match="device is 'gpu'; choose one of auto, cpu, cuda"):
        book.solve(device="gpu")
    with pytest.raises(UsageError, match="dtype is 'float16'; choose one of float64, float32"):
        book.solve(dtype="float16")


def test_an_unknown_setting_is_named(book: xc.OpenBook) -> None:
    with pytest.raises(TypeError, match="learning_rat"):
        book.solve(learning_rat=0.1)


def test_a_chain_of_sheets_is_updated(tmp_path: Path) -> None:
    """Cells on other sheets that depend on the weights show their new values."""
    other = {"A1": ("=S!A1*10", 10.0), "A2": ("=A1+1", 11.0), "A3": ("=1+1", 2.0)}
    path = build(tmp_path / "b.xlsx", {"S": BOWL, "T": other})
    book = xc.open(path)
    model = book.model(minimize="S!B1", by_changing="S!A1:A2")
    book.solve(model, history=False)
    sheet = xc.open(book.save()).workbook.sheet("T")
    assert sheet.value(0, 0) == pytest.approx(30.0)
    assert sheet.value(1, 0) == pytest.approx(31.0)
    assert sheet.value(2, 0) == 2.0
