"""Whether a model is linear, linear in pieces, or convex quadratic; and if so its coefficients."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Generator, Tensor

from xlcollab.api.solve.machine import formulas_of
from xlcollab.errors import UnsupportedError
from xlcollab.kernels.pieces.cut import Cut
from xlcollab.kernels.pieces.kinks import Term
from xlcollab.optim.algebra.separate import brought_together
from xlcollab.optim.linear.detect import (
    MOST_TOGETHER,
    affine,
    affine_on_corners,
    is_convex,
    quadratic,
)
from xlcollab.optim.linear.forms import Form
from xlcollab.optim.linear.model import LinearModel, Measure, Sparse, sparse
from xlcollab.optim.linear.rewriting import Variables, rewritten
from xlcollab.optim.linear.writer import Piece
from xlcollab.settings.methods import METHODS

if TYPE_CHECKING:
    from xlcollab.api.solve.constraints import ConstraintLines
    from xlcollab.kernels.trace.compiler import Compiler
    from xlcollab.kernels.values.tape import Value
    from xlcollab.optim import Settings
    from xlcollab.problems import Bounds, SolverModel

Array = NDArray[np.float64]
_MOST_COEFFICIENTS = 20_000_000
"""Of a dense table, 160 MB: what is larger is left to methods that keep none."""


@dataclass(frozen=True, slots=True, eq=False)
class _Asked:
    """What is known of a model before it is looked at."""

    compiler: Compiler
    model: SolverModel
    objective: Value
    lines: ConstraintLines | None
    limits: Bounds
    seed: int

    @property
    def sign(self) -> float:
        return -1.0 if self.model.sense == "maximize" else 1.0

    @property
    def n(self) -> int:
        """The number of variables."""
        return self.compiler.start.numel()

    @property
    def rows(self) -> int:
        """The number of constraint lines."""
        return 0 if self.lines is None else self.lines.count

    @property
    def sides(self) -> int:
        """How many values the lines read, on their left and on their right."""
        values = () if self.lines is None else self.lines.values
        return sum(value.block.shape.numel() for value in values)

    @property
    def row_limits(self) -> tuple[Array, Array]:
        if self.lines is None:
            return np.zeros(0), np.zeros(0)
        return self.lines.lower, self.lines.upper

    @property
    def generator(self) -> Generator:
        return Generator().manual_seed(self.seed)


@dataclass(frozen=True, slots=True, eq=False)
class _Straight:
    """A cut model as coefficients: objective, constraint lines, then the terms of its kinks."""

    matrix: Sparse
    offset: Array
    hessian: Sparse | None = None
    measure: Measure = "value"


def linear_form(
    compiler: Compiler,
    model: SolverModel,
    objective: Value,
    lines: ConstraintLines | None,
    limits: Bounds,
    settings: Settings,
) -> LinearModel | None:
    """The model as HiGHS takes it, or None where it is none of that kind."""
    if not METHODS[settings.method].reads_linear or settings.l2:
        return None
    asked = _Asked(compiler, model, objective, lines, limits, settings.seed)
    try:
        kinks = -1
        for products in (False, True):
            if products and kinks == 0 and not limits.integer.any():
                continue  # no factor can be 0 or 1, which alone makes a product straight
            cut = _cut(asked, products)
            if cut is None or len(cut.kinks) == kinks:  # no variables are multiplied: the same cut
                continue
            kinks = len(cut.kinks)
            found = _in_pieces(asked, cut)
            if found is not None:
                return found
        return _on_corners(asked)
    except UnsupportedError:  # something in it has no derivative: who needs it will say so
        return None


def _cut(asked: _Asked, products: bool) -> Cut | None:
    values = [asked.objective, *(asked.lines.values if asked.lines else ())]
    cut = asked.compiler.cut(values, products=products)
    return None if cut is None or (products and not cut.kinks) else cut


def _in_pieces(asked: _Asked, cut: Cut) -> LinearModel | None:
    function = _function(asked, cut)
    with torch.no_grad():
        middle = function(torch.zeros(cut.columns, dtype=torch.float64))
    if middle.numel() * cut.columns > _MOST_COEFFICIENTS:
        return None
    straight = _straight(asked, function, cut, middle)
    return None if straight is None else _model(asked, cut, straight)


def _function(asked: _Asked, cut: Cut) -> Callable[[Tensor], Tensor]:
    """The columns of a cut ↦ objective, constraint lines, terms."""
    sheet, lines = asked.compiler.cut_function(cut), asked.lines
    if lines is None:
        return sheet
    differences = lines.differences(torch.device("cpu"))
    sides = asked.sides

    def run(columns: Tensor) -> Tensor:
        values = sheet(columns)
        parts = torch.split(values, [1, sides, values.numel() - 1 - sides])
        return torch.cat([parts[0], differences(parts[1]), parts[2]])

    return run


def _straight(
    asked: _Asked, function: Callable[[Tensor], Tensor], cut: Cut, middle: Tensor
) -> _Straight | None:
    """The coefficients of a function whose values where all columns are 0 are `middle`."""
    columns, whole = cut.columns, asked.compiler.cut_function(cut)
    found = affine(function, columns, asked.generator, middle)
    if found is not None:
        if whole.hides_a_bend(columns, asked.generator):
            return None
        return _Straight(sparse(found[0]), found[1])
    if asked.lines is None or asked.model.sense == "value" or asked.limits.integer.any():
        return None  # without constraints the methods for smooth functions are exact enough
    rest = affine(lambda x: function(x)[1:], columns, asked.generator, middle[1:])
    if rest is None:
        return None
    measures: dict[Measure, Callable[[Tensor], Tensor]] = {"value": lambda x: function(x)[0]}
    if asked.model.sense == "minimize":
        measures["square"] = lambda x: function(x)[0].square()
    for measure, objective in measures.items():
        curved = quadratic(objective, columns, asked.generator)
        if curved is not None and is_convex(asked.sign * curved[0]):
            if whole.hides_a_bend(columns, asked.generator, root=measure == "square"):
                continue
            matrix = sparse(np.concatenate([curved[1][None], rest[0]]))
            offset = np.concatenate([[curved[2]], rest[1]])
            return _Straight(matrix, offset, curved[0], measure)
    return None


def _model(asked: _Asked, cut: Cut, straight: _Straight) -> LinearModel | None:
    # The cut counts both sides of each line; what is straight has their differences.
    lost = asked.sides - asked.rows
    kinks = [
        Piece(kink.form, kink.out, _forms(kink.terms, straight, lost), kink.name, kink.number)
        for kink in cut.kinks
    ]
    model = LinearModel(
        c=straight.matrix[[0]].toarray()[0],
        c0=float(straight.offset[0]),
        matrix=straight.matrix[1 : 1 + asked.rows],
        offset=straight.offset[1 : 1 + asked.rows],
        hessian=straight.hessian,
        measure=straight.measure,
    )
    if asked.model.sense == "value":
        model, kinks = _aimed(asked, model, kinks)
    return _written(asked, model, kinks)


def _aimed(
    asked: _Asked, model: LinearModel, kinks: list[Piece]
) -> tuple[LinearModel, list[Piece]]:
    """ "Value of": one more column, the distance to the target, is minimised."""
    columns = len(model.c)
    reached = _form(sparse(model.c[None]), 0, model.c0 - asked.model.target)
    wide = model.matrix.tocoo()
    aimed = replace(
        model,
        c=np.concatenate([np.zeros(columns), [1.0]]),
        c0=0.0,
        matrix=sparse_of(wide, columns + 1),
        measure="distance",
        unit=max(1.0, abs(asked.model.target)),
    )
    return aimed, [*kinks, Piece("abs", columns, (reached,), "")]


def sparse_of(matrix: Sparse, width: int) -> Sparse:
    """A matrix with more columns, which are empty."""
    wide = matrix.copy()
    wide.resize((matrix.shape[0], width))
    return sparse(wide.tocsr())


def _written(asked: _Asked, model: LinearModel, kinks: list[Piece]) -> LinearModel | None:
    """The model with its kinks as rows."""
    if not kinks:
        return model
    low, high = asked.row_limits
    limits = (low - model.offset, high - model.offset)
    bounds = asked.limits
    variables = Variables(bounds.lower, bounds.upper, bounds.integer)

    def written(*, strict: bool = False, loose: bool = False) -> LinearModel | None:
        sense = _sense(asked)
        found = rewritten(model, variables, kinks, limits, sense, strict=strict, loose=loose)
        return replace(found, loose=lambda: written(loose=True)) if found else None

    found = written()
    if found is None or (found.hessian is not None and _has_whole_helpers(found)):
        return None
    return replace(found, stricter=lambda: written(strict=True))


def _has_whole_helpers(model: LinearModel) -> bool:
    return model.helpers is not None and bool(model.helpers.integer.any())


def _sense(asked: _Asked) -> float:
    return 1.0 if asked.model.sense == "value" else asked.sign


def _forms(terms: tuple[Term, ...], straight: _Straight, lost: int) -> tuple[Form, ...]:
    return tuple(_term(term, straight, lost) for term in terms)


def _term(term: Term, straight: _Straight, lost: int) -> Form:
    if term.row >= 0:
        row = term.row - lost
        form = _form(straight.matrix, row, float(straight.offset[row]))
    elif term.column >= 0:
        form = Form.of(term.column)
    else:
        form = Form()
    return form.times(term.factor).shifted(term.constant)


def _form(matrix: Sparse, row: int, constant: float) -> Form:
    first, last = matrix.indptr[row : row + 2]
    columns, factors = matrix.indices[first:last].tolist(), matrix.data[first:last].tolist()
    return Form(dict(zip(columns, factors, strict=True)), constant)


def _on_corners(asked: _Asked) -> LinearModel | None:
    """A model whose variables are all 0 or 1, where it may be affine without being so between."""
    limits = asked.limits
    binary = limits.integer & (limits.lower >= 0) & (limits.upper <= 1)
    if not binary.all() or asked.model.sense == "value":
        return None
    values = [asked.objective, *(asked.lines.values if asked.lines else ())]
    sheet, lines = asked.compiler.function(values), asked.lines

    def function(x: Tensor) -> Tensor:
        found = sheet(x)
        if lines is None:
            return found
        differences = lines.differences(torch.device("cpu"))
        return torch.cat([found[:1], differences(found[1:])])

    groups = _groups(asked, function)
    found = None if groups is None else affine_on_corners(function, asked.n, groups)
    if found is None:
        return None
    matrix, offset = found
    return LinearModel(
        c=matrix[0],
        c0=float(offset[0]),
        matrix=sparse(matrix[1:]),
        offset=offset[1:],
        inside=True,
    )


def _groups(
    asked: _Asked, function: Callable[[Tensor], Tensor]
) -> Collection[frozenset[int]] | None:
    """The variables that the model's curved parts bring together; None where these are too many, or
    nobody knows."""
    if asked.n <= MOST_TOGETHER:
        return [frozenset(range(asked.n))]
    algebra = formulas_of(function, asked.compiler.start)
    return None if algebra is None else brought_together(algebra, MOST_TOGETHER)
