"""What a viewer is told of a fit: its errors by epoch, and its factors, thinned."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xlcollab.api.session.viewer import MOST_CELLS, SECONDS_BETWEEN_PICTURES, Viewer, row_of
from xlcollab.errors import UsageError
from xlcollab.factor.models.model import Model
from xlcollab.factor.models.netmodel import NetModel
from xlcollab.factor.several.torchrun import under_torchrun
from xlcollab.factor.training.result import EpochRow, Progress
from xlcollab.settings.counting import amount

_ROWS, _COLUMNS = 40, 32
"""Of users, or of items, and of factors, in a picture: more are too small to be told apart."""
_PAUSE = 20
"""A picture follows after so many times the seconds that the last one took to make."""


class FitView:
    """The callback of a fit, `epoch`, for who looks on."""

    def __init__(self, viewer: Viewer) -> None:
        self._viewer = viewer
        self._epoch: int | None = None
        self._next_picture = -math.inf

    def epoch(self, told: Progress) -> bool:
        """Tell of an epoch. Returns whether the viewer wants the run to end."""
        row = told.row
        loss, others = _watched(row)
        if self._epoch is None or row.epoch <= self._epoch:  # another fold, or another start
            self._viewer.tell({"kind": "begin", "run": "fit", "others": list(others)})
        self._epoch = row.epoch
        self._viewer.tell(row_of(row.epoch, told.epochs, loss, row.seconds, others))
        if time.perf_counter() > self._next_picture:
            self._picture(told)
        return self._viewer.is_stopped()

    def finish(self, sentence: str, model: Model) -> None:
        """Tell how it ended, after a picture of the model that is kept."""
        self._show(model)
        self._viewer.tell({"kind": "end", "sentence": sentence})

    def _picture(self, told: Progress) -> None:
        began = time.perf_counter()
        try:
            model = told.model()
        except UsageError:  # of several processes that cannot show one
            self._next_picture = math.inf
            return
        self._show(model)
        now = time.perf_counter()
        self._next_picture = now + max(SECONDS_BETWEEN_PICTURES, _PAUSE * (now - began))

    def _show(self, model: Model) -> None:
        """Of several processes each holds a part; who looks on sees that of the first."""
        blocks, part = pictured(model), "process 0: " if under_torchrun() else ""
        named = [block | {"name": part + block["name"]} for block in blocks]
        self._viewer.tell({"kind": "weights", "blocks": named})


def _watched(row: EpochRow) -> tuple[float, dict[str, float]]:
    """The loss of an epoch, and what else was measured: of ratings errors, of implicit feedback how
    well it ranks. What was not set aside is not a number, and left out."""
    if math.isnan(row.train_rmse):
        loss, others = row.train_loss, {"validation NDCG": row.validation_ndcg}
    else:
        loss = row.train_rmse
        others = {"validation RMSE": row.validation_rmse, "test RMSE": row.test_rmse}
    return loss, {name: value for name, value in others.items() if not math.isnan(value)}


def pictured(model: Model) -> list[dict[str, Any]]:
    """The weights of a model as {"name", "rows"}, as many as a picture can show; of more users,
    items or factors some, evenly, and the name says of how many."""
    blocks, cells = list[dict[str, Any]](), 0
    for block in _blocks(model):
        rows = _evenly(block.weights.shape[0], _ROWS)
        columns = _evenly(block.weights.shape[1], _COLUMNS)
        cells += len(rows) * len(columns)
        if cells > MOST_CELLS:
            break
        shown = block.weights[np.ix_(rows, columns)].astype(np.float64)
        blocks.append({"name": block.named(len(rows), len(columns)), "rows": shown.tolist()})
    return blocks


@dataclass(frozen=True, slots=True)
class _Block:
    """Weights (n, m), what their rows and columns are, and what they are besides."""

    weights: NDArray[np.floating]
    row: str
    column: str
    what: str = ""

    def named(self, n_rows: int, n_columns: int) -> str:
        """What stands over a picture of so many rows and columns."""
        counted = zip((n_rows, n_columns), self.weights.shape, (self.row, self.column), strict=True)
        sides = [_counted(*one) for one in counted if one[2]]
        return self.what + " × ".join(sides)


def _blocks(model: Model) -> list[_Block]:
    found = [
        _Block(model.user_factors, "user", "factor"),
        _Block(model.item_factors, "item", "factor"),
    ]
    if model.settings.bias:
        found += [
            _Block(model.user_bias[None], "", "user", "biases of "),
            _Block(model.item_bias[None], "", "item", "biases of "),
        ]
    if isinstance(model, NetModel):
        found += [_of_net(name, weights) for name, weights in model.weights.items()]
    return [one for one in found if one.weights.size and one.row + one.column]


def _of_net(name: str, weights: NDArray[np.floating]) -> _Block:
    """A matrix of a net; nothing to show of what is none, and of users and items."""
    kind, _, rest = name.partition(".")
    if kind == "side":
        return _Block(weights, "level", "factor", f"{rest}: ")
    if kind == "layer" and rest.endswith(".weight"):
        return _Block(weights, "unit", "input", f"layer {int(rest.split('.')[0]) + 1}: ")
    return _Block(weights[:0], "", "")


def _evenly(n: int, most: int) -> NDArray[np.intp]:
    """At most `most` of n numbers from 0, the first and the last among them where there are two."""
    return np.unique(np.linspace(0, n - 1, min(n, most)).round().astype(np.intp))


def _counted(shown: int, n: int, noun: str) -> str:
    return amount(n, noun) if shown == n else f"{shown} of {amount(n, noun)}"
