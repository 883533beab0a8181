"""Special functions of scipy, on values that carry no gradient."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from xlcollab.errors import UnsupportedError


def detached(name: str, function: Callable[..., Any]) -> Callable[..., Tensor]:
    """`function`, a ufunc of numpy arrays, on tensors.

    Raises UnsupportedError, naming the Excel function, where a derivative would be needed.
    """

    def run(*numbers: Tensor) -> Tensor:
        if torch.is_grad_enabled() and any(number.requires_grad for number in numbers):
            raise UnsupportedError(
                f"{name} depends on the variable cells here, and its derivative is not known; "
                "express it by other functions or keep it off the way to the objective"
            )
        first = numbers[0]
        arrays = [number.detach().cpu().double().numpy() for number in numbers]
        return torch.as_tensor(function(*arrays), dtype=first.dtype, device=first.device)

    return run


def whole(x: Tensor) -> Tensor:
    """The number without its fraction. Its derivative is 0 almost everywhere: a constant."""
    return torch.trunc(x.detach())
