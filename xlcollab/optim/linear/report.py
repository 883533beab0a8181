"""What a linear program tells besides its optimum."""

from __future__ import annotations

from dataclasses import dataclass

from xlcollab.optim.linear.contradiction import Contradiction
from xlcollab.optim.linear.ranging import Ranging


@dataclass(frozen=True, slots=True, kw_only=True)
class LinearReport:
    """`ranging` of an optimum without whole numbers, `contradiction` where there is no point."""

    ranging: Ranging | None = None
    contradiction: Contradiction | None = None
