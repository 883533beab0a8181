"""What an implicit model keeps of its training: how counts became confidence, and the penalty.

New users are folded in by it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Uptake:
    """The rule ("als" or "bpr"), λ on the factors, and how sure a count makes.

    `mean` is the mean count of the training, against which "log" measures.
    """

    rule: str
    l2: float
    alpha: float = 0.0
    confidence: str = "linear"
    mean: float = 1.0

    def beyond_one(self, counts: NDArray[np.floating]) -> NDArray[np.float64]:
        """The confidence of counts (n,) beyond that of nothing: c − 1 of Hu et al. (n,)."""
        grown = counts.astype(np.float64)
        if self.confidence == "once":
            grown = np.ones(len(counts))
        elif self.confidence == "log":
            grown = np.log1p(grown / self.mean) / np.log(2)
        found: NDArray[np.float64] = self.alpha * grown
        return found
