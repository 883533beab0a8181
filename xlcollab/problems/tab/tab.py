"""A graddesc tab: gradient descent typed in cells, one row per step, recognised by what it holds.

The lesson's tabs fit y = a·x + b. Each row takes the weights that the row above has updated,
predicts one y, and makes the gradient and the update. Copying the last row's cells to the top is
one epoch.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from xlcollab.errors import DataError, ModelError
from xlcollab.grid import Workbook
from xlcollab.problems.tab.chain import Chain, find_chain, may_hold_chain
from xlcollab.problems.tab.feedback import Feedback, Outside, find_feedback
from xlcollab.problems.tab.formulas import SheetFormulas
from xlcollab.problems.tab.kind import Setting, Update, is_dampened, kind_of, settings
from xlcollab.problems.tab.labels import column_label, model_text, weight_names
from xlcollab.problems.tab.oddities import broken_names, formula_oddities
from xlcollab.problems.tab.pairs import CopyPair, PairFinder, given_pairs
from xlcollab.problems.tab.parts import Parts
from xlcollab.problems.tab.rules import (
    LESSON_KINDS,
    RULES,
    CellRole,
    Kind,
    ResetStep,
    Role,
    reset_of,
)
from xlcollab.ref import AreaRef, CellRef, Rect


@dataclass(frozen=True, slots=True)
class Weight:
    """One weight: where an epoch starts it, and its columns in the rows.

    `gradient` is the column with the derivative that its update uses, `estimate` one that
    estimates it by a finite difference; None where there is none.
    """

    name: str
    start: CellRef | None
    column: int
    update: int
    gradient: int | None
    estimate: int | None


@dataclass(frozen=True, slots=True)
class Memory:
    """A column that the optimiser carries beside a weight, and where an epoch starts it."""

    role: Role
    weight: int
    column: int | None
    start: CellRef


@dataclass(frozen=True, slots=True)
class LossList:
    """Where `run` writes the loss of each epoch: below `start`; `reset` clears `area`."""

    start: CellRef
    area: AreaRef | None


@dataclass(frozen=True, slots=True)
class GraddescTab:
    """What a tab holds. Rows `top` … `bottom` (inclusive, zero-based) are the steps.

    `data` and `target` are the columns of x and y, `prediction` and `error` those of the model and
    of its squared error (None where there is none). `as_lesson`: the kind and the forms of its
    formulas are those of a lesson's tab. `cells` are the single cells of the epoch rule.
    `oddities` are sentences about formulas and names that look like mistakes; they are obeyed.
    """

    sheet: str
    top: int
    bottom: int
    kind: Kind
    optimizer: str
    model: str
    weights: tuple[Weight, ...]
    memories: tuple[Memory, ...]
    data: tuple[int, ...]
    target: int
    prediction: int
    error: int | None
    dampened: bool
    late_root: bool
    as_lesson: bool
    reset: tuple[ResetStep, ...]
    settings: tuple[Setting, ...]
    pairs: tuple[CopyPair, ...]
    cells: Mapping[CellRole, CellRef]
    losses: LossList | None
    oddities: tuple[str, ...]

    @property
    def rows(self) -> range:
        return range(self.top, self.bottom + 1)

    def area(self, column: int) -> AreaRef:
        """The rows of one column."""
        return AreaRef(self.sheet, Rect(self.top, column, len(self.rows), 1))

    def targets(self, role: Role) -> list[CellRef]:
        """The cells that pairs of a role write."""
        return [pair.target for pair in self.pairs if pair.role == role]

    def setting(self, name: str) -> float | None:
        """The value of a setting; None when the tab has none of that name."""
        return next((one.value for one in self.settings if one.name == name), None)


def find_tabs(workbook: Workbook) -> list[tuple[str, GraddescTab | ModelError]]:
    """(sheet, tab or what is wrong with it) for every sheet that holds a chain."""
    found: list[tuple[str, GraddescTab | ModelError]] = []
    for sheet in workbook:
        if not may_hold_chain(sheet) or find_chain(SheetFormulas(workbook, sheet)) is None:
            continue
        try:
            found.append((sheet.name, read_tab(workbook, sheet.name)))
        except ModelError as error:
            found.append((sheet.name, error))
    return found


def read_tab(workbook: Workbook, sheet: str, copy: str | None = None) -> GraddescTab:
    """Recognise the tab on `sheet`; `copy` names copy pairs, such as 'N32->C1,M32->C2'.

    Raises ModelError when there is no chain, no prediction or no copy pair, DataError naming a
    data cell that holds no number, UsageError for an impossible `copy`.
    """
    formulas = SheetFormulas(workbook, workbook.sheet(sheet))
    chain = find_chain(formulas)
    if chain is None:
        raise ModelError(
            f"{formulas.sheet.name} holds no chain of gradient descent: rows in which each weight "
            "is the update of the row above (such as C5: =N4, with N5 computed from C5)"
        )
    return _read(formulas, chain, copy)


def _read(formulas: SheetFormulas, chain: Chain, copy: str | None) -> GraddescTab:
    parts = Parts(formulas, chain)
    prediction, target = _model(formulas, parts)
    bottom = _last_row(formulas, parts)
    updates = [Update(formulas, parts, link) for link in chain.links]
    outside = Outside(formulas, parts)
    feedback = find_feedback(kind_of(updates), outside, updates)
    finder = PairFinder(formulas, outside, updates, feedback, bottom)
    pairs = finder.pairs(given_pairs(formulas, copy))
    dampened, late_root = _is_dampened(formulas, updates), updates[0].root_is_late
    as_lesson = _is_as_lesson(feedback.kind, updates, dampened=dampened)
    found = settings(formulas, updates)
    return GraddescTab(
        sheet=formulas.sheet.name,
        top=chain.top,
        bottom=bottom,
        kind=feedback.kind,
        optimizer=_name(feedback.kind, dampened),
        model=model_text(formulas, parts, prediction, target),
        weights=tuple(_weights(formulas, parts, finder)),
        memories=tuple(_memories(parts, updates, pairs, bottom)),
        data=tuple(column for column in parts.data if column != target),
        target=target,
        prediction=prediction,
        error=parts.error,
        dampened=dampened,
        late_root=late_root,
        as_lesson=as_lesson,
        reset=reset_of(feedback.kind, as_lesson=as_lesson, late_root=late_root),
        settings=tuple(found),
        pairs=tuple(pairs),
        cells=_cells(formulas, feedback, found),
        losses=_loss_list(formulas),
        oddities=(
            *formula_oddities(formulas, parts),
            *finder.oddities,
            *broken_names(formulas, feedback.kind),
        ),
    )


def _model(formulas: SheetFormulas, parts: Parts) -> tuple[int, int]:
    """(prediction, target) columns. Raises ModelError without them."""
    if parts.prediction is None or parts.target is None:
        rows = f"rows {parts.chain.top + 1} to {parts.chain.bottom + 1}"
        raise ModelError(
            f"{formulas.sheet.name}: the chain in {rows} has no prediction: expected a column "
            "that is computed from the weights and the data but not from the value to predict"
        )
    return parts.prediction, parts.target


def _last_row(formulas: SheetFormulas, parts: Parts) -> int:
    """The last row with data: blank rows at the end are no steps.

    Raises DataError naming the first cell above it that holds no number.
    """
    sheet, rows = formulas.sheet, parts.chain.rows
    filled = [r for r in rows if any(sheet.value(r, c) is not None for c in parts.data)]
    if not filled:
        raise DataError(f"{sheet.name}: the rows {rows.start + 1} to {rows.stop} hold no data")
    for row in range(parts.chain.top, filled[-1] + 1):
        for column in parts.data:
            value = sheet.value(row, column)
            if not isinstance(value, float):
                what = "is blank" if value is None else f"holds {value!r}"
                raise DataError(
                    f"{formulas.cell(row, column)} {what}; expected a number in every row of the "
                    f"data ({column_label(formulas, parts.chain.top, column)})"
                )
    return filled[-1]


def _is_dampened(formulas: SheetFormulas, updates: list[Update]) -> bool:
    memory = updates[0].memory("mean")
    return memory is not None and is_dampened(formulas, memory)


def _is_as_lesson(kind: Kind, updates: list[Update], *, dampened: bool) -> bool:
    """Whether memories of gradients are averages and roots are bare, as in the lesson."""
    padded = any(update.root is not None and update.root.padded for update in updates)
    averages = dampened or updates[0].memory("mean") is None
    return kind in LESSON_KINDS and averages and not padded


def _name(kind: Kind, dampened: bool) -> str:
    name = RULES[kind].name
    return f"{name} with dampening" if kind == "momentum" and dampened else name


def _weights(formulas: SheetFormulas, parts: Parts, finder: PairFinder) -> list[Weight]:
    names = weight_names(formulas, parts.chain, finder)
    return [
        Weight(
            name=name,
            start=finder.start(link.weight),
            column=link.weight,
            update=link.update,
            gradient=parts.gradient(link),
            estimate=parts.estimate(link.weight),
        )
        for name, link in zip(names, parts.chain.links, strict=True)
    ]


def _memories(
    parts: Parts, updates: list[Update], pairs: list[CopyPair], bottom: int
) -> list[Memory]:
    weights = [update.link.weight for update in updates]
    columns = {memory.column: weights.index(memory.weight) for memory in parts.memories}
    norms = {update.norm_cell: weights.index(update.link.weight) for update in updates}
    found = []
    for pair in pairs:
        if pair.role in ("mean", "square", "count") and pair.source.column in columns:
            column = pair.source.column
            found.append(Memory(pair.role, columns[column], column, pair.target))
        elif pair.role == "norm":
            found.append(Memory("norm", norms[pair.target], None, pair.target))
    return found


def _cells(
    formulas: SheetFormulas, feedback: Feedback, found: list[Setting]
) -> dict[CellRole, CellRef]:
    cells = dict(feedback.cells)
    for setting in found:
        if setting.name == "learning rate" and setting.cell is not None:
            cells["learning rate"] = setting.cell
    return cells


def _loss_list(formulas: SheetFormulas) -> LossList | None:
    start, area = formulas.named_area("rmsestart"), formulas.named_area("rmses")
    return None if start is None else LossList(start.first, area)
