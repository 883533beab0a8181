"""Compiling what depends on variables: references, families, look-ups, constants, refusals."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from tests.kernels.engine import Cells, workbook
from xlcollab.errors import CircularError, UnsupportedError
from xlcollab.grid import Kind
from xlcollab.kernels.trace.compiler import Compiler, SheetFunction
from xlcollab.kernels.trace.recalculate import recalculate
from xlcollab.plan import build_plan
from xlcollab.ref import column_letters, parse_areas


def compiled(cells: Cells, of: str, variables: str = "A1", **arrays: str) -> SheetFunction:
    book = workbook(cells, arrays or None)
    areas = parse_areas(variables, "Sheet1")
    start = np.concatenate([book.sheet("Sheet1").block(a.rect)[1].reshape(-1) for a in areas])
    compiler = Compiler(build_plan(book), areas, start)
    return compiler.function([compiler.cells(parse_areas(of, "Sheet1")[0])])


def gradient(function: SheetFunction, *x: float) -> list[float]:
    point = torch.tensor(x, dtype=torch.float64, requires_grad=True)
    return torch.autograd.grad(function(point).sum(), point)[0].tolist()


def test_a_prediction_block_is_one_matrix_product() -> None:
    cells: dict[str, object] = {}
    generator = np.random.default_rng(0)
    users, items = generator.random((6, 3)), generator.random((3, 4))
    for i in range(6):
        cells |= {f"{column_letters(k)}{i + 10}": float(users[i, k]) for k in range(3)}
    for j in range(4):
        cells |= {f"{column_letters(j + 3)}{k + 1}": float(items[k, j]) for k in range(3)}
        for i in range(6):
            c = column_letters(j + 3)
            cells[f"{c}{i + 10}"] = f"=MMULT($A{i + 10}:$C{i + 10},{c}$1:{c}$3)"
    function = compiled(cells, "D10:G15", "A10:C15,D1:G3")  # type: ignore[arg-type]
    assert function.operations.count("MMULT") == 1
    x = torch.cat([torch.from_numpy(users).reshape(-1), torch.from_numpy(items).reshape(-1)])
    np.testing.assert_allclose(function(x).numpy().reshape(6, 4), users @ items, rtol=1e-15)


@pytest.mark.parametrize(
    ("formula", "derivative"),
    [
        ("=A1^2+3*A1", 7.0),
        ("=SUM(A1:A3)+SUM(A:A)", 2.0),
        ("=INDEX(A1:A3,1)*5", 5.0),
        ("=OFFSET(B5,-4,-1)*2", 2.0),
        ('=INDIRECT("A"&1)*4', 4.0),
        ("=LET(x,A1,y,x*x,y+x)", 5.0),
        ("=IF(B1>0,A1*6,1/0)", 6.0),
        ("=IFERROR(A1/B9,A1*9)", 9.0),
        ("=CHOOSE(2,B1,A1*8)", 8.0),
        ("=SUM(INDEX(A1:A3,1):A2)", 1.0),
        ("=SUM((A1:A2,A1))", 2.0),
        ("=SUM(A1:B2 A1:A9)", 1.0),
        ("=-A1%", -0.01),
        ('=IF(B2="",A1,0)', 1.0),
        ("=VLOOKUP(2,B5:C6,2)", 10.0),
    ],
)
def test_values_reach_through_references(formula: str, derivative: float) -> None:
    cells: Cells = {
        "A1": 2.0, "A2": 5.0, "B1": 1.0, "B5": 1.0, "B6": 2.0, "C5": 0.0, "C6": "=A1*10",
        "Z9": formula,
    }  # fmt: skip
    assert gradient(compiled(cells, "Z9"), 2.0) == pytest.approx([derivative], rel=1e-14)


def test_a_chain_of_rows_is_followed_to_its_end() -> None:
    cells: dict[str, object] = {"A1": 1.0, "B1": 1.0}
    cells |= {f"B{row}": f"=B{row - 1}*$A$1" for row in range(2, 302)}
    function = compiled(cells, "B301", "A1")  # type: ignore[arg-type]
    assert gradient(function, 1.01)[0] == pytest.approx(300 * 1.01**299, rel=1e-12)


def test_growing_ranges_are_evaluated_copy_by_copy() -> None:
    cells: dict[str, object] = {f"A{row}": float(row) for row in range(1, 9)}
    cells |= {f"B{row}": f"=SUM(A$1:A{row})" for row in range(1, 9)}
    function = compiled(cells, "B1:B8", "A1:A8")  # type: ignore[arg-type]
    values = torch.arange(1.0, 9.0, dtype=torch.float64)
    torch.testing.assert_close(function(values), values.cumsum(0))


def test_a_sum_of_thousands_of_terms_needs_no_recursion() -> None:
    terms = "+".join(["A1"] * 3000)
    assert gradient(compiled({"A1": 1.0, "B1": f"={terms}"}, "B1"), 1.0) == [3000.0]


def test_sliding_windows_overlap() -> None:
    cells: dict[str, object] = {f"A{row}": float(row) for row in range(1, 8)}
    cells |= {f"B{row}": f"=AVERAGE(A{row}:A{row + 2})" for row in range(1, 6)}
    function = compiled(cells, "B1:B5", "A1:A7")  # type: ignore[arg-type]
    x = torch.arange(1.0, 8.0, dtype=torch.float64)
    torch.testing.assert_close(function(x), x.unfold(0, 3, 1).mean(1))


def test_an_unsupported_function_is_named_with_its_cell() -> None:
    with pytest.raises(UnsupportedError, match=r"Sheet1!B1: WEBSERVICE asks a service"):
        compiled({"A1": 1.0, "B1": "=WEBSERVICE(A1)+1"}, "B1")


def test_an_unsupported_constant_keeps_its_stored_value() -> None:
    book = workbook({"A1": 2.0, "C1": "=WEBSERVICE(3)", "B1": "=A1*C1"})
    book.sheets[0].kinds[0, 2], book.sheets[0].numbers[0, 2] = Kind.NUMBER, 7.0
    compiler = Compiler(build_plan(book), parse_areas("Sheet1!A1"), np.array([2.0]))
    value = compiler.cells(parse_areas("Sheet1!B1")[0])
    assert compiler.function([value]).scalar(torch.tensor([3.0]).double()) == 21.0
    assert [str(area) for area, _ in compiler.kept] == ["Sheet1!C1"]


def test_stale_stored_constants_are_not_believed() -> None:
    book = workbook({"A1": 2.0, "C1": "=COUNT(E1:E4)", "E1": 1.0, "E2": 1.0, "B1": "=A1/C1"})
    book.sheets[0].kinds[0, 2], book.sheets[0].numbers[0, 2] = Kind.NUMBER, 0.0
    compiler = Compiler(build_plan(book), parse_areas("Sheet1!A1"), np.array([2.0]))
    value = compiler.cells(parse_areas("Sheet1!B1")[0])
    assert compiler.function([value]).scalar(torch.tensor([3.0]).double()) == 1.5


def test_a_cycle_on_the_path_is_named() -> None:
    with pytest.raises(CircularError, match=r"Sheet1!B1 → Sheet1!C1 → Sheet1!B1"):
        compiled({"A1": 1.0, "B1": "=C1+A1", "C1": "=B1", "D1": "=B1*2"}, "D1")


def test_a_moving_index_is_refused_in_words() -> None:
    with pytest.raises(UnsupportedError, match="OFFSET depends on the variable cells"):
        compiled({"A1": 1.0, "B1": "=OFFSET(C1,A1,0)"}, "B1")


def test_dependents_tell_what_is_left_alone() -> None:
    cells: Cells = {"A1": 1.0, "B1": "=A1*2", "C1": "=WEBSERVICE(A1)", "D1": 5.0, "E1": "=D1"}
    compiler = Compiler(build_plan(workbook(cells)), parse_areas("Sheet1!A1"), np.array([1.0]))
    found = compiler.dependents()
    edits = found.results(torch.tensor([4.0], dtype=torch.float64))
    assert {str(edit.area): edit.numbers[0, 0] for edit in edits}["Sheet1!B1"] == 8.0
    assert [str(area) for area, _ in found.left_alone] == ["Sheet1!C1"]


def test_random_cells_are_drawn_by_seed_and_frozen() -> None:
    cells: Cells = {"A1": 1.0, "B1": "=A1+RAND()"}
    first, again = (compiled(cells, "B1") for _ in range(2))
    x = torch.tensor([0.0], dtype=torch.float64)
    assert float(first(x)) == float(first(x)) == float(again(x))
    assert 0 <= float(first(x)) < 1


def test_float32_follows_float64() -> None:
    cells: Cells = {"A1": 0.5, "B1": "=EXP(A1)/(1+EXP(A1))"}
    function = compiled(cells, "B1")
    single = function.to(torch.device("cpu"), torch.float32)
    x = torch.tensor([0.3])
    assert single(x).dtype == torch.float32
    assert float(single(x)) == pytest.approx(float(function(x.double())), rel=1e-6)


def test_recalculation_uses_nothing_stored() -> None:
    book = workbook({"A1": 3.0, "B1": "=A1*2", "C1": "=B1+1"})
    book.sheets[0].kinds[0, 1:] = Kind.NUMBER
    book.sheets[0].numbers[0, 1:] = 999.0
    done = recalculate(build_plan(book))
    assert [float(block.number) for _, block in done.results] == [6.0, 7.0]


def test_an_error_that_is_chosen_away_leaves_the_gradient_alone() -> None:
    cells: Cells = {"A1": 2.0, "B1": 1.0, "B2": 900.0, "D1": 1.0}
    cells |= {f"C{i}": f"=$A$1/(1+EXP($A$1*B{i}))" for i in (1, 2)}
    cells |= {f"E{i}": f'=IF(D{i}="","",C{i})' for i in (1, 2)}
    function = compiled({**cells, "F1": "=SUM(E1:E2)"}, "F1")
    x, e = 2.0, np.exp(2.0)
    assert gradient(function, x) == pytest.approx([(1 + e - x * e) / (1 + e) ** 2], rel=1e-12)
