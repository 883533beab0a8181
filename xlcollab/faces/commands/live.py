"""`xlcollab live`: a button of the ribbon, pressed from the shell."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import Annotated

import typer

from xlcollab.errors import UsageError
from xlcollab.faces.shell import say
from xlcollab.live.calc_office import ADDRESS
from xlcollab.settings.near import meant


class AppChoice(StrEnum):
    """The application that has the workbook open."""

    EXCEL = "excel"
    LIBREOFFICE = "libreoffice"


class ButtonChoice(StrEnum):
    """The names of `ribbon.NAMES`, said here so that --help loads no xlwings; a test compares."""

    SOLVE = "solve"
    SETTINGS = "settings"
    RUN_1 = "run_1"
    RUN_5 = "run_5"
    RUN_N = "run_n"
    RESET = "reset"
    FIT_RATINGS = "fit_ratings"
    FACTORS = "factors"
    GRADIENT = "gradient"
    CHECK = "check"
    FIND_RATE = "find_rate"
    HISTORY = "history"
    RESTORE = "restore"
    STOP = "stop"
    LOG = "log"
    HELP = "help"


def live(
    button: Annotated[ButtonChoice, typer.Argument(help="The button to press.")],
    app: Annotated[AppChoice, typer.Option(help="Where the workbook is open.")] = AppChoice.EXCEL,
    book: Annotated[
        str | None, typer.Option(help="The open workbook (default: the one in front).")
    ] = None,
    sheet: Annotated[
        str | None, typer.Option(help="The sheet to work on (default: the one in front).")
    ] = None,
    method: Annotated[
        str | None, typer.Option("--method", "--optimizer", help="The method, for this press.")
    ] = None,
    learning_rate: Annotated[
        str | None, typer.Option("--learning-rate", "--lr", help="The step size, for this press.")
    ] = None,
    iterations: Annotated[
        str | None,
        typer.Option("--iterations", "--epochs", help="Steps or epochs, for this press."),
    ] = None,
    once: Annotated[
        list[str] | None,
        typer.Option("--set", help="Any other setting for this press.", metavar="NAME=VALUE"),
    ] = None,
    explain: Annotated[
        bool, typer.Option("--explain", help="Say what the button does and reads; press nothing.")
    ] = False,
    address: Annotated[
        str, typer.Option(help="libreoffice: what its --accept said.", metavar="ADDRESS")
    ] = ADDRESS,
) -> None:
    """Press a button of the ribbon on the workbook that is open in Excel or LibreOffice.

    Settings named here hold for this press alone and win over the sheet control.

    Start LibreOffice so that it listens: soffice --accept="socket,host=localhost,port=2002;urp;"

    Example:  xlcollab live solve --app libreoffice

    Example:  xlcollab live run_5 --sheet momentum --app libreoffice

    Example:  xlcollab live solve --method adam --lr 0.05 --iterations 200 --app libreoffice

    Example:  xlcollab live stop --app libreoffice

    Example:  xlcollab live fit_ratings --explain
    """
    if explain:
        from xlcollab.faces.ribbon_help import explained

        say(explained(button.value))
        return
    from xlcollab.faces.ribbon import perform
    from xlcollab.live.desk import Desk

    desk: Desk
    if app is AppChoice.LIBREOFFICE:
        from xlcollab.live.calc_desk import CalcDesk

        desk = CalcDesk.find(book, address)
    else:
        from xlcollab.live.excel_desk import ExcelDesk

        desk = ExcelDesk.find(book)
    if sheet is not None:
        desk.show(sheet_of(desk.book.sheet_names(), sheet))
    named = {"method": method, "learning rate": learning_rate, "iterations": iterations}
    words = [f"{name}={value}" for name, value in named.items() if value is not None]
    say(perform(desk, button.value, [*words, *(once or ())]))


def sheet_of(names: Sequence[str], wanted: str) -> str:
    """The sheet of that name, whatever its case. Raises UsageError naming those that are open."""
    known = {name.casefold(): name for name in names}
    if wanted.casefold() not in known:
        raise UsageError(
            f"there is no sheet {wanted!r}; open are {', '.join(names)}{meant(wanted, names)}"
        )
    return known[wanted.casefold()]
