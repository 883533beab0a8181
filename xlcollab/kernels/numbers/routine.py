"""Compiled routines as instructions: what works out many numbers at once, by an algorithm of its
own that no plain operations say, as a chain of rows does.

On the tape a routine is a function of a tensor; who records the tape takes it as it stands, with
the address of its compiled code, and so does the gradient with the routine behind it.
"""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from xlcollab.kernels.numbers.later import Tensor, torch

Numbers = NDArray[np.float64]
Whole = NDArray[np.int64]


class Routine(Protocol):
    """What fills a buffer of `size` numbers from one or two others, of which it reads no more than
    it knows of."""

    @property
    def size(self) -> int:
        """Numbers of its buffer: results first, then whatever it needs itself."""
        ...

    @property
    def table(self) -> Whole:
        """What it goes by; whole numbers, (k,)."""
        ...

    @property
    def address(self) -> int:
        """Of its code, compiled by now: nothing ← (table, buffer, first, second), all pointers."""
        ...

    @property
    def back(self) -> Routine | None:
        """What fills a buffer that begins with the derivatives by what was read, from this one's
        buffer and the derivatives by that; None where there is none."""
        ...


class Running(Protocol):
    """A routine as the tape runs it."""

    def results(self, source: Tensor) -> Tensor:
        """The results for the numbers that it reads, (n,), differentiable; (results,)."""
        ...

    def routine(self) -> Routine:
        """What gives them in other machines. Behind the results stands 1 in its buffer as long as
        they are of the kinds that they had here."""
        ...


def worked_out(source: Tensor, running: Running) -> Tensor:
    """The results of a routine, (results,)."""
    if torch.overrides.has_torch_function_unary(source):
        given = (source, running)
        return torch.overrides.handle_torch_function(worked_out, (source,), *given)
    return running.results(source)


def as_it_is(codes: Tensor) -> Whole:
    """Whole numbers that decide on how a routine works, in their shape; who records the tape takes
    them for granted."""
    if torch.overrides.has_torch_function_unary(codes):
        return torch.overrides.handle_torch_function(as_it_is, (codes,), codes)
    return codes.cpu().long().numpy()


def fill(routine: Routine, out: Numbers, operands: Sequence[Numbers]) -> None:
    """Run a routine on numpy's arrays, each dense."""
    first, second = [*operands, operands[0]][:2]
    arrays = (routine.table, out, first, second)
    _FUNCTION(routine.address)(*(array.ctypes.data for array in arrays))


_FUNCTION = ctypes.CFUNCTYPE(None, *[ctypes.c_void_p] * 4)
