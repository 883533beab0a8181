"""Settings for one press of a button, typed beside it: "learning rate=0.05". They win over the
sheet control and are forgotten after the press."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from xlcollab.errors import UsageError
from xlcollab.settings.control import CONTROL, label, named
from xlcollab.settings.near import meant
from xlcollab.settings.option import Setting, settings_of
from xlcollab.settings.solving import Computing, Settings
from xlcollab.settings.words import truth

Value = str | float | int | bool
_OF_A_RUN = tuple(settings_of(Settings))
TAKEN: Mapping[str, tuple[str, ...]] = {
    "solve": (*_OF_A_RUN, *settings_of(Computing)),
    "find_rate": ("method", "l2", "seed"),
    "run_n": ("iterations",),
    "fit_ratings": ("n_factors", "iterations", "seed", "implicit", "quality"),
}
"""What each button takes for one press; the other buttons take nothing."""
_SHORT: Mapping[str, str] = {
    "lr": "learning_rate",
    "wd": "weight_decay",
    "mom": "momentum",
    "steps": "iterations",
}
"""What people type besides the labels of the sheet control."""
_COMMA = re.compile(r"[-+]?\d+,\d+")


def for_one_press(button: str, words: Iterable[str]) -> dict[str, Value]:
    """The settings in texts such as "method=adam", by name; those without a value are left out.

    Raises UsageError on a text of another form, an unknown setting, one that the button does not
    take, and an impossible value.
    """
    found: dict[str, Value] = {}
    for word in words:
        typed, equals, value = word.partition("=")
        if not equals:
            raise UsageError(
                f"{word!r} is no setting; a name and a value were expected, such as method=adam"
            )
        name = _name(button, typed.strip())
        if value.strip():
            found[name] = _value(CONTROL[name], value.strip())
    return found


def _name(button: str, typed: str) -> str:
    taken = TAKEN.get(button, ())
    name = _SHORT.get(typed.casefold()) or named(typed)
    if name in taken:
        return str(name)
    if not taken:
        able = ", ".join(TAKEN)
        raise UsageError(f"{button} takes no setting for one press; {able} do")
    words = [label(one) for one in taken]
    near = meant(typed, [*words, *taken]) if name is None else ""
    shown = ", ".join(words) if len(words) <= _FEW else f"{', '.join(words[:_FEW])}, …"
    raise UsageError(f"{button} takes no setting {typed!r}{near or f'; it takes {shown}'}")


_FEW = 6
"""Words that a sentence lists; it has to be read."""


def _value(setting: Setting, typed: str) -> Value:
    value = _parsed(setting, typed)
    setting.check(value)
    return value


def _parsed(setting: Setting, typed: str) -> Value:
    called = label(setting.name)
    if setting.kind is str:
        return setting.word(typed)
    if setting.kind is bool:
        said = truth(typed)
        if said is not None:
            return said
        raise UsageError(f"{called} is {typed!r}; TRUE or FALSE was expected")
    try:
        number = float(typed)
    except ValueError:
        point = f"; write {typed.replace(',', '.')}" if _COMMA.fullmatch(typed) else ""
        raise UsageError(f"{called} is {typed!r}, which is no number{point}") from None
    if setting.kind is not int:
        return number
    if not number.is_integer():
        raise UsageError(f"{called} is {typed!r}; a whole number was expected")
    return int(number)
