"""What is known of one setting: the sentence on it, its range or words, and how it is typed.

A setting is a field of a frozen dataclass; an `Option` in its annotation says the rest:

    @dataclass(frozen=True, slots=True, kw_only=True)
    class Heat:
        rate: Annotated[float | None, Option("Step size.", NOT_NEGATIVE, also=("--lr",))] = None

The command line, the control sheet, the functions for cells and the checks read it from there.
"""

from __future__ import annotations

import dataclasses
import sys
import types
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Union, get_args, get_origin, get_type_hints

from xlcollab.errors import UsageError
from xlcollab.settings.near import meant

LARGEST = sys.float_info.max
MOST = 2**63 - 1024
"""The largest whole number that a float of 64 bits and a signed one hold alike."""
TINY = 5e-324
"""The least number above 0 in float64: what is above 0 is at least this."""
_BELOW_ONE = 1.0 - 2.0**-53
"""The greatest number below 1 in float64: what is below 1 is at most this."""


@dataclass(frozen=True, slots=True)
class Range:
    """The numbers that a setting takes, both ends included, and the same in words."""

    least: float
    most: float
    wanted: str


ANY_NUMBER = Range(-LARGEST, LARGEST, "a number")
NOT_NEGATIVE = Range(0, LARGEST, "a number, 0 or more")
SECONDS = Range(0, LARGEST, "seconds, 0 or more")
POSITIVE = Range(TINY, LARGEST, "a number above 0")
FROM_ONE = Range(1, LARGEST, "a number, 1 or more")
SHARE = Range(0, 1, "between 0 and 1")
BELOW_ONE = Range(0, _BELOW_ONE, "at least 0 and below 1")
FACTOR = Range(TINY, 1, "above 0 and at most 1")
COUNT = Range(0, MOST, "a whole number, 0 or more")
COUNT_FROM_ONE = Range(1, MOST, "a whole number, 1 or more")


def whole(least: int, most: int) -> Range:
    """Whole numbers from `least` to `most`."""
    return Range(least, most, f"a whole number, {least} to {most}")


@dataclass(frozen=True, slots=True)
class Option:
    """What a field's type does not tell. Without `flags` the flag is the field's name."""

    says: str
    range: Range | None = None
    words: Mapping[str, str] = field(default_factory=dict)
    """The words that may be typed, each with the sentence that explains it; none for any text."""
    flags: tuple[str, ...] = ()
    also: tuple[str, ...] = ()
    """Shorter flags that people type."""
    group: str = ""
    metavar: str | None = None
    positional: bool = False
    otherwise: str = ""
    """What holds where the option is not given, for those whose default is decided later."""


@dataclass(frozen=True, slots=True)
class Setting:
    """A field of a class of settings with its `Option`."""

    name: str
    kind: type
    """int, float, bool, str or Path: of one value."""
    many: int | None
    """How many values make it: 1, another number, or None for any number of them."""
    default: object
    """`dataclasses.MISSING` where one must be given."""
    option: Option

    @property
    def is_needed(self) -> bool:
        """Whether it has no default."""
        return self.default is dataclasses.MISSING

    def word(self, typed: str) -> str:
        """The word that may be typed and that `typed` is but for capitals; else `typed`."""
        same = (one for one in self.option.words if one.casefold() == typed.casefold())
        return next(same, typed)

    def check(self, value: object) -> None:
        """Raises UsageError, naming the setting and the value, on what it does not take."""
        for one in value if isinstance(value, tuple) else (value,):
            if self.option.words:
                _check_word(self.name, one, self.option.words)
            elif self.option.range is not None:
                _check_number(self, one, self.option.range)


def _check_word(name: str, value: object, words: Mapping[str, str]) -> None:
    if value not in words:
        raise UsageError(
            f"{name} is {value!r}; choose one of {', '.join(words)}{meant(str(value), words)}"
        )


def _check_number(setting: Setting, value: object, limits: Range) -> None:
    kinds = int if setting.kind is int else (int, float)
    fits = isinstance(value, kinds) and not isinstance(value, bool)
    if not fits or not limits.least <= value <= limits.most:  # type: ignore[operator]
        raise UsageError(f"{setting.name} is {value!r}; expected {limits.wanted}")


def check(settings: object) -> None:
    """Raises UsageError for the first field whose value its `Option` does not allow; None is the
    default of what is decided later."""
    for name, setting in settings_of(type(settings)).items():
        value = getattr(settings, name)
        if setting.many is None and isinstance(value, int | float):
            raise UsageError(f"{name} is {value!r}; expected a list, such as [{value!r}]")
        if value is not None:
            setting.check(value)


def plain(settings: object) -> None:
    """Numbers of NumPy as Python's, lists and arrays as tuples: settings are compared and saved."""
    for one in dataclasses.fields(settings):  # type: ignore[arg-type]
        object.__setattr__(settings, one.name, plain_value(getattr(settings, one.name)))


def plain_value(value: object) -> object:
    """A number of NumPy as Python's, a list or an array as a tuple; anything else as it is."""
    if hasattr(value, "tolist"):
        value = value.tolist()
    return tuple(map(plain_value, value)) if isinstance(value, list | tuple) else value


def names_of(kind: type) -> frozenset[str]:
    """The names of all fields of a class of settings."""
    return frozenset(one.name for one in dataclasses.fields(kind))


def settings_of(kind: type) -> Mapping[str, Setting]:
    """The fields of a class that carry an `Option`, by name."""
    if kind not in _KNOWN:
        _KNOWN[kind] = _read(kind)
    return _KNOWN[kind]


_KNOWN: dict[type, Mapping[str, Setting]] = {}
"""What was read once."""


def _read(kind: type) -> Mapping[str, Setting]:
    hints = get_type_hints(kind, include_extras=True)
    found = {}
    for one in dataclasses.fields(kind):
        option = next((x for x in get_args(hints[one.name])[1:] if isinstance(x, Option)), None)
        if option is not None:
            value_kind, many = _shape(get_args(hints[one.name])[0])
            found[one.name] = Setting(one.name, value_kind, many, one.default, option)
    return found


def _shape(hint: object) -> tuple[type, int | None]:
    """The type of one value, and how many there are: `tuple[float, float] | None` → float, 2."""
    if get_origin(hint) in (Union, types.UnionType):
        (hint,) = (part for part in get_args(hint) if part is not type(None))
    if get_origin(hint) is Annotated:
        hint = get_args(hint)[0]
    if get_origin(hint) is tuple:
        first, *rest = get_args(hint)
        return first, None if rest == [...] else 1 + len(rest)
    return hint, 1  # type: ignore[return-value]
