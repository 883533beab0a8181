"""Families evaluated as blocks beside the same formulas evaluated cell by cell, each cell a family
of its own: the same values and the same derivatives."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

import xlcollab as xc
from tests.build import build
from tests.shared_data import lesson
from xlcollab.grid import Workbook
from xlcollab.kernels.trace.compiler import Compiler
from xlcollab.plan import BrokenFormula, Family, Plan, build_plan
from xlcollab.ref import AreaRef, Rect, parse_area

plan_module: Any = import_module("xlcollab.plan.plan")
Array = NDArray[np.float64]


@contextmanager
def _cell_by_cell() -> Iterator[None]:
    """While it lasts, `build_plan` makes a family of every copy."""
    whole = plan_module.families

    def split(workbook: Workbook) -> tuple[list[Family], list[BrokenFormula]]:
        found, broken = whole(workbook)
        return [part for family in found for part in _copies(family)], broken

    plan_module.families = split
    try:
        yield
    finally:
        plan_module.families = whole


def _copies(family: Family) -> Iterator[Family]:
    height, width = family.step
    for i in range(family.rows):
        for j in range(family.columns):
            top, left = family.rect.top + i * height, family.rect.left + j * width
            yield family.part(Rect(top, left, height, width))


def _plans(workbook: Workbook) -> tuple[Plan, Plan]:
    """(folded, cell by cell)."""
    folded = build_plan(workbook)
    with _cell_by_cell():
        return folded, build_plan(workbook)


def _value_and_gradient(plan: Plan, objective: AreaRef, variables: Sequence[AreaRef]) -> Array:
    """The value, then the derivatives, at a point beside the start."""
    blocks = [plan.workbook.sheet(area.sheet).block(area.rect)[1] for area in variables]
    start = np.concatenate([block.ravel() for block in blocks])
    compiler = Compiler(plan, variables, start)
    function = compiler.function([compiler.cells(objective)])
    generator = torch.Generator().manual_seed(3)
    noise = torch.rand(len(start), generator=generator, dtype=torch.float64)
    point = (compiler.start + 0.1 * noise).requires_grad_()
    value = function.scalar(point)
    if not value.requires_grad or value.isnan():  # an error has no derivative
        return np.concatenate([[float(value.detach())], np.zeros(len(start))])
    (slope,) = torch.autograd.grad(value, point)
    return np.concatenate([[float(value.detach())], slope.numpy()])


def _agree(workbook: Workbook, objective: str, variables: Sequence[str]) -> None:
    areas = [parse_area(text) for text in variables]
    folded, single = (
        _value_and_gradient(plan, parse_area(objective), areas) for plan in _plans(workbook)
    )
    np.testing.assert_allclose(folded, single, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("sheet", ["dotprod", "bias", "movielens_emb"])
def test_the_lesson_sheets(sheet: str) -> None:
    book = xc.open(lesson("collab_filter.xlsx"))
    (model,) = book.models(sheet)
    _agree(book.workbook, str(model.objective), [str(area) for area in model.variables])


def test_the_plans_differ() -> None:
    folded, single = _plans(xc.open(lesson("collab_filter.xlsx")).workbook)
    assert len(folded.families) < 100
    assert len(single.families) == sum(f.rows * f.columns for f in folded.families) > 3000


SIZE = 5
INPUT, FIRST, SECOND = "ABCDE", "GHIJK", "MNOPQ"

CELL = (
    "{c}{r}",
    "${c}{r}",
    "{c}${r}",
    "$A{r}",
    "A$1",
    "$B$2",
    "{n}{r}",
    "SUM({c}$1:{c}{r})",
    "SUM($A{r}:$E{r})",
    "SUMPRODUCT($A{r}:$E{r},$A$1:$E$1)",
    "MMULT($A{r}:$E{r},{c}$1:{c}$5)",
    "MAX({c}$1:{c}$5)",
    "AVERAGE($A$1:{c}{r})",
    "SUMXMY2($A{r}:$E{r},$A$2:$E$2)",
    "INDEX({c}$1:{c}$5,{r})",
    "OFFSET($A$1,{r}-1,1)",
    'IF({c}{r}="",0,{c}{r}*2)',
    "IF({c}{r}>1,{c}{r}^2,-{c}{r})",
    'SUMIF($A{r}:$E{r},">1")',
    "COUNT($A{r}:$E{r})",
    "{c}{r}%",
)
"""Operands as people type them; {c} the column in question, {n} the one after it, {r} the row."""
JOIN = (
    "{0}+{1}",
    "{0}-{1}",
    "{0}*{1}",
    "{0}/(3+ABS({1}))",
    "EXP(-ABS({0}))+{1}",
    "SQRT(1+({0})^2)",
)
OBJECTIVE = ("=SUM({0})", "=SUMSQ({0})", "=SQRT(SUMXMY2({0},{1}))", "=AVERAGE({0})", "=MAX({0})")

operands = st.sampled_from(CELL)
templates = st.builds(str.format, st.sampled_from(JOIN), operands, operands)
numbers = st.floats(-3, 3, allow_nan=False).map(lambda v: round(v, 3))
entries = st.one_of(numbers, numbers, numbers, st.none(), st.just(True))
blocks = st.lists(entries, min_size=SIZE * SIZE, max_size=SIZE * SIZE)


def _filled(template: str, target: str, source: str) -> dict[str, str]:
    """A formula filled over five rows of the target columns, reading the source columns."""
    shifted = source + chr(ord(source[-1]) + 1)
    cells = {}
    for j, column in enumerate(target):
        for row in range(1, SIZE + 1):
            text = template.format(c=source[j], n=shifted[j + 1], r=row)
            cells[f"{column}{row}"] = "=" + text
    return cells


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    first=templates,
    second=templates,
    inputs=blocks,
    text=st.booleans(),
    objective=st.sampled_from(OBJECTIVE),
)
def test_random_sheets(
    first: str,
    second: str,
    inputs: list[object],
    text: bool,
    objective: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    cells: dict[str, object] = {
        f"{INPUT[i % SIZE]}{i // SIZE + 1}": value for i, value in enumerate(inputs)
    }
    if text:  # rarely: what adds it up as an operand is an error from there on
        cells["D5"] = "text"
    cells |= {f"{column}3": 0.5 + number for number, column in enumerate(INPUT)}
    cells |= _filled(first, FIRST, INPUT) | _filled(second, SECOND, FIRST)
    cells["S1"] = objective.format("M1:Q5", "G1:K5")
    path = build(tmp_path_factory.mktemp("folding") / "b.xlsx", {"S": cells})
    _agree(xc.open(path).workbook, "S!S1", ["S!A3:E3"])


def test_a_chain_filled_down(tmp_path: Path) -> None:
    """Row t + 1 reads row t: waves of one row each."""
    cells: dict[str, object] = {"A1": 1.0, "B1": 0.9, "C1": 0.1}
    cells |= {f"A{row}": f"=A{row - 1}*$B$1+SIN(A{row - 1})*$C$1" for row in range(2, 60)}
    cells["E1"] = "=SUMSQ(A1:A59)"
    path = build(tmp_path / "chain.xlsx", {"S": cells})
    _agree(xc.open(path).workbook, "S!E1", ["S!A1:C1"])


def test_neighbours_that_differ_in_one_row(tmp_path: Path) -> None:
    cells: dict[str, object] = {f"A{row}": float(row) for row in range(1, 8)}
    cells |= {f"B{row}": f"=A{row}^2" for row in range(1, 8)}
    cells |= {"B4": "=A4^2+A1", "B6": 12.0, "D1": "=SUM(B1:B7)"}
    path = build(tmp_path / "odd.xlsx", {"S": cells})
    _agree(xc.open(path).workbook, "S!D1", ["S!A1:A7"])
