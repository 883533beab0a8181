"""What the buttons of an open spreadsheet do: each works on the sheet in front, and tells what came
of it. Changes are left in the `OpenBook`; `store` writes them.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from xlcollab.api.book import OpenBook
from xlcollab.api.desk.outcome import Outcome
from xlcollab.api.session.controlled import OF_FIT, for_fit, history_is_on
from xlcollab.errors import DataError, ModelError, ReferenceSyntaxError
from xlcollab.grid import CellEdit, Changes, NewSheet, Scalar
from xlcollab.history import HEAD_ROW, added_name, table_sheet
from xlcollab.problems import read_model
from xlcollab.ref import AreaRef, Rect, parse_area
from xlcollab.settings.asked import Asked
from xlcollab.settings.counting import amount
from xlcollab.settings.fitting import ModelSettings, TrainingSettings
from xlcollab.settings.requests.look import FactorsRequest
from xlcollab.settings.requests.ratings import FitPlace, FitRequest

if TYPE_CHECKING:
    from xlcollab.api.session.told import Progress
    from xlcollab.factor import MatrixFactorization


class StepRow(Protocol):
    """What a watch shows of a step."""

    @property
    def iteration(self) -> int: ...
    @property
    def objective(self) -> float: ...
    @property
    def seconds(self) -> float: ...


class Watch(Protocol):
    """Sees a run while it goes on; `step` raises KeyboardInterrupt to stop it."""

    def step(self, row: StepRow) -> None:
        """After every iteration, with its numbers."""
        ...

    def epoch(self, progress: Progress) -> bool:
        """After every epoch of Fit ratings, with its numbers: whether to stop."""
        ...

    def point(self, weights: Callable[[], list[CellEdit]]) -> None:
        """Before every step, with its weights; the first are those of the start."""
        ...


Once = Mapping[str, str | float | int | bool]
"""Settings for this press alone; they win over the control sheet."""
_NOTHING: Once = MappingProxyType({})


def solve(book: OpenBook, sheet: str, watch: Watch, once: Once = _NOTHING) -> Outcome:
    """Solve the sheet's Solver model with the settings of the control sheet."""
    settings: dict[str, Any] = dict(once)
    solved = book.solve(sheet, on_step=watch.step, on_point=watch.point, **settings)
    found = solved.solution
    objective = f"{solved.model.label}: {found.initial:.6g} → {found.objective:.6g}"
    told = (f"{objective} after {found.iterations} iterations.", found.message, *solved.warnings)
    return Outcome(" ".join(told))


@dataclass(frozen=True, slots=True)
class _EpochRow:
    """What a watch shows of a tab's epoch; the objective is the tab's loss."""

    iteration: int
    objective: float
    seconds: float


def run_epochs(book: OpenBook, sheet: str, count: int, watch: Watch) -> Outcome:
    """Run epochs of the graddesc tab."""
    began = time.perf_counter()

    def on_epoch(done: int, loss: float, weights: Callable[[], list[CellEdit]]) -> None:
        watch.point(weights)
        watch.step(_EpochRow(done, loss, time.perf_counter() - began))

    run = book.tab(sheet).run(count, history=history_is_on(book.workbook), on_epoch=on_epoch)
    weights = ", ".join(f"{name} {value:.6g}" for name, value in run.weights.items())
    return Outcome(f"{sheet}: {run.message} {weights}", in_sight=run.exit_code == 0)


def epochs_asked(book: OpenBook, otherwise: int, once: Once = _NOTHING) -> int:
    """The epochs that this press or the control sheet asks for."""
    said = _of_fit(book, once).get("epochs")
    return said if isinstance(said, int) else otherwise


def _of_fit(book: OpenBook, once: Once) -> dict[str, object]:
    """What the control sheet says of a fit, and over it this press."""
    asked = {word: once[name] for name, word in OF_FIT.items() if name in once}
    return for_fit(book.workbook) | asked


def reset_epochs(book: OpenBook, sheet: str) -> Outcome:
    """Do what the tab's own reset button did."""
    book.tab(sheet).reset()
    return Outcome(f"{sheet} is reset.", in_sight=True)


def fit_ratings(book: OpenBook, area: AreaRef, watch: Watch, once: Once = _NOTHING) -> Outcome:
    """Train a factor model on the ratings of an area, or on counts where the control sheet says
    `implicit`, and add its sheets ("fit model", …)."""
    from xlcollab.api.cells.ratings import is_long, ratings_in
    from xlcollab.api.ratings.sheets import sheet_of
    from xlcollab.factor import result_tables

    block, said = _values(book, area), _of_fit(book, once)
    counts = said.get("implicit") is True
    table = ratings_in(block, "sum" if counts else "error", counts=counts)
    book.made_by("fit", _as_typed(book, area, said))
    fitted = _estimator(said).fit(table, on_epoch=watch.epoch)
    corner = (table.user_ids.index.tolist(), table.item_ids.index.tolist())
    is_list = is_long(block, counts=counts)
    tables = result_tables(fitted.result_, crosstab=None if is_list else corner)
    sheets = [sheet_of(replace(one, name=f"fit {one.name}")) for one in tables]
    _add(book, sheets)
    error = "" if counts else f": training RMSE {fitted.result_.train.rmse:.6g}"
    return Outcome(
        f"{amount(len(table), 'count' if counts else 'rating')} of "
        f"{amount(table.n_users, 'user')} and {amount(table.n_items, 'item')}{error}. "
        f"{fitted.result_.status.sentence}"
    )


def _estimator(said: Mapping[str, object]) -> MatrixFactorization:
    """Its parameters are those that were said."""
    from xlcollab.factor import MatrixFactorization

    return MatrixFactorization(**said)  # type: ignore[arg-type]


def _as_typed(book: OpenBook, area: AreaRef, said: Mapping[str, object]) -> FitRequest:
    """What the shell would be asked for the same fit."""
    return FitRequest(
        place=FitPlace(source=book.path, sheet=area.sheet, area=str(area.rect)),
        model=Asked.of(ModelSettings, {name: said.get(name) for name in ("n_factors", "implicit")}),
        training=Asked.of(TrainingSettings, {name: said.get(name) for name in ("epochs", "seed")}),
        quality=str(said.get("quality", "fast")),
    )


def _values(book: OpenBook, area: AreaRef) -> list[list[Scalar]]:
    """The filled part of the area, or of the table in which its single cell stands."""
    sheet = book.workbook.sheet(area.sheet)
    rect = area.rect.intersection(sheet.used)
    tables = [one for one in book.workbook.tables if one.sheet == sheet.name]
    inside = [one.rect for one in tables if rect and one.rect.covers(rect)]
    if rect is None or (rect.size == 1 and not inside):
        raise DataError(
            f"{area} holds no ratings; select a crosstab with users in its first column and items "
            "in its first row, or a table with the headers user, item and rating"
        )
    rect = inside[0] if rect.size == 1 else rect
    return [[sheet.value(r, c) for c in range(rect.left, rect.right)] for r in _rows(rect)]


def _rows(rect: Rect) -> range:
    return range(rect.top, rect.bottom)


def add_factors(book: OpenBook, sheet: str) -> Outcome:
    """Add the sheet with the factors of the items, their main components and charts."""
    from xlcollab.api.factors.factors import factors_of
    from xlcollab.api.factors.sheet import factors_sheet

    book.made_by("factors", FactorsRequest(book=book.path, sheet=sheet))
    found = factors_of(book, sheet)
    own = added_name(sheet, "factors", ())
    new = factors_sheet(found, [one.name for one in book.workbook if one.name != own])
    _add(book, [new])
    shares = " and ".join(f"{share:.1%}" for share in found.explained)
    return Outcome(f"{len(found.items)} items are on {new.name}; the components carry {shares}.")


def add_gradient(book: OpenBook, area: AreaRef) -> Outcome:
    """The derivatives of a selected formula by the model's variables, or of the model's objective
    by the selected cells, as a sheet. Raises ModelError for a model without an objective."""
    from xlcollab.api.look.derivative_sheets import add_derivatives

    model = read_model(book.workbook, area.sheet)
    is_formula = book.workbook.sheet(area.sheet).formula_mask()[area.rect.rows, area.rect.columns]
    single = area.rect.size == 1 and bool(is_formula.any())
    if not single and model.objective is None:
        raise ModelError(f"the model of {model.sheet} has no objective; select one formula cell")
    of = str(area) if single else str(model.objective)
    by = ",".join(str(one) for one in model.variables) if single else str(area)
    found = book.gradient(of, with_respect_to=by)
    name = add_derivatives(book, found).name
    norm = float(np.linalg.norm(found.derivatives))
    return Outcome(
        f"{len(found.cells)} derivatives of {found.of} are on {name}; their norm is {norm:.6g}."
    )


def find_rate(book: OpenBook, sheet: str, once: Once = _NOTHING) -> Outcome:
    """Try growing learning rates on the sheet's Solver model; their curve becomes a sheet."""
    settings: dict[str, Any] = dict(once)
    curve = book.lr_find(sheet, add_sheet=True, **settings)
    return Outcome(f"Take a learning rate of {curve.suggestion:.3g}. {curve.sentence}.")


def check(book: OpenBook) -> Outcome:
    """Compare every formula with our own evaluation; what differs is listed on a sheet."""
    found = book.recalculate()
    told = (
        f"{found.formulas} formulas: {found.matched} as they stand, {len(found.differences)} "
        f"differ, {found.not_evaluated} not evaluated, {found.volatile} volatile."
    )
    if not found.differences:
        return Outcome(told)
    lines: list[list[Scalar]] = [
        [str(one.cell), one.stored, one.computed] for one in found.differences
    ]
    name, heads = "recalculation check", ["cell", "in the sheet", "computed"]
    sentence = f"check, {len(lines)} formulas whose value in the sheet is not the one computed"
    _add(book, [table_sheet(name, "Where values differ", sentence, heads, lines)])
    return Outcome(f"{told} They are listed on {name}.")


def restore(book: OpenBook, sheet: str) -> Outcome:
    """Put back the weights from before the last run: the first row of its sheet of weights, or of
    its history where they are few.

    Raises ModelError where there is no such sheet or it names no cells.
    """
    history = added_name(sheet, "history", ())
    kept = book.workbook.find(added_name(sheet, "weights", ()))
    line = HEAD_ROW - 1
    if kept is None:
        kept, line = book.workbook.find(history), HEAD_ROW
    if kept is None:
        raise ModelError(
            f"there is no sheet {history}: no run of {sheet} has kept its first weights"
        )
    edits = []
    for column in range(kept.width):
        title, value = kept.value(line, column), kept.value(HEAD_ROW + 1, column)
        area = _cell(title, sheet) if isinstance(title, str) else None
        if area is not None and isinstance(value, float):
            edits.append(CellEdit.of_value(area, value, book.workbook.texts))
    if not edits:
        raise ModelError(
            f"{kept.name} names no variable cells; use Reset for a tab of gradient descent"
        )
    book.apply(Changes(inputs=edits))
    return Outcome(f"{len(edits)} weights of {sheet} are as they were before the last run.")


def _cell(title: str, sheet: str) -> AreaRef | None:
    """The cell that a heading names; None for what is no cell."""
    try:
        return parse_area(title, sheet)
    except ReferenceSyntaxError:
        return None


def _add(book: OpenBook, sheets: list[NewSheet]) -> None:
    names = frozenset(sheet.name for sheet in sheets)
    book.apply(Changes(sheets=sheets, replaces=names))
