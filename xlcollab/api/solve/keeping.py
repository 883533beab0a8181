"""Storing a model with its workbook: in Solver's hidden names, or in cells as Save Model does."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from xlcollab.api.session.session import Session
from xlcollab.api.solve.solved import Refused, Solved
from xlcollab.errors import ModelError, UsageError
from xlcollab.grid import Changes, FormulaEdit, Kind, Scalar, TextPool, decode
from xlcollab.kernels.trace.evaluation import Evaluation
from xlcollab.kernels.trace.passes import scannable, with_passes
from xlcollab.kernels.values.block import Block
from xlcollab.optim import Settings
from xlcollab.plan import Plan
from xlcollab.problems import (
    ENGINES,
    Engine,
    SolverModel,
    SolverOptions,
    find_saved,
    model_names,
    resolve_cell,
    saved_formulas,
)
from xlcollab.ref import AreaRef, CellRef, Rect
from xlcollab.settings.methods import METHODS


@dataclass(frozen=True, slots=True)
class Keep:
    """Where the model goes: into the `names`, into the cells `at` and below."""

    names: bool = False
    at: str | None = None

    def rehearse(self, book: Session, models: Sequence[SolverModel]) -> None:
        """Raises what `put` would raise, before the work is done."""
        if self.at is None:
            return
        if len(models) != 1:
            raise UsageError(f"--save-model-at saves one model, and {len(models)} are asked for")
        book.rehearse(self._changes(book, models[0]))

    def put(self, book: Session, outcomes: Sequence[Solved | Refused], settings: Settings) -> bool:
        """Put the models that could be run into the book; whether anything was."""
        done = [one for one in outcomes if isinstance(one, Solved)]
        if not done or not (self.names or self.at):
            return False
        for one in done:
            self.put_model(book, with_options(one, settings))
        return True

    def put_model(self, book: Session, model: SolverModel) -> None:
        """Put one model into the book. Raises WriteRefusedError and ModelError by cell."""
        book.apply(self._changes(book, model))
        if self.at is not None:
            _evaluate(book)

    def _changes(self, book: Session, model: SolverModel) -> Changes:
        names = model_names(book.workbook, model) if self.names else []
        return Changes(names=names, formulas=self._formulas(book, model))

    def _formulas(self, book: Session, model: SolverModel) -> list[FormulaEdit]:
        if self.at is None:
            return []
        first = resolve_cell(book.workbook, self.at, model.sheet, "--save-model-at")
        lines = saved_formulas(model, first.sheet)
        _refuse_longer(book, first, len(lines))
        return [
            FormulaEdit(replace(first, row=first.row + place), text, array=array)
            for place, (text, array) in enumerate(lines)
        ]


def _refuse_longer(book: Session, first: CellRef, height: int) -> None:
    """Raises ModelError where other formulas would be lost, or the rest of an older model stay."""
    saved = [one.area for one in find_saved(book.workbook)]
    old = [area for area in saved if area.first == first]
    area = AreaRef(first.sheet, Rect(first.row, first.column, height, 1))
    if old and old[0].rect.height > height:
        raise ModelError(f"{old[0]} holds a longer saved model; clear it, or name another cell")
    sheet = book.workbook.sheet(first.sheet)
    free = old[0].rect if old else None
    formulas = sheet.formula_mask()
    for row, column in area.rect.cells():
        inside = row < sheet.height and column < sheet.width
        if free is not None and free.contains(row, column):
            continue
        if inside and (sheet.kinds[row, column] != Kind.BLANK or formulas[row, column]):
            cell = CellRef(first.sheet, row, column)
            raise ModelError(f"{cell} is in use; the saved model needs {area}, all of it blank")


def _evaluate(book: Session) -> None:
    """The values of formulas that were typed."""
    typed = book.changes().formulas
    texts = book.workbook.texts

    def values_of(plan: Plan) -> list[Block]:
        evaluation = Evaluation(plan, set(), replaceable=set(range(len(plan.families))))
        return [evaluation.cells(one.cell.area).block for one in typed]

    _, values = with_passes(scannable(book.plan), values_of)
    edits = [
        replace(one, value=_scalar(block, texts)) for one, block in zip(typed, values, strict=True)
    ]
    book.apply(Changes(formulas=edits))


def _scalar(block: Block, texts: TextPool) -> Scalar:
    kind, number = int(block.kinds().reshape(-1)[0]), float(block.number.reshape(-1)[0])
    return decode(kind, number, texts)


def with_options(solved: Solved, settings: Settings) -> SolverModel:
    """The model with the limits that were asked for; one that brought no options of its own gets
    Solver's engine nearest to the method that solved it."""
    model = solved.model
    old = model.options
    engine = old.engine
    if old == SolverOptions():
        engine = _nearest_engine(solved.solution.method)
    seconds = settings.time_limit
    return replace(
        model,
        options=replace(
            old,
            engine=engine,
            seconds=old.seconds if seconds is None else max(1, math.ceil(seconds)),
            iterations=settings.iterations or old.iterations,
            integer_tolerance=old.integer_tolerance if settings.gap is None else settings.gap,
            population=settings.population or old.population,
            mutation=old.mutation if settings.mutation is None else settings.mutation,
            seed=settings.seed or old.seed,
            multistart=settings.multistart or old.multistart,
        ),
    )


def _nearest_engine(method: str) -> Engine:
    engine = METHODS[method].engine if method in METHODS else ""
    return next((one for one in ENGINES.values() if one == engine), "grg")
