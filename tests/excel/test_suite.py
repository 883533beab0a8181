"""Every case of the suite, stored as a dynamic array formula and as a plain one."""

from __future__ import annotations

from collections import Counter
from itertools import groupby
from pathlib import Path

import pytest

from tests.excel.suite import Case, cases, judged
from xlcollab.grid import ErrorCode, Scalar
from xlcollab.kernels.table import RECORDS

FILES = {
    name: list(found)
    for name, found in groupby(cases(), key=lambda case: case.where.partition(":")[0])
}


@pytest.mark.parametrize("name", FILES)
def test_every_formula_has_the_value_that_excel_shows(name: str) -> None:
    wrong = [found for case in FILES[name] for found in _wrong(case)]
    assert not wrong, "\n".join(wrong)


def _wrong(case: Case) -> list[str]:
    return [found for form in case.forms if (found := judged(case, form)) is not None]


ENOUGH = 3


def test_every_function_has_three_cases() -> None:
    counts = Counter(name for found in FILES.values() for case in found for name in case.functions)
    few = sorted(name for name in RECORDS if counts[name] < ENOUGH)
    assert not few, f"too few cases: {', '.join(few)}"


@pytest.mark.parametrize(
    ("line", "rows"),
    [
        ('SUM(A1) => {1,"a,b";TRUE,#N/A} | hand', ((1.0, "a,b"), (True, ErrorCode.NA))),
        ('array LEFT("x") => "say ""x""" | page', (('say "x"',),)),
        ("in C3 A1 => blank | excel", ((None,),)),
    ],
)
def test_a_line_is_read(tmp_path: Path, line: str, rows: tuple[tuple[Scalar, ...], ...]) -> None:
    (tmp_path / "one.txt").write_text(f"# remark\nwith A1:B1 = 1, 2; hidden row 1\n{line}\n")
    (case,) = cases(tmp_path)
    assert case.rows == rows
    assert case.setting.hidden == (0,)


@pytest.mark.parametrize("line", ["SUM(A1) = 1", "SUM(A1) => 1", "SUM(A1) => 1 | rumour"])
def test_a_line_that_is_none_is_named(tmp_path: Path, line: str) -> None:
    (tmp_path / "one.txt").write_text(f"{line}\n")
    with pytest.raises(AssertionError, match="one:1"):
        list(cases(tmp_path))
