"""What the engine does not compute it refuses in a sentence that says why."""

from __future__ import annotations

import pytest

from tests.kernels.engine import RefusedError, value

CELLS = {"A1": 1.0, "A2": 2.0, "A3": 3.0, "B1": 2.0, "B2": 4.0, "B3": 5.0}
REFUSED = {
    '=SUMIFS({1,2},A1:A2,">1")': "SUMIFS needs references as its ranges",
    "=OFFSET(A1,A1:A3,0)": "is an array; only one value per cell can be followed",
    "=VDB(1000,0,2000000,0,1500000)": "VDB over more than",
    "=INDEX(LINEST(A1:A3,B1:B1^0*{1;1;1}),1)": "the predictors of a regression do not vary",
    "=LAMBDA(1,2)(3)": "a LAMBDA has names before its last argument",
    '=TEXT(1,"0;0;0;@;0")': "too many sections",
    '=TEXT(1,"yyyy 0.0 mm")': "digits beside a date",
}


@pytest.mark.parametrize("formula", REFUSED)
def test_a_refusal_says_why(formula: str) -> None:
    with pytest.raises(RefusedError) as refused:
        value(formula, CELLS)
    assert REFUSED[formula] in str(refused.value)
