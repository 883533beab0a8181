"""The sentence that explains a setting: whom it serves, what it does, what holds without it."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from xlcollab.settings.fitting import TrainingSettings
from xlcollab.settings.option import Setting
from xlcollab.settings.serving import served, served_in_fit
from xlcollab.settings.solving import RuleSettings, Settings

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


def by_default(setting: Setting) -> str:
    """What holds where a setting is left open, in a word; "" where that is decided later."""
    default = setting.default
    if isinstance(default, bool):
        return "yes" if default else ""
    known = setting.option.otherwise or default
    if isinstance(known, float):
        return f"{known:g}"
    return "" if known in (None, ()) else str(known)
