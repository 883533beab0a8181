"""Affine functions recognised by sampling."""

from __future__ import annotations

import torch
from torch import Generator, Tensor

from xlcollab.optim.jacobian import jacobian
from xlcollab.optim.linear.model import Array, LinearModel, sparse
from xlcollab.optim.problem import TensorFunction

_SPREADS = (1.0, 1e-3, 1e3)
_AGREEMENT = 1e-9


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


def affine(function: TensorFunction, n: int, generator: Generator) -> tuple[Array, Array] | None:
    """(matrix (m, n), offset (m,)) of an affine function of n variables, or None."""
    samples = []
    for spread in _SPREADS:
        side = spread * torch.randn(n, generator=generator, dtype=torch.float64)
        for x in (side, -side):
            values, rows = jacobian(function, x)
            samples.append((values, rows, rows @ x, rows.abs() @ x.abs()))
    rows = samples[0][1]
    offset = 0.5 * (samples[2][0] + samples[3][0])
    for values, others, products, sizes in samples:
        if not bool(torch.isfinite(others).all() & torch.isfinite(values).all()):
            return None
        if not _agree(others, rows):
            return None
        error = (values - products - offset).abs()
        if bool((error > _AGREEMENT * (1.0 + sizes + offset.abs())).any()):
            return None
    return rows.numpy(), offset.numpy()


def _agree(rows: Tensor, others: Tensor) -> bool:
    """Whether derivatives are the same but for rounding, which is of the size of their row."""
    size = torch.maximum(rows.abs(), others.abs()).amax(1, keepdim=True)
    return bool(((rows - others).abs() <= _AGREEMENT * size).all())
