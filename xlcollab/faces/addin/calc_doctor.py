"""What LibreOffice needs for our buttons, and which of it is there."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path

from xlcollab.errors import UsageError
from xlcollab.faces.addin.install import Finding
from xlcollab.live.calc_office import ADDRESS, Office, load_uno

_IDENTIFIER = "org.xlcollab.calc"
_PLACES = (
    "/usr/lib/libreoffice/program",
    "/opt/libreoffice/program",
    "/Applications/LibreOffice.app/Contents/MacOS",
    "C:/Program Files/LibreOffice/program",
)
_SECONDS = 60
"""The office's program starts an office, which takes some; it hangs where another one is broken."""


def findings_of_calc(address: str = ADDRESS) -> Sequence[Finding]:
    """LibreOffice, its Python bridge, our menu, and whether one listens at `address`."""
    return tuple(_findings(address))


def _findings(address: str) -> Iterator[Finding]:
    office = _program("soffice")
    yield Finding(
        f"LibreOffice is at {office}" if office else "LibreOffice was not found",
        office is not None,
        "install it (Debian: apt install libreoffice-calc), or put soffice on the path",
    )
    try:
        load_uno()
    except UsageError as error:
        yield Finding("its Python bridge does not fit this Python", False, str(error))
        return
    yield Finding("its Python bridge fits this Python", True)
    yield _menu()
    yield _listening(address)


def _program(name: str) -> str | None:
    found = shutil.which(name)
    if found is not None:
        return found
    places = (Path(folder, name) for folder in _PLACES)
    return next((str(place) for place in places if place.is_file()), None)


def _menu() -> Finding:
    """Whether `unopkg` knows our extension."""
    program = _program("unopkg")
    advice = "run `xlcollab addin build --app libreoffice`, then: unopkg add xlcollab.oxt"
    if program is None:
        return Finding("unopkg, which installs the menu, was not found", False, advice)
    try:
        listed = subprocess.run(
            [program, "list"], capture_output=True, text=True, timeout=_SECONDS, check=False
        ).stdout
    except (OSError, subprocess.TimeoutExpired):
        return Finding("unopkg does not answer; is LibreOffice starting?", False, advice)
    is_there = _IDENTIFIER in listed.casefold()
    return Finding("the menu xlcollab is installed", is_there, advice)


def _listening(address: str) -> Finding:
    """The menu needs none that listens; `xlcollab live` does."""
    try:
        Office(address)
    except UsageError:
        start = f'soffice --accept="{address};urp;"'
        return Finding(f"none listens at {address}; only `xlcollab live` needs one: {start}", True)
    return Finding(f"a LibreOffice listens at {address}", True)
