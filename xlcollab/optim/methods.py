"""The table of methods, and from settings to a rule and its schedule."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from xlcollab.errors import UsageError
from xlcollab.optim.rule import FirstOrder, Rule
from xlcollab.optim.rules.adagrad import Adagrad
from xlcollab.optim.rules.adam import Adam
from xlcollab.optim.rules.gd import GradientDescent
from xlcollab.optim.rules.lbfgs import LBFGS
from xlcollab.optim.rules.lm import LevenbergMarquardt
from xlcollab.optim.rules.momentum import Momentum
from xlcollab.optim.rules.nesterov import Nesterov
from xlcollab.optim.rules.rmsprop import RMSprop
from xlcollab.optim.schedules import SCHEDULES, Rate
from xlcollab.optim.settings import MethodName, ScheduleName, Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Method:
    """A method's rule, what it can do, and its defaults."""

    summary: str
    rule: type[Any] | None
    """Its fields are the options that the rule takes, with their defaults; None when the method
    has no rule of its own."""
    first_order: bool = False
    needs_residuals: bool = False
    needs_linear: bool = False
    scales: bool = False
    """Whether variables are measured by their start unless told otherwise."""
    takes_l2: bool = True
    takes_constraints: bool = True
    learning_rate: float = float("nan")
    iterations: int = 1000
    tolerance: float = 0.0
    weight_decay: float = 0.0


def _first_order(summary: str, rule: type[Any], rate: float, decay: float = 0.0) -> Method:
    return Method(
        summary=summary, rule=rule, first_order=True, learning_rate=rate, weight_decay=decay
    )


METHODS: Mapping[MethodName, Method] = {
    "auto": Method(summary="the strongest method that fits the model", rule=None),
    "gd": _first_order("gradient descent", GradientDescent, 0.01),
    "momentum": _first_order("gradient descent with a heavy ball", Momentum, 0.01),
    "nesterov": _first_order("gradient descent with Nesterov's look-ahead", Nesterov, 0.01),
    "adagrad": _first_order("rates that shrink per variable", Adagrad, 0.1),
    "rmsprop": _first_order("rates by the recent size of gradients", RMSprop, 0.01),
    "adam": _first_order("momentum and RMSprop with bias correction", Adam, 0.05),
    "adamw": _first_order("Adam with decoupled weight decay", Adam, 0.05, decay=0.01),
    "lbfgs": Method(
        summary="limited-memory quasi-Newton with strong Wolfe line search",
        rule=LBFGS,
        scales=True,
        iterations=5000,
        tolerance=1e-13,
    ),
    "lm": Method(
        summary="Levenberg-Marquardt on the residuals of a sum of squares",
        rule=LevenbergMarquardt,
        scales=True,
        needs_residuals=True,
        takes_l2=False,
        takes_constraints=False,
        iterations=1000,
        tolerance=1e-15,
    ),
    "highs": Method(
        summary="the HiGHS simplex and branch-and-bound codes for linear models",
        rule=None,
        needs_linear=True,
        takes_l2=False,
    ),
}

_ITERATIVE = frozenset({"iterations", "tolerance", "restarts", "init", "init_scale", "scale"})
_FIRST_ORDER = frozenset({"learning_rate", "weight_decay", "clip", "schedule"})
_SEARCH = frozenset({"gap", "gap_grace", "node_limit", "solution_limit"})


def method_options(name: MethodName) -> frozenset[str]:
    """The names of the settings that a method uses, those that all methods share left out."""
    method = METHODS[name]
    options = _options(method.rule) if method.rule is not None else frozenset()
    if method.first_order:
        options |= _FIRST_ORDER
    options |= _SEARCH | {"iterations"} if method.needs_linear else _ITERATIVE
    if name == "auto":
        options |= _SEARCH
    return options | {"l2"} if method.takes_l2 else options


def schedule_options(name: ScheduleName) -> frozenset[str]:
    """The names of the settings that a schedule uses."""
    return _options(SCHEDULES[name])


def check_options(settings: Settings) -> None:
    """Raise UsageError for an option that the method or the schedule does not use."""
    methods = {name: method_options(name) for name in METHODS}
    schedules = {name: schedule_options(name) for name in SCHEDULES}
    _refuse_unused(settings, "method", settings.method, methods)
    _refuse_unused(settings, "schedule", settings.schedule, schedules)


def _refuse_unused(
    settings: Settings, kind: str, chosen: str, options: Mapping[Any, frozenset[str]]
) -> None:
    for option in sorted(frozenset().union(*options.values()) - options[chosen]):
        value = getattr(settings, option)
        if value != getattr(_DEFAULTS, option):
            users = ", ".join(name for name in options if option in options[name])
            raise UsageError(
                f"{option}={value!r} has no effect with {kind} {chosen}; it works with {users}"
            )


_DEFAULTS = Settings()


def rule_of(name: MethodName, settings: Settings) -> Rule[Any]:
    """The rule of a method with the options given in `settings`."""
    method = METHODS[name]
    assert method.rule is not None
    rule = method.rule(**_given(settings, method.rule))
    if not method.first_order:
        return rule  # type: ignore[no-any-return]
    decay = method.weight_decay if settings.weight_decay is None else settings.weight_decay
    return FirstOrder(rule, decay, settings.clip)


def rate_of(name: MethodName, settings: Settings, iterations: int) -> Rate:
    """The learning rate at each iteration."""
    peak = settings.learning_rate
    schedule = SCHEDULES[settings.schedule]
    options = schedule(**_given(settings, schedule))
    return options.rate(METHODS[name].learning_rate if peak is None else peak, iterations)


def _given(settings: Settings, record: type[Any]) -> dict[str, Any]:
    values = {name: getattr(settings, name) for name in _options(record)}
    return {name: value for name, value in values.items() if value is not None}


def _options(record: type[Any]) -> frozenset[str]:
    """The fields of a rule or schedule that settings can set."""
    return frozenset(f.name for f in fields(record)) & {f.name for f in fields(Settings)}
