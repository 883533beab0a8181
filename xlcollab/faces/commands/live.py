"""`xlcollab live`: a button of the ribbon, pressed from the shell."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from xlcollab.live.calc_office import ADDRESS


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
    HELP = "help"


def live(
    button: Annotated[ButtonChoice, typer.Argument(help="The button to press.")],
    app: Annotated[AppChoice, typer.Option(help="Where the workbook is open.")] = AppChoice.EXCEL,
    book: Annotated[
        str | None, typer.Option(help="The open workbook (default: the one in front).")
    ] = None,
    address: Annotated[
        str, typer.Option(help="libreoffice: what its --accept said.", metavar="ADDRESS")
    ] = ADDRESS,
) -> None:
    """Press a button of the ribbon on the workbook that is open in Excel or LibreOffice.

    Start LibreOffice so that it listens: soffice --accept="socket,host=localhost,port=2002;urp;"

    Example:  xlcollab live solve --app libreoffice

    Example:  xlcollab live stop --app libreoffice
    """
    from xlcollab.faces.ribbon import perform
    from xlcollab.live.desk import Desk

    desk: Desk
    if app is AppChoice.LIBREOFFICE:
        from xlcollab.live.calc_desk import CalcDesk

        desk = CalcDesk.find(book, address)
    else:
        from xlcollab.live.excel_desk import ExcelDesk

        desk = ExcelDesk.find(book)
    typer.echo(perform(desk, button.value))
