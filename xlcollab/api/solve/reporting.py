"""The sheets that tell of a run: its history, and the answer report."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from xlcollab.api.solve.reports import chooses
from xlcollab.grid import NewSheet
from xlcollab.history import (
    ITERATION_COLUMNS,
    OBJECTIVE_CHART,
    Answer,
    AnswerConstraints,
    AnswerVariables,
    ChartSpec,
    Record,
    answer_sheet,
    cell_names,
    free_of_ours,
    history_sheet,
    weights_sheet,
)
from xlcollab.problems import SolverModel, positions
from xlcollab.ref import AreaRef
from xlcollab.settings.counting import counted

if TYPE_CHECKING:
    from torch import Tensor

    from xlcollab.api.session.session import Session
    from xlcollab.api.solve.compiling import Compiled
    from xlcollab.api.solve.solved import Solved

_ADDED = ("history", "weights", "answer")
"""The word in the name of each sheet that a solve adds."""


def report_sheets(
    book: Session, compiled: Compiled, solved: Solved, names: list[str], record: Record
) -> tuple[NewSheet, ...]:
    """The history sheet of one solved model, its weights where they are many, the answer sheet.

    `record` is what the history shows: the run's own, perhaps with watched cells.
    """
    taken = free_of_ours(book.workbook, _ADDED)
    sheet, sentence = solved.model.sheet, _sentence(solved)
    history = history_sheet(
        record,
        sheet=sheet,
        title=f"{sheet}: the objective by iteration",
        sentence=sentence,
        existing_names=taken,
        charts=(_chart(record),),
    )
    weights = weights_sheet(
        solved.record, sheet=sheet, names=names, sentence=sentence, existing_names=taken
    )
    answer = answer_sheet(_answer(book, compiled, solved, names), existing_names=taken)
    return tuple(one for one in (history, weights, answer) if one is not None)


def _chart(record: Record) -> ChartSpec:
    """The objective, and beside it what watched cells say."""
    more = record.columns[len(ITERATION_COLUMNS) :]
    if not more:
        return OBJECTIVE_CHART
    title = f"Objective and {', '.join(more)}"
    return ChartSpec(title, "iteration", ("objective", *more), "value")


def _sentence(solved: Solved) -> str:
    """What was done and what came of it."""
    model, solution = solved.model, solved.solution
    return (
        f"solve, {model.asked} by {solution.method}: {solution.initial:.6g} → "
        f"{solution.objective:.6g} in {counted(solution.iterations, 'iteration')} "
        f"({str(solution.status).replace('_', ' ')})"
    )


def _answer(book: Session, compiled: Compiled, solved: Solved, names: list[str]) -> Answer:
    model, solution = solved.model, solved.solution
    workbook = book.workbook
    return Answer(
        sheet=model.sheet,
        workbook=book.path.name,
        goal=model.goal,
        objective=model.objective,
        objective_name=cell_names(workbook, [model.objective])[0] if model.objective else "",
        initial=solution.initial,
        final=solution.objective,
        method=solution.method,
        message=solution.message,
        iterations=solution.iterations,
        seconds=solution.seconds,
        variables=AnswerVariables(
            cells=compiled.cells,
            names=names,
            initial=compiled.start.numpy(),
            final=solved.weights,
            lower=compiled.limits.lower,
            upper=compiled.limits.upper,
            reduced_gradient=_worth(compiled, solution.reduced_gradient),
            domains=_domains(model),
        ),
        constraints=_constraints(book, compiled, solved),
        tolerance=model.options.precision,
    )


_WORDS = {"integer": "Integer", "binary": "Binary", "alldifferent": "AllDifferent"}
_ANY = "Contin"
"""Solver's words in the column "Integer" of its answer."""


def _domains(model: SolverModel) -> list[str]:
    """What each variable may be, as Solver's answer says it; none where all may be any number."""
    found = [_ANY] * model.size
    for domain, word in _WORDS.items() if not model.options.ignore_integers else ():
        areas: tuple[AreaRef, ...] = getattr(model, domain)
        for place in (int(one) for area in areas for one in positions(model, area).ravel()):
            if place >= 0:
                found[place] = word
    return found if set(found) - {_ANY} else []


def _constraints(book: Session, compiled: Compiled, solved: Solved) -> AnswerConstraints | None:
    lines = compiled.constraints
    if lines is None:
        return None
    left, right = lines.sides(solved.solution.x.detach().cpu().double())
    pairs = lines.lines()
    cells = [cell for _, cell in pairs]
    return AnswerConstraints(
        cells=cells,
        names=cell_names(book.workbook, cells),
        values=left,
        relations=[constraint.relation for constraint, _ in pairs],
        limits=right,
        formulas=[one.of(cell, compiled.model.sheet) for one, cell in pairs],
        multipliers=_worth(compiled, solved.solution.multipliers),
    )


def _worth(compiled: Compiled, values: Tensor) -> NDArray[np.float64]:
    """What a little of a limit is worth; unknown where whole numbers are chosen, which do not move
    a little, and where all allowed points are as good."""
    numbers = np.asarray(values.detach().cpu().double().numpy(), np.float64)
    worthless = chooses(compiled) or compiled.model.sense in ("satisfy", "value")
    return np.full_like(numbers, np.nan) if worthless else numbers
