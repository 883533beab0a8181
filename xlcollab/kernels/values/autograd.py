"""What torch hands to the two halves of a function with a slope of its own."""

from __future__ import annotations

from typing import Protocol

from xlcollab.kernels.numbers.later import Tensor


class Context(Protocol):
    """Carries over what the way back needs. A function that keeps more names it in a subclass."""

    @property
    def saved_tensors(self) -> tuple[Tensor, ...]:
        """What `save_for_backward` was given. Their shapes stay."""
        ...

    def save_for_backward(self, *tensors: Tensor) -> None:
        """Keep tensors whose own derivatives may be asked for."""
        ...
