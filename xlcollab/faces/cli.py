"""The shell face: `xlcollab COMMAND`. Each command is one file in `commands`.

Exit codes: 0 done; 2 wrong usage; 3 the workbook or model cannot be used; 4 no solution;
130 interrupted.
"""

from __future__ import annotations

import functools
import signal
import sys
from collections.abc import Callable
from typing import Any

import typer

from xlcollab.errors import XlcollabError
from xlcollab.faces.commands import COMMANDS

UNUSABLE = 3
INTERNAL = 1
INTERRUPTED = 130

_HELP = """Optimisation inside spreadsheets: gradient descent, Adam and their kin on the
workbook's own formulas, without Excel."""


def build() -> typer.Typer:
    """The application with all its commands."""
    app = typer.Typer(
        name="xlcollab",
        help=_HELP,
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
    )
    for name, function in COMMANDS.items():
        app.command(name)(told(function))
    app.callback()(_common_options)
    return app


def _show_version(wanted: bool) -> None:
    if wanted:
        from xlcollab import __version__

        typer.echo(__version__)
        raise typer.Exit


def _common_options(
    version: bool = typer.Option(
        False,
        "--version",
        help="Show the version and exit.",
        callback=_show_version,
        is_eager=True,  # or the missing command would be complained of first
    ),
) -> None:
    """What stands before the command; its help is that of the application."""


def told(command: Callable[..., int | None]) -> Callable[..., None]:
    """The command with every error told in one sentence and turned into an exit code."""

    @functools.wraps(command)
    def run(*arguments: Any, **options: Any) -> None:
        raise typer.Exit(_code(command, arguments, options))

    return run


def _code(
    command: Callable[..., int | None], arguments: tuple[Any, ...], options: dict[str, Any]
) -> int:
    try:
        return command(*arguments, **options) or 0
    except XlcollabError as error:
        return _fail(str(error), error.exit_code)
    except KeyboardInterrupt:
        return _fail("interrupted; nothing was written", INTERRUPTED)
    except MemoryError:
        return _fail("this workbook needs more memory than there is", UNUSABLE)
    except Exception as error:  # the last resort: a sentence, never a traceback
        text = f"{type(error).__name__}: {error}"
        return _fail(f"internal error, please report it with the workbook ({text})", INTERNAL)


def _fail(message: str, code: int) -> int:
    sys.stderr.write(f"xlcollab: {message}\n")
    return code


def main() -> None:
    """The entry point of the installed script. Being terminated is an interruption: what was found
    so far is kept."""
    signal.signal(signal.SIGTERM, _interrupt)
    build()()


def _interrupt(*_: object) -> None:
    raise KeyboardInterrupt
