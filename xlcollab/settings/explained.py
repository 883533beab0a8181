"""The sentence that explains a setting: whom it serves, what it does, what holds without it."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from xlcollab.settings.fitting import TrainingSettings
from xlcollab.settings.option import Setting, settings_of
from xlcollab.settings.serving import served, served_in_fit
from xlcollab.settings.solving import RuleSettings, Settings
from xlcollab.settings.words import listed

_SERVED: Mapping[type, Callable[[str], str]] = {
    RuleSettings: served,
    Settings: served,
    TrainingSettings: served_in_fit,
}


def explained(kind: type, setting: Setting) -> str:
    """The sentence on a field of `kind`, without what holds by default."""
    says = setting.option.says.rstrip(".")
    users = _SERVED[kind](setting.name) if kind in _SERVED else ""
    return f"{users}: {says[0].lower()}{says[1:]}" if users else says


def says(kind: type, name: str) -> str:
    """The sentence on a field and the words it takes, as an argument of a function is explained:
    "A bias for every user and item; TRUE by default."."""
    setting = settings_of(kind)[name]
    parts = [setting.option.says.rstrip(".")]
    if setting.option.words:
        parts.append(listed(setting.option.words))
    if isinstance(setting.default, bool):
        parts.append(f"{str(setting.default).upper()} by default")
    elif isinstance(setting.default, str) and not setting.option.otherwise:
        parts.append(f"{setting.default} by default")
    return f"{'; '.join(parts)}."


def by_default(setting: Setting) -> str:
    """What holds where a setting is left open, in a word; "" where that is decided later."""
    default = setting.default
    if isinstance(default, bool):
        return "yes" if default else ""
    known = setting.option.otherwise or default
    if isinstance(known, float):
        return f"{known:g}"
    return "" if known in (None, ()) else str(known)
