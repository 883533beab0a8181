"""The answer report, section by section."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.problems.memory import workbook
from xlcollab.grid import Scalar
from xlcollab.history import (
    Answer,
    AnswerConstraints,
    AnswerVariables,
    answer_sheet,
    cell_names,
)
from xlcollab.history import answer as answer_module
from xlcollab.ref import CellRef, Rect, parse_area

INF, NAN = np.inf, np.nan


def cells(text: str) -> list[CellRef]:
    return list(parse_area(text, "mix").cells())


ANSWER = Answer(
    sheet="mix",
    workbook="mix.xlsx",
    goal="maximize",
    objective=CellRef("mix", 8, 3),
    objective_name="Total Profit",
    initial=0.0,
    final=36.0,
    method="highs",
    message="A maximum was reached.",
    iterations=3,
    seconds=0.01234,
    variables=AnswerVariables(
        cells=cells("B2:B4"),
        names=["Make A", "Make B", "Make C"],
        initial=np.array([0.0, 0.0, 0.0]),
        final=np.array([2.0, 6.0, 1e-9]),
        lower=np.array([0.0, -INF, 0.0]),
        upper=np.array([INF, 6.0, INF]),
        reduced_gradient=np.array([0.0, 2.5, NAN]),
    ),
)
CONSTRAINTS = AnswerConstraints(
    cells=cells("D1:D5"),
    names=["a", "b", "c", "d", "e"],
    values=np.array([4.0, 9.0, 7.0, 5.0, 5.0]),
    relations=["<=", "<=", ">=", "=", "="],
    limits=np.array([4.0, 12.0, 8.0, 5.0, 4.0]),
    formulas=["$D$1<=4", "$D$2<=12", "$D$3>=8", "$D$4=5", "$D$5=4"],
    multipliers=np.array([1.5, 0.0, NAN, -2.0, 0.0]),
)


def rows(answer: Answer) -> list[list[Scalar]]:
    return [list(row) for row in answer_sheet(answer).rows]


def test_the_title_says_what_was_run_and_how_it_went() -> None:
    assert rows(ANSWER)[:9] == [
        ["Answer report"],
        ["Written by xlcollab: solve, maximize mix!D9 by highs"],
        ["Workbook", "mix.xlsx"],
        ["Model", "maximize mix!D9"],
        ["Method", "highs"],
        ["Result", "A maximum was reached."],
        ["Iterations", 3.0],
        ["Seconds", 0.012],
        [],
    ]


def test_how_it_ended_is_told_in_lines_that_a_page_shows() -> None:
    message = " ".join(f"Sentence {number} says what is known of the end." for number in range(6))
    told = replace(ANSWER, message=message)
    lines = [row for row in rows(told)[5:] if len(row) == 2]
    *texts, iterations, seconds = lines
    assert [head for head, _ in texts] == ["Result", *[None] * (len(texts) - 1)]
    assert " ".join(str(text) for _, text in texts) == message
    assert max(len(str(text)) for _, text in texts) <= 90
    assert (iterations[0], seconds[0]) == ("Iterations", "Seconds")
    looks = answer_sheet(told).cell_looks
    shift = len(texts) - 1
    assert looks == {(6 + shift, 1): "whole", (7 + shift, 1): "seconds"}


def test_the_objective() -> None:
    assert rows(ANSWER)[9:13] == [
        ["Objective cell (maximize)"],
        ["Cell", "Name", "Original Value", "Final Value"],
        ["$D$9", "Total Profit", 0.0, 36.0],
        [],
    ]


def test_the_variables_and_their_table() -> None:
    found = rows(ANSWER)[13:]
    assert found == [
        ["Variable cells"],
        ["Cell", "Name", "Original Value", "Final Value", "Lower Bound", "Upper Bound", "Status",
         "Reduced Gradient"],
        ["$B$2", "Make A", 0.0, 2.0, 0.0, None, "Not Binding", 0.0],
        ["$B$3", "Make B", 0.0, 6.0, None, 6.0, "Binding", 2.5],
        ["$B$4", "Make C", 0.0, 1e-9, 0.0, None, "Binding", None],
    ]  # fmt: skip
    assert answer_sheet(ANSWER).table == Rect(14, 0, 4, 8)


def test_the_constraints() -> None:
    found = rows(replace(ANSWER, constraints=CONSTRAINTS))[18:]
    assert found == [
        [],
        ["Constraints"],
        ["Cell", "Name", "Cell Value", "Formula", "Status", "Slack", "Lagrange Multiplier"],
        ["$D$1", "a", 4.0, "$D$1<=4", "Binding", 0.0, 1.5],
        ["$D$2", "b", 9.0, "$D$2<=12", "Not Binding", 3.0, 0.0],
        ["$D$3", "c", 7.0, "$D$3>=8", "Violated", -1.0, None],
        ["$D$4", "d", 5.0, "$D$4=5", "Binding", 0.0, -2.0],
        ["$D$5", "e", 5.0, "$D$5=4", "Violated", -1.0, 0.0],
    ]


def test_binding_is_relative_to_large_limits() -> None:
    large = replace(
        ANSWER.variables, final=np.full(3, 1e9 + 1), upper=np.full(3, 1e9), lower=np.full(3, -INF)
    )
    found = rows(replace(ANSWER, variables=large))[15:]
    assert [row[-2] for row in found] == ["Binding"] * 3


def test_what_a_sheet_cannot_hold_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(answer_module, "_MOST_LINES", 2)
    found = rows(replace(ANSWER, constraints=CONSTRAINTS))
    assert found[17] == ["The first 2 of 3 are listed."]
    assert found[-1] == ["The first 2 of 5 are listed."]
    assert found[-2][0] == "$D$2"


def test_the_name_gives_way_to_existing_sheets() -> None:
    assert answer_sheet(ANSWER).name == "mix answer"
    assert answer_sheet(ANSWER, existing_names=["Mix answer"]).name == "mix answer 2"


LABELLED = {
    "B1": "Profit\nper unit", "C1": 2.0,
    "A2": "Chairs", "B2": 1.0, "C2": 3.0,
    "A3": "Total", "B3": ('""', ""), "C3": 4.0,
    "D4": 5.0,
}  # fmt: skip


@pytest.mark.parametrize(
    ("cell", "name"),
    [
        ("B2", "Chairs Profit per unit"),
        ("C3", "Total"),
        ("B9", "Profit per unit"),
        ("Z2", "Chairs"),
        ("D4", ""),
        ("A1", ""),
        ("Z99", ""),
        ("A9", "Total"),
    ],
)
def test_cells_are_called_by_the_texts_left_and_above(cell: str, name: str) -> None:
    assert cell_names(workbook({"mix": LABELLED}), cells(cell)) == [name]
