"""Where and in what precision to compute."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from xlcollab.errors import UsageError

_DTYPES = {"float64": torch.float64, "float32": torch.float32}
_DEVICES = ("auto", "cpu", "cuda")


@dataclass(frozen=True, slots=True)
class Place:
    """A device and a type of number."""

    device: torch.device
    dtype: torch.dtype


def working_place(device: str, dtype: str) -> Place:
    """ "auto" is the CPU: float64 there is the reference, and sheets are small.

    Raises UsageError for an unknown word, or for cuda where there is none.
    """
    if dtype not in _DTYPES:
        raise UsageError(f"dtype is {dtype!r}; choose one of {', '.join(_DTYPES)}")
    if device not in _DEVICES:
        raise UsageError(f"device is {device!r}; choose one of {', '.join(_DEVICES)}")
    if device == "cuda" and not torch.cuda.is_available():
        raise UsageError("device cuda was asked for, but torch sees no CUDA device here")
    chosen = "cpu" if device == "auto" else device
    return Place(torch.device(chosen), _DTYPES[dtype])
