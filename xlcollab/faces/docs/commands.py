"""The page of commands, from what the shell itself offers: it cannot say anything else."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from enum import Enum
from importlib import import_module
from typing import Any

import typer

from xlcollab.faces.docs.markdown_text import code, page, plain, table

_EXAMPLE = "Example:  "
_CODES = (
    ("0", "done"),
    ("1", "internal error: a fault of ours"),
    ("2", "wrong usage"),
    ("3", "the workbook or model cannot be used"),
    ("4", "no solution"),
    ("130", "interrupted"),
    ("143", "terminated"),
)
_INTRO = (
    "This page is made from the program when the site is built. `xlcollab COMMAND --help` says "
    "the same. An option without a default is decided by the method, the sheet `control` or the "
    "workbook."
)


def shell_commands() -> dict[str, object]:
    """Every command of the shell by name, as typer built it.

    The application is looked up by its name: `docs` is one of its commands, so that it imports us.
    """
    application = import_module("xlcollab.faces.cli")
    group: Any = typer.main.get_command(application.build())
    context = typer.Context(group)
    return {name: group.get_command(context, name) for name in group.list_commands(context)}


def commands_page() -> str:
    """All commands with examples and options."""
    parts = [part for name, one in shell_commands().items() for part in _command(name, one)]
    return page("Commands", _INTRO, table(("exit code", "meaning"), _CODES), *parts)


def _command(name: str, command: Any) -> Iterator[str]:
    paragraphs = inspect.cleandoc(command.help or "").split("\n\n")
    examples = [one.removeprefix(_EXAMPLE) for one in paragraphs if one.startswith(_EXAMPLE)]
    yield f"## {name}"
    yield "\n\n".join(one for one in paragraphs if not one.startswith(_EXAMPLE))
    yield code("\n".join(" ".join(one.split()) for one in examples), "sh")
    arguments = [one for one in command.params if one.param_type_name == "argument"]
    every = [one for one in command.params if one.param_type_name == "option"]
    options = [one for one in every if not one.hidden]
    if arguments:
        yield table(("argument", "what it is"), [(one.name, _says(one)) for one in arguments])
    for panel in dict.fromkeys(one.rich_help_panel for one in options):
        rows = [(_flags(one), _says(one)) for one in options if one.rich_help_panel == panel]
        yield f"**{plain(panel)}**" if panel else ""
        yield table(("option", "what it does"), rows)
    others = ", ".join(_flags(one) for one in every if one.hidden)
    yield f"Refused with a sentence, as they belong to other runs: {others}." if others else ""


def _flags(option: Any) -> str:
    shown = [*option.opts, *option.secondary_opts]
    metavar = f" {option.metavar}" if option.metavar else ""
    return ", ".join(f"`{flag}{metavar}`" for flag in shown)


def _says(parameter: Any) -> str:
    words = _words(parameter)
    choice = f" One of {', '.join(f'`{word}`' for word in words)}." if words else ""
    return plain(parameter.help or "") + choice + _default(parameter)


def _words(parameter: Any) -> list[str]:
    kind = parameter.type_descriptor.annotation
    return (
        [str(one.value) for one in kind] if inspect.isclass(kind) and issubclass(kind, Enum) else []
    )


def _default(parameter: Any) -> str:
    """What holds by default, where the sentence does not say it already."""
    default = parameter.default
    if default is None or default is False or default in ([], ()) or "default" in parameter.help:
        return ""
    shown = default.value if isinstance(default, Enum) else default
    return f" Default: `{'yes' if shown is True else shown}`."
