"""The whole of `xlcollab sweep`: values into cells, a solve for each, a table and a chart."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from xlcollab.api.look.checking import refresh
from xlcollab.api.look.reach import Reach
from xlcollab.api.session.controlled import chosen
from xlcollab.api.session.saving import refuse_target, refuse_unchangeable, save_beside
from xlcollab.api.session.session import Session
from xlcollab.api.solve.given import given_model
from xlcollab.api.solve.simulation import simulated, simulation_sheet
from xlcollab.api.solve.solved import Refused, Solved
from xlcollab.api.solve.solving import solve_model
from xlcollab.api.solve.watching import cells_to_watch
from xlcollab.errors import ModelError, UsageError
from xlcollab.grid import CellEdit, Changes, Chart, NewSheet, Scalar, Series
from xlcollab.history import cell_names, free_of_ours
from xlcollab.history.axes import ends, is_spaced_by_factors
from xlcollab.history.points import short_name
from xlcollab.history.report import Report, Section, cell_value, report_sheet
from xlcollab.interrupts import OutOfTime, raise_if_stopped
from xlcollab.optim import Status
from xlcollab.problems import Case, SolverModel, parameters, scenarios, start, variable_cells
from xlcollab.ref import AreaRef, CellRef, Rect
from xlcollab.settings.requests.sweep import SweepRequest
from xlcollab.settings.solving import Computing, Settings

_MOST_VARIABLES = 200
"""Columns of a table that still is one; the objective and what is watched stand before them."""


@dataclass(frozen=True, slots=True)
class Swept:
    """What a sweep came to: a table, and where it was written."""

    headings: tuple[str, ...]
    lines: list[list[Scalar]]
    output: Path
    exit_code: int
    warnings: tuple[str, ...] = ()

    def as_json(self) -> dict[str, object]:
        """The rows of the table, each by its headings."""
        rows = [dict(zip(self.headings, line, strict=True)) for line in self.lines]
        return {"output": str(self.output), "rows": rows, "warnings": list(self.warnings)}


@dataclass(frozen=True, slots=True)
class Table:
    """The same before it is written, and the sheet that tells of it."""

    headings: tuple[str, ...]
    lines: list[list[Scalar]]
    exit_code: int
    sheet: NewSheet
    warnings: tuple[str, ...] = ()


def sweep_book(request: SweepRequest, began: float | None = None) -> Swept:
    """Open, vary, solve, save: the whole of `xlcollab sweep`, which began at `began`
    (perf_counter). The workbook itself keeps its values; a sheet is added.

    Raises UsageError on texts that name no values, ModelError and DataError by cell.
    """
    book = Session(request.book)
    refuse_target(book, request.output, "swept", overwrite=request.overwrite)
    table = swept(book, request, began)
    fresh = Session(request.book)
    fresh.made_by("sweep", request)
    fresh.apply(Changes(sheets=(table.sheet,), replaces=frozenset((table.sheet.name,))))
    saved = save_beside(fresh, request.output, "swept", overwrite=request.overwrite)
    return Swept(table.headings, table.lines, saved, table.exit_code, table.warnings)


def swept(book: Session, request: SweepRequest, began: float | None = None) -> Table:
    """The table of all runs. The cells of `book` are left as the last run had them. A time limit is
    one of all runs together, which began at `began` (perf_counter), by default when the book was
    read. Raises what `sweep_book` raises."""
    began = time.perf_counter() - book.seconds_read if began is None else began
    _refuse_ways(request)
    refuse_unchangeable(book, sheets=True)
    model = given_model(book, request.model, request.sheet)
    if request.samples is not None:
        deadline = _deadline(request.settings.values.get("time_limit"), began)
        found = simulated(book, model, request.samples, _seed(request), deadline)
        taken = free_of_ours(book.workbook, ("simulation",))
        sheet = simulation_sheet(model, found, taken)
        made, asked = len(found.draws), request.samples
        fewer = (f"{made:,} of {asked:,} draws were made",) if made < asked else ()
        return Table(found.headings, found.lines, 0, sheet, fewer)
    cells, cases = _cases(book, model, request)
    unread = _unread(book, model, cells)
    outcomes = list(_outcomes(book, model, request, cells, cases, began))
    if isinstance(outcomes[0], Refused) and all(isinstance(one, Refused) for one in outcomes):
        raise ModelError(outcomes[0].message)
    headings, lines = _table(model, cells, cases, outcomes)
    code = 0 if all(isinstance(one, Solved) and one.kept for one in outcomes) else 4
    code = 0 if _INTERRUPTED in outcomes else code  # the shell's code says what ended it
    sheet = _sweep_sheet(book, model, headings, lines, (cells, cases))
    return Table(headings, lines, code, sheet, (*unread, *_warnings(cells, cases, outcomes)))


def _unread(book: Session, model: SolverModel, cells: Sequence[CellRef]) -> list[str]:
    """A warning for each cell that decides nothing of the table."""
    watched = cells_to_watch(book.workbook, model, ()).values()
    found = []
    for cell in cells:
        reach = Reach(book.plan, [cell.area])
        if not reach.meets(model) and not any(map(reach.holds, watched)):
            found.append(f"nothing that {model.label} and its constraints read depends on {cell}")
    return found


def _warnings(
    cells: Sequence[CellRef], cases: Sequence[Case], outcomes: Sequence[Outcome]
) -> list[str]:
    """What was said of single runs, once."""
    found: dict[str, None] = {}
    for case, one in zip(cases, outcomes, strict=True):
        if isinstance(one, Refused):
            pairs = zip(cells, case.values, strict=True)
            where = ", ".join(f"{cell} = {value:g}" for cell, value in pairs)
            found[f"{case.name or where}: {one.message}"] = None
        elif isinstance(one, Solved):
            found |= dict.fromkeys(one.warnings)
    return list(found)


Outcome = Solved | Refused | str
"""What a run came to; a text says why it was not begun."""


def _refuse_ways(request: SweepRequest) -> None:
    ways = (bool(request.parameter), request.scenarios is not None, request.samples is not None)
    if sum(ways) != 1:
        raise UsageError("give one of --parameter, --scenarios and --samples")
    if len(request.parameter) > 2:
        count = len(request.parameter)
        raise UsageError(f"{count} parameters are given; one or two can be swept")


def _seed(request: SweepRequest) -> int:
    return int(str(request.settings.values.get("seed", 0)))


def _cases(
    book: Session, model: SolverModel, request: SweepRequest
) -> tuple[list[CellRef], list[Case]]:
    """The cells that are varied, and what they hold in each run. Scenarios may be formulas."""
    if request.scenarios is None:
        return parameters(book.workbook, model, request.parameter)
    refresh(book)
    return scenarios(book.workbook, model, request.scenarios)


def _outcomes(
    book: Session,
    model: SolverModel,
    request: SweepRequest,
    cells: Sequence[CellRef],
    cases: Sequence[Case],
    began: float,
) -> Iterator[Outcome]:
    """Each run begins at the workbook's own start."""
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
        refresh(book)
        found: Solved | Refused | str
        try:
            found = _run_of(book, model, settings, how.computing, now)
        except KeyboardInterrupt as stop:
            if not number:
                raise  # there is nothing to keep
            found = _NOT_RUN if isinstance(stop, OutOfTime) else _INTERRUPTED
        is_stopped = _is_interrupted(found)
        yield found


def _is_interrupted(found: Solved | Refused | str) -> bool:
    """Whether a signal ended a run, before or after it had found something."""
    if isinstance(found, str):
        return found == _INTERRUPTED
    return found.status is Status.INTERRUPTED


def _run_of(
    book: Session, model: SolverModel, settings: Settings, computing: Computing, now: float
) -> Solved | Refused:
    try:
        raise_if_stopped()
        return solve_model(book, model, settings, computing, history=False, began=now)
    except UsageError:
        raise
    except ModelError as error:
        return Refused(model, str(error))


_LEAST_SECONDS = 0.5
"""Of the first run, however long reading took."""


def _deadline(limit: object, began: float) -> float:
    """When all runs together end (perf_counter); infinite without a limit."""
    return began + float(limit) if isinstance(limit, int | float) else math.inf


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
    cases: Sequence[Case],
    outcomes: Sequence[Outcome],
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
        if not isinstance(found, Solved):
            empty = [None] * (1 + len(watched))
            why = found if isinstance(found, str) else str(found.status)
            lines.append([*head, *case.values, *empty, why, *[None] * len(variables)])
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
    varied: tuple[Sequence[CellRef], Sequence[Case]],
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
    sheet: NewSheet, headings: Sequence[str], varied: Sequence[str], cases: Sequence[Case]
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
        series=tuple(replace(one, line=_is_in_order(cases)) for one in series),
        at=(_FIRST_LINE - 2, _width(headings) + 1),
        legend=len(series) > 1,
        log_x=is_spaced_by_factors(along),
        x_range=ends(along),
    )
    return (chart,)


def _is_in_order(cases: Sequence[Case]) -> bool:
    """Whether the values along the axis only rise, or only fall: a line through others would lead
    to and fro."""
    first = [case.values[-1] for case in cases if case.values[:-1] == cases[0].values[:-1]]
    steps = np.diff(first)
    return bool((steps > 0).all() or (steps < 0).all())


def _lines_of_one(sheet: NewSheet, headings: Sequence[str], cases: Sequence[Case]) -> list[Series]:
    """The objective and what was watched, over the one parameter."""
    named = {"objective": 1} | {headings[i]: i for i in range(2, headings.index("status"))}
    x = _column(sheet, 0, 0, len(cases))
    return [
        Series(name, x, _column(sheet, place, 0, len(cases)), markers=True)
        for name, place in named.items()
    ]


def _lines_of_two(sheet: NewSheet, first: str, cases: Sequence[Case]) -> list[Series]:
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
