"""Scalar programs against the values that the tensor engine gives the same formulas."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.build import build
from xlcollab.errors import UnsupportedError
from xlcollab.files import FileBook
from xlcollab.formula.signatures import SIGNATURES
from xlcollab.grid import DefinedName, Kind
from xlcollab.kernels.scalar import ScalarProgram, build_program, ops
from xlcollab.kernels.scalar.functions import FORMS
from xlcollab.kernels.trace.recalculate import recalculate
from xlcollab.plan import Plan, build_plan
from xlcollab.ref import CellRef, parse_cell

VALUES = {"A1": 2.5, "A2": -1.25, "A3": 7, "A5": "text", "A6": True, "B1": 3, "B2": 4, "B3": 0.5}
"""A4 and B4 are blank."""
CALLS = {
    **{name: f"{name}(A1/9)" for name in ops.OF_VALUES},
    **{name: f"{name}(A1,B1)" for name in ("POWER", "MOD")},
    **{name: f"{name}(A1:A6,B1,2)" for name in (*ops.OF_NUMBERS, *ops.OF_TRUTHS, "COUNT")},
    **{name: f"{name}(A1:A6,4)" for name in ("AVERAGE", "DEVSQ", "VAR", "VAR.S", "VARP", "VAR.P")},
    **{name: f"{name}(A1:A6,4)" for name in ("STDEV", "STDEV.S", "STDEVP", "STDEV.P")},
    **{name: f"{name}(A1:A6,B1:B6)" for name in ("SUMPRODUCT", "SUMXMY2", "SUMX2MY2", "SUMX2PY2")},
    "LOG": "LOG(A3,B1)+LOG(A1)",
    "PI": "PI()*A1",
    "IFERROR": "IFERROR(SQRT(A2),A3)+IFERROR(A1,1/0)",
}
FORMULAS = [
    "-A1^2",
    "A1^B1^2",
    "A1-B1-A3",
    "A1%+A3*50%",
    "A1/B4",
    "A4+A6+A1",
    "0^(A1-A1)",
    "A2^0.5",
    "IF(A1>B1,A1,B1)",
    'IF(A4="",A3,1/0)',
    'IF(A5="TEXT",A3,A1)',
    "IF(A4,1,A2)",
    "IF(A1<>A2,1)*2",
    "(A1>=2.5)*(A3<=7)*(A2<0)*(B1=3)",
    "COUNT(A1:A6,A6)",
    "SUM(A1:A3*1)",
    "EXP(400*A1)",
    "SUM(A1:A3)/COUNT(B4)",
    "MAX(A4:A5)+A1",
    "SUM(A1:A3,1/0)",
]


def program_of(path: Path, formulas: list[str]) -> tuple[Plan, ScalarProgram, list[CellRef]]:
    cells = {f"D{row}": f"={text}" for row, text in enumerate(formulas, 1)}
    workbook = FileBook(build(path / "book.xlsx", {"S": VALUES | cells})).read()
    plan = build_plan(workbook)
    inputs = [CellRef("S", *parse_cell(address)) for address in ("A1", "A2", "A3", "B1")]
    where = [CellRef("S", row, 3) for row in range(len(formulas))]
    return plan, build_program(plan, inputs), where


def judged(plan: Plan) -> dict[CellRef, float]:
    """The tensor engine's values; errors are not-a-number."""
    found = {}
    for family, block in recalculate(plan).results:
        kinds = block.kinds()[0, 0].numpy().reshape(-1)
        numbers = block.number.expand(block.shape)[0, 0].numpy().reshape(-1)
        for cell, kind, number in zip(family.area.cells(), kinds, numbers, strict=True):
            found[cell] = np.nan if kind == Kind.ERROR else float(number)
    return found


def test_the_table_of_calls_is_complete() -> None:
    known = {name for name, found in SIGNATURES.items() if found.scalar}
    assert {*CALLS, "IF"} == known
    assert set(FORMS) <= known


def test_every_function_and_operator(tmp_path: Path) -> None:
    formulas = [*CALLS.values(), *FORMULAS]
    plan, program, where = program_of(tmp_path, formulas)
    registers, judge, refused = program.start(), judged(plan), []
    for text, cell in zip(formulas, where, strict=True):
        if cell not in program.cells:
            refused.append(text)
            continue
        found = registers[program.cells[cell]]
        assert found == pytest.approx(judge[cell], rel=1e-14, nan_ok=True), text
    assert refused == ["SUM(A1:A3*1)"]


def test_refusals_name_cell_and_function(tmp_path: Path) -> None:
    _, program, where = program_of(tmp_path, ["GAMMALN(A1)", "D1+1", 'A1&"x"', "A5+1"])
    said = [
        "S!D1 cannot be computed: the function GAMMALN has no scalar form",
        "S!D2 cannot be computed: it reads S!D1: the function GAMMALN",
        "S!D3 cannot be computed: the operator '&' is not a number formula",
    ]
    for cell, sentence in zip(where, said, strict=False):
        with pytest.raises(UnsupportedError, match=sentence.replace("(", r"\(")):
            program.register(cell)


def test_sums_run_from_left_to_right(tmp_path: Path) -> None:
    """1e16 + 1 + 1 loses both ones from the left, and keeps them from the right."""
    cells = {"A1": 1e16, "A2": 1, "A3": 1, "A4": "=SUM(A1:A3)", "A5": "=SUM(A2,A3,A1)"}
    plan = build_plan(FileBook(build(tmp_path / "book.xlsx", {"S": cells})).read())
    program = build_program(plan, [CellRef("S", 0, 0)])
    registers = program.start()
    values = [registers[program.cells[CellRef("S", row, 0)]] for row in (3, 4)]
    assert values == [1e16, 1e16 + 2]


def test_an_input_that_holds_a_formula_is_a_number(tmp_path: Path) -> None:
    cells = {"A1": 1, "A2": "=A1+1", "A3": "=A2*10"}
    plan = build_plan(FileBook(build(tmp_path / "book.xlsx", {"S": cells})).read())
    program = build_program(plan, [CellRef("S", 1, 0)])
    registers = program.start()
    registers[program.cells[CellRef("S", 1, 0)]] = 7.0
    program.calculate(registers)
    assert registers[program.cells[CellRef("S", 2, 0)]] == 70.0


def test_names_used_twice_are_lowered_once(tmp_path: Path) -> None:
    """30 names, each used twice by the next: written out, a formula of 2^30 terms."""
    names = {"N1_": "S!$A$1*1"} | {f"N{i}_": f"N{i - 1}_*0.5+N{i - 1}_" for i in range(2, 31)}
    workbook = FileBook(build(tmp_path / "book.xlsx", {"S": {"A1": 2.5, "A2": "=N30_+1"}})).read()
    workbook.names = [DefinedName(name, text) for name, text in names.items()]
    program = build_program(build_plan(workbook), [CellRef("S", 0, 0)])
    registers = program.start()
    program.calculate(registers)
    assert registers[program.cells[CellRef("S", 1, 0)]] == pytest.approx(2.5 * 1.5**29 + 1)
    assert len(program.codes) < 100


@pytest.mark.parametrize("name", ["SUMPRODUCT", "SUMXMY2", "SUMX2MY2", "SUMX2PY2"])
@pytest.mark.parametrize("areas", ["A1:A3,B1:B9", "B1:B9,A1:A3", "A1:A3,A1:C1", "A1:B1,A1:A2"])
def test_areas_of_different_sizes(name: str, areas: str, tmp_path: Path) -> None:
    """What lies beyond the used part counts for the size of an area, too."""
    sheet = {
        "A1": 1,
        "A2": 2,
        "A3": 3,
        "B1": 1,
        "B2": 2,
        "B3": 4,
        "C1": 5,
        "E1": f"={name}({areas})",
    }
    plan = build_plan(FileBook(build(tmp_path / "book.xlsx", {"S": sheet})).read())
    program, cell = build_program(plan, [CellRef("S", 0, 0)]), CellRef("S", 0, 4)
    if cell in program.refused:
        return
    registers = program.start()
    program.calculate(registers)
    np.testing.assert_allclose(registers[program.cells[cell]], judged(plan)[cell])
