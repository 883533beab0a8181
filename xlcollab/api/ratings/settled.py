"""The settings of a fit: what was asked for, else what a start implies, else the quality's."""

from __future__ import annotations

from collections.abc import Mapping

from xlcollab.settings.asked import Asked
from xlcollab.settings.fitting import ModelSettings, TrainingSettings, defaults
from xlcollab.settings.option import names_of
from xlcollab.settings.requests.ratings import FitRequest


def settled(
    request: FitRequest, implied: Mapping[str, object]
) -> tuple[ModelSettings, TrainingSettings]:
    """Model and training. Raises UsageError on what is impossible or does not go together."""
    given = {**request.model.values, **request.training.values}
    values = {**defaults(request.quality, request.recipe, given), **implied}
    return (
        _with_side(request).over(_some(values, ModelSettings)).made(),
        request.training.over(_alike(request)).over(_some(values, TrainingSettings)).made(),
    )


def _with_side(request: FitRequest) -> Asked[ModelSettings]:
    side = (*request.place.side_columns, *request.place.date_parts)
    return request.model.over({"side_columns": side} if side else {})


def _alike(request: FitRequest) -> dict[str, object]:
    """What is asked for factors and biases alike, for each."""
    both = {"l2": request.l2, "weight_decay": request.weight_decay}
    return {
        f"{name}_{side}": value
        for name, value in both.items()
        if value is not None
        for side in ("factors", "biases")
    }


def _some(values: Mapping[str, object], kind: type) -> dict[str, object]:
    names = names_of(kind)
    return {name: value for name, value in values.items() if name in names}
