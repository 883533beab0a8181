"""The commands by name. The file of a command is loaded when the command is asked for, and loads
nothing heavy until it runs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from importlib import import_module
from typing import cast

Command = Callable[..., int | None]

_NAMES = (
    "inspect",
    "solve",
    "sweep",
    "lr-find",
    "recalc",
    "gradient",
    "run",
    "compare",
    "new",
    "factors",
    "crosstab",
    "fit",
    "predict",
    "recommend",
    "fold-in",
    "tune",
    "rerun",
    "watch",
    "addin",
    "live",
    "docs",
    "warm",
)
"""In the order in which the help lists them; the file and the function have the command's name."""


class _Commands(Mapping[str, Command]):
    def __getitem__(self, name: str) -> Command:
        if name not in _NAMES:
            raise KeyError(name)
        function = name.replace("-", "_")
        return cast(Command, getattr(import_module(f"{__name__}.{function}"), function))

    def __iter__(self) -> Iterator[str]:
        return iter(_NAMES)

    def __len__(self) -> int:
        return len(_NAMES)


COMMANDS: Mapping[str, Command] = _Commands()
