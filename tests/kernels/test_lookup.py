"""MATCH, INDEX and the look-ups in tables."""

from __future__ import annotations

import bisect
import time

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import ArrayLike

from tests.kernels.engine import spilled, value, workbook
from tests.kernels.slopes import assert_slopes
from xlcollab.grid import ErrorCode, Kind, Scalar, TextPool
from xlcollab.kernels.table import FUNCTIONS
from xlcollab.kernels.trace.compiler import Compiler
from xlcollab.kernels.trace.recalculate import recalculate
from xlcollab.kernels.values.block import Block, Context
from xlcollab.plan import build_plan
from xlcollab.ref import parse_area

PRICES: dict[str, Scalar] = {
    "A1": "apple",
    "B1": 1.0,
    "C1": 10.0,
    "A2": "Banana",
    "B2": 2.0,
    "C2": 20.0,
    "A3": 5.0,
    "B3": 3.0,
    "C3": 30.0,
    "A4": "5",
    "B4": 4.0,
    "C4": 40.0,
    "A5": True,
    "B5": 5.0,
    "C5": 50.0,
    "A6": None,
    "A7": ErrorCode.DIV0,
    "A8": "banana split",
    "B8": 8.0,
    "C8": 80.0,
}
NA, REF, VALUE = ErrorCode.NA, ErrorCode.REF, ErrorCode.VALUE


@pytest.mark.parametrize(
    ("formula", "expected"),
    [
        ('=MATCH("BANANA",A1:A8,0)', 2.0),
        ("=MATCH(5,A1:A8,0)", 3.0),
        ('=MATCH("5",A1:A8,0)', 4.0),
        ("=MATCH(TRUE,A1:A8,0)", 5.0),
        ('=MATCH("banana s*",A1:A8,0)', 8.0),
        ('=MATCH("b?nana",A1:A8,0)', 2.0),
        ("=MATCH(6,A1:A8,0)", NA),
        ("=MATCH(A6,A1:A8,0)", NA),
        ("=MATCH(1/0,A1:A8,0)", ErrorCode.DIV0),
        ("=MATCH(1,A1:B2,0)", NA),
        ("=MATCH(2.5,B1:B5)", 2.0),
        ("=MATCH(0,B1:B5)", NA),
        ("=MATCH(4,{9,7,4,4,1},-1)", 3.0),
        ("=MATCH(8,{9,7,4,4,1},-1)", 1.0),
        ("=MATCH(10,{9,7,4,4,1},-1)", NA),
        ("=MATCH(2,{1,2,2,2,3},1)", 4.0),
        ("=MATCH(2,{1,2,2,2,3},0)", 2.0),
        ("=SUM(MATCH({3,1,2},B1:B5,0))", 6.0),
        ("=VLOOKUP(5,A1:C8,3,FALSE)", 30.0),
        ('=VLOOKUP("apple",A1:C8,4,FALSE)', REF),
        ('=VLOOKUP("apple",A1:C8,0,FALSE)', VALUE),
        ("=VLOOKUP(2.9,B1:C5,2)", 20.0),
        ("=VLOOKUP(2.9,B1:C5,2,0)", NA),
        ('=VLOOKUP("b*",A1:C8,2,)', 2.0),
        ("=SUM(VLOOKUP({1;2;3},B1:C5,{2,1},FALSE))", 66.0),
        ("=HLOOKUP(2,{1,2,3;10,20,30},2,FALSE)", 20.0),
        ("=HLOOKUP(2.5,{1,2,3;10,20,30},2)", 20.0),
        ("=INDEX(B1:C5,2,2)", 20.0),
        ("=SUM(INDEX(B1:C5,0,2))", 150.0),
        ("=SUM(INDEX(B1:C5,2,0))", 22.0),
        ("=SUM(INDEX(B1:C5,0,0))", 165.0),
        ("=INDEX(B1:B5,6)", REF),
        ("=INDEX({1,2;3,4},2,1)", 3.0),
        ("=INDEX({7,8,9},3)", 9.0),
        ("=INDEX(A1:A8,7)", ErrorCode.DIV0),
        ("=SUM(INDEX(B1:B5,{1,3,5}))", 9.0),
        ("=SUM(B1:INDEX(B1:B5,3))", 6.0),
        ("=LOOKUP(2.5,B1:B5,C1:C5)", 20.0),
        ("=LOOKUP(2.5,{1,2,3})", 2.0),
        ("=LOOKUP(0,B1:B5)", NA),
        ('=LOOKUP("z",{"a","b","c";1,2,3})', 3.0),
        ("=XLOOKUP(3,B1:B5,C1:C5)", 30.0),
        ('=XLOOKUP(9,B1:B5,C1:C5,"none")', "none"),
        ("=XLOOKUP(2.5,B1:B5,C1:C5,,-1)", 20.0),
        ("=XLOOKUP(2.5,B1:B5,C1:C5,,1)", 30.0),
        ("=XLOOKUP(9,B1:B5,C1:C5,0,1)", 0.0),
        ('=XLOOKUP("b*",A1:A8,B1:B8,,2)', 2.0),
        ('=XLOOKUP("b*",A1:A8,B1:B8,,2,-1)', 8.0),
        ('=XLOOKUP("b*",A1:A8,B1:B8)', NA),
        ("=SUM(XLOOKUP(2,B1:B5,B1:C5))", 22.0),
        ("=SUM(XLOOKUP({2,4},B1:B5,C1:C5))", 60.0),
        ("=XLOOKUP(3,B1:B5,C1:C4)", VALUE),
        ("=XLOOKUP(3,B1:B5,C1:C5,,7)", VALUE),
        ("=XLOOKUP(3,B:B,C:C)", 30.0),
        ("=XMATCH(3,B1:B5)", 3.0),
        ("=XMATCH(2,{1,2,2,3},0,-1)", 3.0),
        ("=XMATCH(2.5,{5,1,3,2},1)", 3.0),
        ("=XMATCH(2.5,{5,1,3,2},-1)", 4.0),
        ("=MATCH(3,B:B,0)", 3.0),
        ("=VLOOKUP(3,B:C,2,0)", 30.0),
    ],
)
def test_documented_results(formula: str, expected: Scalar) -> None:
    assert value(formula, PRICES) == expected


def test_a_line_of_results_spills() -> None:
    assert spilled("=XLOOKUP(2,B1:B5,B1:C5)", PRICES, "F1:G1") == [[2.0, 20.0]]
    assert spilled("=INDEX(B1:C5,3,0)", PRICES, "F1:G1") == [[3.0, 30.0]]


FILLED = [
    "=MATCH(E{r},$A$1:$A$6,0)",
    "=MATCH(E{r},A{r}:F{r},0)",
    "=MATCH(E{r},$A$1:$A$6)",
    "=VLOOKUP(E{r},$A$1:$C$6,2,FALSE)",
    "=VLOOKUP(E{r},$A$1:$C$6,F{r},TRUE)",
    "=HLOOKUP(E{r},A{r}:D{s},2,FALSE)",
    "=INDEX($B$1:$C$6,F{r},2)",
    "=INDEX(A{r}:C{r},F{r})",
    "=INDEX(B{r}:C{s},F{r}-1,1)",
    "=SUM(INDEX(A{r}:C{s},F{r},0))",
    "=XLOOKUP(E{r},$A$1:$A$6,$B$1:$B$6,-1)",
    "=XLOOKUP(E{r},A{r}:D{r},A{s}:D{s},-1,1)",
    "=LOOKUP(E{r},A$1:A$6,B$1:B$6)",
    "=SUMIF($A$1:$A$6,E{r},$B$1:$B$6)",
    '=SUMIF(A{r}:D{r},">="&F{r},A{s}:D{s})',
    '=COUNTIFS(A{r}:D{r},"<"&E{r},A{s}:D{s},">1")',
    "=AVERAGEIF($A$1:$A$6,E{r},B{r}:B{t})",
    "=MAXIFS(B{r}:B{t},$A$1:$A$6,E{r})",
    "=CHOOSE(F{r},A{r},B{r},C{r},D{r})",
    "=SWITCH(F{r},1,A{r},2,B{r},C{r})",
    "=SUM(OFFSET(A{r},F{r}-1,1,2,2))",
    '=INDIRECT("B"&F{r})',
    "=IFERROR(MATCH(E{r},B{r}:C{r},0),-1)",
    "=SUM(SORT(A{r}:D{r},,-1,TRUE)*{{1,2,3,4}})",
    "=ROW(A{r})*10+COLUMN(A{r})",
]


@pytest.mark.parametrize("formula", FILLED)
def test_copies_agree_with_each_one_alone(formula: str) -> None:
    random = np.random.default_rng(5)
    cells: dict[str, Scalar] = {}
    for row in range(1, 13):
        for column in "ABCD":
            cells[f"{column}{row}"] = float(random.integers(1, 6))
        cells[f"E{row}"] = float(random.integers(1, 7))
        cells[f"F{row}"] = float(random.integers(1, 4))
    cells["A3"], cells["E2"], cells["C4"] = "text", "TEXT", None
    texts = {f"H{r}": formula.format(r=r, s=r + 1, t=r + 5) for r in range(1, 7)}
    together = _plain_values({**cells, **texts}, list(texts))
    alone = [_plain_values({**cells, place: text}, [place])[0] for place, text in texts.items()]
    assert together == alone


def _plain_values(cells: dict[str, Scalar], places: list[str]) -> list[Scalar]:
    """The values of formula cells, evaluated together."""
    book = workbook(cells)
    done = recalculate(build_plan(book))
    assert not done.unsupported
    found: dict[str, Scalar] = {}
    for family, block in done.results:
        values = Context(book.texts).values(block)
        names = [f"{chr(65 + c)}{r + 1}" for r, c in family.rect.cells()]
        found.update(zip(names, values, strict=True))
    return [found[place] for place in places]


def _column(values: ArrayLike) -> Block:
    return Block(torch.tensor(np.asarray(values, float)).reshape(1, 1, -1, 1), Kind.NUMBER)


def _copies(values: ArrayLike) -> Block:
    return Block(torch.tensor(np.asarray(values, float)).reshape(-1, 1, 1, 1), Kind.NUMBER)


small = st.lists(st.integers(-5, 5).map(float), min_size=1, max_size=12)


@given(keys=small, wanted=small)
@settings(max_examples=60, deadline=None)
def test_approximate_match_in_sorted_keys(keys: list[float], wanted: list[float]) -> None:
    context, keys = Context(TextPool()), sorted(keys)
    up = FUNCTIONS["MATCH"](context, _copies(wanted), _column(keys), context.scalar(1.0))
    expected = [bisect.bisect_right(keys, w) or NA for w in wanted]
    assert context.values(up) == expected
    down = FUNCTIONS["MATCH"](context, _copies(wanted), _column(keys[::-1]), context.scalar(-1.0))
    assert context.values(down) == [_not_below(keys[::-1], w) for w in wanted]


def _not_below(keys: list[float], wanted: float) -> float | ErrorCode:
    """MATCH's type -1 in descending keys: the first equal one, or the last that is larger."""
    if wanted in keys:
        return keys.index(wanted) + 1.0
    return float(sum(key > wanted for key in keys)) or NA


@given(keys=small, wanted=small, mode=st.sampled_from([0, -1, 1]), last=st.booleans())
@settings(max_examples=60, deadline=None)
def test_xmatch_against_trying_every_key(
    keys: list[float], wanted: list[float], mode: int, last: bool
) -> None:
    context = Context(TextPool())
    found = FUNCTIONS["XMATCH"](
        context,
        _copies(wanted),
        _column(keys),
        context.scalar(float(mode)),
        context.scalar(-1.0 if last else 1.0),
    )
    assert context.values(found) == [_tried(keys, w, mode, last) for w in wanted]


def _tried(keys: list[float], wanted: float, mode: int, last: bool) -> float | ErrorCode:
    allowed = [k for k in keys if k == wanted or (k - wanted) * mode > 0]
    if not allowed:
        return NA
    best = min(allowed, key=lambda k: abs(k - wanted))
    places = [i for i, k in enumerate(keys) if k == best]
    return float(places[-1 if last else 0] + 1)


def test_many_lookups_in_many_keys_are_fast() -> None:
    size = 100_000
    random = np.random.default_rng(1)
    keys, wanted = random.permutation(size), random.integers(0, size, size)
    context = Context(TextPool())
    started = time.process_time()
    found = FUNCTIONS["MATCH"](context, _copies(wanted), _column(keys), context.scalar(0.0))
    assert time.process_time() - started < 8.0
    places = found.number[:, 0, 0, 0].long().numpy() - 1
    np.testing.assert_array_equal(keys[places], wanted)


FACTORS: dict[str, Scalar] = {
    **{f"A{r}": 0.5 * r for r in range(1, 5)},
    **{f"B{r}": float(r) for r in range(1, 5)},
}


@pytest.mark.parametrize(
    "formula",
    [
        "=INDEX(A$1:A$4,{c})^2",
        "=VLOOKUP({c},$B$1:$C$4,2,FALSE)^2",
        "=XLOOKUP({c},B$1:B$4,A$1:A$4)^3",
        "=XLOOKUP({c}+0.5,B$1:B$4,A$1:A$4,0,-1)^3",
        "=LOOKUP({c},B$1:B$4,A$1:A$4)^2",
        "=CHOOSE({c},A$1,A$2,A$3*A$4,A$4)",
        "=SWITCH({c},1,A$1,2,A$2*A$3,A$4)",
        "=IF({c}>2,A$1*A$2,A$3^2)",
        "=OFFSET(A$1,{c}-1,0)^2",
        "=SUM(OFFSET(A$1,{c}-1,0,2,1))^2",
        "=IFERROR(A$1/({c}-2),A$2^2)",
        "=IFNA(VLOOKUP({c},$B$1:$C$2,2,FALSE),A$4)^2",
        "=INDEX(SORT(A$1:A$4,1,-1),{c})^2",
        "=INDEX(A$1:A$4,1+INT(A$1*{c}+0.1))^2",
    ],
)
def test_gradients_flow_to_the_cells_that_are_picked(formula: str) -> None:
    cells = FACTORS | {f"C{r}": f"=A{r}" for r in range(1, 5)}
    filled = {f"E{r}": formula.format(c=f"D{r}") for r in range(1, 7)}
    chosen = {f"D{r}": float(1 + r % 4) for r in range(1, 7)}
    total = {"F1": "=SUMPRODUCT(E1:E6,{1;2;3;4;5;6})"}
    assert_slopes({**cells, **chosen, **filled, **total}, "A1:A4", "F1")


def test_an_embedding_lookup_is_a_sum_of_its_rows() -> None:
    cells: dict[str, Scalar] = {f"A{r}": float(r) for r in range(1, 4)}
    cells |= {"B1": 1.0, "B2": 3.0, "B3": 3.0}
    cells |= {f"C{r}": f"=INDEX($A$1:$A$3,$B{r})" for r in range(1, 4)} | {"D1": "=SUM(C1:C3)"}
    np.testing.assert_allclose(assert_slopes(cells, "A1:A3", "D1"), [1.0, 0.0, 2.0])


@pytest.mark.parametrize(
    ("formula", "before", "after"),
    [
        ("=ISNUMBER(MATCH(2,A1:A3,0))*1", 1.0, 0.0),
        ("=COUNT(FILTER(A1:A3,A1:A3>1.5,0))", 2.0, 1.0),
        ('=ISNUMBER(VLOOKUP(A1,{1,5;3,"x"},2))*1', 1.0, 0.0),
        ('=ISTEXT(INDEX({"x";5},A2))*1', 0.0, 1.0),
        ("=COUNT(UNIQUE(A1:A3))", 3.0, 2.0),
        ("=IFERROR(XLOOKUP(2,A1:A3,A1:A3),-1)", 2.0, -1.0),
        ('=SUMIF(A1:A3,">1.5")', 5.0, 3.0),
    ],
)
def test_what_is_found_follows_the_variables(formula: str, before: float, after: float) -> None:
    book = workbook({"A1": 1.0, "A2": 2.0, "A3": 3.0, "B1": formula})
    area = parse_area("A1:A3", "Sheet1")
    compiler = Compiler(build_plan(book), [area], np.array([1.0, 2.0, 3.0]))
    function = compiler.function([compiler.cells(parse_area("B1", "Sheet1"))])
    assert function.scalar(compiler.start).item() == before
    assert function.scalar(torch.tensor([3.0, 1.0, 1.0], dtype=torch.float64)).item() == after


@pytest.mark.parametrize(
    ("formula", "place"),
    [
        ('=XMATCH(5,{1;2;"a";TRUE},1)', 3.0),
        ('=XMATCH(5,{TRUE;"b";1;"a"},1)', 4.0),
        ('=XMATCH("z",{1;2;"a";TRUE},1)', 4.0),
        ('=XMATCH(FALSE,{1;2;"a"},-1)', 3.0),
        ('=XMATCH("A",{1;2;TRUE},-1)', 2.0),
        ("=XMATCH(TRUE,{1;2;3},-1)", 3.0),
    ],
)
def test_the_nearest_of_the_next_type_is_found(formula: str, place: float) -> None:
    """Numbers lie before texts, and texts before truths, as sorted cells do."""
    assert value(formula) == place
