"""All values of a function at many points, one call of numpy for each operation."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from xlcollab.errors import XlcollabError
from xlcollab.kernels.program.core.graph import Graph, NotLoweredError, View
from xlcollab.kernels.program.core.prepared import Prepared
from xlcollab.kernels.program.core.rewrite import rewritten
from xlcollab.kernels.program.core.schedule import needed
from xlcollab.kernels.program.plain import TOGETHER
from xlcollab.kernels.program.recording.aten import ATEN
from xlcollab.kernels.program.recording.quantile import normal_quantile
from xlcollab.kernels.program.recording.record import record
from xlcollab.kernels.values.block import HiddenError

_Numbers = NDArray[np.float64]


@dataclass(slots=True, eq=False)
class Together:
    """x ↦ values (m,) by a graph, and what that takes for granted."""

    graph: Graph
    outputs: tuple[tuple[View, int], ...]
    """Each a view of so many numbers."""
    guards: tuple[tuple[int, float], ...]
    _ready: tuple[int, Prepared] | None = field(default=None, init=False)
    """For as many points as were asked for last."""

    @property
    def most(self) -> int:
        """Points that are asked for at once: their buffers stay in the caches."""
        size = sum(self.graph[number].size for number in needed(self.graph, self._wanted))
        return max(1, TOGETHER // max(size, 1))

    @property
    def _wanted(self) -> list[int]:
        return [*(view.node for view, _ in self.outputs), *(node for node, _ in self.guards)]

    def __call__(self, points: _Numbers) -> _Numbers:
        """Values (B, m) at the rows of `points` (B, n); a row is NaN where the program is not the
        function's."""
        if self._ready is None or self._ready[0] != len(points):
            made = Prepared(self.graph, self._wanted, points=len(points))
            self._ready = len(points), made
        prepared = self._ready[1]
        prepared.run(points)
        values = np.hstack([self._read(prepared, len(points), *one) for one in self.outputs])
        for node, expected in self.guards:
            values[np.broadcast_to(prepared.buffers[node][:, 0] != expected, len(points))] = np.nan
        return values

    @staticmethod
    def _read(prepared: Prepared, points: int, view: View, size: int) -> _Numbers:
        places = view.offset + np.arange(size) * view.strides[0]
        return np.broadcast_to(prepared.buffers[view.node][:, places], (points, size))


_RULES = {**ATEN, "special_ndtri": normal_quantile}
"""Values alone are asked for: whoever takes derivatives or looks for kinks had better see no
choice in a smooth function."""


def together(function: Callable[[Tensor], list[Tensor]], start: Tensor) -> Together | None:
    """A function with flat outputs as such a program, recorded at `start`, (n,); None where it
    cannot be one."""
    try:
        recording = record(function, start, _RULES)
    except (NotLoweredError, HiddenError, XlcollabError):
        return None
    outputs = recording.outputs
    given = [*(view.node for view, _ in outputs), *(guard.node for guard in recording.guards)]
    graph, now = rewritten(recording.graph, given)
    return Together(
        graph,
        tuple((replace(view, node=now[view.node]), shape[0]) for view, shape in outputs),
        tuple((now[guard.node], guard.expected) for guard in recording.guards),
    )
