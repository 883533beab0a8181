"""What `inspect` says of formulas that cannot be read: a line each, with cell and reason."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.build import build
from tests.faces.shell import xlcollab

LONG = "+".join(f"IF(A{row}>0,A{row},B{row})" for row in range(1, 60))
BROKEN = {
    "B1": ("=1+*2", "found '*' at character 3 of the formula: 1+*2"),
    "B2": ('=IF(A1>0,\n "yes",\n "no"', 'at character 23 of the formula: IF(A1>0, "yes", "no"'),
    "B3": (f"={LONG}+)", ")' at character 1036 of the formula: …"),
    "B4": (
        f"=1+*{LONG}",
        "found '*' at character 3 of the formula: 1+*IF(A1>0,A1,B1)+IF(A2>0,A2,B2…",
    ),
}


@pytest.fixture
def book(tmp_path: Path) -> Path:
    cells = {"A1": 1.0, **{cell: (formula, 1.0) for cell, (formula, _) in BROKEN.items()}}
    return build(tmp_path / "b.xlsx", {"S": cells})


def test_a_line_each(book: Path) -> None:
    found = xlcollab("inspect", book)
    assert found.code == 0
    lines = [line for line in found.out.splitlines() if line.startswith("! ")]
    assert len(lines) == len(BROKEN)
    for line, (cell, (_, reason)) in zip(lines, BROKEN.items(), strict=True):
        assert line.startswith(f"! S!{cell} cannot be read: expected ")
        assert reason in line
        assert len(line) < 230
    assert not any("^" in line for line in found.out.splitlines())


def test_the_same_in_json(book: Path) -> None:
    problems = xlcollab("inspect", book, "--json").json["problems"]
    assert [problem.split(" ")[0] for problem in problems] == [f"S!{cell}" for cell in BROKEN]
    assert not any("\n" in problem for problem in problems)


def test_recalc_gives_the_same_reasons(book: Path) -> None:
    unsupported = xlcollab("recalc", book, "--check", "--json").json["unsupported"]
    assert [one["cell"] for one in unsupported] == [f"S!{cell}" for cell in BROKEN]
    assert all("\n" not in one["reason"] for one in unsupported)
