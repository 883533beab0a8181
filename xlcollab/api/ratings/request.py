"""What is asked of a fit: the settings that were given, and what they leave to others."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from xlcollab.api.ratings.source import Place
from xlcollab.api.ratings.split import TEST, VALIDATION, HoldOut
from xlcollab.errors import UsageError
from xlcollab.factor import QUALITIES, ModelSettings, TrainingSettings
from xlcollab.interrupts import checked_seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Measures:
    """What is measured besides errors: `folds` of cross-validation, rankings of `top_k` items.

    `relevant` is the least rating that counts as liked; None stands for three quarters of the way
    from the lowest to the highest rating, 4 of 1 to 5.
    """

    folds: int | None = None
    top_k: int = 10
    relevant: float | None = None

    def __post_init__(self) -> None:
        if self.top_k < 1:
            raise UsageError(f"--top-k is {self.top_k}; expected at least 1")
        if self.relevant is not None and not math.isfinite(self.relevant):
            raise UsageError(f"--relevant is {self.relevant}; expected a rating")


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpointing:
    """Where the state of an unfinished run is kept, how often, and whether to go on from it."""

    path: Path
    every: int = 10
    resume: bool = False

    def __post_init__(self) -> None:
        if self.every < 1:
            raise UsageError(f"--checkpoint-every is {self.every}; expected 1 or more epochs")
        if self.resume and not self.path.is_file():
            raise UsageError(f"there is no checkpoint {self.path}; leave --resume out to begin")


@dataclass(frozen=True, slots=True, kw_only=True)
class FitRequest:
    """A fit. `given` holds the fields of ModelSettings and TrainingSettings that were asked for."""

    place: Place
    given: Mapping[str, Any]
    test: HoldOut
    validation: HoldOut
    quality: str = "fast"
    start: Path | None = None
    start_cells: tuple[str, ...] = ()
    find_learning_rate: bool = False
    measures: Measures = Measures()
    checkpoint: Checkpointing | None = None
    output: Path | None = None
    time_limit: float | None = None
    """Seconds for reading and training."""
    keep_partial: bool = True
    """Whether a run that was stopped is written."""

    @staticmethod
    def of(given: Mapping[str, Any]) -> FitRequest:
        """From the parameters of the command, by name; None and an empty list ask for nothing.

        Raises UsageError on options that do not go together.
        """
        asked = {name: _plain(value) for name, value in given.items()}
        asked = {name: value for name, value in asked.items() if value not in (None, ())}
        side = (*asked.get("side_columns", ()), *asked.get("date_parts", ()))
        if side:
            asked["side_columns"] = side
        return FitRequest(
            place=Place.of(given),
            given={name: asked[name] for name in _SETTINGS & asked.keys()},
            test=HoldOut.of(given, TEST),
            validation=HoldOut.of(given, VALIDATION),
            checkpoint=_checkpointing(asked),
            measures=Measures(**_some(asked, Measures)),
            quality=asked["quality"],
            start=given["start"],
            start_cells=asked.get("start_cells", ()),
            find_learning_rate=asked["find_learning_rate"],
            output=given["output"],
            time_limit=checked_seconds(given.get("time_limit")),
            keep_partial=given.get("keep_partial", True),
        )

    def settings(self, implied: Mapping[str, Any]) -> tuple[ModelSettings, TrainingSettings]:
        """What was given, else what a start implies, else what the quality stands for."""
        values = {**QUALITIES[self.quality], **implied, **self.given}
        if self.find_learning_rate and "learning_rate" in self.given:
            raise UsageError("--find-learning-rate looks for what --learning-rate gives; drop one")
        model = ModelSettings(**_some(values, ModelSettings))
        return model, TrainingSettings(**_some(values, TrainingSettings))


_SETTINGS = {field.name for kind in (ModelSettings, TrainingSettings) for field in fields(kind)}


def _plain(value: Any) -> Any:
    """A choice as its word, a list as a tuple."""
    if isinstance(value, str):
        return str(value)
    return tuple(value) if isinstance(value, list) else value


def _some(values: Mapping[str, Any], kind: type[Any]) -> dict[str, Any]:
    return {field.name: values[field.name] for field in fields(kind) if field.name in values}


def _checkpointing(asked: Mapping[str, Any]) -> Checkpointing | None:
    if "checkpoint" in asked:
        return Checkpointing(
            path=asked["checkpoint"], every=asked["checkpoint_every"], resume=asked["resume"]
        )
    if asked["resume"]:
        raise UsageError("--resume goes on from a file; name it with --checkpoint")
    return None
