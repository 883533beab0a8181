"""The figures in the text are those of the workbooks: if one is made anew, so is the text."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import pytest
from python_calamine import CalamineWorkbook

import xlcollab as xc
from tests.architecture.rooms import ROOT

TRAINED = ROOT.parent / "workbooks" / "trained"
LESSON = ROOT.parent / "workbooks" / "graddesc.xlsx"
SOLVED, RUN = "collab_filter.solved.xlsx", "graddesc.run.xlsx"
TABS = ("sgd", "momentum", "nesterov", "adagrad", "rmsprop", "adam", "adamw", "annealing")
ERRORS = {
    "dotprod": "dot_product.md",
    "bias": "bias.md",
    "sigmoid": "sigmoid.md",
    "embeddings": "embeddings.md",
    "mini_net": "net.md",
    "word_embeddings": "embeddings.md",
}
"""Sheet with its train and test RMSE in row 4 → the page that says them."""


@cache
def _rows(book: str, sheet: str) -> list[list[object]]:
    rows = CalamineWorkbook.from_path(TRAINED / book).get_sheet_by_name(sheet)
    return [[one for one in row if one != ""] for row in rows.to_python(skip_empty_area=False)]


def _page(name: str) -> str:
    return Path(ROOT, "docs", name).read_text("utf-8")


def _row(book: str, sheet: str, first: object) -> list[object]:
    return next(row for row in _rows(book, sheet) if row and row[0] == first)


@pytest.mark.parametrize("sheet", ERRORS)
def test_errors_are_those_of_the_solved_lesson(sheet: str) -> None:
    place = next(i for i, row in enumerate(_rows(SOLVED, sheet)) if "train RMSE" in row)
    train, test = _rows(SOLVED, sheet)[place + 1][:2]
    for error in (train, test):
        assert f"{error:.3f}" in _page(ERRORS[sheet]), (sheet, error)


@pytest.mark.parametrize("tab", TABS)
def test_losses_by_epoch_are_those_of_the_run_lesson(tab: str) -> None:
    losses = [_row(RUN, f"{tab} history", float(epoch))[1] for epoch in (0, 1, 5, 10, 20)]
    row = " | ".join(f"{one:.3f}" for one in losses)
    assert f"| {tab} | {row} |" in _page("optimisers.md")


def test_components_are_those_of_the_solved_lesson() -> None:
    text = _page("pca.md")
    shares = [_row(SOLVED, "bias factors", name)[1] for name in ("pc1", "pc2")]
    for share in shares:
        assert f"{100 * float(str(share)):.0f} %" in text
    for film in ("Thunder Over Kestrel Bay", "Copper Orbit", "Ash on the Piano"):
        assert f"{_row(SOLVED, 'bias factors', film)[1]:.2f}" in text


@pytest.mark.parametrize(
    ("column", "optimizer", "rate"),
    [(1, "gd", 0.03), (2, "gd", 0.034), (3, "momentum", 0.03), (4, "momentum", 0.06)],
)
def test_steep_slopes_are_those_of_the_runs(column: int, optimizer: str, rate: float) -> None:
    run = xc.open(LESSON).tab("sgd").run(100, optimizer=optimizer, learning_rate=rate)
    rows = re.findall(r"^\| (0|2|10|50|100) \|(.*)\|$", _page("optimisers.md"), re.MULTILINE)
    told = {int(epoch): cells.split("|") for epoch, cells in rows if len(cells.split("|")) == 4}
    assert told.keys() == {0, 2, 10, 50, 100}
    for epoch, cells in told.items():
        text = cells[column - 1].strip()
        last = 10.0 ** -len(text.partition(".")[2])  # of the digits that are printed
        assert float(text) == pytest.approx(run.measured[epoch], abs=0.6 * last)
