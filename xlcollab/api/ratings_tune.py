"""Searching for good settings by cross-validation, written as a sheet: `xlcollab tune`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from xlcollab.api.ratings_source import read_source
from xlcollab.api.ratings_workbook import sheet_of
from xlcollab.errors import UsageError
from xlcollab.factor import Span, Tables, TrainingSettings, Trial, Tuning, tune, tuning_table
from xlcollab.files import output_path, refuse_unwritable, write_new_workbook
from xlcollab.ratings import random_split


def parse_span(text: str) -> tuple[str, Span]:
    """ "n_factors=5..100" → (name, Span), by the logarithm where the low end is above 0."""
    name, mark, bounds = text.partition("=")
    low, dots, high = bounds.partition("..")
    try:
        ends = float(low), float(high)
    except ValueError:
        mark = ""
    if not mark or not dots:
        raise UsageError(f"{text!r} is no range; write it as n_factors=5..100")
    return name.strip().replace("-", "_"), Span(*ends, log=ends[0] > 0)


def tune_ratings(
    source: Path,
    spans: Sequence[str],
    *,
    trials: int,
    validation_fraction: float = 0.1,
    seed: int = 0,
    output: Path | None = None,
    on_trial: Callable[[Trial], bool | None] | None = None,
) -> tuple[Tuning, Path]:
    """Try settings within the spans and write one row per trial. Needs the package optuna."""
    target = output or output_path(source, "tune").with_suffix(".xlsx")
    refuse_unwritable(target)
    table = read_source(source).table
    parts = random_split(table, validation_fraction, np.random.default_rng(seed))
    tuning = tune(
        Tables(*parts),
        training=TrainingSettings(seed=seed),
        space=dict(map(parse_span, spans)) or None,
        n_trials=trials,
        on_trial=on_trial,
    )
    write_new_workbook(target, [sheet_of(tuning_table(tuning))])
    return tuning, target


def tuning_json(tuning: Tuning, output: Path) -> dict[str, Any]:
    """The best trial and where all of them are."""
    best = tuning.best
    return {"best": dict(best.values), "validation_rmse": best.rmse, "output": str(output)}
