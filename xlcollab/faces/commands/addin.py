"""`xlcollab addin`: the add-in for Excel, built, installed, removed, examined; a menu for Calc."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from xlcollab.errors import UsageError
from xlcollab.faces.commands.live import AppChoice

if TYPE_CHECKING:
    from xlcollab.faces.addin.install import Finding

_UNWELL = 3


class AddinChoice(StrEnum):
    """What to do with the add-in."""

    BUILD = "build"
    INSTALL = "install"
    UNINSTALL = "uninstall"
    DOCTOR = "doctor"


def addin(
    action: Annotated[AddinChoice, typer.Argument(help="build, install, uninstall or doctor.")],
    app: Annotated[
        AppChoice, typer.Option(help="build, doctor: for which application.")
    ] = AppChoice.EXCEL,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output", "-o", help="build: where to write (default: xlcollab.xlam or .oxt)."
        ),
    ] = None,
) -> int:
    """Build the Excel add-in, put it into Excel, take it out, or say what is wrong with it.

    LibreOffice gets a menu, as an extension that its own `unopkg add` installs.

    Example:  xlcollab addin install

    Example:  xlcollab addin build --app libreoffice -o xlcollab.oxt

    Example:  xlcollab addin doctor --app libreoffice
    """
    from xlcollab.faces.addin import build as addin_build
    from xlcollab.faces.addin import calc as addin_calc
    from xlcollab.faces.addin import install as addin_install

    if app is AppChoice.LIBREOFFICE and action is AddinChoice.DOCTOR:
        from xlcollab.faces.addin.calc_doctor import findings_of_calc

        return _told(findings_of_calc())
    if app is AppChoice.LIBREOFFICE and action is not AddinChoice.BUILD:
        raise UsageError(
            f"{action} is for Excel; LibreOffice installs with: unopkg add xlcollab.oxt"
        )
    if action is AddinChoice.BUILD:
        if app is AppChoice.LIBREOFFICE:
            target = addin_calc.build_calc(output or Path("xlcollab.oxt"))
        else:
            target = addin_build.build(output or Path("xlcollab.xlam"))
        typer.echo(f"written to {target}")
        return 0
    machine = addin_install.Machine.here()
    if action is AddinChoice.DOCTOR:
        return _told(addin_install.doctor(machine))
    work = {
        AddinChoice.INSTALL: addin_install.install,
        AddinChoice.UNINSTALL: addin_install.uninstall,
    }
    typer.echo("\n".join(work[action](machine)))
    return 0


def _told(findings: Sequence[Finding]) -> int:
    """A line for each finding; 3 where one is not well."""
    typer.echo("\n".join(map(str, findings)))
    return 0 if all(finding.well for finding in findings) else _UNWELL
