"""A request in the words of the shell: what one would type to ask the same."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import MISSING, fields, is_dataclass
from pathlib import Path

from xlcollab.settings.asked import Asked
from xlcollab.settings.option import Setting, settings_of

WRITTEN = frozenset(
    ("output", "in_place", "json", "checkpoint", "resume", "browser", "overwrite", "save_best")
)
"""What says where an outcome goes, not what it is."""
Said = tuple[Setting, object, bool]
"""A setting, its value, and whether it is one of those that are open until somebody asks."""


def flag_of(setting: Setting, *, is_open: bool) -> str:
    """The flags of a setting as typer takes them: "--name", or "--name/--no-name"."""
    if setting.option.flags:
        return setting.option.flags[0]
    name = setting.name.replace("_", "-")
    can_be_denied = setting.kind is bool and (is_open or setting.default is not False)
    return f"--{name}/--no-{name}" if can_be_denied else f"--{name}"


def spoken(request: object) -> list[str | Path]:
    """The arguments that ask for `request`, files as paths, without what says where it is written.

    What is as it is by default is left out.
    """
    first: list[str | Path] = []
    rest: list[str | Path] = []
    for setting, value, is_open in said(request):
        if setting.name in WRITTEN or is_default(setting, value, is_open=is_open):
            continue
        if setting.option.positional:
            first += _words(setting, value)
        else:
            rest += _flagged(setting, value, is_open=is_open)
    return [*first, *rest]


def files_of(request: object) -> list[Path]:
    """The files that a request reads, each once, the one that it is about first."""
    found = [
        value
        for setting, value, _ in sorted(said(request), key=lambda one: not one[0].option.positional)
        if setting.name not in WRITTEN and isinstance(value, Path)
    ]
    return list(dict.fromkeys(found))


def said(request: object) -> Iterator[Said]:
    """Every setting of a request with its value, those inside its records too."""
    own = settings_of(type(request))
    for one in fields(request):  # type: ignore[arg-type]
        value = getattr(request, one.name)
        if one.name in own:
            yield own[one.name], value, False
        elif isinstance(value, Asked):
            known = settings_of(value.kind)
            yield from ((known[name], asked, True) for name, asked in value.values.items())
        elif is_dataclass(value):
            yield from said(value)


def is_default(setting: Setting, value: object, *, is_open: bool) -> bool:
    """Whether a request would have the value without being asked for it."""
    if value is None or value == ():
        return True
    return not is_open and setting.default is not MISSING and value == setting.default


def _flagged(setting: Setting, value: object, *, is_open: bool) -> list[str | Path]:
    flag, _, denied = flag_of(setting, is_open=is_open).partition("/")
    if setting.kind is bool:
        return [flag if value else denied]
    if setting.many is None and isinstance(value, tuple):
        return [word for one in value for word in (flag, *_words(setting, one))]
    return [flag, *_words(setting, value)]


def _words(setting: Setting, value: object) -> list[str | Path]:
    if isinstance(value, tuple):
        return [word for one in value for word in _words(setting, one)]
    if isinstance(value, Path):
        return [value]
    return [repr(value) if isinstance(value, float) else str(value)]
