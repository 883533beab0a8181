"""Formulas worked out cell by cell have the values that they have as blocks, to the last bit."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping
from dataclasses import replace
from itertools import product
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.build import build
from tests.kernels.engine import workbook
from tests.random_books import BESIDE, NUMBERS, formulas
from xlcollab.grid import ErrorCode, Scalar
from xlcollab.kernels.cellwise.aggregates import AGGREGATES
from xlcollab.kernels.cellwise.conditionals import CONDITIONALS
from xlcollab.kernels.cellwise.formula import RESCUED
from xlcollab.kernels.cellwise.lookups import LOOKUPS
from xlcollab.kernels.cellwise.running import RANKED, RUNNING
from xlcollab.kernels.cellwise.scalars import ARITHMETIC, COMPARISONS, CONSTANTS, EXACT, QUESTIONS
from xlcollab.kernels.table import RECORDS
from xlcollab.kernels.trace import few_cells
from xlcollab.kernels.trace.recalculate import recalculate
from xlcollab.kernels.values.block import Context
from xlcollab.kernels.values.valuewise import Alone
from xlcollab.plan import build_plan
from xlcollab.ref import cell_name

VALUES: list[Scalar] = [
    *(0.0, -0.0, 1.0, -2.5, 0.1, 1e308, 1e-308, 3.0, 123456789.12345679),
    *("text", "TEXT", "3", "", " true ", "t*t", True, False, None, ErrorCode.NA, ErrorCode.DIV0),
]


def results(cells: Mapping[str, Scalar], date1904: bool = False) -> dict[tuple[int, int], str]:
    """The values of all formulas as they are written, signs of zeros aside."""
    book = replace(workbook(dict(cells)), date1904=date1904)
    found: dict[tuple[int, int], str] = {}
    for family, block in recalculate(build_plan(book)).results:
        values = Context(book.texts).values(block)
        shown = [repr(0.0 if value == 0.0 and value is not False else value) for value in values]
        found |= dict(zip(family.rect.cells(), shown, strict=True))
    return found


def both(
    cells: Mapping[str, Scalar], monkeypatch: pytest.MonkeyPatch, date1904: bool = False
) -> None:
    alone = results(cells, date1904)
    with monkeypatch.context() as patch:
        patch.setattr(few_cells, "MOST_CELLS", 0)
        patch.setattr(few_cells, "MOST_GROWING", 0)
        blocks = results(cells, date1904)
    assert alone == blocks


@given(st.lists(NUMBERS, min_size=4, max_size=4), st.data())
@settings(derandomize=True, deadline=None, max_examples=50)
def test_random_formulas(numbers: list[float], data: st.DataObject) -> None:
    cells: dict[str, Scalar] = {f"A{i}": x for i, x in enumerate(numbers, 1)} | BESIDE
    for row in range(1, 6):
        cells[f"C{row}"] = "=" + data.draw(formulas(row))
    with pytest.MonkeyPatch.context() as patch:
        both(cells, patch)


PAIRS: dict[str, Scalar] = {
    f"{column}{row}": value
    for row, pair in enumerate(product(VALUES, VALUES), 1)
    for column, value in zip("AB", pair, strict=True)
}


def alone_and_together(formulas: tuple[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Formulas over all pairs of values, "#" for the row: a formula whose neighbours are others,
    worked out cell by cell, has the value that it has in a block of its copies."""
    alone, together = dict(PAIRS), dict(PAIRS)
    for row in range(1, len(VALUES) ** 2 + 1):
        for number, formula in enumerate(formulas):
            text = formula.replace("#", str(row))
            alone[f"{'DEFG'[2 * number + row % 2]}{row}"] = text
            together[f"{'DE'[number]}{row}"] = text
    one_by_one = {
        (row, (column - 3) // 2): value for (row, column), value in results(alone).items()
    }
    with monkeypatch.context() as patch:
        patch.setattr(few_cells, "MOST_CELLS", 0)
        blocks = results(together)
    assert one_by_one == {(row, column - 3): value for (row, column), value in blocks.items()}


@pytest.mark.parametrize("sign", [*ARITHMETIC, *COMPARISONS, "&", "^"])
def test_an_operator_on_values_of_all_kinds(sign: str, monkeypatch: pytest.MonkeyPatch) -> None:
    alone_and_together((f"=A#{sign}B#", f"=(A#{sign}B#)&-A#&B#%"), monkeypatch)


@pytest.mark.parametrize("name", [*AGGREGATES, *EXACT])
def test_a_function_of_values_of_all_kinds(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    given = ("A#:B#", "B#,-A#")
    if name in EXACT:
        two = RECORDS[name].signature.accepts(2)
        given = ("A#,B#", "-A#,") if two else ("A#", "-B#")
    alone_and_together((f"={name}({given[0]})", f"={name}({given[1]})"), monkeypatch)


@given(
    st.floats(-1e12, 1e12) | st.integers(-(10**7), 10**7).map(lambda n: n / 1000),
    st.integers(-4, 17) | st.sampled_from([-400, 400, 308]),
)
@settings(derandomize=True, deadline=None, max_examples=100)
def test_rounding(number: float, digits: int) -> None:
    cells: dict[str, Scalar] = {"A1": number, "A2": float(digits)}
    for row, name in enumerate(("ROUND", "ROUNDUP", "ROUNDDOWN"), 1):
        cells[f"C{2 * row}"] = f"={name}(A1,A2)"
    with pytest.MonkeyPatch.context() as patch:
        both(cells, patch)


SUMMED: list[Scalar] = [
    *(0.0, -0.0, 1.0, -2.5, 0.125, 2.0**40, 2.0**-10, 3.0, 123456789.125),
    *(value for value in VALUES if not isinstance(value, float) or isinstance(value, ErrorCode)),
]
"""The same with numbers whose sums are the same in any order."""
CRITERIA = ["3", "<>3", ">1", "<=0", "=", "<>", "", "text", "<>TEXT", "t*", ">t", "TRUE", "#N/A"]
CRITERIA += [">=true", "<>#DIV/0!", "=3", "> 1", "1/2"]


@pytest.mark.parametrize("wanted", [*SUMMED, *CRITERIA])
def test_criteria_of_all_kinds(wanted: Scalar, monkeypatch: pytest.MonkeyPatch) -> None:
    numbers: list[Scalar] = [0.5, 0.25, -0.0, 1024.0, -1.75, 8.5, "text", True, None, 3.0]
    cells: dict[str, Scalar] = {"D1": wanted, "D2": ">0"}
    for row, tested in enumerate(SUMMED, 1):
        beside = numbers[row % len(numbers)]
        cells |= {f"A{row}": tested, f"B{row}": beside, f"C{row}": row % 7 - 2.0}
    last = len(SUMMED)
    tested, summed, other = f"A1:A{last}", f"B1:B{last}", f"C1:C{last}"
    calls = [f"{name}({tested},D1,{summed})" for name in ("SUMIF", "AVERAGEIF")]
    calls += [f"{name}({tested},D1)" for name in ("SUMIF", "COUNTIF", "COUNTIFS", "AVERAGEIF")]
    several = ("SUMIFS", "AVERAGEIFS", "MINIFS", "MAXIFS")
    calls += [f"{name}({other},{tested},D1,{summed},D2)" for name in several]
    calls += [f"SUMIF({tested},D1,B2)", f"COUNTIF(A1:A{last + 3},D1)", f"COUNTIF(A1:B{last},D1)"]
    calls += [f"SUMIFS(A1:A{last},{other},D2)", f"SUMIFS(A1:A9,{tested},D1)"]
    assert {one.split("(")[0] for one in calls} == set(CONDITIONALS)
    cells |= {f"F{2 * row}": f"={call}" for row, call in enumerate(calls, 1)}
    both(cells, monkeypatch)


@pytest.mark.parametrize("wanted", VALUES)
def test_look_ups_of_values_of_all_kinds(wanted: Scalar, monkeypatch: pytest.MonkeyPatch) -> None:
    cells: dict[str, Scalar] = {f"A{row}": one for row, one in enumerate(VALUES, 1)}
    cells |= {f"B{row}": float(row) for row in range(1, len(VALUES) + 1)} | {"D1": wanted}
    last = len(VALUES) + 3
    asked = [f"A1:A{last},D1", f"A1:B{last},D1,2", "A2:B2,D1", f"A1:B{last},2,D1"]
    calls = [f"INDEX({one})" for one in asked]
    calls += [f"MATCH(D1,A1:A{last},0)", "MATCH(D1,A2:B2,0)", f"MATCH(D1,A1:B{last},0)"]
    calls += [f"VLOOKUP(D1,A1:B{last},{line},FALSE)" for line in ("2", "3", "1.5", "D1")]
    assert {one.split("(")[0] for one in calls} == set(LOOKUPS)
    cells |= {f"E{2 * row}": f"={call}" for row, call in enumerate(calls, 1)}
    cells |= {f"G{2 * row}": f"=IFERROR({call},A{row})" for row, call in enumerate(calls, 1)}
    both(cells, monkeypatch)


def test_questions(monkeypatch: pytest.MonkeyPatch) -> None:
    cells: dict[str, Scalar] = {f"A{row}": value for row, value in enumerate(VALUES, 1)}
    for place, name in enumerate([*QUESTIONS, *RESCUED]):
        more = ",A2" if name in RESCUED else ""
        for row in range(1, len(VALUES) + 1):
            cells[cell_name(2 * row, 2 + 2 * place)] = f"={name}(A{row}{more})"
            cells[cell_name(2 * row, 3 + 2 * place)] = f"={name}(-A{row}{more})"
    both(cells, monkeypatch)


ALONE = [name for name, record in RECORDS.items() if isinstance(record.run, Alone)]
MIXED: list[Scalar] = ["a text", 3.0, 2.0, "2024-02-29", True, None, 45000.5, "x", -1.0, "0.00"]


@pytest.mark.parametrize("date1904", [False, True])
def test_functions_of_single_values(date1904: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    cells: dict[str, Scalar] = {f"A{row}": value for row, value in enumerate(MIXED, 1)}
    for place, name in enumerate(ALONE):
        signature = RECORDS[name].signature
        for row in range(6):
            count = signature.minimum + (row % 2 if signature.accepts(signature.minimum + 1) else 0)
            given = [f"A{(place + row * (i + 1) + 3 * i) % len(MIXED) + 1}" for i in range(count)]
            cells[cell_name(2 * place, 2 + 2 * row)] = f"={name}({','.join(given)})"
    both(cells, monkeypatch, date1904)


WITHOUT_TORCH = """
import sys, xlcollab
check = xlcollab.open(sys.argv[1]).recalculate()
assert not check.unsupported, check.unsupported
print(check.formulas, *(name for name in ("torch", "numba", "scipy") if name in sys.modules))
"""


def test_none_of_them_loads_torch(tmp_path: Path) -> None:
    cells: dict[str, Scalar] = {"A1": 0.5, "A2": 2.0, "A3": 3.0, "B1": 1.0, "B2": 2.0, "B3": 3.0}
    calls = [f"{name}(A1{',A2' * RECORDS[name].signature.accepts(2)})" for name in EXACT]
    calls += [f"{name}(A1:A3)" for name in AGGREGATES] + [f"{name}()" for name in CONSTANTS]
    calls += ["INDEX(A1:A3,2)", "MATCH(A2,A1:A3,0)", "VLOOKUP(A1,A1:B3,2,FALSE)", "A1^B1", "A1&B1"]
    calls += [f"{name}(A1)" for name in QUESTIONS] + ["IFNA(A1,2)", "IFERROR(A1,2)"]
    calls += ["SUMIF(A1:A3,2)", "COUNTIFS(A1:A3,2)", 'TEXT(A1,"0.0")', "YEAR(A3)", "LEFT(B1)"]
    cells |= {f"C{2 * row}": f"={call}" for row, call in enumerate(calls, 1)}
    cells |= {f"E{row}": f"=ROUND($A$1*A{row % 3 + 1},{row % 2})" for row in range(1, 400)}
    book = build(tmp_path / "book.xlsx", {"S": cells})
    command = [sys.executable, "-c", WITHOUT_TORCH, str(book)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.split() == [str(len(calls) + 399)]


@pytest.mark.parametrize("call", ["COMPLEX({},4)", "MROUND({},{})", "BESSELK({},0)", "ROUND({},1)"])
def test_a_blank_cell_is_not_what_is_left_out(call: str, monkeypatch: pytest.MonkeyPatch) -> None:
    cells: dict[str, Scalar] = {"A1": None, "A2": 1.0}
    for row, one in enumerate(("A1", "", "+A1", "IF(A2,A1)", "INDEX(A1:A2,1)", "IFERROR(A1,2)"), 1):
        cells[f"C{2 * row}"] = "=" + call.replace("{}", one)
    both(cells, monkeypatch)


def test_a_chain_of_different_formulas(monkeypatch: pytest.MonkeyPatch) -> None:
    cells: dict[str, Scalar] = {"A1": 1.0}
    for row in range(2, 120):
        cells[f"A{row}"] = f"=IF(A{row - 1}>{row},SQRT(A{row - 1}),A{row - 1}*{row}-{row / 7})"
    both(cells, monkeypatch)


GROWING = (
    "COUNTIF(A$1:A{r},A{r})",
    'COUNTIF(A$1:A{r},"<>t")',
    'COUNTIFS(A$1:A{r},A{r},B$1:B{r},">=1")',
    "SUMIF(A$1:A{r},A{r},B$1:B{r})",
    'SUMIF(B$1:B{r},">1")',
    "AVERAGEIF(A$1:A{r},A{r},B$1:B{r})",
    "SUMIFS(B$1:B{r},A$1:A{r},A{r})",
    'AVERAGEIFS(B$1:B{r},B$1:B{r},">0",A$1:A{r},A{r})',
    "MINIFS(B$1:B{r},A$1:A{r},A{r})",
    "MAXIFS(B$1:B{r},A$1:A{r},A{r})",
    "MATCH(A{r},A$1:A{r},0)",
    "VLOOKUP(A{r},A$1:B{r},2,FALSE)",
    "COUNTIF($A1:A1,A1)+COUNTIF(A{r}:A$50,A{r})",
)

GROWN = [one for one in (*SUMMED, "t", 2.0) if one != "t*t"]
"""Without wildcards, which are left to blocks."""


@given(st.lists(st.sampled_from(GROWN), min_size=72, max_size=72))
@settings(derandomize=True, deadline=None, max_examples=4)
def test_lines_that_grow_are_looked_at_once(drawn: list[Scalar]) -> None:
    cells: dict[str, Scalar] = {}
    for row, (one, other) in enumerate(zip(drawn[::2], drawn[1::2], strict=True), 1):
        cells |= {f"A{row}": one, f"B{row}": other}
        for column, formula in enumerate(GROWING, 3):
            cells[cell_name(row - 1, column)] = "=" + formula.format(r=row)
    with pytest.MonkeyPatch.context() as patch:
        both(cells, patch)


def values(cells: Mapping[str, Scalar]) -> dict[tuple[int, int], Scalar]:
    """The values of all formulas."""
    book = workbook(dict(cells))
    found: dict[tuple[int, int], Scalar] = {}
    for family, block in recalculate(build_plan(book)).results:
        found |= dict(zip(family.rect.cells(), Context(book.texts).values(block), strict=True))
    return found


def near(cells: Mapping[str, Scalar], monkeypatch: pytest.MonkeyPatch) -> None:
    """As `both`, but that numbers may differ in how sums and products are rounded."""
    alone = values(cells)
    with monkeypatch.context() as patch:
        patch.setattr(few_cells, "MOST_CELLS", 0)
        patch.setattr(few_cells, "MOST_GROWING", 0)
        blocks = values(cells)
    assert alone.keys() == blocks.keys()
    for place, value in alone.items():
        if type(value) is float:
            assert value == pytest.approx(blocks[place], rel=1e-13, abs=1e-15), place
        else:
            assert (type(value), value) == (type(blocks[place]), blocks[place]), place


RUNS = (
    *(f"{name}(A$1:A{{r}})" for name in sorted({*RUNNING} - {*RANKED})),
    *(f"{name}(A$1:A{{r}},{k})" for name in RANKED for k in ("1", "2.5", "B{r}", "C$1")),
    "SUM(B$1:B{r})/COUNTA(A$1:A{r})",
    'COUNTA(A$1:A{r})&TEXT(MAX(B$1:B{r}),"0.0")',
    "AVERAGE(A$1:A{r})-AVERAGE(A$1:A{p})",
    "SUMPRODUCT(A$1:A{r},B$1:B{r})",
    "SUMPRODUCT(A$1:A{r})",
    "SUMPRODUCT(A$2:A{r},--(B$2:B{r}>1),B$2:B{r})",
    "SUMPRODUCT((A$1:A{r}<>2)*(B$1:B{r}=B$1:B{r})%)/MAX(B$1:B{r})",
)


@given(st.lists(st.sampled_from([*SUMMED, None, "t", True, ErrorCode.NA]), min_size=96))
@settings(derandomize=True, deadline=None, max_examples=2)
def test_aggregates_of_lines_that_grow_take_each_cell_once(drawn: list[Scalar]) -> None:
    cells: dict[str, Scalar] = {"C1": 2.0}
    for row, (one, other) in enumerate(zip(drawn[::2], drawn[1::2], strict=False), 1):
        cells |= {f"A{row + 1}": one, f"B{row + 1}": other}
        for column, formula in enumerate(RUNS, 4):
            cells[cell_name(row, column)] = "=" + formula.format(r=row + 1, p=row)
    with pytest.MonkeyPatch.context() as patch:
        near(cells, patch)
