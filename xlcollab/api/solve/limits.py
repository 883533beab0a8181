"""The limits that Solver stored with a model, for a run that was not told others."""

from __future__ import annotations

from dataclasses import replace

from xlcollab.optim import Settings
from xlcollab.problems import SolverModel

_SECONDS_FOR_A_PROOF = 1.0
"""How long a search goes on below the stored integer tolerance: most proofs are close then, and a
small model is solved exactly."""

_LEAST_SHARE = 0.2
"""Of a time limit, left to the engine however long reading took: with none of it, nothing comes."""


def limited(settings: Settings, model: SolverModel, spent: float) -> Settings:
    """The settings with the stored limits where they name none, for an engine that branches.

    `spent` are the seconds that reading and compiling took; a time limit counts them.
    """
    options = model.options
    seconds = options.seconds if settings.time_limit is None else settings.time_limit
    if seconds is not None:
        seconds = max(_LEAST_SHARE * seconds, seconds - spent)
    settings = replace(settings, time_limit=seconds)
    if settings.method not in ("auto", "highs"):
        return settings
    stored_gap = settings.gap is None
    return replace(
        settings,
        gap=options.integer_tolerance if stored_gap else settings.gap,
        gap_grace=_SECONDS_FOR_A_PROOF if stored_gap else 0.0,
        node_limit=settings.node_limit or options.nodes,
        solution_limit=settings.solution_limit or options.solutions,
    )
