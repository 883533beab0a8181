"""The terms of an augmented Lagrangian."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True, slots=True)
class Lagrangian:
    """The terms that hold constraints lower ≤ c(x) ≤ upper in an augmented Lagrangian.

    With t = w·c(x) + λ/ρ and p its projection on [w·lower, w·upper], the term is ρ/2 · ‖t - p‖²
    and the next multipliers are ρ · (t - p): the form of Powell, Hestenes and Rockafellar for
    equalities, inequalities and ranges at once (Nocedal and Wright 2006, section 17.4).
    """

    multipliers: Tensor
    """λ, (k,)."""
    penalty: float
    """ρ."""
    weight: Tensor
    """w, (k,): brings the constraints to comparable size."""
    lower: Tensor
    upper: Tensor

    def excess(self, constraints: Tensor) -> Tensor:
        """t - p, (k,)."""
        shifted = constraints * self.weight + self.multipliers / self.penalty
        return shifted - torch.clamp(shifted, self.lower * self.weight, self.upper * self.weight)

    def term(self, constraints: Tensor) -> Tensor:
        """What is added to the objective. A tensor of shape ()."""
        return 0.5 * self.penalty * self.excess(constraints).square().sum()

    def slopes(self, constraints: Tensor) -> Tensor:
        """The derivatives of the term by the constraints, (k,)."""
        return self.penalty * self.weight * self.excess(constraints)

    def misses(self, constraints: Tensor) -> tuple[float, float]:
        """The largest amount by which a limit is missed, in the constraint's own unit and
        weighted."""
        gaps = (constraints - torch.clamp(constraints, self.lower, self.upper)).abs()
        return gaps.max().item(), (gaps * self.weight).max().item()
