"""The shell face: `xlcollab COMMAND`. Each command is one file in `commands`.

Exit codes: 0 done; 2 wrong usage; 3 the workbook or model cannot be used; 4 no solution;
130 interrupted, 143 terminated.
"""

from __future__ import annotations

import functools
import io
import os
import sys
from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING

import typer
from typer.core import TyperCommand
from typer.main import get_command

from xlcollab.errors import EXTRAS, MissingPackageError, XlcollabError, in_shell
from xlcollab.faces.beginning import process_began
from xlcollab.faces.commands import COMMANDS
from xlcollab.faces.edges import edges
from xlcollab.faces.leaving import leave
from xlcollab.faces.memory import limit_memory
from xlcollab.faces.mistakes import Sentences
from xlcollab.faces.repeated import Once
from xlcollab.faces.shell import shown
from xlcollab.interrupts import Listener, OutOfTime, Terminated, listening

if TYPE_CHECKING:
    from typer._click.core import Command, Context
    from typer._click.formatting import HelpFormatter

UNUSABLE = 3
"""The input, or what is needed for it, is no good."""
NO_SOLUTION = 4
"""All went well, and there is no result."""
INTERNAL = 1
"""A mistake of ours; Python ends with this code, too."""
INTERRUPTED = 130
"""128 and the number of SIGINT, as shells count."""

_CONTEXT = {"help_option_names": ["-h", "--help"]}
_HELP = """Optimisation inside spreadsheets: gradient descent, Adam and their kin on the
workbook's own formulas, without Excel."""


def build() -> typer.Typer:
    """The application with all its commands."""
    app = typer.Typer(
        name="xlcollab",
        cls=_Group,
        help=_HELP,
        no_args_is_help=True,
        add_completion=True,
        pretty_exceptions_enable=False,
        context_settings=_CONTEXT,
    )
    app.callback()(_common_options)
    return app


_ASKED_OTHERWISE = {
    "help": "xlcollab -h lists the commands, and xlcollab solve -h explains one",
    "version": "xlcollab --version shows it",
}
"""What others have as a command, and how it is asked for here."""


class _Group(Sentences):
    """Commands that are made when they are asked for; the help of the application lists sentences
    only."""

    is_listing = False

    def list_commands(self, ctx: Context) -> list[str]:
        """All names, in the order of the table."""
        return list(COMMANDS)

    def get_command(self, ctx: Context, cmd_name: str) -> Command | None:
        """The command of that name; while commands are listed, one without options."""
        if cmd_name not in COMMANDS:
            return None
        if self.is_listing:
            return TyperCommand(cmd_name, help=COMMANDS[cmd_name].__doc__)
        return _made(cmd_name)

    def resolve_command(
        self, ctx: Context, args: list[str]
    ) -> tuple[str | None, Command | None, list[str]]:
        """As typer, which names those that are spelt like one that is not there."""
        self.commands = dict.fromkeys(COMMANDS, self)
        if args and args[0] in _ASKED_OTHERWISE:
            ctx.fail(f"No such command {args[0]!r}; {_ASKED_OTHERWISE[args[0]]}.")
        return super().resolve_command(ctx, args)

    def format_help(self, ctx: Context, formatter: HelpFormatter) -> None:
        """The help of the application."""
        self.is_listing = True
        super().format_help(ctx, formatter)
        self.is_listing = False


@cache
def _made(name: str) -> Command:
    alone = typer.Typer(
        add_completion=False, pretty_exceptions_enable=False, context_settings=_CONTEXT
    )
    alone.command(name, cls=Once)(told(COMMANDS[name]))
    return get_command(alone)


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
    memory_limit: float | None = typer.Option(
        None,
        "--memory-limit",
        metavar="GB",
        help="Memory that a command may take (default: 3/4 of the machine's or container's).",
    ),
) -> None:
    """What stands before the command; its help is that of the application."""
    if memory_limit is not None:
        with in_shell():
            try:
                limit_memory(memory_limit)
            except XlcollabError as error:
                raise typer.Exit(_fail(str(error), error.exit_code)) from None


def told(command: Callable[..., int | None]) -> Callable[..., None]:
    """The command with every error told in one sentence and turned into an exit code."""

    @functools.wraps(command)
    def run(*arguments: object, **options: object) -> None:
        raise typer.Exit(_code(command, arguments, options))

    return run


def _code(
    command: Callable[..., int | None], arguments: tuple[object, ...], options: dict[str, object]
) -> int:
    _print_anything()
    with in_shell(), listening() as listener:
        code = _of_signals(listener, _told(command, arguments, options))
        edges.ended(code)
    return _of_signals(listener, code)


def _of_signals(listener: Listener, code: int) -> int:
    """What shells expect of a command that a signal has ended."""
    stopped = listener.exit_code
    return stopped if stopped is not None and code in (0, INTERRUPTED) else code


def _told(
    command: Callable[..., int | None], arguments: tuple[object, ...], options: dict[str, object]
) -> int:
    """What the command returns, or the code of its error after a sentence about it."""
    try:
        return command(*arguments, **options) or 0
    except XlcollabError as error:
        return _fail(str(error), error.exit_code)
    except ModuleNotFoundError as error:
        return _fail_at_a_package(error)
    except OutOfTime:
        return _fail("the time limit was reached before there was a result", NO_SOLUTION)
    except Terminated:
        return _fail("terminated; nothing was written", INTERRUPTED)
    except KeyboardInterrupt:
        return _fail("interrupted; nothing was written", INTERRUPTED)
    except MemoryError:
        return _fail(_NO_MEMORY, UNUSABLE)
    except RecursionError:
        return _fail("a formula of this workbook is nested too deeply to be evaluated", UNUSABLE)
    except OSError as error:
        return _fail_at_a_file(error)
    except RuntimeError as error:
        if "allocate memory" in str(error) or "out of memory" in str(error):
            return _fail(_NO_MEMORY, UNUSABLE)  # torch has no MemoryError
        return _internal(error)
    except Exception as error:  # the last resort: a sentence, never a traceback
        return _internal(error)


_NO_MEMORY = "this workbook needs more memory than there is (xlcollab --memory-limit GB COMMAND)"


def _internal(error: Exception) -> int:
    text = f"{type(error).__name__}: {error}"
    return _fail(f"internal error, please report it with the workbook ({text})", INTERNAL)


def _fail_at_a_package(error: ModuleNotFoundError) -> int:
    """One that an extra brings is asked for; any other belongs to a whole installation."""
    package = (error.name or "").partition(".")[0]
    if package in EXTRAS:
        return _fail(str(MissingPackageError(package)), UNUSABLE)
    return _fail(f"{error}; install xlcollab again, with all it depends on", UNUSABLE)


def _fail_at_a_file(error: OSError) -> int:
    """The system refuses a file; whoever read what we print (`| head`) may also have gone."""
    if isinstance(error, BrokenPipeError):
        sys.stdout = open(os.devnull, "w")  # noqa: SIM115 - so that the end of Python can flush it
        return UNUSABLE
    place = f"{error.filename}: " if error.filename else ""
    return _fail(f"{place}{error.strerror or error}", UNUSABLE)


def _print_anything() -> None:
    """Names in workbooks need not fit the terminal's encoding, nor be proper Unicode."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def _fail(message: str, code: int) -> int:
    sys.stderr.write(f"xlcollab: {shown(message)}\n")
    return code


def main() -> None:
    """The entry point of the installed script."""
    process_began()
    limit_memory()
    try:
        build()()
    except SystemExit as ended:
        if ended.code is None or isinstance(ended.code, int):
            leave(ended.code or 0)
        raise
