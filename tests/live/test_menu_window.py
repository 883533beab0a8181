"""The window in which Calc's menu asks for settings of one press: the component of the extension,
run in this process over the bridge. A headless LibreOffice shows no windows, so that the click is
made up; what the window is made of is LibreOffice's own."""

from __future__ import annotations

import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from xlcollab.faces.addin.calc import ASKED, build_calc
from xlcollab.live import calc_office
from xlcollab.live.calc_desk import CalcDesk
from xlcollab.settings.once import for_one_press

_BOOK = Path(__file__).resolve().parents[2] / "workbooks" / "graddesc.xlsx"


@pytest.fixture
def component(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """The names of the component's file."""
    for folder in calc_office._BRIDGES:
        if Path(folder, "unohelper.py").is_file():
            monkeypatch.setattr(sys, "path", [*sys.path, folder])
    pytest.importorskip("unohelper", reason="needs LibreOffice's Python bridge")
    with zipfile.ZipFile(build_calc(tmp_path / "menu.oxt")) as package:
        text = package.read("xlcollab_menu.py").decode()
    found: dict[str, Any] = {}
    exec(text, found)
    return found


class _Clicked:
    """A dialog of LibreOffice in which somebody types and clicks."""

    def __init__(self, dialog: Any, typed: dict[str, str], clicks: bool) -> None:
        self._dialog, self._typed, self._clicks = dialog, typed, clicks

    def __getattr__(self, name: str) -> Any:
        return getattr(self._dialog, name)

    def execute(self) -> int:
        self._dialog.execute()
        for name, text in self._typed.items():
            self._dialog.getModel().getByName(name).Text = text
        return int(self._clicks)


@pytest.mark.parametrize("button", ASKED)
@pytest.mark.parametrize("clicks", [True, False])
def test_what_is_typed_becomes_settings_of_the_press(
    component: dict[str, Any],
    open_desk: Callable[[Path], CalcDesk],
    button: str,
    clicks: bool,
) -> None:
    desk = open_desk(_BOOK)
    first = ASKED[button][0]
    typed = {first: " adam " if first == "method" else " 7 "}
    menu = component["Menu"](desk.office._context)
    new = menu._new

    def made(service: str) -> Any:
        found = new(service)
        return _Clicked(found, typed, clicks) if service.endswith("UnoControlDialog") else found

    menu._new = made
    words = menu._asked(desk.document, button)
    if not clicks:
        assert words is None
        return
    assert words == [f"{first}={typed[first].strip()}"]
    assert len(for_one_press(button, words)) == 1
