"""`xlcollab addin`: the add-in for Excel, built, installed, removed, examined; a menu for Calc."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from xlcollab.errors import UsageError
from xlcollab.faces.commands.live import AppChoice
from xlcollab.faces.shell import say

if TYPE_CHECKING:
    from xlcollab.faces.addin.install import Finding

_UNWELL = 3
"""As of a file that cannot be used: something has to be mended first."""


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
    overwrite: Annotated[
        bool,
        typer.Option(help="build: replace what stands there even if it is none of ours."),
    ] = False,
) -> int:
    """Build the Excel add-in, put it into Excel, take it out, or say what is wrong with it.

    LibreOffice gets a menu, as an extension that its own `unopkg add` installs.

    Example:  xlcollab addin install

    Example:  xlcollab addin build --app libreoffice -o xlcollab.oxt

    Example:  xlcollab addin doctor --app libreoffice
    """
    from xlcollab.faces.addin import install as addin_install

    if app is AppChoice.LIBREOFFICE and action is AddinChoice.DOCTOR:
        from xlcollab.faces.addin.calc_doctor import findings_of_calc

        return _told(findings_of_calc())
    if app is AppChoice.LIBREOFFICE and action is not AddinChoice.BUILD:
        raise UsageError(
            f"{action} is for Excel; LibreOffice installs with: unopkg add xlcollab.oxt"
        )
    if action is AddinChoice.BUILD:
        say(f"written to {_built(app, output, overwrite=overwrite)}")
        return 0
    machine = addin_install.Machine.here()
    if action is AddinChoice.DOCTOR:
        return _told(addin_install.doctor(machine))
    work = {
        AddinChoice.INSTALL: addin_install.install,
        AddinChoice.UNINSTALL: addin_install.uninstall,
    }
    say("\n".join(work[action](machine)))
    return 0


def _built(app: AppChoice, output: Path | None, *, overwrite: bool) -> Path:
    from xlcollab.disk.overwriting import refuse_others
    from xlcollab.faces.addin.build import build, is_addin
    from xlcollab.faces.addin.calc import build_calc, is_extension

    make, is_ours, name = {
        AppChoice.EXCEL: (build, is_addin, "xlcollab.xlam"),
        AppChoice.LIBREOFFICE: (build_calc, is_extension, "xlcollab.oxt"),
    }[app]
    target = output or Path(name)
    refuse_others(target, "an add-in", is_ours, overwrite=overwrite)
    return make(target)


def _told(findings: Sequence[Finding]) -> int:
    """A line for each finding; 3 where one is not well."""
    say("\n".join(map(str, findings)))
    return 0 if all(finding.well for finding in findings) else _UNWELL
