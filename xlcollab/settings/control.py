"""What the sheet `control` can set, how its rows are labelled, and what they say."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

from xlcollab.settings.fitting import ModelSettings
from xlcollab.settings.option import ANY_NUMBER, SHARE, Option, Setting, settings_of
from xlcollab.settings.serving import served
from xlcollab.settings.solving import Computing, Settings
from xlcollab.settings.words import QUALITY_WORDS, TRUTHS, listed


@dataclass(frozen=True, slots=True, kw_only=True)
class SheetSettings:
    """What no other class of settings has: limits and parts that formulas of a lesson read."""

    output_min: Annotated[
        float | None,
        Option("Lowest rating: where the sigmoid's range begins.", ANY_NUMBER),
    ] = None
    output_max: Annotated[
        float | None, Option("Highest rating: where the sigmoid's range ends.", ANY_NUMBER)
    ] = None
    test_fraction: Annotated[
        float | None, Option("Ratings whose draw is below it are kept for the test.", SHARE)
    ] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FitSettings:
    """What a fit of ratings reads of the sheet alone."""

    quality: Annotated[
        str | None, Option("Quick, or averaged over many draws.", words=QUALITY_WORDS)
    ] = None


CONTROL: Mapping[str, Setting] = {
    **settings_of(Settings),
    **settings_of(Computing),
    "n_factors": settings_of(ModelSettings)["n_factors"],
    **settings_of(SheetSettings),
    "implicit": settings_of(ModelSettings)["implicit"],
    **settings_of(FitSettings),
}
"""Every setting of the sheet by name."""

_OF_FITS = frozenset({"implicit", "quality"})
"""What only a fit of ratings reads."""
_LABELS: Mapping[str, tuple[str, ...]] = {
    "method": ("optimiser", "optimizer"),
    "iterations": ("epochs",),
    "l2": ("L2", "L2 penalty"),
    "init": ("initialisation", "initialization"),
    "n_factors": ("n_factors", "factors"),
    "output_min": ("output minimum",),
    "output_max": ("output maximum",),
}
"""What people write for a setting besides its name; the first is what we write."""
_IGNORED = re.compile(r"[\s_-]+")


def label(name: str) -> str:
    """How a row is labelled: "learning rate"."""
    return _LABELS.get(name, (name.replace("_", " "),))[0]


def named(label: str) -> str | None:
    """The setting that a label stands for, without regard to case, spaces, hyphens and
    underscores; None for a label of something else."""
    return _BY_LABEL.get(_IGNORED.sub("", label.casefold()))


_BY_LABEL = {
    _IGNORED.sub("", one.casefold()): name
    for name in CONTROL
    for one in (name, *_LABELS.get(name, ()))
}


def choices(name: str) -> tuple[str, ...]:
    """What a drop-down offers for a setting; () where anything may be typed."""
    setting = CONTROL[name]
    if setting.kind is bool:
        return tuple(words[0].upper() for words in TRUTHS.values())
    return tuple(setting.option.words)


def meaning(name: str, *, with_words: bool = False) -> str:
    """What a row says of its setting; `with_words` also what may be typed."""
    option = CONTROL[name].option
    users = "a fit of ratings" if name in _OF_FITS else served(name)
    says = option.says.rstrip(".")
    says = f"{users}: {says[0].lower()}{says[1:]}" if users else says
    return f"{says}: {listed(option.words)}" if with_words and option.words else says
