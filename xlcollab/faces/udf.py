"""Functions for Excel's cells: `=XLC_FIT(A1:P16)`, `=XLC_PREDICT(R1, A2:A16, B1:P1)`, …

Each takes ranges and gives arrays that spill. Excel calls them by their names in capitals; a name
in VBA holds no dot. Importing this module loads no torch: that comes with the first fit.
"""

from __future__ import annotations

from typing import Any

from xlcollab.api.cells.answer import DONE
from xlcollab.api.cells.values import Block
from xlcollab.errors import UsageError
from xlcollab.faces.udf_call import SENTENCES, cell_function, place
from xlcollab.settings.explained import says
from xlcollab.settings.fitting import ModelSettings, TrainingSettings
from xlcollab.settings.methods import FIRST_ORDER, METHODS
from xlcollab.settings.requests.ratings import FitRequest
from xlcollab.settings.words import listed

Range = Any
"""An `xlwings.Range`, or None."""
_WHOLE = ("lbfgs",)
"""What a line through points can be fitted by besides first-order methods."""
_FIT = "The result of XLC_FIT."
_SIDE = '"users" or "items" (default).'


@cell_function(
    ratings="A table with the headers user, item and rating.",
    aggregate='A pair rated twice: "error" (default), "mean", "sum" or "last".',
)
def xlc_crosstab(ratings: Block, aggregate: Block | None = None) -> object:
    """The ratings of a long table as a crosstab with headers, users down and items across."""
    from xlcollab.api.cells.ratings import crosstab

    return crosstab(ratings, aggregate)


@cell_function(
    ratings="A crosstab with headers, or a table with the headers user, item and rating.",
    n_factors=says(ModelSettings, "n_factors"),
    epochs=says(TrainingSettings, "epochs"),
    learning_rate=says(TrainingSettings, "learning_rate"),
    l2=says(FitRequest, "l2"),
    optimizer=says(TrainingSettings, "optimizer"),
    bias=says(ModelSettings, "bias"),
    range_min="The lowest prediction, together with range_max.",
    range_max="The highest prediction.",
    seed=says(TrainingSettings, "seed"),
    implicit=says(ModelSettings, "implicit"),
    quality=says(FitRequest, "quality"),
)
def xlc_fit(
    ratings: Block,
    n_factors: Block | None = None,
    epochs: Block | None = None,
    learning_rate: Block | None = None,
    l2: Block | None = None,
    optimizer: Block | None = None,
    bias: Block | None = None,
    range_min: Block | None = None,
    range_max: Block | None = None,
    seed: Block | None = None,
    implicit: Block | None = None,
    quality: Block | None = None,
) -> object:
    """Train a factor model on ratings. Gives a handle for XLC_PREDICT and the others."""
    from xlcollab.api.cells.models import fit

    return fit(
        ratings,
        n_factors,
        epochs,
        learning_rate,
        l2,
        optimizer,
        bias,
        range_min,
        range_max,
        seed,
        implicit,
        quality,
    )


@cell_function(fit=_FIT, user="A user, or a range of users.", item="An item, or a range of items.")
def xlc_predict(fit: Block, user: Block, item: Block) -> object:
    """Predicted ratings. A column of users and a row of items give all pairs."""
    from xlcollab.api.cells.models import predict

    return predict(fit, user, item)


@cell_function(fit=_FIT, user="One user.", k="How many items; 10 by default.")
def xlc_recommend(fit: Block, user: Block, k: Block | None = None) -> object:
    """The best items that a user has not rated, with predictions, best first."""
    from xlcollab.api.cells.models import recommend

    return recommend(fit, user, k)


@cell_function(fit=_FIT, side=_SIDE)
def xlc_factors(fit: Block, side: Block | None = None) -> object:
    """The id and the latent factors of every user or item."""
    from xlcollab.api.cells.models import factors

    return factors(fit, side)


@cell_function(fit=_FIT, side=_SIDE)
def xlc_biases(fit: Block, side: Block | None = None) -> object:
    """The id and the bias of every user or item."""
    from xlcollab.api.cells.models import biases

    return biases(fit, side)


@cell_function(fit=_FIT)
def xlc_losses(fit: Block) -> object:
    """The training error of every epoch, under a row of headers."""
    from xlcollab.api.cells.models import losses

    return losses(fit)


@cell_function(fit=_FIT, ratings="Other ratings, of users and items in the fit.")
def xlc_rmse(fit: Block, ratings: Block | None = None) -> object:
    """The root mean squared error on the training ratings, or on other ratings."""
    from xlcollab.api.cells.models import rmse

    return rmse(fit, ratings)


@cell_function(fit=_FIT, item="One item.", k="How many items; 10 by default.")
def xlc_similar(fit: Block, item: Block, k: Block | None = None) -> object:
    """The items most like one item, with the cosine of their factors, best first."""
    from xlcollab.api.cells.models import similar

    return similar(fit, item, k)


@cell_function(values="Numbers: a row an observation.", components="How many; 2 by default.")
def xlc_pca(values: Block, components: Block | None = None) -> object:
    """The scores of rows on their principal components."""
    from xlcollab.api.cells.descent import pca

    return pca(values, components)


@cell_function(
    x="Inputs: a row an observation.",
    y="Targets: as many cells as x has rows.",
    optimizer=f"{listed((*FIRST_ORDER, *_WHOLE))}; gd by default.",
    learning_rate="The step size.",
    epochs="How many steps; 100 by default.",
    start="The slopes and the intercept to start from; zeros by default.",
)
def xlc_graddesc(
    x: Block,
    y: Block,
    optimizer: Block | None = None,
    learning_rate: Block | None = None,
    epochs: Block | None = None,
    start: Block | None = None,
) -> object:
    """Weights and mean squared error of a line through points, a row an epoch."""
    from xlcollab.api.cells.descent import graddesc

    return graddesc(x, y, optimizer, learning_rate, epochs, start)


@cell_function(
    by_reference=("objective_cell", "variables"),
    objective_cell="The cell to differentiate.",
    variables="The cells to differentiate by; they hold numbers, no formulas.",
)
def xlc_gradient(objective_cell: Range, variables: Range) -> object:
    """The exact derivative of a cell by cells, through the workbook's own formulas."""
    from xlcollab.api.cells.descent import gradient

    return gradient(*_reference(objective_cell, variables))


@cell_function(
    by_reference=("of", "variables"),
    of="The cells to differentiate.",
    variables="The cells to differentiate by; they hold numbers, no formulas.",
)
def xlc_jacobian(of: Range, variables: Range) -> object:
    """The exact derivatives of every cell of a range, a row each, by every cell of another."""
    from xlcollab.api.cells.descent import jacobian

    return jacobian(*_reference(of, variables, "of"))


@cell_function(
    by_reference=("objective_cell", "variables"),
    objective_cell="The cell to differentiate twice.",
    variables="The cells to differentiate by; they hold numbers, no formulas.",
)
def xlc_hessian(objective_cell: Range, variables: Range) -> object:
    """The second derivatives of a cell by every two of the cells: how the sheet bends there."""
    from xlcollab.api.cells.descent import hessian

    return hessian(*_reference(objective_cell, variables))


@cell_function(
    by_reference=("objective_cell", "variables"),
    objective_cell="The cell to minimise.",
    variables="The cells that may change; they hold numbers, no formulas.",
    method=f"{listed(METHODS)}; auto by default.",
    iterations="The most steps to take.",
)
def xlc_minimize(
    objective_cell: Range,
    variables: Range,
    method: Block | None = None,
    iterations: Block | None = None,
) -> object:
    """The values of cells at which another cell is lowest. The sheet stays as it is."""
    from xlcollab.api.cells.descent import minimize

    return minimize(*_reference(objective_cell, variables), method, iterations)


def _reference(
    objective: Range, variables: Range, name: str = "objective_cell"
) -> tuple[Any, str, Any]:
    """The open workbook, the address of what is looked at, whose argument is `name`, and that of
    the variables."""
    from xlcollab.live.excel import ExcelBook, area_of

    for argument, cells in ((name, objective), ("variables", variables)):
        if cells is None:
            raise UsageError(f"{argument} is a value; a reference to cells was expected")
    return ExcelBook(objective.sheet.book), str(area_of(objective)), area_of(variables)


@cell_function(by_reference=("fit",), fit="A cell with XLC_FIT, or with an error of ours.")
def xlc_status(fit: Range) -> object:
    """What came of a fit, or the sentence behind an error in a cell."""
    from xlcollab.api.cells.models import status

    if fit is None:
        raise UsageError("XLC_STATUS takes a reference to the cell that is asked about")
    sentence = SENTENCES.get(place(fit), DONE)
    return sentence if sentence != DONE else status([[fit.value]])


@cell_function()
def xlc_version() -> object:
    """The version of xlcollab that answers."""
    from xlcollab import __version__

    return __version__


FUNCTIONS = (
    xlc_crosstab,
    xlc_fit,
    xlc_predict,
    xlc_recommend,
    xlc_factors,
    xlc_biases,
    xlc_losses,
    xlc_rmse,
    xlc_pca,
    xlc_similar,
    xlc_graddesc,
    xlc_gradient,
    xlc_jacobian,
    xlc_hessian,
    xlc_minimize,
    xlc_status,
    xlc_version,
)
"""Every function for cells; a test compares with what Excel is offered."""
