"""Optimising a model: from cells to an objective, from a solution back to cells."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray

from xlcollab.api.look.checking import brought_up_to_date
from xlcollab.api.session.controlled import AS_ASKED, chosen
from xlcollab.api.session.devices import fitting_threads, working_place
from xlcollab.api.session.saving import refuse_unchangeable
from xlcollab.api.solve.compiling import Compiled, compile_model
from xlcollab.api.solve.contradicting import explained
from xlcollab.api.solve.digits import as_the_sheet_compares
from xlcollab.api.solve.limits import (
    less_precise,
    limited,
    seconds_of,
    seconds_to_compile,
    seconds_to_keep,
    with_engine,
)
from xlcollab.api.solve.reporting import report_sheets
from xlcollab.api.solve.reports import added_reports
from xlcollab.api.solve.solved import Solved
from xlcollab.api.solve.watching import Watched, cells_to_watch, thinned, unmoved, watched
from xlcollab.errors import OutOfTimeError, said
from xlcollab.grid import CellEdit, Changes, NewSheet
from xlcollab.history import ITERATION_COLUMNS, Record, free_of_ours
from xlcollab.interrupts import OutOfTime, finished_first, time_limit
from xlcollab.optim import Settings, Solution, StepCallback, solve
from xlcollab.problems import SolverModel, variable_cells
from xlcollab.ref import cell_name
from xlcollab.settings.asked import Asked
from xlcollab.settings.solving import Computing

if TYPE_CHECKING:
    from xlcollab.api.session.session import Session

PointCallback = Callable[[Callable[[], list[CellEdit]]], None]
"""Told of a row's weights by a function that gives them as edits: they cost only who looks."""


def solve_with_control(
    book: Session,
    model: SolverModel,
    settings: Asked[Settings],
    computing: Asked[Computing],
    *,
    history: bool | None = None,
    reports: Sequence[str] = (),
    watch: Sequence[str] = (),
    on_step: StepCallback | None = None,
    on_point: PointCallback | None = None,
) -> Solved:
    """`solve_model` with the book's control sheet as the default of what is left open. Raises
    OutOfTimeError where the time limit was reached before the first step."""
    how = chosen(book.workbook, settings, computing, history)
    try:
        return solve_model(
            book,
            model,
            how.settings,
            how.computing,
            history=how.history,
            who=how.who,
            reports=reports,
            watch=watch,
            on_step=on_step,
            on_point=on_point,
        )
    except OutOfTime:
        raise OutOfTimeError(f"{_NOTHING_YET}; give it a longer --time-limit") from None


_NOTHING_YET = "the time limit was reached before the first step, and nothing in the book changed"


def solve_model(
    book: Session,
    model: SolverModel,
    settings: Settings,
    computing: Computing | None = None,
    *,
    history: bool = True,
    reports: Sequence[str] = (),
    watch: Sequence[str] = (),
    began: float | None = None,
    who: str = AS_ASKED,
    on_step: StepCallback | None = None,
    on_point: PointCallback | None = None,
) -> Solved:
    """Compile the model, optimise it, and apply the outcome to the book.

    A time limit counts from `began` (perf_counter), which is when the book was read unless given.
    After divergence the last good weights are applied; a model without a solution changes nothing.
    `watch` are cells that go into the history, by default those labelled as a test error.
    `on_point` is told of the start, and of the weights of every row before `on_step`. `who` asked
    for a named method, in the words of the message. Raises WriteRefusedError before the work if
    the variable cells must not be written, or sheets must not be added.
    """
    refuse_unchangeable(book, sheets=history or bool(reports))
    compiling, computing_before = time.perf_counter(), time.process_time()
    began = compiling - book.seconds_read if began is None else began
    settings = with_engine(settings, model)
    until = began + seconds_of(settings, model)
    with time_limit(seconds_to_compile(began, until)):
        compiled = compile_model(book, model, settings, until)
    book.rehearse(Changes(inputs=_inputs(model, compiled.start.numpy())))
    place = working_place(computing or Computing(), compiled.size)
    compile_seconds = time.perf_counter() - compiling
    slowness = compile_seconds / max(time.process_time() - computing_before, 1e-3)
    keeping = seconds_to_keep(
        book.seconds_read, compile_seconds, max(1.0, slowness), len(compiled.cells)
    )
    start = compiled.start.to(device=place.device, dtype=place.dtype)
    with fitting_threads(compiled.size):
        objective = compiled.objective(place)
        on_weights = _telling(model, compiled.start, on_point)
        spent = time.perf_counter() - began
        limits = limited(settings, model, spent, keeping)
        ended = solve(objective, start, limits, on_step, on_weights)
    with finished_first():  # whatever signal comes now, what was found is kept
        solution = explained(compiled, as_the_sheet_compares(compiled, ended))
        solution = replace(solution, message=said(solution.message.replace(AS_ASKED, who, 1)))
        found = Solved(
            model=model,
            solution=solution,
            record=_record(model, solution),
            device=str(place.device),
            dtype=str(place.dtype).removeprefix("torch."),
            seconds={
                "read": book.seconds_read,
                "compile": compile_seconds,
                "solve": solution.seconds,
            },
            warnings=tuple(map(said, compiled.warnings))
            + less_precise(model, solution.max_violation),
        )
        return _put(book, compiled, found, history=history, reports=reports, watch=watch)


def _put(
    book: Session,
    compiled: Compiled,
    solved: Solved,
    *,
    history: bool,
    reports: Sequence[str],
    watch: Sequence[str],
) -> Solved:
    """An outcome with its sheets in the book, as far as it is kept."""
    record, seen = _watched(book, compiled, solved, watch)
    solved = replace(solved, watched=seen.ends, warnings=(*solved.warnings, *seen.unmoved))
    sheets = _sheets(book, compiled, solved, record, history=history, reports=reports)
    if solved.kept:
        return _apply(book, compiled, solved, sheets)
    if sheets:
        book.apply(Changes(sheets=sheets, replaces=frozenset(sheet.name for sheet in sheets)))
    return replace(solved, reports=tuple(sheet.name for sheet in sheets))


def _watched(
    book: Session, compiled: Compiled, solved: Solved, watch: Sequence[str]
) -> tuple[Record, Watched]:
    """The record that is shown, and what the watched cells say of each of its rows."""
    cells = cells_to_watch(book.workbook, solved.model, watch)
    if not solved.kept or not cells:
        return solved.record, Watched()
    shown = thinned(solved.record)
    seen = watched(compiled, shown, cells)
    if watch:
        seen = replace(seen, unmoved=unmoved(cells, seen))
    return shown.with_columns(seen.columns), seen


def _sheets(
    book: Session,
    compiled: Compiled,
    solved: Solved,
    record: Record,
    *,
    history: bool,
    reports: Sequence[str],
) -> tuple[NewSheet, ...]:
    """What is added: history and answer of an outcome that is kept, and the reports asked for."""
    own: tuple[NewSheet, ...] = ()
    if solved.kept and (history or "answer" in reports):
        own = report_sheets(book, compiled, solved, compiled.names(), record)
    if not history:
        own = own[-1:]
    taken = free_of_ours(book.workbook, reports)
    return own + added_reports(compiled, solved, reports, taken)


def _telling(
    model: SolverModel, start: torch.Tensor, on_point: PointCallback | None
) -> Callable[[torch.Tensor], None] | None:
    """Tells `on_point` of the start, and gives the callback that tells it of the rows' weights."""
    if on_point is None:
        return None

    def tell(x: torch.Tensor) -> None:
        on_point(lambda: _inputs(model, _numpy(x)))

    tell(start)
    return tell


def _apply(book: Session, compiled: Compiled, solved: Solved, sheets: Sequence[NewSheet]) -> Solved:
    """Weights, everything that depends on them, and the sheets that tell of the run."""
    x = solved.solution.x.detach().to(device="cpu", dtype=torch.float64)
    dependents = compiled.compiler.dependents()
    book.apply(
        Changes(
            inputs=_inputs(solved.model, x.numpy()),
            results=dependents.results(x),
            sheets=sheets,
            replaces=frozenset(sheet.name for sheet in sheets),
        )
    )
    left = tuple(
        f"{area} depends on the weights but keeps its old value: {reason}"
        for area, reason in brought_up_to_date(book, dependents.left_alone)
    )
    added = tuple(sheet.name for sheet in sheets)
    return replace(solved, warnings=solved.warnings + left, reports=added)


def _inputs(model: SolverModel, weights: NDArray[np.float64]) -> list[CellEdit]:
    edits, position = [], 0
    for area in model.variables:
        block = weights[position : position + area.rect.size]
        edits.append(CellEdit.of_numbers(area, block.reshape(area.rect.height, area.rect.width)))
        position += area.rect.size
    return edits


def _record(model: SolverModel, solution: Solution) -> Record:
    fields = solution.history.columns()
    columns = dict(zip(ITERATION_COLUMNS, fields, strict=True))
    own = all(area.sheet == model.sheet for area in model.variables)
    addresses = [
        cell_name(cell.row, cell.column) if own else str(cell) for cell in variable_cells(model)
    ]
    return Record.of(
        {heading: solution.history.column(name) for heading, name in columns.items()},
        variables=addresses,
        weights=solution.history.weights,
    )


def _numpy(x: torch.Tensor) -> NDArray[np.float64]:
    numbers: NDArray[np.float64] = x.detach().cpu().to(torch.float64).numpy()
    return numbers
