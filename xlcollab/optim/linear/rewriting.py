"""Kinks as rows: MAX, ABS, IF, comparisons, … of affine forms as linear and mixed-integer rows.

Only the sides that are needed are written. Where a smaller MAX is all that helps the objective, it
is enough that it lies above each of its values: its epigraph, without a whole number. Where a
larger one helps, whole numbers say which value it is, with bounds (big-M) that are drawn from the
model (H. P. Williams, "Model Building in Mathematical Programming", chapter 9).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array, vstack

from xlcollab.optim.linear.forms import Box, Form
from xlcollab.optim.linear.kinks import RULES, always, is_whole, ranges
from xlcollab.optim.linear.model import Array, Helpers, LinearModel, Sparse
from xlcollab.optim.linear.writer import NoBoundError, Piece, Rewriter


@dataclass(frozen=True, slots=True)
class Variables:
    """Bounds (n,) of the model's own columns, and which are whole."""

    lower: Array
    upper: Array
    integer: NDArray[np.bool_]


def rewritten(
    model: LinearModel,
    variables: Variables,
    pieces: Sequence[Piece],
    limits: tuple[Array, Array],
    sign: float,
    *,
    strict: bool = False,
    loose: bool = False,
) -> LinearModel | None:
    """`model`, whose columns are the variables and the pieces' results, with the pieces as rows.

    `limits` are those of its rows less their offset; `sign` is −1 for a model that is maximised.
    `loose` draws no bounds from its rows. None where a bound is missing.
    """
    box = _box(model, variables, pieces, None if loose else limits)
    writer = Rewriter(box, strict)
    _pull_by_model(writer, model, limits, sign)
    try:
        for piece in pieces:
            box.settle(piece.out, ranges(box, piece), is_whole(box, piece))
        for piece in reversed(pieces):
            wish = writer.wish(piece.out)
            if wish.up or wish.down:
                RULES[piece.kind](writer, piece, wish)
    except NoBoundError:
        return None
    return _with_helpers(model, writer, pieces, len(variables.lower))


def _box(
    model: LinearModel,
    variables: Variables,
    pieces: Sequence[Piece],
    limits: tuple[Array, Array] | None,
) -> Box:
    """The bounds of all columns, drawn from the model's rows and from what holds of its kinks."""
    columns = len(model.c)
    more = columns - len(variables.lower)
    matrix, low, high = _matrix([row for piece in pieces for row in always(piece)], columns)
    if limits is not None:
        matrix = vstack([model.matrix, matrix], format="csr")
        low, high = np.concatenate([limits[0], low]), np.concatenate([limits[1], high])
    box = Box(
        lower=[*variables.lower.tolist(), *[-math.inf] * more],
        upper=[*variables.upper.tolist(), *[math.inf] * more],
        integer=[*variables.integer.tolist(), *[False] * more],
        matrix=matrix,
        row_lower=low,
        row_upper=high,
    )
    box.tighten()
    return box


def _pull_by_model(
    writer: Rewriter, model: LinearModel, limits: tuple[Array, Array], sign: float
) -> None:
    costs = sign * model.c
    writer.pull(Form(dict(enumerate(costs.tolist()))), down=True)
    if model.hessian is not None:
        curved = np.flatnonzero(np.diff(model.hessian.indptr)).tolist()
        writer.pull(Form(dict.fromkeys(curved, 1.0)), up=True, down=True)
    matrix = model.matrix
    for row, (low, high) in enumerate(zip(*limits, strict=True)):
        first, last = matrix.indptr[row : row + 2]
        columns = matrix.indices[first:last].tolist()
        form = Form(dict(zip(columns, matrix.data[first:last].tolist(), strict=True)))
        writer.pull(form, up=math.isfinite(low), down=math.isfinite(high))


def _with_helpers(
    model: LinearModel, writer: Rewriter, pieces: Sequence[Piece], n: int
) -> LinearModel:
    box = writer.box
    total = len(box.lower)
    more = total - len(model.c)
    extra, low, high = _matrix(writer.rows, total)
    return replace(
        model,
        c=np.concatenate([model.c, np.zeros(more)]),
        matrix=_stacked(_widened(model.matrix, total), extra),
        offset=np.concatenate([model.offset, np.zeros(len(low))]),
        helpers=Helpers(
            lower=np.array(box.lower[n:]),
            upper=np.array(box.upper[n:]),
            integer=np.array(box.integer[n:], np.bool_),
            row_lower=low,
            row_upper=high,
            story=_story(pieces),
            edge=writer.edge,
        ),
        hessian=None if model.hessian is None else _squared(model.hessian, total),
    )


def _story(pieces: Sequence[Piece]) -> str:
    names = list(dict.fromkeys(piece.name for piece in pieces if piece.name))
    words = [name for name in names if name[0].isalpha()]
    return ", ".join(words or names)


def _matrix(rows: Sequence[tuple[Form, float, float]], width: int) -> tuple[Sparse, Array, Array]:
    starts, columns, values, low, high = [0], [], [], [], []
    for form, least, most in rows:
        columns += list(form.factors)
        values += list(form.factors.values())
        starts.append(len(columns))
        low.append(least - form.constant)
        high.append(most - form.constant)
    matrix = csr_array((np.array(values, np.float64), columns, starts), shape=(len(rows), width))
    return matrix, np.array(low, np.float64), np.array(high, np.float64)


def _widened(matrix: Sparse, width: int) -> Sparse:
    return csr_array((matrix.data, matrix.indices, matrix.indptr), shape=(matrix.shape[0], width))


def _squared(matrix: Sparse, size: int) -> Sparse:
    wide = matrix.tocoo()
    return csr_array((wide.data, (wide.row, wide.col)), shape=(size, size))


def _stacked(first: Sparse, second: Sparse) -> Sparse:
    return vstack([first, second], format="csr")
