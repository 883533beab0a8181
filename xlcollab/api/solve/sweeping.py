"""The whole of `xlcollab sweep`: values into cells, a solve for each, a table and a chart."""

from __future__ import annotations

import itertools
import math
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from xlcollab.api.session.controlled import chosen
from xlcollab.api.session.saving import refuse_target, refuse_unchangeable, save_beside
from xlcollab.api.session.session import Session
from xlcollab.api.solve.given import given_model
from xlcollab.api.solve.simulation import simulated, simulation_sheet
from xlcollab.api.solve.solved import Solved
from xlcollab.api.solve.solving import solve_model
from xlcollab.errors import DataError, UsageError
from xlcollab.grid import CellEdit, Changes, Chart, NewSheet, Scalar, Series
from xlcollab.history import cell_names, free_of_ours
from xlcollab.history.axes import ends, is_spaced_by_factors
from xlcollab.history.points import short_name
from xlcollab.history.report import Report, Section, cell_value, report_sheet
from xlcollab.interrupts import raise_if_stopped
from xlcollab.optim import Status
from xlcollab.problems import SolverModel, start, variable_cells
from xlcollab.ref import AreaRef, CellRef, Rect, parse_area
from xlcollab.settings.requests.sweep import SweepRequest
from xlcollab.settings.solving import Computing, Settings

_MOST_RUNS = 10_000
"""A grid is a product and soon without end; each run is a row of the table, too."""
_MOST_VARIABLES = 200
"""Columns of a table that still is one; the objective and what is watched stand before them."""


@dataclass(frozen=True, slots=True)
class Swept:
    """What a sweep came to: a table, and where it was written."""

    headings: tuple[str, ...]
    lines: list[list[Scalar]]
    output: Path
    exit_code: int

    def as_json(self) -> dict[str, object]:
        """The rows of the table, each by its headings."""
        rows = [dict(zip(self.headings, line, strict=True)) for line in self.lines]
        return {"output": str(self.output), "rows": rows}


@dataclass(frozen=True, slots=True)
class _Case:
    """One run: its name, "" where it has none, and what its cells hold."""

    name: str
    values: tuple[float, ...]


def sweep_book(request: SweepRequest, began: float | None = None) -> Swept:
    """Open, vary, solve, save: the whole of `xlcollab sweep`, which began at `began`
    (perf_counter). The workbook itself keeps its values; a sheet is added.

    Raises UsageError on texts that name no values, ModelError and DataError by cell.
    """
    book = Session(request.book)
    refuse_target(book, request.output, "swept", overwrite=request.overwrite)
    headings, lines, code, sheet = swept(book, request, began)
    fresh = Session(request.book)
    fresh.made_by("sweep", request)
    fresh.apply(Changes(sheets=(sheet,), replaces=frozenset((sheet.name,))))
    saved = save_beside(fresh, request.output, "swept", overwrite=request.overwrite)
    return Swept(headings, lines, saved, code)


def swept(
    book: Session, request: SweepRequest, began: float | None = None
) -> tuple[tuple[str, ...], list[list[Scalar]], int, NewSheet]:
    """Headings and lines of the table, the exit code, and the sheet. The cells of `book` are left
    as the last run had them. A time limit is one of all runs together, which began at `began`
    (perf_counter), by default when the book was read. Raises what `sweep_book` raises."""
    began = time.perf_counter() - book.seconds_read if began is None else began
    _refuse_ways(request)
    refuse_unchangeable(book, sheets=True)
    model = given_model(book, request.model, request.sheet)
    if request.samples is not None:
        deadline = _deadline(request.settings.values.get("time_limit"), began)
        found = simulated(book, model, request.samples, _seed(request), deadline)
        headings, lines, code = found.headings, found.lines, 0
        taken = free_of_ours(book.workbook, ("simulation",))
        sheet = simulation_sheet(model, found, taken)
    else:
        cells, cases = _cases(book, request)
        outcomes = list(_outcomes(book, model, request, cells, cases, began))
        headings, lines = _table(model, cells, cases, outcomes)
        code = 0 if all(isinstance(one, Solved) and one.kept for one in outcomes) else 4
        code = 0 if _INTERRUPTED in outcomes else code  # the shell's code says what ended it
        sheet = _sweep_sheet(book, model, headings, lines, (cells, cases))
    return headings, lines, code, sheet


def _refuse_ways(request: SweepRequest) -> None:
    ways = (bool(request.parameter), request.scenarios is not None, request.samples is not None)
    if sum(ways) != 1:
        raise UsageError("give one of --parameter, --scenarios and --samples")
    if len(request.parameter) > 2:
        count = len(request.parameter)
        raise UsageError(f"{count} parameters are given; one or two can be swept")


def _seed(request: SweepRequest) -> int:
    return int(str(request.settings.values.get("seed", 0)))


def _cases(book: Session, request: SweepRequest) -> tuple[list[CellRef], list[_Case]]:
    """The cells that are varied, and what they hold in each run."""
    if request.scenarios is not None:
        return _scenarios(book, request.scenarios)
    home = request.sheet or book.workbook.sheets[0].name
    pairs = [_parameter(text, home) for text in request.parameter]
    cases = [_Case("", values) for values in itertools.product(*(values for _, values in pairs))]
    if len(cases) > _MOST_RUNS:
        raise UsageError(f"{len(cases)} runs are asked for; at most {_MOST_RUNS} can be made")
    return [cell for cell, _ in pairs], cases


def _parameter(text: str, home: str) -> tuple[CellRef, tuple[float, ...]]:
    """ "S!B3=1:10:10" or "S!B3=1,2,5": a cell and its values. Raises UsageError."""
    cell, _, values = text.rpartition("=")
    wrong = UsageError(
        f"--parameter {text!r}: a cell and its values were expected, such as 'S!B3=1:10:10'"
        " (first:last:count) or 'S!B3=1,2,5'"
    )
    if not cell.strip():
        raise wrong
    try:
        area = parse_area(cell.strip(), home)
        if ":" in values:
            first, last, count = values.split(":")
            if int(count) < 1:
                raise wrong
            found = np.linspace(float(first), float(last), int(count)).tolist()
        else:
            found = [float(value) for value in values.split(",")]
    except ValueError:
        raise wrong from None
    if area.rect.size != 1 or not all(math.isfinite(value) for value in found):
        raise wrong
    return area.first, tuple(found)


def _scenarios(book: Session, name: str) -> tuple[list[CellRef], list[_Case]]:
    """Named scenarios from a sheet: A1 is free, the rest of row 1 holds addresses."""
    sheet = book.workbook.sheet(name)
    home = book.workbook.sheets[0].name
    heads = [sheet.value(0, column) for column in range(1, sheet.width)]
    heads = heads[: next((i for i, head in enumerate(heads) if head is None), len(heads))]
    if not heads or not all(isinstance(head, str) for head in heads):
        raise DataError(
            f"sheet {sheet.name} holds no scenarios: addresses such as S!B3 were expected from B1"
            " on, and below them a name and values a row"
        )
    cells = [parse_area(str(head), home).first for head in heads]
    cases = []
    for row in range(1, sheet.height):
        values = [sheet.value(row, column) for column in range(1, 1 + len(cells))]
        if all(value is None for value in values):
            continue
        if not all(isinstance(value, float) for value in values):
            raise DataError(f"scenario in row {row + 1} of sheet {sheet.name} needs numbers only")
        label = sheet.value(row, 0)
        cases.append(_Case(str(label or f"row {row + 1}"), tuple(map(_number, values))))
    return cells, cases


def _number(value: Scalar) -> float:
    assert isinstance(value, float)
    return value


def _outcomes(
    book: Session,
    model: SolverModel,
    request: SweepRequest,
    cells: Sequence[CellRef],
    cases: Sequence[_Case],
    began: float,
) -> Iterator[Solved | str]:
    """Each run begins at the workbook's own start; a text says why one was not begun."""
    _refuse_formulas(book, cells)
    _refuse_variables(model, cells)
    how = chosen(book.workbook, request.settings, request.computing, history=False)
    begin = _start_edits(book, model)
    deadline = _deadline(how.settings.time_limit, began)
    is_stopped = False
    for number, case in enumerate(cases):
        now = time.perf_counter()
        if number and (is_stopped or now >= deadline):
            yield _INTERRUPTED if is_stopped else _NOT_RUN
            continue
        settings = how.settings
        if math.isfinite(deadline):
            settings = replace(settings, time_limit=max(_LEAST_SECONDS, deadline - now))
        edits = [
            CellEdit.of_value(cell.area, value, book.workbook.texts)
            for cell, value in zip(cells, case.values, strict=True)
        ]
        book.apply(Changes(inputs=(*begin, *edits)))
        book.stale = True
        found = _run_of(book, model, settings, how.computing, now)
        is_stopped = found is None or found.status is Status.INTERRUPTED
        if found is None and not number:
            raise KeyboardInterrupt  # there is nothing to keep
        yield found or _INTERRUPTED


def _run_of(
    book: Session, model: SolverModel, settings: Settings, computing: Computing, now: float
) -> Solved | None:
    """One run; None where it was interrupted before its first step."""
    try:
        raise_if_stopped()
        return solve_model(book, model, settings, computing, history=False, began=now)
    except KeyboardInterrupt:
        return None


_LEAST_SECONDS = 0.5
"""Of the first run, however long reading took."""


def _deadline(limit: object, began: float) -> float:
    """When all runs together end (perf_counter); infinite without a limit."""
    return began + float(limit) if isinstance(limit, int | float) else math.inf


def _refuse_formulas(book: Session, cells: Sequence[CellRef]) -> None:
    for cell in cells:
        sheet = book.workbook.sheet(cell.sheet)
        inside = cell.row < sheet.height and cell.column < sheet.width
        if inside and sheet.formula_mask()[cell.row, cell.column]:
            raise DataError(f"{cell} holds a formula; a parameter must be a constant")


def _refuse_variables(model: SolverModel, cells: Sequence[CellRef]) -> None:
    for cell in cells:
        if cell in set(variable_cells(model)):
            raise DataError(
                f"{cell} is a variable of the model, which each run sets itself; sweep a constant,"
                " or take it out of --by-changing"
            )


def _start_edits(book: Session, model: SolverModel) -> list[CellEdit]:
    numbers, edits, place = start(model, book.workbook), [], 0
    for area in model.variables:
        block = numbers[place : place + area.rect.size]
        shape = (area.rect.height, area.rect.width)
        edits.append(CellEdit.of_numbers(area, block.reshape(shape)))
        place += area.rect.size
    return edits


_NOT_RUN = "not run: time was up"
_INTERRUPTED = "not run: interrupted"


def _table(
    model: SolverModel,
    cells: Sequence[CellRef],
    cases: Sequence[_Case],
    outcomes: Sequence[Solved | str],
) -> tuple[tuple[str, ...], list[list[Scalar]]]:
    named = any(case.name for case in cases)
    variables = [str(cell) for cell in variable_cells(model)][:_MOST_VARIABLES]
    made = [one for one in outcomes if isinstance(one, Solved)]
    watched = list(dict.fromkeys(name for one in made for name in one.watched))
    headings = (
        *(["scenario"] if named else []),
        *(str(cell) for cell in cells),
        f"objective {model.label}",
        *watched,
        "status",
        *variables,
    )
    lines: list[list[Scalar]] = []
    for case, found in zip(cases, outcomes, strict=True):
        head: list[Scalar] = [case.name] if named else []
        if isinstance(found, str):
            empty = [None] * (1 + len(watched))
            lines.append([*head, *case.values, *empty, found, *[None] * len(variables)])
            continue
        weights = found.weights[: len(variables)] if found.kept else np.full(len(variables), np.nan)
        objective = found.objective if found.kept else math.nan
        numbers = [cell_value(float(value)) for value in weights]
        seen = [found.watched.get(name, (math.nan, math.nan))[1] for name in watched]
        reached = [cell_value(float(value)) for value in (objective, *seen)]
        lines.append([*head, *case.values, *reached, str(found.status), *numbers])
    return headings, lines


def _sweep_sheet(
    book: Session,
    model: SolverModel,
    headings: tuple[str, ...],
    lines: list[list[Scalar]],
    varied: tuple[Sequence[CellRef], Sequence[_Case]],
) -> NewSheet:
    cells, cases = varied
    taken = free_of_ours(book.workbook, ("sweep",))
    called = _called(book, [*cells, *variable_cells(model)])
    words = tuple(called.get(heading, heading) for heading in headings)
    report = Report(
        model.sheet,
        "sweep",
        f"{model.sheet}: the optimum by {', '.join(called[str(cell)] for cell in cells)}",
        f"sweep of {model.label} over {len(cases)} runs",
        _sections(words, lines),
    )
    sheet = report_sheet(report, existing_names=taken)
    return replace(
        sheet, charts=_charts(sheet, words, [called[str(cell)] for cell in cells], cases)
    )


def _called(book: Session, cells: Sequence[CellRef]) -> dict[str, str]:
    """By cell what a person calls it, with the cell: "L2 penalty (penalty!A4)"."""
    names = cell_names(book.workbook, cells)
    return {
        str(cell): f"{name} ({cell})" if name else str(cell)
        for name, cell in zip(names, cells, strict=True)
    }


def _width(headings: Sequence[str]) -> int:
    """Columns of the first table."""
    return len(headings) if len(headings) <= _NARROW else headings.index("status") + 1


_NARROW = 8
"""Columns that leave room for a chart beside them."""
_CHART_ROWS = 24
"""Rows of the sheet that the chart above the table lies over."""


def _sections(headings: tuple[str, ...], lines: list[list[Scalar]]) -> list[Section]:
    """One table, or of many variables two: what came out beside its chart, the variables below."""
    split = headings.index("status") + 1
    if len(headings) <= _NARROW:
        return [Section("Runs", headings, lines)]
    return [
        Section("Runs", headings[:split], [line[:split] for line in lines], _CHART_ROWS),
        Section(
            "Variable cells",
            (*headings[:1], *headings[split:]),
            [[line[0], *line[split:]] for line in lines],
        ),
    ]


_FIRST_LINE = 6
"""The row of the first run: title, sentence, two free rows, the section's title, headings."""


def _charts(
    sheet: NewSheet, headings: Sequence[str], varied: Sequence[str], cases: Sequence[_Case]
) -> tuple[Chart, ...]:
    """The objective by the last parameter, a line for each value of the first; of one parameter
    with what watched cells say. `varied` is what the parameters are called."""
    if not cases or any(case.name for case in cases):
        return ()
    along = np.array([case.values[-1] for case in cases])
    series = _lines_of_one(sheet, headings, cases)
    if len(varied) > 1:
        series = _lines_of_two(sheet, varied[0], cases)
    chart = Chart(
        title="Objective",
        x_title=varied[-1],
        y_title="objective",
        series=tuple(series),
        at=(_FIRST_LINE - 2, _width(headings) + 1),
        legend=len(series) > 1,
        log_x=is_spaced_by_factors(along),
        x_range=ends(along),
    )
    return (chart,)


def _lines_of_one(sheet: NewSheet, headings: Sequence[str], cases: Sequence[_Case]) -> list[Series]:
    """The objective and what was watched, over the one parameter."""
    named = {"objective": 1} | {headings[i]: i for i in range(2, headings.index("status"))}
    x = _column(sheet, 0, 0, len(cases))
    return [
        Series(name, x, _column(sheet, place, 0, len(cases)), markers=True)
        for name, place in named.items()
    ]


def _lines_of_two(sheet: NewSheet, first: str, cases: Sequence[_Case]) -> list[Series]:
    """The objective over the second parameter, a line for each value of the first."""
    size = len(cases) // len({case.values[0] for case in cases})
    return [
        Series(
            f"{short_name(first)} = {cases[top].values[0]:g}",
            _column(sheet, 1, top, size),
            _column(sheet, 2, top, size),
            markers=True,
        )
        for top in range(0, len(cases), size)
    ]


def _column(sheet: NewSheet, column: int, top: int, size: int) -> AreaRef:
    """Runs from `top` on, of one column of the first table."""
    return AreaRef(sheet.name, Rect(_FIRST_LINE + top, column, size, 1))
