"""Building `xlcollab.oxt`, the menu for LibreOffice Calc: the buttons of Excel's ribbon as entries.
Those that take settings for one press come once more, with a window that asks for them.

The interpreter that builds it is the one that the menu starts. Format: LibreOffice's extension
packages (a zip with META-INF/manifest.xml) and the configuration of add-ons in their menu bar.
"""

from __future__ import annotations

import sys
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from xml.etree import ElementTree
from xml.sax.saxutils import escape, quoteattr

from xlcollab import __version__
from xlcollab.disk import atomic_file
from xlcollab.faces.addin.build import sources

_MENU = "xlcollab_menu.py"
_EPOCH = (1980, 1, 1, 0, 0, 0)
"""The first date that a zip can hold: files made twice are the same."""
_RIBBON = "{http://schemas.microsoft.com/office/2009/07/customui}"
_SERVICE = "service:org.xlcollab.Menu?"
_CALC = "com.sun.star.sheet.SpreadsheetDocument"
_SEPARATOR = "private:separator"
ASKED: Mapping[str, tuple[str, ...]] = {
    "solve": ("method", "learning rate", "iterations"),
    "run_n": ("iterations",),
    "fit_ratings": ("n_factors", "iterations", "seed", "implicit", "quality"),
}
"""The entries that come a second time, asking before: for which settings of one press."""


def build_calc(target: Path, python: str = sys.executable) -> Path:
    """Write the extension; its menu starts the interpreter `python`. Raises WriteRefusedError where
    it cannot be written."""
    folder = sources() / "calc"
    fields = {button: list(names) for button, names in ASKED.items()}
    words = {
        "@VERSION@": __version__,
        '"@PYTHON@"': repr(python),
        '"@FIELDS@"': repr(fields),
    }
    parts = {
        "META-INF/manifest.xml": (folder / "manifest.xml").read_text("utf-8"),
        "Addons.xcu": _menu(),
        "description.xml": _filled(folder / "description.xml", words),
        _MENU: _filled(folder / _MENU, words),
    }
    with atomic_file(target) as file, zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as package:
        for name, text in parts.items():
            package.writestr(zipfile.ZipInfo(name, _EPOCH), text)
    return target


def is_extension(path: Path) -> bool:
    """Whether a file is an extension that was built here."""
    with suppress(zipfile.BadZipFile), zipfile.ZipFile(path) as package:
        return _MENU in package.namelist()
    return False


def _filled(path: Path, words: dict[str, str]) -> str:
    text = path.read_text("utf-8")
    for word, value in words.items():
        text = text.replace(word, value)
    return text


def entries() -> Iterator[tuple[str, str]]:
    """(URL, title) of the menu's entries, from the ribbon's groups; between them separators."""
    ribbon = ElementTree.parse(sources() / "customUI14.xml")
    for number, group in enumerate(ribbon.iter(f"{_RIBBON}group")):
        if number:
            yield _SEPARATOR, ""
        for button in group.iter(f"{_RIBBON}button"):
            name, title = button.attrib["id"].removeprefix("xlc_"), button.attrib["label"]
            yield _SERVICE + name, title
            if name in ASKED:
                yield f"{_SERVICE}{name}:once", f"{title} with …"


def _menu() -> str:
    """The file Addons.xcu. Entries are in the order of their names."""
    nodes = "".join(
        _node(f"e{number:02}", {"URL": url, "Title": title, "Target": "_self"})
        for number, (url, title) in enumerate(entries())
    )
    submenu = f'<node oor:name="Submenu">{nodes}</node>'
    menu = _node("org.xlcollab.menu", {"Title": "xlcollab", "Context": _CALC}, submenu)
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<oor:component-data xmlns:oor="http://openoffice.org/2001/registry" '
        'oor:name="Addons" oor:package="org.openoffice.Office"><node oor:name="AddonUI">'
        f'<node oor:name="OfficeMenuBar">{menu}</node></node></oor:component-data>\n'
    )


def _node(name: str, said: dict[str, str], more: str = "") -> str:
    props = "".join(
        f"<prop oor:name={quoteattr(key)}><value>{escape(value)}</value></prop>"
        for key, value in said.items()
        if value
    )
    return f'<node oor:name="{name}" oor:op="replace">{props}{more}</node>'
