"""Where and in what precision to compute."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch

from xlcollab.errors import UsageError
from xlcollab.settings.solving import Computing

_DTYPES = {"float64": torch.float64, "float32": torch.float32}


LARGE = 100_000
"""Numbers read in one evaluation, from which on threads repay their overhead."""
LARGE_FOR_GPU = 1_000_000
"""The same for a GPU: a step of Adam takes an H100 2.7 ms to start alone, in which 16 cores step
through about so many numbers."""


@dataclass(frozen=True, slots=True)
class Place:
    """A device and a type of number."""

    device: torch.device
    dtype: torch.dtype

    @property
    def is_reference(self) -> bool:
        """float64 on the CPU: where the native machine works too."""
        return self.device.type == "cpu" and self.dtype is torch.float64


def working_place(computing: Computing, size: int) -> Place:
    """ "auto" is a CUDA device if there is one and a step reads `LARGE_FOR_GPU` numbers or more.

    Raises UsageError for cuda where there is none.
    """
    device = computing.device
    if device == "cuda" and not torch.cuda.is_available():
        raise UsageError("device cuda was asked for, but torch sees no CUDA device here")
    worth = torch.cuda.is_available() and size >= LARGE_FOR_GPU
    chosen = ("cuda" if worth else "cpu") if device == "auto" else device
    return Place(torch.device(chosen), _DTYPES[computing.dtype])


@contextmanager
def fitting_threads(size: int) -> Iterator[None]:
    """One thread while a small sheet is optimised: several would only wait for one another."""
    before = torch.get_num_threads()
    if size < LARGE:
        torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)
