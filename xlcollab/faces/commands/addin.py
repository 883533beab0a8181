"""`xlcollab addin`: the add-in for Excel, built, installed, removed, examined."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

_UNWELL = 3


class AddinChoice(StrEnum):
    """What to do with the add-in."""

    BUILD = "build"
    INSTALL = "install"
    UNINSTALL = "uninstall"
    DOCTOR = "doctor"


def addin(
    action: Annotated[AddinChoice, typer.Argument(help="build, install, uninstall or doctor.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="build: where to write.")] = Path(
        "xlcollab.xlam"
    ),
) -> int:
    """Build the Excel add-in, put it into Excel, take it out, or say what is wrong with it.

    Example:  xlcollab addin install

    Example:  xlcollab addin build -o xlcollab.xlam
    """
    from xlcollab.faces import addin_build, addin_install

    if action is AddinChoice.BUILD:
        typer.echo(f"written to {addin_build.build(output)}")
        return 0
    machine = addin_install.Machine.here()
    if action is AddinChoice.DOCTOR:
        findings = addin_install.doctor(machine)
        typer.echo("\n".join(map(str, findings)))
        return 0 if all(finding.well for finding in findings) else _UNWELL
    work = {
        AddinChoice.INSTALL: addin_install.install,
        AddinChoice.UNINSTALL: addin_install.uninstall,
    }
    typer.echo("\n".join(work[action](machine)))
    return 0
