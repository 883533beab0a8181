"""A running LibreOffice: finding its Python bridge, connecting to it, its documents.

LibreOffice listens when it is started so:
soffice --accept="socket,host=localhost,port=2002;urp;"
"""

from __future__ import annotations

import sys
from importlib import import_module
from pathlib import Path
from typing import Any

from xlcollab.errors import UsageError, WorkbookError

ADDRESS = "socket,host=localhost,port=2002"
_TRIES = 3
"""To connect, where a connection of before is in the way; under load one try in thirty met it."""
_BRIDGES = (
    "/usr/lib/python3/dist-packages",
    "/usr/lib64/python3/site-packages",
    "/usr/lib/libreoffice/program",
    "/opt/libreoffice/program",
    "/Applications/LibreOffice.app/Contents/Resources",
    "C:/Program Files/LibreOffice/program",
)
"""Where the module `uno` lies that belongs to LibreOffice itself."""


def load_uno() -> Any:
    """The module `uno`. Raises UsageError saying how to get it where there is none that fits."""
    for folder in ("", *_BRIDGES):
        if folder and not Path(folder, "uno.py").is_file():
            continue
        if folder:
            sys.path.append(folder)
        try:
            return import_module("uno")
        except ImportError:
            continue
        finally:
            if folder:
                sys.path.remove(folder)
    raise UsageError(
        f"LibreOffice's Python bridge was not found for Python {sys.version_info.major}."
        f"{sys.version_info.minor}; install it (Debian: apt install python3-uno) and run xlcollab "
        "with the Python that it belongs to"
    )


class Office:
    """A LibreOffice that listens at `address`, such as "socket,host=localhost,port=2002".

    Raises UsageError where none listens.
    """

    def __init__(self, address: str = ADDRESS) -> None:
        self.address = address
        self.uno = load_uno()
        try:
            self._context = self._resolved(f"uno:{address};urp;StarOffice.ComponentContext")
        except Exception as error:  # of the type that UNO made up at run time
            raise UsageError(
                f"no LibreOffice listens at {address} ({error}); start it with "
                f'soffice --accept="{address};urp;"'
            ) from None
        self.desktop = self.new("com.sun.star.frame.Desktop")

    def _resolved(self, url: str) -> Any:
        """The object at `url`. A connection that this process had there before and is just closing
        may be found once more, and breaks; then the next try makes a new one."""
        local = self.uno.getComponentContext()
        resolver = local.ServiceManager.createInstanceWithContext(
            "com.sun.star.bridge.UnoUrlResolver", local
        )
        closing = self.uno.getClass("com.sun.star.lang.DisposedException")
        for _ in range(_TRIES - 1):
            try:
                return resolver.resolve(url)
            except closing:
                continue
        return resolver.resolve(url)

    def new(self, service: str) -> Any:
        """A UNO service by its name."""
        return self._context.ServiceManager.createInstanceWithContext(service, self._context)

    def struct(self, name: str, **members: Any) -> Any:
        """A UNO struct by its name."""
        made = self.uno.createUnoStruct(name)
        for member, value in members.items():
            setattr(made, member, value)
        return made

    def open(self, path: Path, *, hidden: bool = True) -> Any:
        """Load a file into a new window, or none. Raises WorkbookError if Calc cannot."""
        options = (self.struct("com.sun.star.beans.PropertyValue", Name="Hidden", Value=hidden),)
        url = self.uno.systemPathToFileUrl(str(path.resolve()))
        document = self.desktop.loadComponentFromURL(url, "_blank", 0, options)
        if document is None:
            raise WorkbookError(f"LibreOffice cannot open {path}")
        return document

    def document(self, name: str | None = None) -> Any:
        """The spreadsheet in front, or the one of that title. Raises UsageError without one."""
        if name is None:
            found = [self.desktop.CurrentComponent]
        else:
            found = [one for one in self.desktop.Components if one.Title == name]
        sheets = [one for one in found if one is not None and hasattr(one, "Sheets")]
        if not sheets:
            what = (
                "the document in front is no spreadsheet" if name is None else f"no {name} is open"
            )
            raise UsageError(f"in LibreOffice {what}; open one and try again")
        return sheets[0]
