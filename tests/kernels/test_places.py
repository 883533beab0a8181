"""Programs for the places where OFFSET and INDIRECT look say what a recalculation says."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from tests.build import build
from xlcollab.api.session.session import Session
from xlcollab.kernels.trace.recalculating import RecalculatedFunction, RecalculatingCompiler
from xlcollab.ref import parse_area

FORMULAS = {
    "offset": "=OFFSET(E1,A1,0)*A2+A2^2",
    "a fraction": "=OFFSET(E1,A1/2,A2/4)",
    "backwards": "=SUM(OFFSET(E8,-A1,0,2,1))*A2",
    "size": "=SUM(OFFSET(E1,0,0,A1,1))+A2",
    "size of a fraction": "=SUM(OFFSET(E4,0,0,A1-4.5,1))+A2",
    "indirect": '=INDIRECT("E"&INT(A1+1))+A2',
    "indirect by anything": '=INDIRECT("E"&A1)+A2',
    "by a name of a cell": '=SUM(INDIRECT(IF(A2>5,"E1:E4","F1:F8")))+A1',
    "one after the other": '=OFFSET(E1,INDIRECT("F"&INT(A1+1)),0)+A2',
    "into what moves": "=OFFSET(G1,A1,0)*2",
    "beyond the sheet": "=OFFSET(E1,A1-4,0)+A2",
    "an error says where": "=OFFSET(E1,SQRT(A1-4),0)+A2",
    "rescued": "=IFERROR(OFFSET(E1,A1-4,0),-A2)",
}


@pytest.mark.parametrize("name", FORMULAS)
def test_a_program_says_what_a_recalculation_says(name: str, tmp_path: Path) -> None:
    cells: dict[str, object] = {"A1": 1.0, "A2": 2.0, "B1": FORMULAS[name], "C1": "=B1*2+A1"}
    for row in range(1, 13):
        cells |= {f"E{row}": row * 1.5, f"F{row}": (row * 5) % 7}
        cells[f"G{row}"] = f"=E{row}*$A$2" if row % 2 else f"=OFFSET(E{row},INT($A$1),0)+$A$2"
    book = Session(build(tmp_path / "book.xlsx", {"S": cells}))
    areas = [parse_area("S!A1:A2", "S")]
    sheet = RecalculatingCompiler(book.plan, areas, np.array([1.0, 2.0]))
    values = [sheet.cells(parse_area("S!B1", "S")), sheet.cells(parse_area("S!C1", "S"))]
    function = sheet.function(values)
    assert isinstance(function, RecalculatedFunction)
    assert function.places is not None
    generator, met = np.random.default_rng(3), 0
    for number in range(120):
        x = torch.as_tensor(generator.uniform(0.0, 8.0, 2))
        if number % 3:
            x = x.round()
        for one in (function, function.exactly()):
            found = one.places.values(one.context, x)
            if found is None:
                continue
            met += 1
            evaluation = sheet.at(x)
            for place, area in enumerate(("S!B1", "S!C1")):
                block = evaluation.cells(parse_area(area, "S")).block
                truth, codes = evaluation.exact.numbers(block)
                lost = codes is not None and bool((codes > 0).any())
                wanted = float("nan") if lost else float(truth)
                assert found[place].item() == pytest.approx(wanted, nan_ok=True), (x, area)
    assert met > 60 or name in ("indirect by anything", "a fraction")
