"""Leaving a bound at which slopes break off: SQRT(A1) has none at A1 = 0, and 0 stands for it."""

from __future__ import annotations

from xlcollab.optim.nonlinear.sized import Array, SizedModel

OFF_A_BREAK = 1e-2
"""Of a variable of size one: where a root has its slope again, and near enough to be the start."""


def whole_slope(model: SizedModel, y: Array) -> Array:
    """y, or a point beside it where the slopes at y are not those of its neighbours. Shape (n,).

    Raises TimeIsUpError.
    """
    _, gradient, matrix = model.derivatives(y)
    broken = model.slopes_inside(y, gradient, matrix) is not None
    return model.inward(y, OFF_A_BREAK) if broken else y
