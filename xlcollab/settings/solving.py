"""The settings of a run on formulas: frozen, checked, with the names the field uses.

A new setting is one field here: the command line, the control sheet and the checks read it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from xlcollab.settings import methods
from xlcollab.settings.option import (
    BELOW_ONE,
    COUNT,
    COUNT_FROM_ONE,
    FACTOR,
    FROM_ONE,
    LARGEST,
    NOT_NEGATIVE,
    POSITIVE,
    SECONDS,
    SHARE,
    Option,
    Range,
    check,
)
from xlcollab.settings.schedules import SUMMARIES as SCHEDULE_WORDS
from xlcollab.settings.words import DEVICES, DTYPES, INITS

ENGINES = {
    "auto": "the strongest that fits the model",
    "stored": "the one that the file names",
    "grg": "GRG nonlinear: here sequential quadratic programming",
    "simplex": "Simplex LP: here HiGHS; the model must be linear",
    "evolutionary": "a population",
    "global": "SCIP: a proved optimum, where the functions have a form there",
}
HOW = "How to optimise"
RATE = "The learning rate over the run"
START = "The start"
SEARCH = "The search over whole numbers"


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleSettings:
    """What a first-order rule and its schedule can be told. None means: the default of the rule or
    schedule that is used.

    Raises:
        UsageError: an impossible value; the message names the option and the value.
    """

    learning_rate: Annotated[
        float | None, Option("Step size.", NOT_NEGATIVE, also=("--lr",), group=HOW)
    ] = None
    momentum: Annotated[
        float | None,
        Option("Share of the last step that is kept.", BELOW_ONE, also=("--mom",), group=HOW),
    ] = None
    dampening: Annotated[
        float | None,
        Option(
            "The gradient enters with weight 1 - dampening; the averaged form of a lesson is "
            "dampening = momentum.",
            SHARE,
            group=HOW,
        ),
    ] = None
    beta1: Annotated[
        float | None, Option("Decay of the mean of gradients.", BELOW_ONE, group=HOW)
    ] = None
    beta2: Annotated[
        float | None, Option("Decay of the mean of squared gradients.", BELOW_ONE, group=HOW)
    ] = None
    rho: Annotated[
        float | None,
        Option("Decay of the mean of squared gradients; torch's alpha.", BELOW_ONE, group=HOW),
    ] = None
    epsilon: Annotated[
        float | None,
        Option("Added to the root in the denominator.", NOT_NEGATIVE, also=("--eps",), group=HOW),
    ] = None
    l2: Annotated[
        float,
        Option("Penalty l2/2 * sum of squared weights.", NOT_NEGATIVE, flags=("--l2",), group=HOW),
    ] = 0.0
    """Its gradient is l2 · x: torch.optim's coupled weight_decay."""
    weight_decay: Annotated[
        float | None,
        Option(
            "Shrinks the weights apart from the gradient (decoupled, as AdamW).",
            NOT_NEGATIVE,
            also=("--wd",),
            group=HOW,
        ),
    ] = None
    """x ← x · (1 - rate · weight_decay) before each step (Loshchilov and Hutter 2019)."""
    clip: Annotated[
        float | None,
        Option("Shortens gradients to at most this norm, penalty included.", POSITIVE, group=HOW),
    ] = None
    gamma: Annotated[float | None, Option("The factor on the rate.", FACTOR, group=RATE)] = None
    step_size: Annotated[
        int | None, Option("Iterations between two drops.", COUNT_FROM_ONE, group=RATE)
    ] = None
    eta_min: Annotated[float | None, Option("The rate at the end.", NOT_NEGATIVE, group=RATE)] = (
        None
    )
    pct_start: Annotated[
        float | None,
        Option("The part of the run in which the rate rises.", SHARE, group=RATE),
    ] = None
    div_factor: Annotated[
        float | None,
        Option("The learning rate, its peak, over the rate at the start.", FROM_ONE, group=RATE),
    ] = None
    final_div_factor: Annotated[
        float | None,
        Option("The rate at the start over the rate at the end.", FROM_ONE, group=RATE),
    ] = None

    def __post_init__(self) -> None:
        check(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings(RuleSettings):
    """How to optimise. None means: the default of the method or schedule that is used.

    An option that the chosen method or schedule does not use is refused by `solve` rather than
    ignored.

    Raises:
        UsageError: an impossible value; the message names the option and the value.
    """

    method: Annotated[
        str,
        Option("The optimiser.", words=methods.SUMMARIES, also=("--optimizer",), group=HOW),
    ] = "auto"
    engine: Annotated[
        str,
        Option("Solver's engine, in place of a method.", words=ENGINES, group=HOW),
    ] = "auto"
    iterations: Annotated[
        int | None,
        Option("The most steps to take, in each restart.", COUNT, also=("--epochs",), group=HOW),
    ] = None
    tolerance: Annotated[
        float | None,
        Option(
            "Stop when the gradient, or the relative change of the objective in five steps, is "
            "below it; 0 never stops early.",
            NOT_NEGATIVE,
            group=HOW,
        ),
    ] = None
    """0 is the default of first-order methods, as in torch.optim."""
    time_limit: Annotated[
        float | None,
        Option("Seconds after which the run ends with the best it has.", SECONDS, group=HOW),
    ] = None
    gap: Annotated[
        float | None,
        Option(
            "Stop looking for whole numbers when (objective - bound) / objective is below it.",
            Range(0, LARGEST, "a fraction, 0 or more, such as 0.01"),
            group=SEARCH,
        ),
    ] = None
    """None: 0."""
    gap_grace: Annotated[
        float,
        Option(
            "Seconds for which the search for whole numbers goes on below the gap.",
            SECONDS,
            group=SEARCH,
        ),
    ] = 0.0
    """Most proofs are close then."""
    node_limit: Annotated[
        int | None,
        Option("The most subproblems of a search for whole numbers.", COUNT_FROM_ONE, group=SEARCH),
    ] = None
    solution_limit: Annotated[
        int | None,
        Option(
            "The most improving solutions of a search for whole numbers.",
            COUNT_FROM_ONE,
            group=SEARCH,
        ),
    ] = None
    multistart: Annotated[
        bool,
        Option("Look for the best of many optima by a population over the bounds.", group=START),
    ] = False
    population: Annotated[
        int | None,
        Option("Points in a generation.", COUNT_FROM_ONE, group=SEARCH),
    ] = None
    """None: ten for each variable, 40 to 100."""
    mutation: Annotated[
        float | None,
        Option("The share of points that are changed at random.", SHARE, group=SEARCH),
    ] = None
    """None: 0.075, as Solver."""
    patience: Annotated[
        float,
        Option("Seconds without improvement that end the search.", SECONDS, group=SEARCH),
    ] = 30.0
    schedule: Annotated[
        str, Option("How the learning rate moves.", words=SCHEDULE_WORDS, group=RATE)
    ] = "constant"
    seed: Annotated[int, Option("Seed of every random draw.", COUNT, group=START)] = 0
    restarts: Annotated[
        int, Option("Runs from further starts; the best end is kept.", COUNT, group=START)
    ] = 0
    init: Annotated[str, Option("Where the weights start.", words=INITS, group=START)] = "keep"
    """Restarts of `keep` are drawn around the given weights."""
    init_scale: Annotated[
        float | None,
        Option(
            "Width of the draw: up to it for uniform, standard deviation for normal, a factor on "
            "it for kaiming and restarts of keep.",
            POSITIVE,
            group=START,
        ),
    ] = None
    scale: Annotated[
        bool | None,
        Option(
            "Measure each variable by its start; lbfgs and lm do unless told otherwise.",
            group=START,
        ),
    ] = None
    history_every: Annotated[
        int,
        Option("Record every N-th iteration; 0 the two ends alone.", COUNT, metavar="N", group=HOW),
    ] = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Computing:
    """Where a run on formulas is computed, and in what precision.

    Raises:
        UsageError: an impossible value.
    """

    device: Annotated[str, Option("Where to compute.", words=DEVICES, group=HOW)] = "auto"
    dtype: Annotated[str, Option("In what precision.", words=DTYPES, group=HOW)] = "float64"

    def __post_init__(self) -> None:
        check(self)
