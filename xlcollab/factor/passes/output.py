"""From the dot product to a rating: the global bias and the output range."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from numpy.typing import DTypeLike

from xlcollab.errors import UsageError
from xlcollab.factor.passes.rows import Float, scalar
from xlcollab.settings.fitting import ModelSettings

# A mean rating at the very edge of the range would put the logit at infinity.
_INSIDE = 1e-3


@dataclass(frozen=True, slots=True)
class Output:
    """prediction = z with z = centre + a·b; or low + span · σ(z) where span > 0.

    `seen` is the range of the training ratings, to which `clip` cuts predictions, and `spread`
    their deviation.
    """

    centre: float
    low: float
    span: float
    seen: tuple[float, float]
    clip: bool
    spread: float = 1.0

    @staticmethod
    def of(
        settings: ModelSettings, mean: float, seen: tuple[float, float], spread: float = 1.0
    ) -> Output:
        """The output under `settings` for training ratings with this mean, range and deviation.

        Raises UsageError if the ratings do not fit into the output range.
        """
        if settings.output_range is None:
            centre = mean if settings.global_bias else 0.0
            return Output(centre, 0.0, 0.0, seen, settings.clip_output, spread)
        low = settings.output_range[0] - settings.padding
        span = settings.output_range[1] + settings.padding - low
        if seen[0] < low or seen[1] > low + span:
            raise UsageError(
                f"ratings from {seen[0]:g} to {seen[1]:g} do not fit the output range "
                f"{low:g} to {low + span:g}; widen it"
            )
        share = min(max((mean - low) / span, _INSIDE), 1 - _INSIDE)
        centre = math.log(share / (1 - share)) if settings.global_bias else 0.0
        return Output(centre, low, span, seen, False, spread)

    @property
    def slope(self) -> float:
        """How much of the inner sum z makes one deviation of the ratings, near their middle."""
        return 4 * self.spread / self.span if self.span else self.spread

    def widened(self, padding: float) -> Output:
        """The same with the range wider by `padding` on both sides."""
        return replace(self, low=self.low - padding, span=self.span + 2 * padding)

    def numbers(self, dtype: DTypeLike) -> tuple[Float, Float, Float]:
        """centre, low and span in the type that the kernels compute in."""
        number = scalar(dtype)
        return number(self.centre), number(self.low), number(self.span)
