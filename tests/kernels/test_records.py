"""What the records of the worksheet functions claim, tried.

A claim is tried on every way to call the function with some arguments that vary and others that do
not: what is said not to fail is given zeros, ties, huge numbers and both signs.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise, product

import numpy as np
import pytest
import torch

from tests.kernels.engine import workbook
from xlcollab.errors import ModelError
from xlcollab.formula.signatures import Param
from xlcollab.grid import ErrorCode, Kind, Scalar, TextPool
from xlcollab.kernels.table import RECORDS
from xlcollab.kernels.trace.compiler import Compiler, SheetFunction
from xlcollab.kernels.values.block import Block, Context
from xlcollab.kernels.values.facts import ORDINARY, Role, Shape
from xlcollab.kernels.values.record import Record, Slope
from xlcollab.kernels.values.tape import Value
from xlcollab.plan import build_plan
from xlcollab.plan.regions import reads
from xlcollab.ref import parse_area

START = (0.312345678912345, 1.712345678912345, 2.912345678912345, 4.212345678912345)
AWKWARD = (
    (0.0, 0.0, 0.0, 0.0),
    (1.0, 1.0, 1.0, 1.0),
    (-1.0, 0.0, 0.0, 1.0),
    (2.0, -3.0, 0.5, -0.5),
    (-7.0, -7.0, -7.0, -7.0),
    (ORDINARY, -ORDINARY, 1 / ORDINARY, 1.0),
    (ORDINARY, ORDINARY, ORDINARY, ORDINARY),
    (40.0, 41.0, 42.0, 43.0),
)
BESIDE: dict[str, Scalar] = {"C1": 0.5, "C2": 1.5, "C3": 1.0, "C4": 2.5, "D2": 7.0}
"""Besides, D1 and D3 are blank, D4 is a text."""


def compiled(formula: str) -> tuple[SheetFunction, Value]:
    """The formula in K1 as a function of A1:A4."""
    cells = {f"A{row}": x for row, x in enumerate(START, 1)}
    book = workbook({**cells, **BESIDE, "D4": "text"}, {"K1": f"={formula}"})
    compiler = Compiler(build_plan(book), [parse_area("Sheet1!A1:A4")], np.array(START))
    value = compiler.cells(parse_area("Sheet1!K1"))
    return compiler.function([value]), value


def exactly(function: SheetFunction, point: tuple[float, ...]) -> Scalar:
    """The value that a recalculation shows."""
    context = Context(function.context.texts)
    (block,) = function.program.run(context, torch.tensor(point, dtype=torch.float64))
    return context.values(block)[0]


def calls(record: Record) -> Iterator[str]:
    """Calls with arguments that vary (A) and such that do not (numbers, C, and D of all kinds)."""
    signature = record.signature
    most = len(signature.parameters)
    for count in {max(signature.minimum, 1), most} if most else set():
        if signature.accepts(count):
            spelled = [_spelled(signature.param(i), i) for i in range(count)]
            for arguments in product(*spelled) if count <= 3 else zip(*spelled, strict=True):
                if any("A" in argument for argument in arguments):
                    yield f"{record.name}({','.join(arguments)})"


def _spelled(param: Param, position: int) -> tuple[str, ...]:
    if param is Param.VALUE:
        return (f"A{position % 4 + 1}", "2", "0.5")
    return ("A1:A4", "C1:C4", "A2:D4")


def callable_ones() -> Iterator[tuple[str, SheetFunction, Value]]:
    """The calls of functions that may be claimed not to fail."""
    for record in RECORDS.values():
        if record.facts.fails is True and not record.facts.counts:
            continue
        for call in calls(record):
            try:
                yield (call, *compiled(call))
            except ModelError:
                continue


def test_what_cannot_fail_does_not() -> None:
    wrong, tried = [], set()
    for call, function, value in callable_ones():
        if value.constant or not value.fixed_kinds:
            continue
        tried.add(call.partition("(")[0])
        before = exactly(function, START)
        for point in AWKWARD:
            after = exactly(function, point)
            if type(after) is not type(before) or (isinstance(after, str) and after != before):
                wrong.append(f"{call} at {point}: {before!r} becomes {after!r}")
    assert not wrong, "\n".join(wrong)
    claiming = {name for name, record in RECORDS.items() if record.facts.fails is False}
    assert len(tried) > len(claiming) / 2


def test_a_counter_asks_for_kinds_only() -> None:
    context = Context(TextPool())
    for name, record in RECORDS.items():
        if not record.facts.counts:
            continue
        assert record.run is not None
        kinds = torch.tensor([[Kind.NUMBER, Kind.BLANK, Kind.BOOLEAN, Kind.ERROR]]).byte()
        one = Block(torch.tensor([[[[0.0, 0.0, 1.0, 1.0]]]]).double(), kinds[None, None])
        other = Block(torch.tensor([[[[-9.5, 0.0, 0.0, 7.0]]]]).double(), kinds[None, None])
        found = [context.values(record.run(context, block)) for block in (one, other)]
        assert found[0] == found[1], name


AFFINE = {
    "AVERAGE": "AVERAGE(A1:A4,3)",
    "AVERAGEIF": 'AVERAGEIF(C1:C4,">=1",A1:A4)',
    "AVERAGEIFS": 'AVERAGEIFS(A1:A4,C1:C4,">=1")',
    "CHOOSECOLS": "SUM(CHOOSECOLS(A1:A4*{1,2},2))",
    "CHOOSEROWS": "SUM(CHOOSEROWS(A1:A4,4,2,2))",
    "HLOOKUP": "HLOOKUP(2,C1:C4+A1:A4-A1:A4+{1,2,3},1)+HLOOKUP(1,{1,2},1)+A1",
    "HSTACK": "SUM(HSTACK(A1:A4,C1:C4)*{1,2})",
    "IF": "IF(C1:C1>0,A1,A2)",
    "INDEX": "INDEX(A1:A4*C1:C4,3)",
    "MMULT": "SUM(MMULT(TRANSPOSE(C1:C4),A1:A4))",
    "SUM": "SUM(A1:A4,A2)",
    "SUMIF": 'SUMIF(C1:C4,">=1",A1:A4)',
    "SUMIFS": 'SUMIFS(A1:A4,C1:C4,">=1")',
    "SUMPRODUCT": "SUMPRODUCT(A1:A4,C1:C4)",
    "TRANSPOSE": "SUM(TRANSPOSE(A1:A4)*{1,2,3,4})",
    "VLOOKUP": "VLOOKUP(1,HSTACK(C1:C4,A1:A4),2,FALSE)",
    "XLOOKUP": "XLOOKUP(1,C1:C4,A1:A4)",
    "VSTACK": "SUM(VSTACK(A1:A4,C1:C4)*2)",
}
"""A call of each that says it is affine."""


def test_what_says_it_is_affine_is() -> None:
    assert set(AFFINE) == {n for n, r in RECORDS.items() if r.facts.shape is Shape.AFFINE}
    generator = torch.Generator().manual_seed(3)
    for call in AFFINE.values():
        function, _ = compiled(call)
        a, b = torch.randn(2, 4, generator=generator, dtype=torch.float64)
        ends, middle = function(a) + function(b), function((a + b) / 2)
        torch.testing.assert_close(middle, ends / 2, rtol=1e-12, atol=1e-12)


def test_what_says_it_goes_in_steps_is_flat_between_them() -> None:
    wrong = []
    for name, record in RECORDS.items():
        if record.facts.shape is not Shape.STEPS or record.random:
            continue
        for call in calls(record):
            try:
                function, value = compiled(call)
            except ModelError:
                continue
            if value.constant:
                continue
            beside = tuple(x + 1e-9 for x in START)
            before, after = exactly(function, START), exactly(function, beside)
            if isinstance(before, float) and before != after:
                wrong.append(f"{call}: {before} beside {after}")
        assert record.derivative.slope in (Slope.ZERO, Slope.CUT), name
    assert not wrong, "\n".join(wrong)


def test_what_is_elementwise_takes_arrays_apart() -> None:
    context = Context(TextPool())
    numbers = [0.3, -4.2, 0.0, 12.0]
    array = Block(context.tensor(numbers).reshape(1, 1, 2, 2), Kind.NUMBER)
    for name, record in RECORDS.items():
        if not record.elementwise:
            continue
        usual = [context.scalar(float(2 + i)) for i in range(record.signature.minimum)]
        if name == "TEXT":
            usual[1] = context.scalar("0.0")
        for position in range(1 if name == "TEXT" else len(usual)):
            together = context.values(_with(record, context, usual, position, array))
            for x, found in zip(numbers, together, strict=True):
                alone = _with(record, context, usual, position, context.scalar(x))
                assert found == _nearly(context.values(alone)[0]), f"{name}, {x} at {position}"


def _with(
    record: Record, context: Context, usual: list[Block], position: int, block: Block
) -> Block:
    arguments = [*usual[:position], block, *usual[position + 1 :]]
    return record.operation.function(context, *arguments)


def _nearly(value: Scalar) -> object:
    return pytest.approx(value, rel=1e-14) if type(value) is float else value


def test_a_place_is_not_read() -> None:
    for name, record in RECORDS.items():
        call = f"={name}({','.join(['A1:A4'] + ['Z1'] * (record.signature.minimum - 1))})"
        if record.signature.parameters:
            (family,) = build_plan(workbook({"K1": call})).families
            read = parse_area("Sheet1!A1:A4") in list(reads(family))
            assert read is not record.places_only, name


def test_only_what_is_random_gives_another_value() -> None:
    for name, record in RECORDS.items():
        if record.random and record.form is not None:
            call = f"{name}({','.join(['1', '1000000'][: record.signature.minimum])})"
            plan = build_plan(workbook({"K1": f"={call}"}))
            drawn = {
                exactly(c.function([c.cells(parse_area("Sheet1!K1"))]), ())
                for seed in range(3)
                for c in [Compiler(plan, [], np.array([]), seed=seed)]
            }
            assert len(drawn) == 3, name


SQUARES = {
    Role.SUM: "{}((A1:A4-C1:C4)^2)",
    Role.SUM_OF_PRODUCTS: "{0}(A1:A4,A1:A4)",
    Role.SUM_OF_SQUARES: "{}(A1:A4)",
    Role.SQUARED_DIFFERENCES: "{}(A1:A4,C1:C4)",
    Role.SPREAD: "{}(A1:A4)",
    Role.ROOT: "{}(SUMSQ(A1:A4))",
    Role.POWER: "{}(SUMSQ(A1:A4),0.5)",
    Role.CHOICE: "SUM({}(C1:C4>1,(A1:A4-C1:C4)^2,0))",
}
"""A call that grows with a sum of squares, by the role that a function says it has."""


def test_who_has_a_role_in_sums_of_squares_plays_it() -> None:
    points = torch.randn(9, 4, generator=torch.Generator().manual_seed(5), dtype=torch.float64)
    for name, record in RECORDS.items():
        if record.facts.role in (Role.NONE, Role.RESCUE):
            continue
        cells = {f"A{row}": x for row, x in enumerate(START, 1)}
        call = SQUARES[record.facts.role].format(name)
        plan = build_plan(workbook({**cells, **BESIDE}, {"K1": f"={call}"}))
        compiler = Compiler(plan, [parse_area("Sheet1!A1:A4")], np.array(START))
        value = compiler.cells(parse_area("Sheet1!K1"))
        function, residuals = compiler.function([value]), compiler.residuals(value)
        assert residuals is not None, call
        both = [(float(residuals(x).square().sum()), float(function(x))) for x in points]
        assert all(low[1] < high[1] for low, high in pairwise(sorted(both))), call


def test_an_error_is_no_number_to_those_who_ask() -> None:
    """The case that the sets of names got wrong."""
    function, _ = compiled("(A1+4)^2+IF(ISNUMBER(SQRT(A1)),0,1000)")
    assert exactly(function, (-4.0, 0.0, 0.0, 0.0)) == 1000.0
    assert function(torch.tensor([-4.0, 0, 0, 0], dtype=torch.float64)).item() == 1000.0
    assert not isinstance(exactly(function, START), ErrorCode)


@pytest.mark.parametrize(
    ("call", "at_three", "at_minus_three"),
    [
        ("SUM(IF(A1>0,C1:C4,D1:D4),A2)", 7.5, 9.0),
        ("COUNT(IF(A1>0,C1:C4,D1:D4))", 4.0, 1.0),
        ("MAX(IF(A1>0,C1,C4))", 0.5, 2.5),
    ],
)
def test_variables_choose_between_areas(call: str, at_three: float, at_minus_three: float) -> None:
    """As a recalculation, which takes the one area that the condition says."""
    function, _ = compiled(call)
    for first, expected in ((3.0, at_three), (-3.0, at_minus_three)):
        point = (first, 2.0, 0.0, 0.0)
        assert exactly(function, point) == expected
        assert function(torch.tensor(point, dtype=torch.float64)).item() == expected


def test_areas_that_do_not_fit_are_no_choice_for_variables() -> None:
    for call in ("SUM(IF(A1>0,C1:C4,D1:D2))", "SUM(IF(A1>0,D4,1))", "SUM(CHOOSE(A1,C1:C2,C3:C4))"):
        with pytest.raises(ModelError, match="chooses by the variable cells"):
            compiled(call)
