"""What a verb stored, a fresh recalculation of the written file confirms: on random books."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

import xlcollab as xc
from tests.build import build
from tests.faces.shell import minimised, xlcollab
from tests.graddesc.typed_tabs import Layout, momentum_cells, sgd_cells
from tests.random_books import books, formulas
from tests.ratings_verbs.data import crosstab_cells
from xlcollab.errors import XlcollabError

pytestmark = pytest.mark.filterwarnings("ignore:The recursion limit")
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


def confirmed(verb: str, cells: dict[str, object], *options: object) -> None:
    """Write a book, use a verb on it, and look whether what it stored is what a recalculation of
    the written file finds."""
    with TemporaryDirectory() as folder:
        path = build(Path(folder) / "b.xlsx", {"S": cells})
        output = Path(folder) / "out.xlsx"
        done = xlcollab(verb, path, *options, "-o", output)
        assert done.code == 0, (done.err, cells)
        assert not xc.open(output).recalculate().differences, cells


@st.composite
def tabs(draw: st.DrawFn) -> dict[str, object]:
    """A tab of gradient descent, plain or with momentum, and formulas beside and around it."""
    layout = Layout(
        rows=draw(st.integers(2, 6)),
        weights=draw(st.integers(2, 3)),
        rate=draw(st.sampled_from([0.01, 0.1, 0.5])),
        backwards=draw(st.booleans()),
    )
    cells = draw(st.sampled_from([sgd_cells, momentum_cells]))(layout)
    weight = f"{layout.column('weight')}{layout.bottom + 1}"
    beside = {f"AC{row}": "=" + draw(formulas(1)) for row in range(1, 5)}
    return {**cells, **beside, "AD1": f"=IF({weight}>0.5,SQRT({weight}-0.7),AC1)", "AD2": "=AD1+1"}


@st.composite
def rated(draw: st.DrawFn) -> dict[str, object]:
    """A crosstab of ratings, and formulas that read it."""
    beside = {f"AC{row}": "=" + draw(formulas(1)) for row in range(1, 5)}
    return {**crosstab_cells(), **beside, "AD1": "=SUM(A1:F7)+COUNT(AC1:AC4)"}


FIT = ("--n-factors", 2, "--epochs", 3)
RUN = ("--sheet", "S", "--epochs", 2, "--reset")


@pytest.mark.parametrize("method", ["gd", "auto"])
def test_counters_follow_the_errors(method: str, tmp_path: Path) -> None:
    book = solved(tmp_path, COUNTED, "C$1", method)
    assert not book.recalculate().differences


CHOSEN = {
    "A1": 3.0,
    "B1": 10.0,
    "B2": 20.0,
    "C1": "=(A1-1)^2",
    "D1": "=SUM(IF(A1<2,B1:B1,B1:B2),A1)",
    "E1": "=D1+SUM(OFFSET(B1,IF(A1<2,1,0),0))",
}
"""D1 and E1 choose areas by the variable: no function of it can be made, but they have values."""


@pytest.mark.parametrize("method", ["auto", "gd"])
def test_what_no_function_can_be_made_of_is_evaluated_afterwards(
    method: str, tmp_path: Path
) -> None:
    book = solved(tmp_path, CHOSEN, "C$1", method)
    assert not book.recalculate().differences
    at = book.workbook.sheet("S").value(0, 0)
    assert isinstance(at, float)
    assert book.workbook.sheet("S").value(0, 3) == pytest.approx((10 if at < 2 else 30) + at)


@pytest.mark.slow
@settings(QUIET, max_examples=300)
@given(cells=books())
def test_what_solve_stored_is_confirmed(cells: dict[str, object]) -> None:
    confirm(cells, "C$6", "gd")


@settings(QUIET, max_examples=4)
@given(cells=books())
def test_what_solve_stored_is_confirmed_on_a_few(cells: dict[str, object]) -> None:
    confirm(cells, "C$6", "gd")


@settings(QUIET, max_examples=20)
@given(cells=books())
def test_what_recalc_stored_is_confirmed(cells: dict[str, object]) -> None:
    confirmed("recalc", cells)


@settings(QUIET, max_examples=4)
@given(cells=tabs())
def test_what_run_stored_is_confirmed(cells: dict[str, object]) -> None:
    confirmed("run", cells, *RUN)


@settings(QUIET, max_examples=3)
@given(cells=rated())
def test_what_fit_stored_is_confirmed(cells: dict[str, object]) -> None:
    confirmed("fit", cells, *FIT)


@pytest.mark.slow
@settings(QUIET, max_examples=500)
@given(cells=books(rows=9))
def test_what_recalc_stored_is_confirmed_widely(cells: dict[str, object]) -> None:
    confirmed("recalc", cells)


@pytest.mark.slow
@settings(QUIET, max_examples=60)
@given(cells=tabs())
def test_what_run_stored_is_confirmed_widely(cells: dict[str, object]) -> None:
    confirmed("run", cells, *RUN)


@pytest.mark.slow
@settings(QUIET, max_examples=40)
@given(cells=rated())
def test_what_fit_stored_is_confirmed_widely(cells: dict[str, object]) -> None:
    confirmed("fit", cells, *FIT)
