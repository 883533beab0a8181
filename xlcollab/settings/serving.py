"""Which setting serves which method, schedule or optimizer."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from xlcollab.errors import UsageError
from xlcollab.settings.methods import FIRST_ORDER, METHODS, method_options
from xlcollab.settings.optimizers import GRADIENT_RULES, OPTIMIZERS
from xlcollab.settings.schedules import SCHEDULES, schedule_options
from xlcollab.settings.solving import Settings

_OF_METHODS = {name: method_options(name) for name in METHODS}
_OF_SCHEDULES = {name: schedule_options(name) for name in SCHEDULES}
_OF_OPTIMIZERS = {name: one.uses for name, one in OPTIMIZERS.items()}
_DEFAULTS = Settings()


def check_options(settings: Settings) -> None:
    """Raise UsageError for an option that the method or the schedule does not use."""
    _refuse_unused(settings, "method", settings.method, _OF_METHODS)
    _refuse_unused(settings, "schedule", settings.schedule, _OF_SCHEDULES)


def _refuse_unused(
    settings: Settings, kind: str, chosen: str, options: Mapping[str, frozenset[str]]
) -> None:
    for option in sorted(frozenset[str]().union(*options.values()) - options[chosen]):
        value = getattr(settings, option)
        if value != getattr(_DEFAULTS, option):
            users = ", ".join(_users(option, options))
            raise UsageError(
                f"{option}={value!r} has no effect with {kind} {chosen}; it works with {users}"
            )


RATE_SEARCH = frozenset({"method", "l2", "weight_decay", "clip", "time_limit"}).union(
    *(METHODS[one].options for one in FIRST_ORDER)
)
"""What a run in which the rate grows has a use for; it has no end, no start and no schedule."""


def is_used(option: str, among: Mapping[str, object]) -> bool:
    """Whether a setting has an effect beside the others, the default method and schedule where
    these are not among them."""
    method = str(among.get("method", _DEFAULTS.method))
    schedule = str(among.get("schedule", _DEFAULTS.schedule))
    if _users(option, _OF_SCHEDULES):
        return option in _OF_SCHEDULES[schedule] and is_used("schedule", among)
    return option in _OF_METHODS[method] or not _users(option, _OF_METHODS)


def _users(option: str, options: Mapping[str, frozenset[str]]) -> list[str]:
    return [name for name in options if option in options[name]]


def served(option: str) -> str:
    """Which methods or schedules of `solve` a setting serves, as a sentence begins: "adam, adamw",
    "first-order methods"; "" where it serves all, or all that take steps."""
    methods, schedules = _users(option, _OF_METHODS), _users(option, _OF_SCHEDULES)
    if schedules:
        return ", ".join(schedules)
    return _in_words(methods, "first-order methods", FIRST_ORDER)


def served_in_fit(option: str) -> str:
    """The same for the optimizers of `fit`."""
    users = _users(option, _OF_OPTIMIZERS)
    return _in_words(users, "gradient rules", GRADIENT_RULES)


def _in_words(users: Collection[str], group: str, members: Collection[str]) -> str:
    if set(users) == set(members):
        return group
    return ", ".join(users) if len(users) < len(members) else ""
