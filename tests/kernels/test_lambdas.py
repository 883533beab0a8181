"""Lambdas that call themselves, names that use one another, and what is refused."""

from __future__ import annotations

import pytest

from tests.kernels.engine import Cells, RefusedError, value, workbook
from xlcollab.grid import DefinedName, Scalar
from xlcollab.kernels.trace.recalculate import recalculate
from xlcollab.kernels.values.block import Context
from xlcollab.plan import build_plan


def evaluated(cells: Cells, names: dict[str, str]) -> tuple[dict[str, list[Scalar]], list[str]]:
    """({area: values}, reasons of refusals) of a book with defined names."""
    book = workbook(cells)
    book.names = [DefinedName(name, text) for name, text in names.items()]
    done = recalculate(build_plan(book))
    values = {str(f.rect): Context(book.texts).values(block) for f, block in done.results}
    return values, [refused.reason for refused in done.unsupported]


def test_a_lambda_calls_itself() -> None:
    names = {
        "FIB": "LAMBDA(n,IF(n<2,n,FIB(n-1)+FIB(n-2)))",
        "EVENLY": "LAMBDA(n,IF(n=0,TRUE,ODDLY(n-1)))",
        "ODDLY": "LAMBDA(n,IF(n=0,FALSE,EVENLY(n-1)))",
    }
    cells: Cells = {"B1": 5.0, "B2": 20.0, "B3": 80.0}
    formulas = {f"A{row}": f"=FIB(B{row})" for row in (1, 2, 3)}
    values, refused = evaluated({**cells, **formulas, "C1": "=EVENLY(11)"}, names)
    assert values == {"A1:A3": [5.0, 6765.0, 23416728348467685.0], "C1": [False]}
    assert not refused


def test_a_lambda_that_never_ends_is_refused_alone() -> None:
    names = {"UP": "LAMBDA(n,UP(n+1)+UP(n+2))"}
    values, (refused,) = evaluated({"A1": "=UP(1)", "A2": "=1+1"}, names)
    assert "the LAMBDA UP is called too often" in refused
    assert values == {"A2": [2.0]}


def test_names_that_use_one_another_twice_are_put_in_once() -> None:
    """30 of them written out would be a formula of 2³⁰ terms."""
    names = {"N1_": "Sheet1!$B$1*1"} | {f"N{i}_": f"N{i - 1}_+N{i - 1}_" for i in range(2, 31)}
    values, refused = evaluated({"A1": "=N30_", "B1": 2.0}, names)
    assert (values, refused) == ({"A1": [2.0**30]}, [])


@pytest.mark.parametrize("text", ["{n}+{n}*0.5", "{n}*0.5+{n}", "({n}+1)-{n}*{n}*0", "-{n}+{n}*3"])
def test_names_used_twice_at_any_place_are_put_in_once(text: str) -> None:
    """The first of a sum's terms is no exception: 30 of them, each used twice by the next."""
    names = {"N1_": "Sheet1!$B$1*1"} | {f"N{i}_": text.format(n=f"N{i - 1}_") for i in range(2, 31)}
    values, refused = evaluated({"A1": "=N30_", "B1": 0.25}, names)
    wanted = 0.25
    for _ in range(29):
        wanted = eval(text.format(n=f"({wanted})"))
    assert values == {"A1": [pytest.approx(wanted, rel=1e-12)]}
    assert not refused


def test_names_that_mean_themselves_are_refused_alone() -> None:
    names = {"LOOP": "LOOP+LOOP", "HERE": "THERE+THERE", "THERE": "HERE+HERE"}
    cells: Cells = {"A1": "=LOOP+1", "A2": "=HERE", "A3": "=1+1"}
    values, refused = evaluated(cells, names)
    assert values == {"A3": [2.0]}
    assert all("means itself" in reason for reason in refused)
    assert len(refused) == 2


def test_a_draw_in_a_lambda_is_drawn_for_each_call() -> None:
    values, _ = evaluated({"A1": "=SUM(N(MAP({1,1},LAMBDA(x,RAND()))={1,1}))"}, {})
    assert values == {"A1": [0.0]}
    values, _ = evaluated({"A1": "=LET(f,LAMBDA(x,RAND()),f(1)=f(1))"}, {})
    assert values == {"A1": [False]}


@pytest.mark.parametrize(
    ("formula", "said"),
    [
        ("=SUM(MAP({1,2},LET(a,1,a)))", "needs a LAMBDA"),
        ("=SUM(MAKEARRAY(1000,1000,LAMBDA(r,c,1)))", "would be called 1,000,000 times"),
    ],
)
def test_what_is_refused_is_said(formula: str, said: str) -> None:
    with pytest.raises(RefusedError, match=said):
        value(formula)
