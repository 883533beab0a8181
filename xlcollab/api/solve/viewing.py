"""What a viewer is told of a model that is being solved: its objective, watched cells, weights."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from xlcollab.api.session.viewer import SECONDS_BETWEEN_PICTURES, Viewer, blocks_of, finite, row_of
from xlcollab.api.solve.watching import cells_to_watch
from xlcollab.errors import XlcollabError
from xlcollab.grid import CellEdit
from xlcollab.problems import SolverModel

if TYPE_CHECKING:
    from xlcollab.api.look.gradients import CellFunction
    from xlcollab.api.session.session import Session

_SHARE, _AT_FIRST = 0.25, 0.5
"""Of a run's time, and seconds besides, that watched cells may take while it goes on."""


class ModelView:
    """The callbacks of one model's run."""

    def __init__(
        self,
        book: Session,
        model: SolverModel,
        viewer: Viewer,
        cells: Sequence[str],
        steps: int | None = None,
    ) -> None:
        self._viewer, self._steps = viewer, steps
        self._weights: Callable[[], list[CellEdit]] | None = None
        self._shown = -SECONDS_BETWEEN_PICTURES
        self._began = time.perf_counter()
        self._spent = 0.0
        self._untold: dict[str, Any] = {}
        """The last row, where it was told without its watched cells."""
        self._others = _functions(book, model, cells)
        viewer.tell({"kind": "begin", "run": model.label, "others": list(self._others)})

    def point(self, weights: Callable[[], list[CellEdit]]) -> None:
        """Remember where the run stands."""
        self._weights = weights

    def step(self, row: Any) -> None:
        """Tell of an iteration. Raises KeyboardInterrupt, which ends a run with its best weights,
        where the viewer wants it to end."""
        if row.iteration and self._viewer.is_stopped():
            raise KeyboardInterrupt
        told = row_of(row.iteration, self._steps, row.objective, row.seconds)
        if self._spent <= _SHARE * (time.perf_counter() - self._began) + _AT_FIRST:
            told["others"], self._untold = self._other_values(), {}
        else:
            self._untold = told
        self._viewer.tell(told)
        if time.perf_counter() - self._shown > SECONDS_BETWEEN_PICTURES:
            self._picture()

    def finish(self, sentence: str) -> None:
        """Tell how it ended, after a last picture and the watched cells of the last row."""
        if self._untold:
            self._viewer.tell(self._untold | {"others": self._other_values()})
        self._picture()
        self._viewer.tell({"kind": "end", "sentence": sentence})

    def _picture(self) -> None:
        if self._weights is not None:
            self._viewer.tell({"kind": "weights", "blocks": blocks_of(self._weights())})
        self._shown = time.perf_counter()

    def _other_values(self) -> dict[str, float | None]:
        if self._weights is None or not self._others:
            return {}
        began = time.thread_time()
        x = torch.as_tensor(np.concatenate([one.numbers.ravel() for one in self._weights()]))
        with torch.no_grad():
            found = {name: finite(float(one(x))) for name, one in self._others.items()}
        self._spent += time.thread_time() - began
        return found


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
