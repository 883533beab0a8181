"""Putting the add-in into Excel's start-up folder, taking it out, and saying what is wrong."""

from __future__ import annotations

import os
import struct
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path

from xlcollab.errors import UsageError, WriteRefusedError
from xlcollab.faces.addin.build import NAME, build

FILE = f"{NAME}.xlam"


@dataclass(frozen=True, slots=True)
class Machine:
    """Where Excel looks for add-ins at start, and where xlwings looks for its settings.

    `interpreter` is the name of the setting that tells the Python to run.
    """

    startup: Path
    conf: Path
    interpreter: str

    @staticmethod
    def here(platform: str = sys.platform, environment: Mapping[str, str] = os.environ) -> Machine:
        """This computer. Raises UsageError where there is no desktop Excel."""
        if platform == "win32":
            roaming = Path(environment["APPDATA"])
            home = Path(environment["USERPROFILE"])
            conf = home / f".{NAME}" / f"{NAME}.conf"
            return Machine(roaming / "Microsoft" / "Excel" / "XLSTART", conf, "INTERPRETER_WIN")
        if platform == "darwin":
            library = Path(environment["HOME"]) / "Library"
            office = library / "Group Containers" / "UBF8T346G9.Office" / "User Content.localized"
            container = library / "Containers" / "com.microsoft.Excel" / "Data"
            startup = office / "Startup.localized" / "Excel"
            return Machine(startup, container / f"{NAME}.conf", "INTERPRETER_MAC")
        raise UsageError(
            "Excel runs on Windows and Mac; here, `xlcollab addin build` makes the file, and "
            "`xlcollab live --app libreoffice` has the same buttons for LibreOffice"
        )

    @property
    def addin(self) -> Path:
        """Where the add-in lies once installed."""
        return self.startup / FILE


def install(machine: Machine) -> list[str]:
    """Build the add-in from the xlwings that is installed, and put it and its settings in place.

    Returns what was written. Raises WriteRefusedError where a folder does not let us.
    """
    settings = {machine.interpreter: sys.executable}
    try:
        machine.startup.mkdir(parents=True, exist_ok=True)
        machine.conf.parent.mkdir(parents=True, exist_ok=True)
        _put_in_place(machine.addin)
        lines = [f'"{key}","{value}"' for key, value in settings.items()]
        machine.conf.write_text("\n".join(lines) + "\n", encoding="utf-8")
    except OSError as error:
        raise WriteRefusedError(
            f"{error.filename} cannot be written ({error.strerror}); close Excel and try again"
        ) from None
    return [
        f"the add-in is {machine.addin}",
        f"its settings are {machine.conf}; it runs {sys.executable}",
        "start Excel again: the tab xlcollab stands behind Data",
    ]


def _put_in_place(addin: Path) -> None:
    try:
        build(addin)
    except WriteRefusedError as error:
        raise WriteRefusedError(f"close Excel and try again: {error}") from None


def uninstall(machine: Machine) -> list[str]:
    """Take the add-in and its settings away. Returns what was removed. Raises WriteRefusedError for
    a file that is in use."""
    removed = []
    for path in (machine.addin, machine.conf):
        if path.exists():
            try:
                path.unlink()
            except OSError as error:
                raise WriteRefusedError(
                    f"{path} cannot be removed ({error.strerror}); close Excel and try again"
                ) from None
            removed.append(f"removed {path}")
    return removed or ["nothing was installed"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One check of `doctor`: what was looked at, whether it is well, and what to do if not."""

    what: str
    well: bool
    advice: str = ""

    def __str__(self) -> str:
        return f"{'ok   ' if self.well else 'WRONG'} {self.what}" + (
            "" if self.well else f": {self.advice}"
        )


def doctor(machine: Machine) -> list[Finding]:
    """Look at everything that keeps an add-in from working."""
    checks: tuple[Callable[[Machine], Iterator[Finding]], ...] = (
        _versions,
        _files,
        _interpreter,
        _windows,
    )
    return [finding for check in checks for finding in check(machine)]


def _versions(machine: Machine) -> Iterator[Finding]:
    for package, wanted in (
        ("xlwings", "pip install 'xlcollab[excel]'"),
        ("pyopenvba", "pip install 'xlcollab[addin]'"),
        ("torch", "pip install torch"),
    ):
        try:
            yield Finding(f"{package} {version(package)}", True)
        except PackageNotFoundError:
            yield Finding(f"{package} is not installed", False, wanted)
    bits = struct.calcsize("P") * 8
    yield Finding(f"Python has {bits} bits", bits == 64, "install a 64-bit Python, as torch needs")


def _files(machine: Machine) -> Iterator[Finding]:
    yield Finding(
        f"the add-in is at {machine.addin}", machine.addin.is_file(), "run `xlcollab addin install`"
    )
    if machine.addin.is_file() and find_spec("xlwings") and find_spec("pyopenvba"):
        yield Finding(
            "the add-in was built from the installed xlwings",
            _is_current(machine.addin),
            "run `xlcollab addin install` again: the DLL of another version would not be found",
        )


def _is_current(addin: Path) -> bool:
    """Whether a build of now would give the same bytes."""
    with tempfile.TemporaryDirectory() as folder:
        return build(Path(folder) / FILE).read_bytes() == addin.read_bytes()


def _interpreter(machine: Machine) -> Iterator[Finding]:
    said = _setting(machine)
    yield Finding(
        f"{machine.conf} names a Python", said is not None, "run `xlcollab addin install`"
    )
    if said is not None:
        exists = Path(said).is_file()
        yield Finding(
            f"that Python is {said}",
            exists and Path(said) == Path(sys.executable),
            "run `xlcollab addin install` with the Python that has xlcollab"
            + ("" if exists else "; this one is gone"),
        )


def _setting(machine: Machine) -> str | None:
    if not machine.conf.is_file():
        return None
    for line in machine.conf.read_text(encoding="utf-8").splitlines():
        key, _, value = line.partition(",")
        if key.strip('"') == machine.interpreter:
            return value.strip('"')
    return None


def _windows(machine: Machine) -> Iterator[Finding]:
    """What only Windows has: COM and the DLL that xlwings puts beside the interpreter."""
    if machine.interpreter != "INTERPRETER_WIN":
        return
    yield Finding(
        "pywin32 is there for COM", find_spec("win32com") is not None, "pip install pywin32"
    )
    if find_spec("xlwings") is None:
        return  # which was said before
    dll = f"xlwings64-{version('xlwings')}.dll"
    folder = Path(sys.executable).parent
    places = (folder, folder.parent, Path(sys.prefix))
    yield Finding(
        f"{dll} lies beside Python",
        any((place / dll).is_file() for place in places),
        "pip install --force-reinstall xlwings, with no antivirus in between",
    )
