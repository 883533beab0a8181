"""SUMIF, COUNTIFS and their kin: criteria, grouping, gradients."""

from __future__ import annotations

import time

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.kernels.engine import spilled, value
from tests.kernels.slopes import assert_slopes
from xlcollab.grid import ErrorCode, Kind, Scalar, TextPool
from xlcollab.kernels.functions.conditional import conditional, selection
from xlcollab.kernels.table import FUNCTIONS
from xlcollab.kernels.values.block import Block, Context

SALES: dict[str, Scalar] = {
    "A1": "East",
    "B1": 10.0,
    "C1": 1.0,
    "A2": "west",
    "B2": 20.0,
    "C2": 2.0,
    "A3": "EAST",
    "B3": "30",
    "C3": 3.0,
    "A4": None,
    "B4": 40.0,
    "C4": 4.0,
    "A5": '=""',
    "B5": True,
    "C5": 5.0,
    "A6": "east*",
    "B6": None,
    "C6": 6.0,
    "A7": ErrorCode.NA,
    "B7": -7.0,
    "C7": 7.0,
    "A8": 10.0,
    "B8": "TRUE",
    "C8": "eight",
}


@pytest.mark.parametrize(
    ("formula", "expected"),
    [
        ('=COUNTIF(A1:A8,"east")', 2.0),
        ('=COUNTIF(A1:A8,"e*")', 3.0),
        ('=COUNTIF(A1:A8,"east~*")', 1.0),
        ('=COUNTIF(A1:A8,"????")', 3.0),
        ('=COUNTIF(A1:A8,"<>east")', 6.0),
        ('=COUNTIF(A1:A8,"<>e*")', 5.0),
        ('=COUNTIF(A1:A8,"")', 2.0),
        ('=COUNTIF(A1:A8,"=")', 1.0),
        ('=COUNTIF(A1:A8,"<>")', 7.0),
        ('=COUNTIF(A1:A8,"#N/A")', 1.0),
        ("=COUNTIF(A1:A8,NA())", 1.0),
        ('=COUNTIF(A1:A8,">f")', 1.0),
        ("=COUNTIF(B1:B8,30)", 1.0),
        ('=COUNTIF(B1:B8,"30")', 1.0),
        ('=COUNTIF(B1:B8,">15")', 2.0),
        ('=COUNTIF(B1:B8,"<=10")', 2.0),
        ('=COUNTIF(B1:B8,"<0")', 1.0),
        ("=COUNTIF(B1:B8,TRUE)", 1.0),
        ("=COUNTIF(B1:B8,B6)", 0.0),
        ('=COUNTIF(C:C,"")', 1048568.0),
        ('=COUNTIF(C:C,"<>4")', 1048575.0),
        ('=COUNTIF(C:C,">4")', 3.0),
        ('=COUNTIFS(A1:A8,"east",C1:C8,">1")', 1.0),
        ('=COUNTIFS(A1:A8,"east",C1:C7,">1")', ErrorCode.VALUE),
        ('=SUMIF(A1:A8,"east",C1:C8)', 4.0),
        ('=SUMIF(A1:A8,"east",C1)', 4.0),
        ('=SUMIF(B1:B8,">15")', 60.0),
        ('=SUMIF(C1:C8,"*")', 0.0),
        ('=SUMIFS(C1:C8,A1:A8,"<>east",C1:C8,"<6")', 11.0),
        ('=AVERAGEIF(A1:A8,"east",C1:C8)', 2.0),
        ('=AVERAGEIF(A1:A8,"north",C1:C8)', ErrorCode.DIV0),
        ('=AVERAGEIFS(C1:C8,B1:B8,">0")', 7 / 3),
        ('=MAXIFS(C1:C8,A1:A8,"east")', 3.0),
        ('=MINIFS(C1:C8,A1:A8,"<>east")', 2.0),
        ('=MAXIFS(C1:C8,A1:A8,"north")', 0.0),
        ('=SUMIFS(A1:A8,C1:C8,">6")', ErrorCode.NA),
        ('=AVERAGEIFS(A1:A8,C1:C8,">6")', ErrorCode.NA),
        ('=AVERAGEIFS(A1:A8,C1:C8,">99")', ErrorCode.DIV0),
        ('=SUM(COUNTIF(A1:A8,{"east","west"}))', 3.0),
        ('=SUM(COUNTIFS(A1:A8,{"east","west"},C1:C8,{">0";">2"}))', 4.0),
        ('=COUNTIF(B1:B8,">"&B1)', 2.0),
        ('=COUNTIF(C1:C8,">=1/2/1900")', 6.0),
    ],
)
def test_documented_results(formula: str, expected: Scalar) -> None:
    assert value(formula, SALES) == pytest.approx(expected)


def test_criteria_of_an_array_spill() -> None:
    found = spilled('=SUMIF(A1:A8,{"east";"west"},C1:C8)', SALES, "F1:F2")
    assert found == [[4.0], [2.0]]


@st.composite
def tables(draw: st.DrawFn) -> pd.DataFrame:
    size = draw(st.integers(1, 30))
    column = st.lists(st.integers(0, 3), min_size=size, max_size=size)
    frame = pd.DataFrame({"a": draw(column), "b": draw(column), "v": draw(column)})
    return frame.astype(float)


def _column(values: pd.Series[float]) -> Block:
    return Block(torch.tensor(values.to_numpy()).reshape(1, 1, -1, 1), Kind.NUMBER, cells=True)


def _texts(context: Context, values: list[Scalar]) -> Block:
    return context.block(values, (len(values), 1, 1, 1))


@given(frame=tables())
@settings(max_examples=50, deadline=None)
def test_sums_under_equalities_are_those_of_groupby(frame: pd.DataFrame) -> None:
    context = Context(TextPool())
    asked = [(float(a), float(b)) for a in range(5) for b in range(5)]
    block = FUNCTIONS["SUMIFS"](
        context,
        _column(frame.v),
        _column(frame.a),
        _texts(context, [a for a, _ in asked]),
        _column(frame.b),
        _texts(context, [str(int(b)) for _, b in asked]),
    )
    sums = frame.groupby(["a", "b"]).v.sum()
    assert context.values(block) == [sums.get(pair, 0.0) for pair in asked]


OPERATORS = {
    "<": pd.Series.lt,
    "<=": pd.Series.le,
    ">": pd.Series.gt,
    ">=": pd.Series.ge,
    "=": pd.Series.eq,
    "<>": pd.Series.ne,
}


@given(frame=tables(), signs=st.tuples(*[st.sampled_from(sorted(OPERATORS))] * 3))
@settings(max_examples=50, deadline=None)
def test_any_criteria_select_what_pandas_selects(
    frame: pd.DataFrame, signs: tuple[str, str, str]
) -> None:
    context = Context(TextPool())
    limits = (1.0, 2.0, 5.0)
    criteria = [f"{sign}{limit}" for sign, limit in zip(signs, limits, strict=True)]
    pairs = [_column(frame.a), _texts(context, [*criteria]), _column(frame.b), context.scalar(1.0)]
    chosen = [
        frame[OPERATORS[sign](frame.a, limit) & (frame.b == 1.0)].v
        for sign, limit in zip(signs, limits, strict=True)
    ]
    found = {
        name: context.values(FUNCTIONS[name](context, _column(frame.v), *pairs))
        for name in ("SUMIFS", "MAXIFS", "MINIFS", "AVERAGEIFS")
    }
    assert found["SUMIFS"] == [part.sum() for part in chosen]
    assert found["MAXIFS"] == [part.max() if len(part) else 0.0 for part in chosen]
    assert found["MINIFS"] == [part.min() if len(part) else 0.0 for part in chosen]
    means = [part.mean() if len(part) else ErrorCode.DIV0 for part in chosen]
    assert found["AVERAGEIFS"] == pytest.approx(means)
    counted = context.values(FUNCTIONS["COUNTIFS"](context, *pairs))
    assert counted == [float(len(part)) for part in chosen]


def test_pieces_give_what_the_whole_gives(monkeypatch: pytest.MonkeyPatch) -> None:
    context, random = Context(TextPool()), np.random.default_rng(3)
    frame = pd.DataFrame({"a": random.integers(0, 9, 200), "v": random.normal(size=200)})
    criteria = _texts(context, [f">{limit}" for limit in range(10)])
    moving = Block(torch.tensor(random.normal(size=(10, 1, 20, 1))), Kind.NUMBER, cells=True)
    calls = [
        (_column(frame.v), _column(frame.a.astype(float)), criteria),
        (moving, moving, criteria),
    ]
    names = ("SUMIFS", "AVERAGEIFS", "MAXIFS")
    whole = [context.values(FUNCTIONS[n](context, *call)) for call in calls for n in names]
    monkeypatch.setattr(selection, "_LARGEST_MASK", 500)
    monkeypatch.setattr(conditional, "_MOST_KEPT", 100)
    pieces = [context.values(FUNCTIONS[n](context, *call)) for call in calls for n in names]
    assert pieces == [pytest.approx(one) for one in whole]


def test_many_sums_over_many_cells_are_fast() -> None:
    size = 100_000
    random = np.random.default_rng(2)
    frame = pd.DataFrame({"a": random.integers(0, 50_000, size), "v": random.normal(size=size)})
    context = Context(TextPool())
    asked = torch.arange(50_000.0, dtype=torch.float64).reshape(-1, 1, 1, 1)
    started = time.process_time()
    block = FUNCTIONS["SUMIF"](
        context, _column(frame.a.astype(float)), Block(asked, Kind.NUMBER), _column(frame.v)
    )
    assert time.process_time() - started < 8.0
    expected = frame.groupby("a").v.sum().reindex(range(50_000), fill_value=0.0)
    np.testing.assert_allclose(block.number[:, 0, 0, 0].numpy(), expected, atol=1e-12)


@pytest.mark.parametrize(
    ("formula", "gradient"),
    [
        ('=SUMIF(B1:B4,"x",A1:A4)', [1, 0, 1, 0]),
        ('=SUMIFS(A1:A4,B1:B4,"x",C1:C4,">1")', [0, 0, 1, 0]),
        ('=AVERAGEIF(B1:B4,"y",A1:A4)', [0, 0.5, 0, 0.5]),
        ('=MAXIFS(A1:A4,B1:B4,"x")', [0, 0, 1, 0]),
        ('=MINIFS(A1:A4,B1:B4,"y")', [0, 1, 0, 0]),
        ('=SUMIF(A1:A4,">1.5")', [0, 1, 1, 1]),
        ('=SUMIF(A1:A4,">"&A1)', [0, 1, 1, 1]),
        ('=SUMIFS(A1:A4,A1:A4,"<3.5",B1:B4,"y")*COUNTIF(A1:A4,">1.5")', [0, 3, 0, 0]),
    ],
)
def test_gradients_flow_to_the_cells_that_are_selected(formula: str, gradient: list[float]) -> None:
    cells: dict[str, Scalar] = {"A1": 1.0, "A2": 2.0, "A3": 3.0, "A4": 4.0}
    cells |= {"B1": "x", "B2": "y", "B3": "X", "B4": "Y"}
    cells |= {f"C{r}": float(r) for r in range(1, 5)} | {"D1": formula}
    np.testing.assert_allclose(assert_slopes(cells, "A1:A4", "D1"), gradient)


def test_sums_per_user_have_the_gradient_of_a_segment_sum() -> None:
    users = [1.0, 2.0, 1.0, 3.0, 2.0, 1.0]
    cells: dict[str, Scalar] = {f"A{r}": 0.1 * r for r in range(1, 7)}
    cells |= {f"B{r}": user for r, user in enumerate(users, 1)}
    cells |= {f"C{r}": f"=A{r}^2" for r in range(1, 7)}
    cells |= {f"D{r}": f"=SUMIF(B$1:B$6,{r},C$1:C$6)^2" for r in range(1, 4)}
    cells |= {f"E{r}": f"=SUMIF(B$1:B$6,B{r},C$1:C$6)" for r in range(1, 7)}
    cells |= {"F1": "=SUM(D1:D3)+SUMSQ(E1:E6)"}
    assert_slopes(cells, "A1:A6", "F1")
