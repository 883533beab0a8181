"""What a linear program tells besides its optimum."""

from __future__ import annotations

from dataclasses import dataclass

from xlcollab.optim.linear.contradiction import Contradiction
from xlcollab.optim.linear.model import Array
from xlcollab.optim.linear.ranging import Ranging


@dataclass(frozen=True, slots=True, kw_only=True)
class LinearReport:
    """`ranging` of an optimum without whole numbers, `contradiction` where there is no point.

    `reduced` (n,) are the reduced gradients of a model whose kinks were rewritten: at a kink its
    own slope is one of many, and what is left of it says nothing.
    """

    ranging: Ranging | None = None
    reduced: Array | None = None
    contradiction: Contradiction | None = None
