"""The limits that Solver stored with a model, for a run that was not told others."""

from __future__ import annotations

import math
import time
from dataclasses import replace

from xlcollab.errors import UsageError
from xlcollab.history.layout import weight_rows
from xlcollab.optim import Settings
from xlcollab.problems import SolverModel, SolverOptions
from xlcollab.settings.methods import METHODS, OF_ENGINES

_SECONDS_FOR_A_PROOF = 1.0
"""How long a search goes on below the stored integer tolerance: most proofs are close then, and a
small model is solved exactly."""

_MOST_TO_KEEP = 0.3
"""Of a time limit, that is left for writing."""
_LEAST_SHARE, _ENOUGH = 0.2, 0.5
"""Of a time limit, and of a second, of which the shorter is left to the engine however long reading
took: with no time nothing comes, and more of it would overrun the limit."""


def _with_population(settings: Settings, options: SolverOptions) -> Settings:
    """What the file says of the evolutionary engine, where the settings are silent."""
    small = options.population is not None and options.population < _SMALLEST_POPULATION
    patience = options.patience
    return replace(
        settings,
        population=settings.population or (None if small else options.population),
        mutation=options.mutation if settings.mutation is None else settings.mutation,
        seed=settings.seed or max(0, options.seed),
        patience=settings.patience if not patience or patience < 0 else patience,
        multistart=settings.multistart or (options.multistart and settings.method == "auto"),
    )


_SMALLEST_POPULATION = 10
"""Excel's Solver allows no fewer; what a file says below is left to the method."""


def _iterations(settings: Settings, model: SolverModel) -> int | None:
    """The limit that was asked for, which may be 0; else the stored one, for the stored engine of a
    model without whole numbers: the steps of `auto` are not those that Excel counts."""
    if settings.iterations is not None:
        return settings.iterations
    whole = model.integer or model.binary or model.alldifferent
    counted = settings.engine == "stored" and not whole and not _starts_often(settings, model)
    return model.options.iterations if counted else None


def _starts_often(settings: Settings, model: SolverModel) -> bool:
    """Whether the stored engine is GRG with its multistart."""
    options = model.options
    return settings.engine == "stored" and options.engine == "grg" and options.multistart


def less_precise(model: SolverModel, missed: float) -> tuple[str, ...]:
    """A warning where constraints are missed by more than a file asks for that is stricter than
    Solver's default."""
    precision = model.options.precision
    if not 0.0 < precision < SolverOptions().precision or missed <= precision:
        return ()
    return (
        f"the constraints are missed by at most {missed:.3g}, and the file asks for {precision:g}"
        " (solver_pre)",
    )


def with_engine(settings: Settings, model: SolverModel) -> Settings:
    """The settings with the method of Solver's engine that they ask for.

    Raises UsageError where they name a method, too.
    """
    if settings.engine == "auto":
        return settings
    if settings.method != "auto":
        raise UsageError(
            f"--engine {settings.engine} and --method {settings.method} exclude each other"
        )
    if _starts_often(settings, model):
        return settings  # `auto` reads the rest of it from the file
    engine = model.options.engine if settings.engine == "stored" else settings.engine
    return replace(settings, method=OF_ENGINES[engine])


def seconds_of(settings: Settings, model: SolverModel) -> float:
    """How long the whole run may take: as asked, else as stored, else endlessly."""
    found = model.options.seconds if settings.time_limit is None else settings.time_limit
    return math.inf if found is None else float(found)


def seconds_to_compile(began: float, until: float) -> float | None:
    """How long a model may take to be compiled from now on, in a run from `began` to `until`
    (perf_counter); None for any time."""
    if until == math.inf:
        return None
    return max(_AT_ONCE, began + _MOST_TO_COMPILE * (until - began) - time.perf_counter())


_MOST_TO_COMPILE = 0.8
"""Of a time limit, reading and loading included: no search that begins later finds anything."""
_AT_ONCE = 0.5
"""Seconds in which a small model is compiled, however long loading took."""


def seconds_to_keep(reading: float, compiling: float, slowness: float, variables: int) -> float:
    """How long it will take to apply and write what is found, judged by what was seen of this book
    on this machine: the same cells are evaluated and written. `slowness` is how many seconds one
    second of computing took."""
    more = variables * (weight_rows(variables) + _OF_AN_ANSWER) * _OF_A_CELL
    return (_KEEPING + more) * slowness + _OF_READING * reading + _OF_COMPILING * compiling


_KEEPING = 0.15
"""Seconds of computing for a book of a few cells, its reports and the lines that are printed."""
_OF_AN_ANSWER, _OF_A_CELL = 12, 8e-6
"""Cells that an answer has for each variable, and seconds of computing for a cell that is added."""
_OF_READING, _OF_COMPILING = 2.0, 0.3
"""Writing a large book takes up to twice what reading took; evaluating it a third of compiling."""


def limited(settings: Settings, model: SolverModel, spent: float, keeping: float) -> Settings:
    """The settings with the stored limits where they name none, for an engine that branches.

    `spent` are the seconds that reading and compiling took, `keeping` those that writing will take;
    a time limit counts them.
    """
    options = model.options
    seconds = options.seconds if settings.time_limit is None else settings.time_limit
    if seconds is not None:
        left = seconds - spent - min(keeping, _MOST_TO_KEEP * seconds)
        seconds = max(min(_LEAST_SHARE * seconds, _ENOUGH), left)
    settings = replace(settings, time_limit=seconds)
    if METHODS[settings.method].draws:
        settings = _with_population(settings, options)
    if not METHODS[settings.method].branches:
        return settings
    stored_gap = settings.gap is None
    return replace(
        settings,
        gap=options.integer_tolerance if stored_gap else settings.gap,
        gap_grace=_SECONDS_FOR_A_PROOF if stored_gap else 0.0,
        iterations=_iterations(settings, model),
        node_limit=settings.node_limit or options.nodes,
        solution_limit=settings.solution_limit or options.solutions,
    )
