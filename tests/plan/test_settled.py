"""Look-ups whose place is told by the formula alone are the references that they come to."""

from __future__ import annotations

import pytest

from tests.kernels.engine import workbook
from xlcollab.formula import parse
from xlcollab.plan import build_plan
from xlcollab.plan.settled import settled
from xlcollab.ref import Rect

ROW, COLUMN = 4, 3
"""Of the first cell, D5; the others are the two below it."""
SETTLED = {
    "OFFSET(D5,-1,0)": "D4",
    "OFFSET(D5,+1,-3)*2": "A6*2",
    "OFFSET(Other!$A$1:B$2,2,1)": "Other!$B$3:C$4",
    "SUM(B$2:OFFSET(B9,-1,0))": "SUM(B$2:B8)",
    "SUM(INDEX(B:B,2):B7)": "SUM(B$2:B7)",
    "INDEX(D:D,ROW()-1)+1": "D4+1",
    "INDEX($D$2:$D$90,ROW()-2)": "$D4",
    "INDEX($D$2:$D$90,ROW()+1,1)": "$D7",
    "INDEX($A$1:$Z$1,COLUMN()-1)": "C$1",
    "INDEX($A$1:$C$9,2,3)": "$C$2",
    "INDEX(A1:C9,2,3)": "C2",
    "IF(A5>0,OFFSET(OFFSET(D5,-1,0),0,-1),-INDEX(B:B,1))": "IF(A5>0,C4,-B$1)",
}
AS_THEY_ARE = (
    "OFFSET(D5,-9,0)",  # above the sheet
    "OFFSET(D5,-5,0)",  # above the sheet in the first of the cells
    "OFFSET(D5,A1,0)",
    "OFFSET(D5,0.5,0)",
    "OFFSET(D5,-1,0,2,1)",
    "INDEX(D:D,A1)",
    "INDEX(D:D,0)",  # the whole column
    "INDEX(D$1:D$6,ROW())",  # beyond the area in the last of the cells
    "INDEX(D4:D9,ROW()-1)",  # moves by two rows a row
    "INDEX(A1:C9,2)",
    "INDEX(A1:C9,2,3,1)",
    "INDEX(D:D,ROW(A1)-1)",
    "SUM(A1:B2)",
)


@pytest.mark.parametrize("text", SETTLED)
def test_it_is_the_reference(text: str) -> None:
    found = settled(parse(text, ROW, COLUMN), Rect(ROW, COLUMN, 3, 1))
    assert found == parse(SETTLED[text], ROW, COLUMN)


@pytest.mark.parametrize("text", AS_THEY_ARE)
def test_what_the_sheet_decides_stays(text: str) -> None:
    node = parse(text, ROW, COLUMN)
    assert settled(node, Rect(ROW, COLUMN, 3, 1)) is node


@pytest.mark.parametrize(
    "above", ["OFFSET(A{0},-1,0)", "INDEX(A:A,ROW()-1)", "INDEX($A$1:$A$400,ROW()-1)"]
)
def test_rows_that_feed_one_another_so_are_one_chain(above: str) -> None:
    cells = {f"A{row}": f"={above.format(row)}*0.5+1" for row in range(2, 300)}
    plan = build_plan(workbook({"A1": 1.0, **cells}))
    assert len(plan.chains) == 1
    assert not plan.circular
