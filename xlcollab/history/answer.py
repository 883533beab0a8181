"""The answer report, laid out as the users of Excel's Solver know it."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from xlcollab.grid import Look, NewSheet, Scalar
from xlcollab.history.cells import number_rows
from xlcollab.history.names import added_name
from xlcollab.history.page import WIDEST_TEXT, WRITTEN_BY, wrapped_texts
from xlcollab.history.tables import looks_of_lines, widths_of_lines
from xlcollab.ref import CellRef, Rect, cell_name

_MOST_LINES = 500_000
"""Lines of one section: two sections and the title fit the 1,048,576 rows of a sheet."""

_OBJECTIVE = ("Cell", "Name", "Original Value", "Final Value")
_VARIABLES = (*_OBJECTIVE, "Lower Bound", "Upper Bound", "Status", "Reduced Gradient", "Integer")
_CONSTRAINTS = ("Cell", "Name", "Cell Value", "Formula", "Status", "Slack", "Lagrange Multiplier")
_ALWAYS = 4
"""The first columns are shown whatever they hold."""
_WIDTHS = {0: 14.0, 1: 34.0, 2: 18.0, 3: 24.0, 4: 14.0, 5: 14.0, 6: 20.0, 7: 18.0, 8: 14.0}
_WIDEST_LINE = 90
"""Characters: about the width of the columns of the variables, which is what a page shows."""
_BINDING = {True: "Binding", False: "Not Binding"}

_Row = Sequence[Scalar]


@dataclass(frozen=True, slots=True)
class AnswerVariables:
    """The variable cells, all of length m. NaN in `reduced_gradient` where it is unknown;
    `domains` are Solver's words for whole numbers, none for a model without any."""

    cells: Sequence[CellRef]
    names: Sequence[str]
    initial: NDArray[np.float64]
    final: NDArray[np.float64]
    lower: NDArray[np.float64]
    upper: NDArray[np.float64]
    reduced_gradient: NDArray[np.float64]
    domains: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class AnswerConstraints:
    """The constraint cells, all of length c: `values` `relations` `limits`.

    `relations` are "<=", "=" or ">="; `formulas` is how each constraint reads, such as
    "$B$4<=$D$4". NaN in `multipliers` where they are unknown.
    """

    cells: Sequence[CellRef]
    names: Sequence[str]
    values: NDArray[np.float64]
    relations: Sequence[str]
    limits: NDArray[np.float64]
    formulas: Sequence[str]
    multipliers: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Answer:
    """What one run of one model came to. `goal` is such as "minimize" or "reach 3"; a model
    without an objective has none.

    A bound or constraint is binding when its cell is within `tolerance` of it, relative to the
    limit where that is larger than 1.
    """

    sheet: str
    workbook: str
    goal: str
    objective: CellRef | None
    objective_name: str
    initial: float
    final: float
    method: str
    message: str
    iterations: int
    seconds: float
    variables: AnswerVariables
    constraints: AnswerConstraints | None = None
    tolerance: float = 1e-6

    @property
    def asked(self) -> str:
        """The goal with its cell."""
        if self.objective is None:
            return self.goal
        at = " at" if self.goal.startswith("reach") else ""
        return f"{self.goal}{at} {self.objective}"


def answer_sheet(answer: Answer, *, existing_names: Iterable[str] = ()) -> NewSheet:
    """The sheet "<sheet> answer"; `existing_names` are sheet names that must not be taken."""
    page = _Page()
    title = _title(answer)
    page.add(*title)
    if answer.objective is not None:
        line = _objective(answer, answer.objective)
        page.section(f"Objective cell ({answer.goal})", _OBJECTIVE, [line])
    variables = _variable_lines(answer)
    table = page.section("Variable cells", *_telling(_VARIABLES, variables))
    page.add(*_left_out(len(answer.variables.cells)))
    if answer.constraints is not None:
        lines = _constraint_lines(answer.constraints, answer.tolerance)
        page.section("Constraints", *_telling(_CONSTRAINTS, lines))
        page.add(*_left_out(len(answer.constraints.cells)))
    numbers = looks_of_lines(page.lines)
    widths = _WIDTHS | _wider(page.lines, numbers)
    return NewSheet(
        name=added_name(answer.sheet, "answer", existing_names),
        rows=page.rows,
        table=table if variables else None,
        boxes=tuple(page.boxes),
        widths=widths,
        freeze=(1, 0),
        row_looks=page.looks,
        cell_looks={
            (len(title) - 2, 1): "whole",
            (len(title) - 1, 1): "seconds",
            **wrapped_texts(page.rows, widths, page.boxes),
        },
        column_looks=numbers,
    )


def _wider(lines: Sequence[_Row], looks: Mapping[int, Look]) -> dict[int, float]:
    """The columns that texts and numbers want wider than they always are."""
    found = widths_of_lines([""] * len(_VARIABLES), lines, looks)
    return {
        column: min(width, WIDEST_TEXT)
        for column, width in found.items()
        if width > _WIDTHS[column]
    }


def _telling(headings: Sequence[str], lines: Sequence[_Row]) -> tuple[_Row, list[_Row]]:
    """Without the columns that are empty in every line; the status goes with the last bound."""
    empty = {
        column
        for column in range(_ALWAYS, len(headings))
        if lines and all(line[column] is None for line in lines)
    }
    if "Lower Bound" in headings:
        bounds = {headings.index(name) for name in ("Lower Bound", "Upper Bound")}
        empty |= {headings.index("Status")} if bounds <= empty else set()
    kept = [column for column in range(len(headings)) if column not in empty]
    return [headings[column] for column in kept], [[line[i] for i in kept] for line in lines]


class _Page:
    """Rows as they are added, and how those that are no numbers look."""

    def __init__(self) -> None:
        self.rows: list[_Row] = []
        self.lines: list[_Row] = []
        self.boxes: list[Rect] = []
        self.looks: dict[int, Look] = {0: "title", 1: "note"}

    def add(self, *rows: _Row) -> None:
        self.rows += rows

    def section(self, title: str, headings: _Row, lines: Sequence[_Row]) -> Rect:
        """A free row, a title, headings and lines; where headings and lines stand."""
        self.add([], [title], headings)
        head = len(self.rows) - 1
        self.looks |= {head - 1: "section", head: "head"}
        self.add(*lines)
        self.lines += lines
        self.boxes.append(Rect(head, 0, len(lines) + 1, len(headings)))
        return self.boxes[-1]


def _title(answer: Answer) -> list[_Row]:
    return [
        ["Answer report"],
        [f"{WRITTEN_BY}: solve, {answer.asked} by {answer.method}"],
        ["Workbook", answer.workbook],
        ["Model", answer.asked],
        ["Method", answer.method],
        *_told(answer.message),
        ["Iterations", float(answer.iterations)],
        ["Seconds", round(answer.seconds, 3)],
    ]


def _told(message: str) -> list[_Row]:
    """How it ended, in lines that fit on a page."""
    first, *more = textwrap.wrap(message, _WIDEST_LINE) or [""]
    return [["Result", first], *([None, line] for line in more)]


def _objective(answer: Answer, cell: CellRef) -> _Row:
    numbers = number_rows(np.array([[answer.initial, answer.final]]))[0]
    return [_address(cell), answer.objective_name, *numbers]


def _variable_lines(answer: Answer) -> list[_Row]:
    of = answer.variables
    columns = (of.initial, of.final, of.lower, of.upper, of.reduced_gradient)
    numbers = number_rows(np.column_stack([column[:_MOST_LINES] for column in columns]))
    binding = _near(of.final, of.lower, answer.tolerance)
    binding |= _near(of.final, of.upper, answer.tolerance)
    domains: Sequence[str | None] = of.domains or [None] * len(of.cells)
    return [
        [_address(cell), name, *row[:4], _BINDING[bool(bound)], row[4], domain]
        for cell, name, row, bound, domain in zip(
            of.cells, of.names, numbers, binding, domains, strict=False
        )
    ]


def _constraint_lines(of: AnswerConstraints, tolerance: float) -> list[_Row]:
    slack = _slack(of)
    numbers = number_rows(np.column_stack([of.values, slack, of.multipliers])[:_MOST_LINES])
    states = _states(of, slack, tolerance)
    return [
        [_address(cell), name, row[0], formula, state, row[1], row[2]]
        for cell, name, formula, state, row in zip(
            of.cells, of.names, of.formulas, states, numbers, strict=False
        )
    ]


def _slack(of: AnswerConstraints) -> NDArray[np.float64]:
    """How far each cell is inside its limit; negative when it is beyond."""
    is_lower = np.array([relation == ">=" for relation in of.relations], np.bool_)
    return np.where(is_lower, of.values - of.limits, of.limits - of.values)


def _states(of: AnswerConstraints, slack: NDArray[np.float64], tolerance: float) -> list[str]:
    near = _near(of.values, of.limits, tolerance)
    equal = np.array([relation == "=" for relation in of.relations], np.bool_)
    broken = ~near & ((slack < 0) | equal)
    return [
        "Violated" if fails else _BINDING[bool(binds)]
        for fails, binds in zip(broken, near, strict=True)
    ]


def _near(
    values: NDArray[np.float64], limits: NDArray[np.float64], tolerance: float
) -> NDArray[np.bool_]:
    """False at limits that are infinite."""
    reach = tolerance * np.maximum(1, np.abs(limits))
    with np.errstate(invalid="ignore"):
        near: NDArray[np.bool_] = np.isfinite(limits) & (np.abs(values - limits) <= reach)
    return near


def _left_out(count: int) -> list[_Row]:
    if count <= _MOST_LINES:
        return []
    return [[f"The first {_MOST_LINES:,} of {count:,} are listed."]]


def _address(cell: CellRef) -> str:
    return cell_name(cell.row, cell.column, absolute=True)
