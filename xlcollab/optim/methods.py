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
from xlcollab.optim.settings import MethodName, Settings


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
        tolerance=1e-11,
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

_FIRST_ORDER_OPTIONS = ("learning_rate", "weight_decay", "clip")


def check_options(settings: Settings) -> None:
    """Raise UsageError for an option that the method or the schedule does not use."""
    method = METHODS[settings.method]
    used = {field.name for field in fields(method.rule)} if method.rule else set()
    if method.first_order:
        used |= set(_FIRST_ORDER_OPTIONS)
    for name in _all_rule_options() - used:
        if getattr(settings, name) is not None:
            users = [key for key, other in METHODS.items() if _takes(other, name)]
            raise UsageError(_unused(settings, f"method {settings.method}", name, users))
    if settings.schedule != "constant" and not method.first_order:
        users = [key for key, other in METHODS.items() if other.first_order]
        raise UsageError(_unused(settings, f"method {settings.method}", "schedule", users))
    if settings.l2 and not method.takes_l2:
        users = [key for key, other in METHODS.items() if other.takes_l2]
        raise UsageError(_unused(settings, f"method {settings.method}", "l2", users))
    schedule = {field.name for field in fields(SCHEDULES[settings.schedule])}
    for name in _all_schedule_options() - schedule:
        if getattr(settings, name) is not None:
            keys = [k for k, s in SCHEDULES.items() if name in {f.name for f in fields(s)}]
            raise UsageError(_unused(settings, f"schedule {settings.schedule}", name, keys))


def _takes(method: Method, option: str) -> bool:
    own = {field.name for field in fields(method.rule)} if method.rule else set()
    return option in own or (method.first_order and option in _FIRST_ORDER_OPTIONS)


def _unused(settings: Settings, where: str, option: str, users: list[Any]) -> str:
    value = getattr(settings, option)
    return f"{option}={value!r} has no effect with {where}; it works with {', '.join(users)}"


def _all_rule_options() -> set[str]:
    names = {f.name for m in METHODS.values() if m.rule for f in fields(m.rule)}
    return (names | set(_FIRST_ORDER_OPTIONS)) & {f.name for f in fields(Settings)}


def _all_schedule_options() -> set[str]:
    return {field.name for schedule in SCHEDULES.values() for field in fields(schedule)}


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
    names = {field.name for field in fields(record)} & {field.name for field in fields(Settings)}
    return {name: value for name in names if (value := getattr(settings, name)) is not None}
