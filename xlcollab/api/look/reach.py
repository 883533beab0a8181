"""Which cells depend on the variables of a model, on other cells, or on what is drawn."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Self

import numpy as np
from numpy.typing import NDArray

from xlcollab.kernels.trace.draws import is_random
from xlcollab.kernels.trace.evaluation import moves, reached_by
from xlcollab.plan import Plan
from xlcollab.problems import SolverModel
from xlcollab.ref import AreaRef


class Reach:
    """The formula cells that read some areas, directly or through others.

    Formulas whose look-ups are only known when they are evaluated (OFFSET, INDIRECT) count as such.
    """

    def __init__(self, plan: Plan, areas: Sequence[AreaRef], also: Sequence[int] = ()) -> None:
        looking = [n for n, family in enumerate(plan.families) if moves(family)]
        self._plan, self._areas = plan, areas
        self._reached = reached_by(plan, areas, [*looking, *also])

    @classmethod
    def of_draws(cls, plan: Plan) -> Self:
        """What reads a random function."""
        return cls(plan, (), [n for n, one in enumerate(plan.families) if is_random(one.node)])

    def meets(self, model: SolverModel) -> bool:
        """Whether the objective or a constraint of a model reads them. Of a constraint whose right
        side is a formula that stands in no cell, it is taken for granted."""
        sides = [side for one in model.constraints for side in (one.left, one.right)]
        if any(isinstance(side, str) for side in sides):
            return True
        goal = [] if model.objective is None else [model.objective.area]
        read = [*goal, *(side for side in sides if isinstance(side, AreaRef))]
        return any(self.holds(area) for area in read)

    def holds(self, area: AreaRef) -> bool:
        """Whether some cell of `area` reads them or is one of them."""
        return any(area.meets(one) for one in self._areas) or bool(self.mask(area).any())

    def mask(self, area: AreaRef) -> NDArray[np.bool_]:
        """True where a formula of `area` depends on the variables, (height, width)."""
        mask = np.zeros((area.rect.height, area.rect.width), np.bool_)
        for number in self._plan.index.overlapping(area.sheet, area.rect):
            shared = self._plan.families[number].rect.intersection(area.rect)
            if number in self._reached and shared is not None:
                there = shared.shifted(-area.rect.top, -area.rect.left)
                mask[there.rows, there.columns] = True
        return mask
