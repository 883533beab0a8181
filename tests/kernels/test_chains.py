"""Chains of rows as one instruction beside the same cells one by one: values, kinds, slopes.

The judge is the exact tape over the plan in waves, where each row is a block of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.kernels.engine import Cells, workbook
from xlcollab.grid import DefinedName, ErrorCode, Kind, Scalar
from xlcollab.kernels.program.core.graph import NotLoweredError
from xlcollab.kernels.program.machine.native import native
from xlcollab.kernels.program.plain import plain
from xlcollab.kernels.program.recording.record import record
from xlcollab.kernels.scan import codes
from xlcollab.kernels.scan.body import _FORMS
from xlcollab.kernels.scan.machine import forward
from xlcollab.kernels.scan.warming import run_passes
from xlcollab.kernels.trace.compiler import Compiler
from xlcollab.kernels.trace.passes import scannable
from xlcollab.kernels.trace.recalculate import recalculate
from xlcollab.plan import Plan, build_plan
from xlcollab.ref import column_letters, parse_area

Shown = dict[str, tuple[int, float]]
"""Cell → (kind, number)."""


@pytest.fixture(autouse=True, scope="module")
def machine() -> Iterator[None]:
    """The machine is taken for these small sheets too, where it must be compiled first."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("xlcollab.kernels.trace.passes.MOST_COLD", 0)
        yield


def shown(plan: Plan) -> Shown:
    found: Shown = {}
    for family, block in recalculate(plan).results:
        kinds = block.kinds()[0, 0].reshape(-1).tolist()
        numbers = block.number.expand(block.shape)[0, 0].reshape(-1).tolist()
        for cell, kind, number in zip(family.area.cells(), kinds, numbers, strict=True):
            found[str(cell)] = (kind, number)
    return found


def assert_same_values(cells: Cells) -> Plan:
    """One pass gives what the cells one by one give; the plan with its chains."""
    plan = scannable(build_plan(workbook(cells), few=0))
    ours, judge = shown(plan), shown(plan.unrolled())
    assert ours.keys() == judge.keys()
    for cell, (kind, number) in judge.items():
        assert ours[cell][0] == kind, cell
        assert ours[cell][1] == pytest.approx(number, rel=1e-11, abs=1e-11), cell
    return plan


def assert_one_pass(cells: Cells, families: int = 1) -> None:
    plan = assert_same_values(cells)
    assert sum(len(chain.members) for chain in plan.chains) == families


def assert_same_slopes(cells: Cells, variables: str, *, second: bool = True) -> None:
    """Value, gradient and Hessian of all results beside those of the cells one by one; and the core
    program with the pass in it, beside the tape."""
    plan = build_plan(workbook(cells), few=0)
    area = parse_area(variables, "Sheet1")
    _, start = plan.workbook.sheet("Sheet1").block(area.rect)
    found = [_derivatives(one, variables, start.reshape(-1), second) for one in _both(plan)]
    assert_lowered(*_weighted(plan, variables, start.reshape(-1)))
    for ours, judge in zip(*found, strict=True):
        size = np.nanmax(np.abs(judge), initial=1.0)
        np.testing.assert_allclose(ours, judge, rtol=0, atol=1e-10 * size)


def assert_lowered(weighted: Callable[..., tuple[torch.Tensor, ...]], x: torch.Tensor) -> None:
    """The pass is a routine of both machines, which agree with the tape here and beside."""
    try:
        recording = record(lambda x: [weighted(x)[1]], x)
    except NotLoweredError:
        return  # who reads the cells finds texts there
    for point in (x, x + 1e-3 * torch.cos(torch.arange(len(x), dtype=torch.float64))):
        leaf = point.clone().requires_grad_()
        value = weighted(leaf)[1]
        (slope,) = torch.autograd.grad(value, leaf)
        for program in (native(recording), plain(recording)):
            found = program.value_and_gradient(point.numpy())
            if found is None:
                assert not (value.isfinite() and slope.isfinite().all())
                continue
            assert found[0] == pytest.approx(value.item(), rel=1e-12)
            np.testing.assert_allclose(found[1], slope, rtol=1e-12, atol=1e-12 * slope.abs().max())


def _both(plan: Plan) -> tuple[Plan, Plan]:
    assert plan.chains
    return plan, plan.unrolled()


def _weighted(
    plan: Plan, variables: str, start: np.ndarray
) -> tuple[Callable[[torch.Tensor], tuple[torch.Tensor, torch.Tensor]], torch.Tensor]:
    """x ↦ all cells, and the sum of those that are numbers, each with a weight of its own; and the
    start."""
    compiler = Compiler(plan, [parse_area(variables, "Sheet1")], start)
    sheet = plan.workbook.sheet("Sheet1")
    values = [
        compiler.cells(
            parse_area(f"{column_letters(c)}1:{column_letters(c)}{sheet.height}", "Sheet1")
        )
        for c in range(sheet.width)
    ]
    function = compiler.function(values)

    def weighted(x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        parts = function(x)
        weights = torch.cos(torch.arange(len(parts), dtype=torch.float64))
        good = torch.isfinite(parts)
        return parts, (torch.where(good, parts, 0.0) * weights).sum()

    return weighted, compiler.start


def _derivatives(
    plan: Plan, variables: str, start: np.ndarray, second: bool
) -> tuple[np.ndarray, ...]:
    weighted, point = _weighted(plan, variables, start)
    x = point.clone().requires_grad_()
    parts, total = weighted(x)
    good = torch.isfinite(parts)
    (slope,) = torch.autograd.grad(total, x, create_graph=second)
    numbers = torch.where(good, parts, -1.0).detach().numpy()
    if not second:
        return numbers, slope.numpy()
    return numbers, slope.detach().numpy(), _rows(slope, x)


def _rows(slope: torch.Tensor, x: torch.Tensor) -> np.ndarray:
    """The derivatives of a gradient; 0 where it depends on nothing."""
    if not slope.requires_grad:
        return np.zeros((len(x), len(x)))
    found = [torch.autograd.grad(one, x, retain_graph=True, allow_unused=True)[0] for one in slope]
    return np.stack([np.zeros(len(x)) if row is None else row.numpy() for row in found])


def rows(first: int, last: int, formulas: Mapping[str, str]) -> dict[str, Scalar]:
    """Formulas filled down: `{r}` is the row, `{p}` the one above, `{q}` the one above that,
    `{s}` four above, `{n}` the one below."""
    return {
        f"{column}{r}": text.format(r=r, p=r - 1, q=r - 2, s=r - 4, n=r + 1)
        for r in range(first, last + 1)
        for column, text in formulas.items()
    }


DATA: dict[str, Scalar] = {f"F{r}": (r * 7 % 5) / 4 - 0.4 for r in range(1, 31)}

SHEETS: dict[str, tuple[dict[str, Scalar], int]] = {
    "a chain": ({"A1": 1.0} | rows(2, 30, {"A": "=A{p}*1.01+F{r}"}), 1),
    "Fibonacci": ({"A1": 1.0, "A2": 1.0} | rows(3, 30, {"A": "=A{p}+A{q}"}), 1),
    "backwards": ({"A31": 1.0} | rows(1, 30, {"A": "=A{n}*0.9+F{r}"}), 1),
    "two columns": (
        {"A1": 1.0, "B1": 0.5} | rows(2, 30, {"A": "=A{p}+B{p}/3", "B": "=A{r}*0.5-B{p}/9"}),
        2,
    ),
    "an infection": (
        {"A1": 0.99, "B1": 0.01, "C1": 0.0}
        | rows(
            2,
            30,
            {
                "A": "=A{p}-0.3*A{p}*B{p}",
                "B": "=B{p}+0.3*A{p}*B{p}-0.1*B{p}",
                "C": "=C{p}+0.1*B{p}",
            },
        ),
        3,
    ),
    "seasons": (
        {"A4": 1.0, "B4": 0.1, **{f"C{r}": 1 + r / 20 for r in range(1, 5)}}
        | rows(
            5,
            30,
            {
                "A": "=0.3*F{r}/C{s}+0.7*(A{p}+B{p})",
                "B": "=0.2*(A{r}-A{p})+0.8*B{p}",
                "C": "=0.1*F{r}/(A{p}+B{p}+3)+0.9*C{s}",
            },
        ),
        3,
    ),
    "running sum": (rows(1, 30, {"A": "=SUM(F$1:F{r})"}), 1),
    "a sum of all above": ({"A1": 1.0} | rows(2, 30, {"A": "=SUM(A$1:A{p})"}), 1),
    "running extremes": (
        rows(1, 30, {"A": "=MAX(F$1:F{r})-MIN(F$1:F{r})+COUNT(F$1:F{r})*AVERAGE(F$1:F{r},2)"}),
        1,
    ),
    "sums to the end": (rows(1, 30, {"A": "=SUM(F{r}:F$30)*2"}), 1),
    "a table fed from above and left": (
        {"A1": 1.0, **{f"A{r}": 1.0 for r in range(2, 20)}, "B1": 1.0, "C1": 1.0, "D1": 1.0}
        | rows(2, 19, {"B": "=A{r}/2+B{p}/3", "C": "=B{r}/2+C{p}/3", "D": "=C{r}/2+D{p}/3"}),
        1,
    ),
    "from the right": (
        {"D1": 1.0, "A1": 1.0, "B1": 1.0, "C1": 1.0, **{f"D{r}": 1.0 for r in range(2, 20)}}
        | rows(2, 19, {"A": "=B{r}/2+A{p}/3", "B": "=C{r}/2+B{p}/3", "C": "=D{r}/2+C{p}/3"}),
        1,
    ),
    "a window": (
        {"A1": 1.0, "A2": 2.0, "A3": 3.0} | rows(4, 30, {"A": "=SUMPRODUCT(A{q}:A{p},F$1:F$2)"}),
        1,
    ),
    "a kink": ({"A1": 1.0} | rows(2, 30, {"A": "=MAX(0,A{p}+F{r},F$3)-IF(A{p}>1,A{p}/2,F{r})"}), 1),
}


@pytest.mark.parametrize("name", SHEETS)
def test_one_pass_gives_what_the_cells_give_one_by_one(name: str) -> None:
    cells, families = SHEETS[name]
    assert_one_pass(DATA | cells, families)


@pytest.mark.parametrize("name", [n for n in SHEETS if n != "Fibonacci"])
def test_slopes_go_through_a_pass(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("xlcollab.kernels.trace.passes.MOST_BENT", 0)
    cells, _ = SHEETS[name]
    assert_same_slopes(DATA | cells, "F1:F5")


CHANGING = {
    "a cell without a number": "=IF(F$1>2,1/(F$1-F$1),A{p}*F$1)",
    "a truth for a number": "=IF(F$1>2,A{p}>0,A{p}*F$1)",
    "too large": "=A{p}*EXP(F$1*F$1*F$1*99)",
}


@pytest.mark.parametrize("name", CHANGING)
def test_a_machine_has_no_answer_where_kinds_in_a_pass_change(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("xlcollab.kernels.trace.passes.MOST_BENT", 0)
    cells: Cells = {"A1": 1.0, "F1": 0.25} | rows(2, 12, {"A": CHANGING[name]})
    plan = build_plan(workbook(cells), few=0)
    weighted, x = _weighted(plan, "F1:F1", np.array([0.25]))
    recording = record(lambda x: [weighted(x)[0].sum()], x)
    assert any(node.routine is not None for node in recording.graph.nodes)
    for program in (native(recording), plain(recording)):
        assert program.value_and_gradient(np.array([0.3])) is not None
        assert program.value_and_gradient(np.array([3.0])) is None
        assert program.value_and_gradient(np.array([0.3])) is not None


def across(cells: Cells) -> dict[str, Scalar]:
    """The sheet turned: rows become columns. Formulas hold single cells without $ alone."""
    return {
        _turned(address): "=" + _turned_text(value[1:]) if _is_formula(value) else value
        for address, value in cells.items()
    }


def _is_formula(value: Scalar) -> bool:
    return isinstance(value, str) and value.startswith("=")


def _turned(address: str) -> str:
    area = parse_area(address, "Sheet1").rect
    return f"{column_letters(area.top)}{area.left + 1}"


def _turned_text(text: object) -> str:
    import re

    return re.sub(r"\b[A-Z]{1,2}[0-9]{1,2}\b", lambda found: _turned(found[0]), str(text))


@pytest.mark.parametrize(
    "name", ["a chain", "Fibonacci", "backwards", "two columns", "an infection"]
)
def test_chains_go_along_columns_too(name: str) -> None:
    cells, families = SHEETS[name]
    assert_one_pass(across(DATA | cells), families)


MIDDLE: dict[str, Scalar] = {
    "a number": 5.0,
    "a text": "note",
    "a text that reads as a number": "12",
    "a truth": True,
    "an error": ErrorCode.NA,
    "nothing": None,
    "another formula": "=B1+1",
}


@pytest.mark.parametrize("middle", MIDDLE)
@pytest.mark.parametrize("column", "AB")
def test_a_row_that_differs_is_what_its_neighbours_read(middle: str, column: str) -> None:
    chain = {"A1": 1.0, "B1": 0.5} | rows(2, 30, {"A": "=A{p}/2+B{p}", "B": "=A{r}*0.5+B{p}/9"})
    assert assert_same_values(DATA | chain | {f"{column}15": MIDDLE[middle]}).chains


@pytest.mark.parametrize("middle", MIDDLE)
def test_what_stands_beside_a_chain_may_be_anything(middle: str) -> None:
    formulas = {
        "A": "=A{p}/2+F{r}",
        "B": "=IFERROR(B{p}+F{r},B{p})",
        "C": '=IF(F{r}="note",C{p},C{p}+1)',
        "D": "=SUM(D{p},F{r})+COUNT(F$1:F{r})+AND(F{r},D{p})",
        "E": "=IF(ISNUMBER(F{r}),F{r},E{p})",
    }
    assert assert_same_values(
        DATA | {f"{c}1": 1.0 for c in "ABCDE"} | rows(2, 30, formulas) | {"F15": MIDDLE[middle]}
    ).chains


CONDITIONS: dict[str, Scalar] = {
    "a text for true": "TRUE",
    "a text for false in small letters": "false",
    "spaces around it": " true ",
    "a text of a number": "0",
    "a text": "yes",
    "zero": 0.0,
    "half": 0.5,
    "true": True,
    "false": False,
    "nothing": None,
}


@pytest.mark.parametrize("condition", CONDITIONS)
def test_what_a_chain_asks_may_be_anything(condition: str) -> None:
    """As a condition alone, inside AND and OR, and turned round."""
    formulas = {
        "A": "=IFERROR(IF(F{r},A{p}+1,A{p}-1),A{p}*2)",
        "B": "=IFERROR(IF(AND(F{r},B{p}<9),B{p}+1,B{p}-1),B{p}*2)",
        "C": "=IFERROR(IF(OR(F{r},C{p}>9),C{p}+1,C{p}-1),C{p}*2)",
        "D": "=IFERROR(IF(NOT(F{r}),D{p}+1,D{p}-1),D{p}*2)",
    }
    cells = {f"{c}1": 1.0 for c in "ABCD"} | rows(2, 30, formulas)
    given = {f"F{r}": CONDITIONS[condition] for r in range(10, 14)}
    assert assert_same_values(DATA | cells | given).chains


BESIDE = (
    'IF(COUNTIF(B$1:B{r},B{r})=1,MAX(A$1:A{p})+1,"")',
    "A{p}+MATCH(B{r},B$1:B{r},0)/COUNTA(B$1:B{r})",
    "IF(B{r}>STDEV(B$1:B{r}),A{p}+LARGE(B$1:B{r},2),PRODUCT(A{p},0.5))",
)


@pytest.mark.parametrize("formula", BESIDE)
def test_what_looks_along_growing_areas_beside_a_chain_is_worked_out_before(formula: str) -> None:
    cells: dict[str, Scalar] = {f"B{row}": float(row * row % 17) for row in range(1, 50)}
    cells["A1"] = 1.0
    assert_one_pass(cells | rows(2, 49, {"A": f"={formula}"}))


def test_an_error_in_a_chain_is_the_error_of_the_sheet() -> None:
    cells = {"A1": 1.0, "A9": 0.0} | rows(2, 30, {"B": "=IF(ROW()=2,4,B{p})/A{p}"})
    assert_same_values(DATA | cells | {f"A{r}": 10.0 - r for r in range(2, 31)})


def test_an_error_of_what_a_growing_sum_adds_stays() -> None:
    cells = rows(1, 30, {"A": "=SUM(F$1:F{r})", "B": "=COUNT(F$1:F{r})", "C": "=SUM(F{r}:F$30)"})
    errors: Cells = {"F10": ErrorCode.NA, "F20": ErrorCode.DIV0}
    plan = assert_same_values(DATA | cells | errors)
    assert len(plan.chains) == 3


@st.composite
def recurrences(draw: st.DrawFn) -> dict[str, Scalar]:
    """Two columns that feed each other, beside a column of numbers and one of anything."""
    leaves = st.sampled_from(["A{p}", "B{p}", "A{q}", "F{r}", "F{p}", "F$1", "2", "0.5", "G{r}"])
    formula = st.recursive(leaves, _deeper, max_leaves=6)
    first = draw(formula)
    second = draw(st.one_of(formula, formula.map(lambda text: f"A{{r}}-{text}")))
    anything = st.one_of(
        st.sampled_from([None, "x", "3", True, False, ErrorCode.NA]),
        st.floats(-3, 3).map(lambda x: round(x, 3)),
    )
    cells: dict[str, Scalar] = {f"F{r}": draw(st.sampled_from(_NUMBERS)) for r in range(1, 10)}
    cells |= {f"G{r}": draw(anything) for r in range(1, 10)}
    cells |= {"A1": 1.0, "A2": 0.5, "B1": 2.0, "B2": draw(anything)}
    cells |= rows(3, 9, {"A": f"={first}", "B": f"={second}"})
    if draw(st.booleans()):
        cells[f"A{draw(st.integers(3, 9))}"] = draw(anything)
    return cells


_NUMBERS = (0.0, 1.0, -1.5, 0.25, 2.0, 1e-3)


def _deeper(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    pair = st.tuples(inner, inner)
    return st.one_of(
        st.tuples(inner, st.sampled_from("+-*/"), inner).map("".join).map(lambda t: f"({t})"),
        st.tuples(
            st.sampled_from(["ABS", "SIN", "TANH", "SQRT", "INT", "-", "N", "NOT"]), inner
        ).map(lambda t: f"{t[0]}({t[1]})"),
        st.tuples(st.sampled_from(["MAX", "MIN", "SUM", "IFERROR", "AND", "MOD"]), pair).map(
            lambda t: f"{t[0]}({t[1][0]},{t[1][1]})"
        ),
        st.tuples(inner, st.sampled_from(["<", ">=", "=", "<>"]), inner, inner, inner).map(
            lambda t: f"IF({t[0]}{t[1]}{t[2]},{t[3]},{t[4]})"
        ),
        inner.map(lambda t: f"ROUND({t},2)"),
        st.sampled_from(["SUM(A$1:A{p})", "MAX(F$1:F{r})", "COUNT(G$1:G{r})", "SUMSQ(A{q}:A{p})"]),
    )


@settings(max_examples=40)
@given(recurrences())
def test_random_recurrences_give_what_their_cells_give_one_by_one(cells: Cells) -> None:
    assert_same_values(cells)


@settings(max_examples=40)
@given(recurrences())
def test_random_recurrences_have_the_slopes_of_their_cells(cells: Cells) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("xlcollab.kernels.trace.passes.MOST_BENT", 0)
        plan = scannable(build_plan(workbook(cells), few=0), bent=True)
        if plan.chains and _is_calm(plan):
            assert_same_slopes(cells, "F1:F4", second=False)


def _is_calm(plan: Plan) -> bool:
    """No error and no huge number: where there is one, the tape takes turns of its own."""
    values = shown(plan.unrolled()).values()
    return all(kind != Kind.ERROR and abs(number) < 1e6 for kind, number in values)


CALLS: dict[str, str] = {
    **{
        name: f"{name}({','.join(['(A{p}/9+0.3)', '2'][:count])})"
        for name, (_, count) in codes.OF_VALUES.items()
    },
    **{name: f"{name}(B$1:B$3,A{{p}})" for name in codes.AGGREGATES},
    "IF": "IF(A{p}>1,A{p}/3,2)",
    "IFERROR": "IFERROR(A{p}/3,2)",
    "AVERAGE": "AVERAGE(B$1:B$3,A{p})",
    "LOG": "LOG(A{p}+2,10)",
    "SUMPRODUCT": "SUMPRODUCT(A{p}:A{p},B$1)",
}
"""A call of each function that has a form in a pass."""


@pytest.mark.parametrize("name", CALLS)
def test_what_has_a_form_is_worked_out_in_the_pass(name: str) -> None:
    """Cut into waves it would give the same, hundreds of times slower."""
    sheet = {"A1": 1.5, "B1": 0.5, "B2": 1.25, "B3": 2.0}
    assert_one_pass(sheet | rows(2, 12, {"A": f"=A{{p}}*0.5+{CALLS[name]}"}))


def test_all_forms_have_a_call() -> None:
    assert CALLS.keys() == {*codes.OF_VALUES, *codes.AGGREGATES, *_FORMS}


def test_long_chains_are_one_instruction() -> None:
    cells = {"A1": 1.0} | rows(2, 400, {"A": "=A{p}*0.99+B{r}", "C": "=SUM(A$1:A{r})"})
    book = workbook(cells | {f"B{r}": float(r % 3) for r in range(1, 401)})
    plan = build_plan(book)
    assert len(plan.families) == len(plan.chains) == 2
    compiler = Compiler(plan, [parse_area("A1", "Sheet1")], np.array([1.0]))
    function = compiler.function([compiler.cells(parse_area("C400", "Sheet1"))])
    assert len(function.operations) < 10
    assert function.smooth


def test_a_variable_inside_a_chain_is_no_formula() -> None:
    """A variable cell may hold a formula, which then is not worked out."""
    cells = {"A1": 1.0} | rows(2, 300, {"A": "=A{p}+1"})
    compiler = Compiler(
        build_plan(workbook(cells)), [parse_area("A100", "Sheet1")], np.array([50.0])
    )
    value = compiler.cells(parse_area("A300", "Sheet1"))
    function = compiler.function([value])
    assert float(function.scalar(torch.tensor([7.0], dtype=torch.float64))) == 207.0


def test_what_is_warmed_is_what_runs() -> None:
    run_passes()
    before = forward.signatures  # type: ignore[attr-defined]
    assert_one_pass(DATA | SHEETS["a chain"][0])
    assert forward.signatures == before  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    "others",
    ["$D$1:$D$3", "$D$1:$E$1", "$D$1:$D$2,$E$1:$E$3", "$D$1", "2", "TRUE", "{{1,2}}", "$F$1:$F$2"],
)
@pytest.mark.parametrize("own", ["A{q}:A{p}", "A{p}:A{p}"])
def test_sums_of_products_of_any_sizes(own: str, others: str) -> None:
    """Areas of different sizes are #VALUE!; single values are multiplied as by the operator."""
    beside: dict[str, Scalar] = {"D1": 0.5, "D2": True, "D3": 2.0, "E1": "3", "E2": 0.25, "F1": 1.0}
    for call in (f"{own},{others}", f"{others},{own}"):
        sheet = rows(3, 12, {"A": f"=SUMPRODUCT({call})+1"})
        assert_same_values({"A1": 1.0, "A2": 2.0, **beside, **sheet})


@pytest.mark.parametrize("first", ["$B$1+1", "A1048576*0.001", "MAX($B$1:$B$3)"])
def test_names_used_twice_are_worked_out_once(first: str) -> None:
    """30 names, each used twice by the next, whether they read the chain or not."""
    cells: Cells = {"A1": 1.0, "B1": 0.1} | rows(2, 12, {"A": "=A{p}*0.001+N30_"})
    book = workbook(cells)
    names = {"N1_": f"Sheet1!{first}"} | {
        f"N{i}_": f"N{i - 1}_+N{i - 1}_*0.5-1" for i in range(2, 31)
    }
    book.names = [DefinedName(name, text) for name, text in names.items()]
    plan = scannable(build_plan(book, few=0))
    assert plan.chains
    ours, judge = shown(plan), shown(plan.unrolled())
    for cell, (kind, number) in judge.items():
        assert ours[cell] == (kind, pytest.approx(number, rel=1e-11))
