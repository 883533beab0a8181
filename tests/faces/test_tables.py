"""Tables in a terminal and sentences of several models, as people read them."""

from __future__ import annotations

from pathlib import Path

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.build import build
from tests.faces.shell import two_bowls, xlcollab
from xlcollab.api.session.together import told_together
from xlcollab.faces.columns import fitting

_WIDE = 40


def test_a_wide_table_shows_what_fits_and_counts_the_rest(tmp_path: Path) -> None:
    """A Jacobian by many cells showed no number at all, once."""
    cells: dict[str, object] = {f"A{i + 1}": 0.123456789 + i for i in range(_WIDE)}
    cells |= {"B1": f"=SUMSQ(A1:A{_WIDE})", "B2": f"=SUM(A1:A{_WIDE})"}
    book = build(tmp_path / "b.xlsx", {"S": cells})
    by = ("--with-respect-to", f"S!A1:A{_WIDE}")
    found = xlcollab("gradient", book, "--of", "S!B1:B2", *by)
    assert found.code == 0, found.err
    first = next(line for line in found.out.splitlines() if line.strip().startswith("S!B1"))
    assert first.split()[2] == "0.2469136"
    shown = len(first.split()) - 2
    assert 3 < shown < _WIDE
    assert f"… and {_WIDE - shown} more columns (--json has them all)" in found.out


@given(
    st.lists(st.text("ab cd", min_size=1, max_size=30), min_size=1, max_size=12),
    st.integers(20, 150),
)
def test_what_is_shown_fits_the_room(headings: list[str], room: int) -> None:
    rows = [[f"{17.25 * len(heading):.4f}" for heading in headings]]
    columns = fitting(headings, rows, [True] * len(headings), room)
    assert columns
    for column, heading, text in zip(columns, headings, rows[0], strict=False):
        assert column.heading.split() == heading.split()
        assert column.width >= len(text)
    if len(columns) > 2:
        assert sum(one.width + 3 for one in columns) <= room


def test_the_same_sentence_is_said_once() -> None:
    told = [("a", "done."), ("b", "failed."), ("c", "done.")]
    assert told_together(told) == ["a, c: done.", "b: failed."]


def test_two_models_to_which_the_same_happened_are_told_together(tmp_path: Path) -> None:
    found = xlcollab("solve", two_bowls(tmp_path / "b.xlsx"))
    assert found.code == 0, found.err
    assert any(line.startswith("S, T: ") for line in found.err.splitlines())


@pytest.mark.parametrize("verb", ["gradient", "lr-find", "watch", "solve", "run", "fit", "tune"])
def test_what_writes_a_file_can_overwrite(verb: str) -> None:
    told = xlcollab(verb, "--help").out
    assert "--output" in told
    assert "--overwrite" in told


def test_run_tells_the_loss_that_its_sheet_shows(tmp_path: Path) -> None:
    book = Path(__file__).resolve().parents[2] / "workbooks" / "graddesc.xlsx"
    target = tmp_path / "run.xlsx"
    told = xlcollab("run", book, "--sheet", "momentum", "--epochs", 3, "-o", target).out
    sheet = openpyxl.load_workbook(target)["momentum history"]
    losses = [row[1] for row in sheet.iter_rows(min_row=5, values_only=True)]
    assert f"{losses[0]:.7g}" in told
    assert f"{losses[-1]:.7g}" in told
    assert f"loss {losses[0]:.6g} → {losses[-1]:.6g}" in sheet["A2"].value
