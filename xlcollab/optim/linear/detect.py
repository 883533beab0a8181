"""Affine and quadratic functions recognised by sampling."""

from __future__ import annotations

import itertools
from collections.abc import Collection, Iterator

import torch
from torch import Generator, Tensor

from xlcollab.optim.jacobian import gradient_of, jacobian
from xlcollab.optim.linear.model import Array, LinearModel, Sparse, sparse
from xlcollab.optim.problem import TensorFunction

_SPREADS = (1.0, 1e-3, 1e3)
"""Around the start near and far: what is straight at one scale may bend at another."""
_AGREEMENT = 1e-9
"""A linear function repeats to rounding; a curved one misses by far more."""


def detect_linear(
    function: TensorFunction,
    constraints: TensorFunction | None,
    n: int,
    generator: Generator,
) -> LinearModel | None:
    """The coefficients of a model that is affine in its n variables, or None.

    Derivatives are compared at random points of three sizes and at their mirror images, in
    float64. Functions that are affine in pieces (IF, MAX) may pass where the pieces lie off these
    points: the caller vouches for smoothness.
    """

    def everything(x: Tensor) -> Tensor:
        value = function(x).reshape(1)
        return value if constraints is None else torch.cat([value, constraints(x).reshape(-1)])

    found = affine(everything, n, generator)
    if found is None:
        return None
    rows, offset = found
    return LinearModel(c=rows[0], c0=float(offset[0]), matrix=sparse(rows[1:]), offset=offset[1:])


def affine(
    function: TensorFunction, n: int, generator: Generator, middle: Tensor | None = None
) -> tuple[Array, Array] | None:
    """(matrix (m, n), offset (m,)) of an affine function of n variables, or None. `middle` are its
    values where all are 0, where they are known."""
    samples: list[tuple[Tensor, Tensor, Tensor, Tensor]] = []
    for spread in _SPREADS:
        side = spread * torch.randn(n, generator=generator, dtype=torch.float64)
        if not samples and _is_bent(function, side, middle):
            return None
        for x in (side, -side):
            values, rows = jacobian(function, x)
            if not bool(torch.isfinite(rows).all() & torch.isfinite(values).all()):
                return None
            samples.append((values, rows, rows @ x, rows.abs() @ x.abs()))
            if not _agree(rows, samples[0][1]):
                return None
    rows = samples[0][1]
    offset = 0.5 * (samples[2][0] + samples[3][0])
    for values, _, products, sizes in samples:
        error = (values - products - offset).abs()
        if bool((error > _AGREEMENT * (1.0 + sizes + offset.abs())).any()):
            return None
    return rows.numpy(), offset.numpy()


_BENT = 1e-3
"""A function that misses its own mean by so much of itself is not affine, whatever is rounded."""


def _is_bent(function: TensorFunction, side: Tensor, middle: Tensor | None) -> bool:
    """Whether a function is plainly curved between x and -x: told without a derivative."""
    with torch.no_grad():
        ends = [function(x) for x in (side, -side)]
        middle = function(torch.zeros_like(side)) if middle is None else middle
    size = 1.0 + torch.stack([*ends, middle]).abs().amax(0)
    bend = (0.5 * (ends[0] + ends[1]) - middle).abs()
    return bool(((bend > _BENT * size) & torch.isfinite(bend)).any())


def _agree(rows: Tensor, others: Tensor) -> bool:
    """Whether derivatives are the same but for rounding, which is of the size of their row."""
    size = torch.maximum(rows.abs(), others.abs()).amax(1, keepdim=True)
    return bool(((rows - others).abs() <= _AGREEMENT * size).all())


_NO_BEND = 1e-13
"""Of the largest change of a slope: what is less is rounding."""
_MOST_SQUARED = 3000
"""Variables of a quadratic objective whose second derivatives are laid out."""


def quadratic(
    function: TensorFunction, n: int, generator: Generator
) -> tuple[Sparse, Array, float] | None:
    """(hessian (n, n), slopes at 0 (n,), value at 0) of a quadratic function of n variables."""
    if n > _MOST_SQUARED:
        return None
    origin = torch.zeros(n, dtype=torch.float64)
    value, slopes = _value_and_slopes(function, origin)
    bending = _evenly_bending(function, n, generator)
    if bending is None:
        return None
    columns = [torch.zeros_like(origin)] * n
    for place in torch.nonzero(bending).flatten().tolist():
        step = origin.clone()
        step[place] = 1.0
        ahead, behind = (_value_and_slopes(function, side)[1] for side in (step, -step))
        columns[place] = 0.5 * (ahead - behind)
    hessian = torch.stack(columns)
    hessian = 0.5 * (hessian + hessian.T)
    size = hessian.abs().max()
    hessian = torch.where(hessian.abs() > _NO_BEND * size, hessian, 0.0)
    if not bool(torch.isfinite(hessian).all()) or not bool(torch.isfinite(slopes).all()):
        return None
    for spread in _SPREADS:
        x = spread * torch.randn(n, generator=generator, dtype=torch.float64)
        here, there = _value_and_slopes(function, x)
        curved = hessian @ x
        parts = (0.5 * x @ curved, slopes @ x, value)
        most = 1.0 + sum(abs(float(part)) for part in parts)
        steep = 1e-12 + (hessian.abs() @ x.abs() + slopes.abs()).max()
        if not abs(float(here - sum(parts))) <= _AGREEMENT * most:
            return None
        if not bool(((there - curved - slopes).abs() <= _AGREEMENT * steep).all()):
            return None
    return sparse(hessian.numpy()), slopes.numpy(), float(value)


def _evenly_bending(function: TensorFunction, n: int, generator: Generator) -> Tensor | None:
    """Which slopes move, (n,), where all do so evenly along one line; else None. Most functions
    fail it, and where they do not, few of many variables may be squared or multiplied."""
    line = torch.randn(n, generator=generator, dtype=torch.float64)
    ends = [_value_and_slopes(function, place * line)[1] for place in (-1.0, 0.0, 1.0)]
    bend = (ends[0] - 2.0 * ends[1] + ends[2]).abs().max()
    if not bool(bend <= _AGREEMENT * (1e-12 + max(float(end.abs().max()) for end in ends))):
        return None
    change = (ends[2] - ends[0]).abs()
    return change > _NO_BEND * change.max()


def _value_and_slopes(function: TensorFunction, x: Tensor) -> tuple[Tensor, Tensor]:
    leaf = x.detach().clone().requires_grad_()
    with torch.enable_grad():
        value = function(leaf).reshape(())
    return value.detach(), gradient_of(value, leaf)


def is_convex(hessian: Sparse) -> bool:
    """Whether no second derivative is negative, but for rounding."""
    dense = torch.as_tensor(hessian.toarray())
    used = dense.abs().sum(0) > 0
    if not bool(used.any()):
        return True
    values = torch.linalg.eigvalsh(dense[used][:, used])
    return bool(values.min() >= -1e-10 * values.abs().max())


MOST_TOGETHER = 10
"""Variables of a curved part of which all corners, 1,024, are tried."""
_MOST_CORNERS = 4096
"""Of all parts: each costs an evaluation of the model."""


def affine_on_corners(
    function: TensorFunction, n: int, groups: Collection[frozenset[int]]
) -> tuple[Array, Array] | None:
    """(matrix, offset) of a function that is affine where all its n variables are 0 or 1, or None.

    The function is a sum of functions of one of the groups each, and of single variables. All
    corners of each group are tried, which is a proof: a product of some variables that is not 0
    shows where these are 1 and the others 0. Between the corners it may do what it likes.
    """
    if sum(2 ** len(group) for group in groups) > _MOST_CORNERS:
        return None
    with torch.no_grad():
        origin = torch.zeros(n, dtype=torch.float64)
        offset = function(origin)
        corners = torch.eye(n, dtype=torch.float64)
        matrix = torch.stack([function(corner) - offset for corner in corners], dim=1)
        if not bool(torch.isfinite(matrix).all() & torch.isfinite(offset).all()):
            return None
        for corner in _corners(n, groups):
            predicted = matrix @ corner + offset
            size = 1.0 + (matrix.abs() @ corner) + offset.abs()
            if not bool(((function(corner) - predicted).abs() <= _AGREEMENT * size).all()):
                return None
    return matrix.numpy(), offset.numpy()


def _corners(n: int, groups: Collection[frozenset[int]]) -> Iterator[Tensor]:
    for group in groups:
        places = torch.tensor(sorted(group))
        for which in itertools.product((0.0, 1.0), repeat=len(group)):
            corner = torch.zeros(n, dtype=torch.float64)
            corner[places] = torch.tensor(which, dtype=torch.float64)
            yield corner
