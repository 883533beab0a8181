"""From settings to a rule and its schedule."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from importlib import import_module
from typing import Any, cast

from xlcollab.optim.rule import FirstOrder, Rule, UpdateRule
from xlcollab.settings.methods import METHODS
from xlcollab.settings.schedules import SCHEDULES, Rate, schedule_options
from xlcollab.settings.solving import RuleSettings, Settings

AnyRule = Rule[Any]
"""A rule whatever its state."""


def rule_of(name: str, settings: RuleSettings) -> AnyRule:
    """The rule of a method with the options given in `settings`."""
    if METHODS[name].first_order:
        return first_order(name, settings)
    return cast(AnyRule, _class(name)())


def first_order(name: str, settings: RuleSettings) -> FirstOrder:
    """A first-order rule with the options, the decay and the clipping of `settings`."""
    method = METHODS[name]
    decay = method.weight_decay if settings.weight_decay is None else settings.weight_decay
    rule = update_rule(name, _given(settings, method.options))
    return FirstOrder(rule, decay, settings.clip)


def update_rule(name: str, options: Mapping[str, float]) -> UpdateRule:
    """The update of a first-order method, its own defaults where `options` are silent."""
    return cast(UpdateRule, _class(name)(**{**METHODS[name].options, **options}))


def _class(name: str) -> Callable[..., object]:
    """The class that the method's row names; its file is loaded when it is first asked for."""
    file, _, rule = METHODS[name].rule.partition(".")
    return cast(Callable[..., object], getattr(import_module(f"xlcollab.optim.rules.{file}"), rule))


def rate_of(name: str, settings: Settings, iterations: int) -> Rate:
    """The learning rate at each iteration."""
    peak = settings.learning_rate
    schedule = SCHEDULES[settings.schedule](**_given(settings, schedule_options(settings.schedule)))
    return schedule.rate(METHODS[name].learning_rate if peak is None else peak, iterations)


def _given(settings: RuleSettings, names: Iterable[str]) -> dict[str, float]:
    """The settings of these names that were given."""
    found = {name: getattr(settings, name) for name in names}
    return {name: value for name, value in found.items() if value is not None}
