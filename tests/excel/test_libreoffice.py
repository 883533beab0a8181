"""The formulas of the suite beside LibreOffice's recalculation: a second opinion on most."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import openpyxl
import pytest

from tests.excel.suite import HOME, Case, cases
from tests.workbooks.made import recalculated_elsewhere
from xlcollab.grid import ErrorCode, Scalar

ENOUGH = 200
"""Formulas that both must compute alike, at the least."""
DIFFERENT: dict[str, str] = {
    "counts booleans of cells, or reads them as numbers": """
        AVEDEV CONCATENATE DEVSQ LOWER STDEV STDEVP UPPER VAR VARP COUNTIF SUMIF SUMIFS AVERAGEA
        ACCRINTM CONVERT EDATE EOMONTH IMCOS IMCOSH IMCOT IMCSC IMCSCH IMREAL IMSEC IMSECH IMSINH
        IMTAN OCT2DEC TYPE WEEKNUM""",
    "has a value where Excel has an error": """
        AMORDEGRC AMORLINC ATAN2 CHAR CHIDIST CODE COS DATEVALUE DCOUNTA EFFECT FV FVSCHEDULE
        GEOMEAN IMSUB IMSUM LOGNORMDIST MOD MROUND PMT POWER PRICEMAT RATE SECOND SIN SUBTOTAL SYD
        TBILLPRICE VALUE XNPV YEAR""",
    "looks up, counts days or rounds in another way": """
        ACCRINT BESSELI BESSELJ BESSELY COUPDAYSNC CUMIPMT CUMPRINC DAY DURATION IMPOWER IMSQRT LCM
        LINEST MATCH MDURATION MODE MONTH ODDLPRICE ODDLYIELD PERCENTRANK PRICE TBILLEQ YIELD""",
    "writes texts in another way": "ASC DOLLAR LEN TEXT",
    "knows arrays, or the cells of a file, in another way": """
        COUNTA SUMX2MY2 SUMX2PY2 SUMXMY2 DCOUNT DMAX DMIN DPRODUCT DSTDEV DSUM DVAR ERROR.TYPE TIME
        ROW TODAY""",
}
NAMES = {name for names in DIFFERENT.values() for name in names.split()}
FORMULAS = frozenset(
    (
        *("0^0", "1=TRUE", 'TRUE>"z"', '"a"&A2&A3&A4', "SUM({TRUE})"),
        *("SUM(1E10,-1E10,1E-6)", "SUMPRODUCT(A1:A1,B1:B1)"),
        *(Path(__file__).parent / "otherwise.txt").read_text(encoding="utf-8").splitlines(),
    )
)
"""Single formulas that LibreOffice computes otherwise; numbers joined to "" besides."""


@dataclass(frozen=True, slots=True)
class Placed:
    """A case and where it stands in the workbook that is recalculated."""

    case: Case
    sheet: str
    cell: str


def _comparable(case: Case) -> bool:
    setting = case.setting
    special = setting.names or setting.hidden or setting.filtered or setting.date1904
    special = special or any(isinstance(value, bool) for value in setting.cells.values())
    ours = case.functions & NAMES or case.formula in FORMULAS or case.formula.endswith('&""')
    return "plain" in case.forms and case.at == HOME and not special and not ours


def _written(path: Path) -> Iterator[Placed]:
    """A sheet for each setting, the formulas below its cells."""
    book, sheets = openpyxl.Workbook(), dict[str, str]()
    rows: dict[str, int] = {}
    for case in filter(_comparable, cases()):
        key = repr(sorted(case.setting.cells.items(), key=str))
        if key not in sheets:
            sheet = book.create_sheet(f"S{len(sheets)}")
            sheets[key], rows[key] = sheet.title, 40
            for cell, value in case.setting.cells.items():
                sheet[cell] = value.text if isinstance(value, ErrorCode) else value
        rows[key] += 1
        cell = f"Z{rows[key]}"
        book[sheets[key]][cell] = f"={case.formula}"
        yield Placed(case, sheets[key], cell)
    book.save(path)


def _alike(expected: Scalar, found: object) -> bool:
    if isinstance(expected, ErrorCode):
        return found == expected.text
    if isinstance(expected, bool) or isinstance(found, bool):
        return expected is found
    if isinstance(expected, float) and isinstance(found, int | float):
        return math.isclose(expected, found, rel_tol=1e-9, abs_tol=1e-12)
    return (expected or None) == (found or None)


def _unknown(found: object) -> bool:
    """Whether LibreOffice has no value to compare: it knows a function not, or shows a date."""
    known = isinstance(found, int | float | str | None)
    return not known or str(found).startswith(("#", "Err:"))


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:Cell .* is marked as a date:UserWarning")
def test_most_formulas_are_as_libreoffice_recalculates_them(tmp_path: Path) -> None:
    placed = list(_written(tmp_path / "suite.xlsx"))
    book = recalculated_elsewhere(tmp_path / "suite.xlsx", tmp_path)
    alike, wrong = 0, []
    for one in placed:
        found, expected = book[one.sheet][one.cell].value, one.case.rows[0][0]
        if _alike(expected, found):
            alike += 1
        elif not _unknown(found):
            wrong.append(f"{one.case.where}: {one.case.formula} is {expected!r}, there {found!r}")
    assert not wrong, "\n".join(wrong)
    assert alike >= ENOUGH
    print(f"{alike} of {len(placed)} formulas as LibreOffice recalculates them")
