"""What a viewer is told of a model that is being solved: its objective, watched cells, weights."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from xlcollab.api.session.viewer import Viewer, blocks_of
from xlcollab.api.solve.watching import cells_to_watch
from xlcollab.errors import XlcollabError
from xlcollab.grid import CellEdit
from xlcollab.problems import SolverModel

if TYPE_CHECKING:
    from xlcollab.api.look.gradients import CellFunction
    from xlcollab.api.session.session import Session

_SECONDS_BETWEEN_PICTURES = 0.2
"""Five a second look like movement, and a picture does not slow the run."""


class ModelView:
    """The callbacks of one model's run."""

    def __init__(
        self, book: Session, model: SolverModel, viewer: Viewer, cells: Sequence[str]
    ) -> None:
        self._viewer = viewer
        self._tried: Callable[[], list[CellEdit]] | None = None
        self._weights: Callable[[], list[CellEdit]] | None = None
        self._shown = 0.0
        self._others = _functions(book, model, cells)
        viewer.tell({"kind": "begin", "run": model.label, "others": list(self._others)})

    def point(self, weights: Callable[[], list[CellEdit]]) -> None:
        """Remember where the objective is asked for."""
        self._tried = weights

    def step(self, row: Any) -> None:
        """Tell of an iteration. Raises KeyboardInterrupt, which ends a run with its best weights,
        where the viewer wants it to end."""
        if row.iteration and self._viewer.is_stopped():
            raise KeyboardInterrupt
        self._weights = self._tried  # what is tried after the last step is no step of the run
        self._viewer.tell(
            {
                "kind": "row",
                "step": row.iteration,
                "loss": _finite(row.objective),
                "others": self._other_values(),
                "seconds": row.seconds,
            }
        )
        if time.monotonic() - self._shown > _SECONDS_BETWEEN_PICTURES:
            self._picture()

    def finish(self, sentence: str) -> None:
        """Tell how it ended, after a last picture."""
        self._picture()
        self._viewer.tell({"kind": "end", "sentence": sentence})

    def _picture(self) -> None:
        if self._weights is not None:
            self._viewer.tell({"kind": "weights", "blocks": blocks_of(self._weights())})
        self._shown = time.monotonic()

    def _other_values(self) -> dict[str, float | None]:
        if self._weights is None or not self._others:
            return {}
        x = torch.as_tensor(np.concatenate([one.numbers.ravel() for one in self._weights()]))
        with torch.no_grad():
            return {name: _finite(float(one(x))) for name, one in self._others.items()}


def _functions(book: Session, model: SolverModel, cells: Sequence[str]) -> dict[str, CellFunction]:
    """The watched cells as functions of the weights; those that cannot be are left out."""
    from xlcollab.api.look.gradients import cell_function

    found = {}
    for name, area in cells_to_watch(book.workbook, model, cells).items():
        try:
            found[name] = cell_function(book, str(area), ",".join(map(str, model.variables)))
        except XlcollabError:
            continue
    return found


def _finite(value: float) -> float | None:
    return value if np.isfinite(value) else None
