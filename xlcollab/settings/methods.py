"""The methods of `solve`, one row each: what they are, what they can do, and their defaults.

A new rule of optimisation is its file in `xlcollab.optim.rules` and a row here; with a `fit_rate`
`fit` offers it too. `gd` is a step along the gradient of all rows, or of a batch.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class Method:
    """A method: the sentence on it, its rule, what it can do, and its defaults."""

    summary: str
    rule: str = ""
    """File and class in `xlcollab.optim.rules`; "" where the method has no rule of its own."""
    options: Mapping[str, float] = field(default_factory=dict)
    """The settings that the rule takes, with their defaults."""
    first_order: bool = False
    needs_residuals: bool = False
    needs_linear: bool = False
    needs_formulas: bool = False
    scales: bool = False
    """Whether variables are measured by their start unless told otherwise."""
    takes_l2: bool = True
    takes_integers: bool = False
    takes_alldifferent: bool = False
    takes_constraints: bool = True
    takes_equations: bool = False
    """Whether it meets an equation exactly; others are given the square of what it is missed by."""
    learning_rate: float = float("nan")
    iterations: int = 1000
    tolerance: float = 0.0
    weight_decay: float = 0.0
    fit_rate: float | None = None
    """The learning rate on ratings; None where `fit` does not offer the method."""
    chooses: bool = False
    """Whether it is whichever of the others fits."""
    branches: bool = False
    """Whether a gap and limits of nodes and solutions end it."""
    draws: bool = False
    """Whether it keeps a population."""
    remembers: bool = False
    """Whether it keeps its own best point, and may have seen nothing as good as the start."""
    own_count: bool = False
    """Whether it tells of an interruption in its own measure: points, subproblems or the gap."""
    engine: str = ""
    """The engine of `--engine` that it stands for."""

    @property
    def follows_slopes(self) -> bool:
        """Whether it can do nothing with a function that has no derivative."""
        return not (self.chooses or self.draws or self.needs_formulas or self.takes_integers)

    @property
    def reads_linear(self) -> bool:
        """Whether it has a use for the model's linear form."""
        return self.chooses or self.needs_linear

    @property
    def reads_residuals(self) -> bool:
        """Whether it has a use for the residuals of a sum of squares."""
        return self.chooses or self.needs_residuals


def _first_order(
    summary: str,
    rule: str,
    rate: float,
    fit_rate: float | None,
    decay: float = 0.0,
    **options: float,
) -> Method:
    return Method(
        summary=summary,
        rule=rule,
        options=options,
        first_order=True,
        learning_rate=rate,
        weight_decay=decay,
        fit_rate=fit_rate,
    )


METHODS: Mapping[str, Method] = {
    "auto": Method(
        summary="the strongest method that fits the model",
        chooses=True,
        takes_equations=True,
        branches=True,
        draws=True,
    ),
    "gd": _first_order("gradient descent", "gd.GradientDescent", 0.01, 1.0),
    "momentum": _first_order(
        "gradient descent with a heavy ball",
        "momentum.Momentum", 0.01, 1.0, momentum=0.9, dampening=0.0,
    ),
    "nesterov": _first_order(
        "gradient descent with Nesterov's look-ahead",
        "nesterov.Nesterov", 0.01, 1.0, momentum=0.9,
    ),
    "adagrad": _first_order(
        "rates that shrink per variable", "adagrad.Adagrad", 0.1, 0.1, epsilon=1e-10
    ),
    "rmsprop": _first_order(
        "rates by the recent size of gradients",
        "rmsprop.RMSprop", 0.01, 0.01, rho=0.99, epsilon=1e-8,
    ),
    "adam": _first_order(
        "momentum and RMSprop with bias correction",
        "adam.Adam", 0.05, 0.03, beta1=0.9, beta2=0.999, epsilon=1e-8,
    ),
    "adamw": _first_order(
        "Adam with decoupled weight decay",
        "adam.Adam", 0.05, 0.03, decay=0.01, beta1=0.9, beta2=0.999, epsilon=1e-8,
    ),
    "lbfgs": Method(
        summary="limited-memory quasi-Newton with strong Wolfe line search",
        rule="lbfgs.LBFGS",
        scales=True,
        iterations=5000,
        tolerance=1e-13,
    ),
    "lm": Method(
        summary="Levenberg-Marquardt on the residuals of a sum of squares",
        rule="lm.LevenbergMarquardt",
        scales=True,
        needs_residuals=True,
        takes_l2=False,
        takes_constraints=False,
        tolerance=1e-15,
    ),
    "highs": Method(
        summary="the HiGHS simplex and branch-and-bound codes for linear models",
        needs_linear=True,
        takes_integers=True,
        takes_l2=False,
        branches=True,
        remembers=True,
        own_count=True,
        engine="simplex",
    ),
    "evolutionary": Method(
        summary="a population without derivatives, for steps, look-ups and permutations",
        takes_integers=True,
        takes_alldifferent=True,
        takes_l2=False,
        draws=True,
        remembers=True,
        own_count=True,
        engine="evolutionary",
    ),
    "global": Method(
        summary="SCIP on the formulas themselves: a proved optimum (needs pyscipopt)",
        needs_formulas=True,
        takes_integers=True,
        takes_alldifferent=True,
        takes_equations=True,
        takes_l2=False,
        branches=True,
        remembers=True,
        own_count=True,
        engine="global",
    ),
    "branch": Method(
        summary="branch and bound over curved models, for whole numbers",
        takes_integers=True,
        takes_equations=True,
        branches=True,
        remembers=True,
        own_count=True,
    ),
    "sqp": Method(
        summary="sequential quadratic programming with exact derivatives, for constraints",
        takes_equations=True,
        branches=True,  # with whole numbers it is `branch`
        remembers=True,
        engine="grg",
    ),
}  # fmt: skip

SUMMARIES: Mapping[str, str] = {name: method.summary for name, method in METHODS.items()}
FIRST_ORDER: tuple[str, ...] = tuple(name for name, one in METHODS.items() if one.first_order)
OF_ENGINES: Mapping[str, str] = {one.engine: name for name, one in METHODS.items() if one.engine}
"""The method that stands for each of Solver's engines."""

_ITERATIVE = frozenset({"iterations", "tolerance", "restarts", "init", "init_scale", "scale"})
_FIRST_ORDER = frozenset({"learning_rate", "weight_decay", "clip", "schedule"})

_POPULATION = frozenset({"population", "mutation", "patience"})
_SEARCH = frozenset({"gap", "gap_grace", "node_limit", "solution_limit"})


def method_options(name: str) -> frozenset[str]:
    """The names of the settings that a method uses, those that all methods share left out."""
    method = METHODS[name]
    options = frozenset(method.options)
    if method.first_order:
        options |= _FIRST_ORDER
    if method.needs_formulas:
        return _SEARCH
    options |= {"iterations"} if method.needs_linear else _ITERATIVE
    if method.branches:
        options |= _SEARCH
    if method.draws:
        options |= _POPULATION
    if method.chooses:
        options |= {"multistart"}
    return options | {"l2"} if method.takes_l2 else options
