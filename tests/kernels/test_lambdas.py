"""Lambdas that are refused: those that call themselves, and what is no lambda."""

from __future__ import annotations

import pytest

from tests.kernels.engine import RefusedError, value, workbook
from xlcollab.grid import DefinedName
from xlcollab.kernels.trace.recalculate import recalculate
from xlcollab.plan import build_plan


def test_a_lambda_that_calls_itself_is_refused_at_once() -> None:
    book = workbook({"A1": "=FIB(30)", "A2": "=1+1"})
    book.names = [DefinedName("FIB", "LAMBDA(n,IF(n<2,n,FIB(n-1)+FIB(n-2)))")]
    done = recalculate(build_plan(book))
    (refused,) = done.unsupported
    assert "FIB" in refused.reason
    assert str(refused.area.rect) == "A1"


@pytest.mark.parametrize(
    ("formula", "said"),
    [
        ("=SUM(MAP({1,2},3))", "needs a LAMBDA"),
        ("=SUM(MAP({1,2},LAMBDA(a,b,a)))", "takes 2 arguments, not 1"),
        ("=SUM(MAKEARRAY(1000,1000,LAMBDA(r,c,1)))", "would be called 1,000,000 times"),
    ],
)
def test_what_is_refused_is_said(formula: str, said: str) -> None:
    with pytest.raises(RefusedError, match=said):
        value(formula)
