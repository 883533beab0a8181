"""Compiling ahead: every loop that is compiled once per computer runs on something tiny."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping

import numpy as np
import pandas as pd

from xlcollab import factor
from xlcollab.kernels.program.warming import run_every_part
from xlcollab.kernels.scan.warming import run_passes
from xlcollab.settings.fitting import IMPLICIT_RULES
from xlcollab.settings.optimizers import OPTIMIZERS

_SIDE = 6
"""Users and items of the ratings that compile the loops: the fewest that every model can be
fitted to."""


def warm() -> dict[str, float]:
    """What is ready now, and the seconds that it took: little where it was already."""
    work: Mapping[str, Callable[[], None]] = {
        "sheets": run_every_part,
        "chains of rows": run_passes,
        "factor models": _fit_by_every_optimizer,
    }
    return {part: _seconds_of(run) for part, run in work.items()}


def _seconds_of(run: Callable[[], None]) -> float:
    began = time.perf_counter()
    run()
    return time.perf_counter() - began


def _fit_by_every_optimizer() -> None:
    user, item = np.divmod(np.arange(_SIDE * _SIDE), _SIDE)
    ratings = pd.DataFrame({"user": user, "item": item, "rating": 1.0 + (user * item) % 5})
    ways = [(optimizer, optimizer in IMPLICIT_RULES) for optimizer in OPTIMIZERS]
    for optimizer, implicit in [*ways, ("als", False)]:
        model = factor.MatrixFactorization(2, optimizer=optimizer, implicit=implicit, epochs=1)
        model.fit(ratings).predict([0, 1], [0, 1])
