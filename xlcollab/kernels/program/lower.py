"""From a function of torch tensors to a native program, judged against the function itself."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from xlcollab.errors import XlcollabError
from xlcollab.kernels.program.core.graph import NotLoweredError
from xlcollab.kernels.program.curved import PlainCurves, curves
from xlcollab.kernels.program.machine.ready import seconds_to_compile
from xlcollab.kernels.program.plain import (
    PlainProgram,
    PlainResiduals,
    PlainValues,
    plain,
    plain_values,
)
from xlcollab.kernels.program.recording.record import Recording, record
from xlcollab.kernels.values.block import HiddenError

if TYPE_CHECKING:
    from xlcollab.kernels.program.machine.native import NativeProgram, NativeResiduals

TOLERANCE = 1e-9
"""How far value and gradient may lie from those of the function, relative to the larger of those
at the two points: at an optimum a gradient is nothing but rounding."""

Scalar = Callable[[Tensor], Tensor]
"""(n,) → scalar, differentiable by autograd."""
_Numbers = NDArray[np.float64]
_Pair = tuple[_Numbers, _Numbers]
_Program = TypeVar("_Program", "NativeProgram", PlainProgram)
_Values = TypeVar("_Values", "NativeProgram", PlainValues)


def lowered(function: Scalar, start: Tensor) -> NativeProgram | None:
    """`function` as a native program, or None where it cannot be one.

    It is recorded at `start`, and believed if it gives the function's value and gradient there and
    at a point beside it, where what depends on the variables unseen would show.
    """
    from xlcollab.kernels.program.machine.native import native  # the compiler behind it is large

    return _believed(native, function, start)


def lowered_plainly(function: Scalar, start: Tensor) -> PlainProgram | None:
    """`function` as a program for numpy, or None where it cannot be one; believed as `lowered`."""
    return _believed(plain, function, start)


def values_now(
    function: Scalar, start: Tensor
) -> NativeProgram | PlainValues | PlainProgram | None:
    """`function` as a program whose `batch` gives values at once: the machine's where that is
    compiled, else numpy's, for many points together where they fit."""
    if seconds_to_compile("evaluate", "batch") == 0.0:
        return lowered_values(function, start)
    return values_plainly(function, start) or lowered_plainly(function, start)


def _believed(
    make: Callable[[Recording], _Program], function: Scalar, start: Tensor
) -> _Program | None:
    try:
        program = make(record(lambda x: [function(x)], start))
    except (NotLoweredError, HiddenError, XlcollabError):
        return None
    generator = torch.Generator().manual_seed(0)
    noise = torch.randn(start.shape, generator=generator, dtype=torch.float64)
    beside = start + 1e-3 * (1.0 + start.abs()) * noise
    pairs = [_both(program, function, x) for x in (start, beside)]
    known: list[_Pair] = [pair for pair in pairs if pair is not None]
    nothing = np.zeros(len(start) + 1)
    size: _Numbers = np.max([nothing, *(np.abs(right) for _, right in known)], axis=0)
    limit = TOLERANCE * np.array([size[0], *[size[1:].max(initial=0.0)] * len(start)])
    return program if all((np.abs(a - b) <= limit).all() for a, b in known) else None


def lowered_values(function: Scalar, start: Tensor) -> NativeProgram | None:
    """`function` as a native program of its values alone, for `batch`; None where it cannot be one.

    Believed as `lowered` is, by its values.
    """
    from xlcollab.kernels.program.machine.native import native

    return _believed_values(partial(native, slopes=False), function, start)


def values_plainly(function: Scalar, start: Tensor) -> PlainValues | None:
    """The same for numpy."""
    return _believed_values(plain_values, function, start)


def _believed_values(
    make: Callable[[Recording], _Values], function: Scalar, start: Tensor
) -> _Values | None:
    try:
        program = make(record(lambda x: [function(x)], start))
    except (NotLoweredError, HiddenError, XlcollabError):
        return None
    generator = torch.Generator().manual_seed(0)
    noise = torch.randn((2, len(start)), generator=generator, dtype=torch.float64)
    points = start + torch.tensor([[0.0], [1e-3]]) * (1.0 + start.abs()) * noise
    found = program.batch(points.numpy())[0]
    with torch.no_grad():
        known = np.array([float(function(x)) for x in points])
    there = ~np.isnan(found) & np.isfinite(known)
    limit = TOLERANCE * np.abs(known[there]).max(initial=0.0)
    return program if (np.abs(found - known)[there] <= limit).all() else None


def lowered_residuals(function: Scalar, start: Tensor, most: int) -> NativeResiduals | None:
    """A function with values (m,) in the form that a least-squares method asks, or None.

    A Jacobian takes m evaluations, so there is none with more than `most` numbers times rows.
    """
    from xlcollab.kernels.program.machine.native import NativeResiduals, native

    found = _weighed(native, function, start, most)
    return None if found is None else NativeResiduals(*found)


def residuals_plainly(function: Scalar, start: Tensor, most: int) -> PlainResiduals | None:
    """The same for numpy."""
    found = _weighed(plain, function, start, most)
    return None if found is None else PlainResiduals(*found)


def curves_plainly(function: Scalar, start: Tensor, most: int) -> PlainCurves | None:
    """A function with values (m,) with the derivatives of its values and of their slopes; None
    where it cannot be so, or where going through them takes more than `most` numbers."""
    found = _weighed(plain, function, start, most, spare=len(start))
    try:
        return None if found is None else curves(*found, most)
    except NotLoweredError:
        return None


def _weighed(
    make: Callable[[Recording], _Program],
    function: Scalar,
    start: Tensor,
    most: int,
    spare: int = 0,
) -> tuple[_Program, int] | None:
    """The program of (x, w) for w · residuals, and how many residuals there are; `spare` variables
    behind them have no part in it."""
    n = len(start)
    if not rows_are_few(function, start, most):
        return None
    with torch.no_grad():
        count = len(function(start))

    def weighed(z: Tensor) -> Tensor:
        return (function(z[:n]) * z[n : n + count]).sum()

    weights = torch.linspace(0.5, 1.5, count + spare, dtype=torch.float64)
    program = _believed(make, weighed, torch.cat([start.detach().double(), weights]))
    return None if program is None else (program, count)


def rows_are_few(function: Scalar, start: Tensor, most: int) -> bool:
    """Whether the m rows of a Jacobian, each as long as m and n together, hold `most` numbers or
    fewer."""
    with torch.no_grad():
        count = len(function(start))
    return count * (count + len(start)) <= most


def _both(program: NativeProgram | PlainProgram, function: Scalar, x: Tensor) -> _Pair | None:
    """Value and gradient at x in one vector, of the program and of the function; None where the
    program has no answer."""
    found = program.value_and_gradient(x.detach().double().numpy())
    if found is None:
        return None
    leaf = x.detach().double().clone().requires_grad_()
    value = function(leaf)
    slope = torch.zeros_like(leaf)
    if value.requires_grad:
        (given,) = torch.autograd.grad(value, leaf, allow_unused=True)
        slope = slope if given is None else given
    return np.array([found[0], *found[1]]), np.array([value.item(), *slope.numpy()])
