"""References as values: OFFSET, INDEX, INDIRECT, ROW, ADDRESS."""

from __future__ import annotations

import pytest
import torch

from tests.kernels.engine import RefusedError, spilled, value, workbook
from xlcollab.errors import UnsupportedError
from xlcollab.grid import DefinedName, ErrorCode, Scalar
from xlcollab.kernels.trace.compiler import Compiler
from xlcollab.kernels.trace.recalculate import recalculate
from xlcollab.plan import build_plan
from xlcollab.ref import parse_area

CELLS: dict[str, Scalar] = {
    f"{column}{row}": float(10 * row + place)
    for row in range(1, 6)
    for place, column in enumerate("ABCD", 1)
}
REF, NULL, NA = ErrorCode.REF, ErrorCode.NULL, ErrorCode.NA


@pytest.mark.parametrize(
    ("formula", "expected"),
    [
        ("=OFFSET(A1,2,1)", 32.0),
        ("=SUM(OFFSET(A1,1,1,2,2))", 22.0 + 23 + 32 + 33),
        ("=SUM(OFFSET(C3,0,0,-2,-2))", 22.0 + 23 + 32 + 33),
        ("=SUM(OFFSET(A1:B2,1,1))", 22.0 + 23 + 32 + 33),
        ("=OFFSET(A1,-1,0)", REF),
        ("=OFFSET(A1,NA(),0)", NA),
        ("=SUM(OFFSET(OFFSET(A1,1,1),1,1,1,2))", 33.0 + 34),
        ("=SUM(INDEX(A1:D5,2,0))", 90.0 + 0),
        ("=SUM(INDEX(A1:D5,0,1):INDEX(A1:D5,0,2))", 310.0 + 5),
        ("=SUM(A1:D5 B2:E2)", 22.0 + 23 + 24),
        ("=SUM(A1:B2 C3:D4)", NULL),
        ("=SUM((A1,B2:B3,D5))", 11.0 + 22 + 32 + 54),
        ('=INDIRECT("B"&2)', 22.0),
        ('=SUM(INDIRECT("A1:B2"))', 66.0),
        ('=SUM(INDIRECT("Sheet1!A1:A2"))', 32.0),
        ('=INDIRECT("nowhere!A1")', REF),
        ('=ISREF(INDIRECT("no address"))', False),
        ('=IFERROR(INDIRECT("no address"),5)', 5.0),
        ("=ROW(B3)", 3.0),
        ("=COLUMN(B3)", 2.0),
        ("=SUM(ROW(A2:A4))", 9.0),
        ("=ROWS(A1:D5)*COLUMNS(A1:D5)", 20.0),
        ("=ROWS({1;2})", 2.0),
        ("=ROW(OFFSET(A1,3,0))", 4.0),
        ("=SUM(IF(A1>0,A1:A2,B1:B2))", 32.0),
        ("=ROWS(CHOOSE(2,A1,A1:A3))", 3.0),
        ("=AREAS((A1,B2:C3))", 2.0),
        ("=ADDRESS(3,28)", "$AB$3"),
        ('=ADDRESS(3,2,4,TRUE,"my sheet")', "'my sheet'!B3"),
        ("=INDIRECT(ADDRESS(2,3))", 23.0),
        ("=ISFORMULA(A1)", False),
        ("=COUNTBLANK(A1:E5)", 5.0),
        ("=COUNTBLANK(E:E)", 1048576.0),
        ("=SUM(A:A)", 155.0),
        ("=SUM(2:2)", 90.0),
    ],
)
def test_documented_results(formula: str, expected: Scalar) -> None:
    assert value(formula, CELLS, at="F7") == expected


def test_rows_of_an_area_spill() -> None:
    assert spilled("=ROW(A2:A4)*10+COLUMN(A1:B1)", {}, "D1:E3") == [[21, 22], [31, 32], [41, 42]]


def test_each_copy_of_indirect_looks_where_its_own_text_says() -> None:
    cells: dict[str, Scalar] = {"A1": 1.0, "A2": 2.0, "A3": 3.0}
    cells |= {"B1": "RC[-2]", "B2": "R[1]C[-2]", "B3": "R1C1"}
    cells |= {f"C{row}": f"=INDIRECT(B{row},FALSE)*10" for row in (1, 2, 3)}
    cells |= {f"D{row}": '=INDIRECT("RC[-3]",FALSE)' for row in (1, 2, 3)}
    done = recalculate(build_plan(workbook(cells)))
    assert not done.unsupported
    found = {
        (family.rect.left, family.rect.top + step): number
        for family, block in done.results
        for step, number in enumerate(block.number.flatten().tolist())
    }
    assert [found[2, row] for row in range(3)] == [10.0, 30.0, 10.0]
    assert [found[3, row] for row in range(3)] == [1.0, 2.0, 3.0]


def test_indirect_finds_defined_names() -> None:
    book = workbook({**CELLS, "F1": '=SUM(INDIRECT("factors"))'})
    book.names.append(DefinedName("factors", "Sheet1!$A$1:$A$2"))
    done = recalculate(build_plan(book))
    assert [block.number.item() for _, block in done.results] == [32.0]


@pytest.mark.parametrize(
    ("formula", "reason"),
    [
        ("=INDIRECT(A1:A2)", "array"),
        ("=SUM(OFFSET(A1,{0,1},0))", "array"),
        ("=OFFSET(5,1,1)", "needs a reference"),
        ("=ISFORMULA(5)", "needs a reference"),
    ],
)
def test_what_cannot_be_followed_is_refused(formula: str, reason: str) -> None:
    with pytest.raises(RefusedError, match=reason):
        value(formula, CELLS)


def test_where_a_formula_looks_may_not_depend_on_the_variables() -> None:
    book = workbook({"A1": 1.0, "B1": 5.0, "B2": 6.0, "C1": "=OFFSET(B1,A1,0)"})
    area = parse_area("A1", "Sheet1")
    compiler = Compiler(build_plan(book), [area], [1.0])  # type: ignore[arg-type]
    with pytest.raises(UnsupportedError, match=r"Sheet1!C1.*OFFSET depends on the variable cells"):
        compiler.cells(parse_area("C1", "Sheet1"))


def test_copies_that_fail_leave_the_others_alone() -> None:
    cells = CELLS | {"E1": 1.0, "E2": "x", "E3": -5.0, "E4": 2.0, "E5": ErrorCode.NA}
    cells |= {f"G{row}": f"=OFFSET(A$1,E{row},0)" for row in range(1, 6)}
    book = workbook(cells)
    done = recalculate(build_plan(book))
    ((_, block),) = done.results
    kinds, numbers = block.kinds().reshape(-1).tolist(), block.number.reshape(-1).tolist()
    assert kinds == [1, 4, 4, 1, 4]
    assert numbers == [21.0, ErrorCode.VALUE, REF, 31.0, NA]


ROWS = range(2, 41)


@pytest.mark.parametrize(
    ("text", "other", "expected"),
    [
        ('=INDIRECT("B"&ROW()-1)*0.5+$A$1', "=C{above}+B{row}", (8.0, 304.0)),
        ("=OFFSET(C{row},-1,0)*0.5+$A$1", '=INDIRECT("B"&ROW())', (8.0, 8.0)),
    ],
)
def test_copies_that_look_one_another_up_are_worked_out_one_by_one(
    text: str, other: str, expected: tuple[float, float]
) -> None:
    cells: dict[str, Scalar] = {"A1": 4.0, "B1": 0.0, "C1": 0.0}
    for row in ROWS:
        cells[f"B{row}"] = text.format(row=row)
        cells[f"C{row}"] = other.format(row=row, above=row - 1)
    plan = build_plan(workbook(cells))
    assert not recalculate(plan).unsupported
    compiler = Compiler(plan, [parse_area("A1", "Sheet1")], [4.0])  # type: ignore[arg-type]
    found = compiler.function([compiler.cells(parse_area("B40:C40", "Sheet1"))])
    assert found(torch.tensor([4.0])) == pytest.approx(expected)


def test_a_circle_of_look_ups_is_refused_and_nothing_else() -> None:
    cells: dict[str, Scalar] = {f"B{row}": '=INDIRECT("B"&ROW()+1)+1' for row in ROWS}
    cells |= {"B41": '=INDIRECT("B41")', "D1": "=1+1"}
    done = recalculate(build_plan(workbook(cells)))
    assert [str(one.area) for one in done.unsupported] == ["Sheet1!B41"]
    assert len(done.results) == len(ROWS) + 1
