"""What a verb stored, a fresh recalculation of the written file confirms: on random books."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, assume, given, settings

import xlcollab as xc
from tests.build import build
from tests.faces.shell import minimised
from tests.random_books import books
from xlcollab.errors import XlcollabError

QUIET = settings(
    deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck)
)
COUNTED = {
    "A1": 4.0,
    "B1": "=SQRT(A1)",
    "C1": "=(A1+4)^2+IF(ISNUMBER(B1),0,1000)",
    "D1": "=COUNT(B1:B1)",
    "E1": "=ISERROR(B1)",
    "F1": '=COUNTBLANK(G1:G1)+LEN(IF(A1>0,"","x"))',
    "G1": '=IF(A1>0,"","x")',
}


def solved(folder: Path, cells: dict[str, object], objective: str, method: str) -> xc.OpenBook:
    """The workbook as it is after a solve, opened anew. Raises XlcollabError."""
    variables = "S!$A$1:$A$4" if "A4" in cells else "S!$A$1"
    path = build(folder / "b.xlsx", {"S": cells}, minimised("S", f"S!${objective}", variables))
    book = xc.open(path)
    book.solve(method=method, **({"iterations": 6, "learning_rate": 0.5} if method == "gd" else {}))
    return xc.open(book.save(folder / "solved.xlsx"))


def confirm(cells: dict[str, object], objective: str, method: str) -> None:
    with TemporaryDirectory() as folder:
        try:
            book = solved(Path(folder), cells, objective, method)
        except XlcollabError:
            assume(False)
        assert not book.recalculate().differences, cells


@pytest.mark.parametrize("method", ["gd", "auto"])
def test_counters_follow_the_errors(method: str, tmp_path: Path) -> None:
    book = solved(tmp_path, COUNTED, "C$1", method)
    assert not book.recalculate().differences


@pytest.mark.filterwarnings("ignore:The recursion limit")
@pytest.mark.slow
@settings(QUIET, max_examples=300)
@given(cells=books())
def test_what_solve_stored_is_confirmed(cells: dict[str, object]) -> None:
    confirm(cells, "C$6", "gd")
