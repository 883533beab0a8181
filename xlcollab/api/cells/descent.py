"""Descent and derivatives for cells: a line through points, and the workbook's own formulas."""

from __future__ import annotations

from collections import OrderedDict
from functools import cache
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from xlcollab.api.book import OpenBook
from xlcollab.api.cells.values import Block, fingerprint, number, numbers, whole, word
from xlcollab.errors import DivergedError, InfeasibleError, UsageError
from xlcollab.grid import Book, Formulas, Workbook
from xlcollab.ref import AreaRef, quote_sheet
from xlcollab.settings.counting import counted

if TYPE_CHECKING:
    from xlcollab.optim import Solution

Rows = list[list[Any]]
_KEPT = 32
"""Runs that stay in memory: cells ask for the same one again whenever Excel recalculates."""


def pca(block: Block, components: Block | None = None) -> Rows:
    """Scores of the rows on their principal components (2), most variance first. Raises UsageError
    for more components than there are columns."""
    from xlcollab.api.factors.factors import principal_components

    values = numbers(block, "values")
    asked = whole(components, "components")
    count = min(2, values.shape[1]) if asked is None else asked
    if not 1 <= count <= values.shape[1]:
        had = counted(values.shape[1], "column")
        raise UsageError(f"{counted(count, 'component')} of {had} cannot be made")
    return cast(Rows, principal_components(values, count)[0].tolist())


def graddesc(
    x: Block,
    y: Block,
    optimizer: Block | None = None,
    learning_rate: Block | None = None,
    epochs: Block | None = None,
    start: Block | None = None,
) -> Rows:
    """Weights and mean squared error of a linear model, a row an epoch, the start first.

    `x` (n × d) and `y` (n cells); the weights are d slopes and the intercept, from 0 or `start`.
    Raises UsageError where x and y differ in length.
    """
    import torch

    from xlcollab.optim import Objective, Settings, solve

    inputs = torch.as_tensor(numbers(x, "x"))
    targets = torch.as_tensor(numbers(y, "y")).reshape(-1)
    if len(targets) != len(inputs):
        raise UsageError(
            f"x has {len(inputs)} rows and y {len(targets)} cells; as many were expected"
        )
    first = _start(start, inputs.shape[1] + 1)

    def loss(weights: torch.Tensor) -> torch.Tensor:
        return (inputs @ weights[:-1] + weights[-1] - targets).square().mean()

    asked = whole(epochs, "epochs")
    settings = Settings(
        method=word(optimizer, "optimizer") or "gd",
        iterations=100 if asked is None else asked,
        learning_rate=number(learning_rate, "learning_rate"),
    )
    solution = solve(Objective(function=loss), torch.as_tensor(first), settings)
    _refuse_unsolved(solution)
    history = solution.history
    head = ["epoch", *_weight_names(len(first)), "loss"]
    rows = zip(history.rows, history.weights.tolist(), strict=True)
    return [head, *([row.iteration, *weights, row.objective] for row, weights in rows)]


def _start(start: Block | None, size: int) -> Any:
    if start is None:
        return np.zeros(size)
    first = numbers(start, "start").reshape(-1)
    if len(first) != size:
        raise UsageError(f"start has {len(first)} cells; {size} weights were expected")
    return first


def _weight_names(size: int) -> list[str]:
    slopes = ["slope"] if size == 2 else [f"slope {i + 1}" for i in range(size - 1)]
    return [*slopes, "intercept"]


def gradient(book: Book, objective: str, variables: AreaRef) -> Rows:
    """The derivative of the cell `objective` by every cell of `variables`, in their shape."""
    found = OpenBook.over(book).gradient(objective, with_respect_to=str(variables))
    shape = variables.rect.height, variables.rect.width
    return cast(Rows, found.derivatives.reshape(shape).tolist())


def jacobian(book: Book, of: str, variables: AreaRef) -> Rows:
    """The derivatives of the cells of an area, a row each, by the cells of `variables`, row by row;
    (m, n)."""
    return cast(Rows, OpenBook.over(book).jacobian(of, str(variables)).derivatives.tolist())


def hessian(book: Book, objective: str, variables: AreaRef) -> Rows:
    """The second derivatives of the cell `objective` by the cells of `variables`, (n, n)."""
    return cast(Rows, OpenBook.over(book).hessian(objective, str(variables)).matrix.tolist())


def minimize(
    book: Book,
    objective: str,
    variables: AreaRef,
    method: Block | None = None,
    iterations: Block | None = None,
) -> Rows:
    """The values of `variables`, in their shape, at which the cell `objective` is lowest.

    The workbook stays as it is. A workbook that did not change is not solved again.
    """
    opened = OpenBook.over(book)
    settings = {"method": word(method, "method"), "iterations": whole(iterations, "iterations")}
    said: dict[str, Any] = {name: value for name, value in settings.items() if value is not None}
    key = fingerprint(_contents(opened.workbook), objective, variables, sorted(said.items()))
    known = _solved()
    if key not in known:
        model = opened.model(minimize=objective, by_changing=str(variables))
        solved = opened.solve(model, history=False, **said)
        _refuse_unsolved(solved.solution)
        shape = variables.rect.height, variables.rect.width
        known[key] = cast(Rows, solved.weights.reshape(shape).tolist())
        while len(known) > _KEPT:
            known.popitem(last=False)
    return known[key]


def _refuse_unsolved(solution: Solution) -> None:
    """Raises DivergedError or InfeasibleError where a run ended without weights to show."""
    from xlcollab.optim import Status

    if solution.status in (Status.INFEASIBLE, Status.UNBOUNDED, Status.REFUSED):
        raise InfeasibleError(solution.message)
    if solution.status is Status.DIVERGED:
        raise DivergedError(solution.message)


@cache
def _solved() -> OrderedDict[str, Rows]:
    """The results of this session by what was asked, the oldest first."""
    return OrderedDict()


def _contents(workbook: Workbook) -> list[tuple[str, ...]]:
    """What tells one state of a workbook from another."""
    return [
        (
            quote_sheet(sheet.name),
            fingerprint(sheet.kinds.tobytes(), sheet.numbers.tobytes()),
            fingerprint(sheet.formulas.texts, sheet.arrays, *_formula_cells(sheet.formulas)),
        )
        for sheet in workbook
    ] + [tuple(workbook.texts[index] for index in range(len(workbook.texts)))]


def _formula_cells(formulas: Formulas) -> list[bytes]:
    return [part.tobytes() for part in (formulas.rows, formulas.columns, formulas.text_ids)]
