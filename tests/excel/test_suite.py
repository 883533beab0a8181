"""Every case of the suite, stored as a dynamic array formula and as a plain one."""

from __future__ import annotations

from itertools import groupby

import pytest

from tests.excel.suite import Case, cases, judged

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
