"""Which cells depend on the variables of a model."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from xlcollab.kernels.trace.evaluation import moves, reached_by
from xlcollab.plan import Plan
from xlcollab.problems import SolverModel
from xlcollab.ref import AreaRef


class Reach:
    """The formula cells that read the variables, directly or through others.

    Formulas whose look-ups are only known when they are evaluated (OFFSET, INDIRECT) count as such.
    """

    def __init__(self, plan: Plan, model: SolverModel) -> None:
        looking = [n for n, family in enumerate(plan.families) if moves(family)]
        self._plan = plan
        self._reached = reached_by(plan, model.variables, looking)

    def mask(self, area: AreaRef) -> NDArray[np.bool_]:
        """True where a formula of `area` depends on the variables, (height, width)."""
        mask = np.zeros((area.rect.height, area.rect.width), np.bool_)
        for number in self._plan.index.overlapping(area.sheet, area.rect):
            shared = self._plan.families[number].rect.intersection(area.rect)
            if number in self._reached and shared is not None:
                there = shared.shifted(-area.rect.top, -area.rect.left)
                mask[there.rows, there.columns] = True
        return mask
