"""Special functions of scipy, on values that carry no gradient."""

from __future__ import annotations

from collections.abc import Callable

from numpy.typing import ArrayLike

from xlcollab.errors import UnsupportedError
from xlcollab.kernels.numbers.later import Tensor, torch

Values = Callable[..., ArrayLike]
"""As many arrays as it has arguments → an array of their common shape."""


class NoDerivativeError(UnsupportedError):
    """A derivative is asked of a function that gives none; the program that runs it knows where."""


def detached(name: str, function: Values) -> Callable[..., Tensor]:
    """`function`, a ufunc of numpy arrays, on tensors.

    Raises NoDerivativeError, naming the Excel function, where a derivative would be needed.
    """

    def run(*numbers: Tensor) -> Tensor:
        if torch.is_grad_enabled() and any(number.requires_grad for number in numbers):
            raise NoDerivativeError(f"{name} has no derivative here")
        first = numbers[0]
        arrays = [number.detach().cpu().double().numpy() for number in numbers]
        return torch.as_tensor(function(*arrays), dtype=first.dtype, device=first.device)

    return run


def whole(x: Tensor) -> Tensor:
    """The number without its fraction. Its derivative is 0 almost everywhere: a constant. Its shape
    stays."""
    return torch.trunc(x.detach())
