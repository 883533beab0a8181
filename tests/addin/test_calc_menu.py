"""The menu for LibreOffice Calc: what the extension holds, and a click in a real Calc."""

from __future__ import annotations

import sys
import time
import xml.etree.ElementTree as ElementTree
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from tests.build import build
from tests.live.office import headless_office
from xlcollab.faces import ribbon
from xlcollab.faces.addin.calc import ASKED, build_calc, entries
from xlcollab.faces.cli import build as application
from xlcollab.live.calc_desk import CalcDesk
from xlcollab.live.calc_office import Office
from xlcollab.ref import CellRef
from xlcollab.settings.once import for_one_press

_SECONDS = 60


@pytest.fixture(scope="module")
def extension(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_calc(tmp_path_factory.mktemp("calc") / "xlcollab.oxt")


@pytest.fixture(scope="module")
def office(extension: Path) -> Iterator[Office]:
    with headless_office(extension) as found:
        yield found


def test_every_button_is_an_entry(extension: Path) -> None:
    with zipfile.ZipFile(extension) as package:
        root = ElementTree.fromstring(package.read("Addons.xcu"))
    urls = [value.text or "" for value in root.iter("value")]
    pressed = [url.partition("?")[2] for url in urls if url.startswith("service:")]
    asking = [one for one in pressed if one.endswith(":once")]
    assert sorted(set(pressed) - set(asking)) == sorted(ribbon.NAMES)
    assert asking == [f"{button}:once" for button in ("solve", "run_n", "fit_ratings")]
    assert [url for url, _ in entries()][3] == "service:org.xlcollab.Menu?restore"


def test_what_a_window_asks_for_the_button_takes() -> None:
    for button, fields in ASKED.items():
        for field in fields:
            assert for_one_press(button, [f"{field}="]) == {}


def test_the_menu_starts_the_interpreter_that_built_it(extension: Path) -> None:
    with zipfile.ZipFile(extension) as package:
        component = package.read("xlcollab_menu.py").decode()
        description = package.read("description.xml").decode()
    assert f"PYTHON = {sys.executable!r}" in component
    assert "@" not in component + description


def test_two_builds_are_the_same(extension: Path, tmp_path: Path) -> None:
    assert build_calc(tmp_path / "again.oxt").read_bytes() == extension.read_bytes()


def test_the_command_builds_it(tmp_path: Path) -> None:
    target = tmp_path / "menu.oxt"
    arguments = ["addin", "build", "--app", "libreoffice", "-o", str(target)]
    assert CliRunner().invoke(application(), arguments).exit_code == 0
    assert zipfile.is_zipfile(target)


@pytest.mark.slow
def test_calc_has_the_menu(office: Office) -> None:
    """As LibreOffice itself reads the installed extension."""
    provider = office.new("com.sun.star.configuration.ConfigurationProvider")
    place = office.struct(
        "com.sun.star.beans.PropertyValue",
        Name="nodepath",
        Value="/org.openoffice.Office.Addons/AddonUI/OfficeMenuBar/org.xlcollab.menu",
    )
    view = "com.sun.star.configuration.ConfigurationAccess"
    menu = provider.createInstanceWithArguments(view, (place,))
    nodes = [menu.Submenu.getByName(name) for name in sorted(menu.Submenu.ElementNames)]
    assert menu.Title == "xlcollab"
    assert [(node.URL, node.Title or "") for node in nodes] == list(entries())


@pytest.mark.slow
def test_a_click_solves_the_model_in_front(office: Office, tmp_path: Path) -> None:
    names = [("solver_opt", "S!$B$1", "S", True), ("solver_adj", "S!$A$1", "S", True)]
    names += [("solver_typ", "2", "S", True), ("xlcollab_status", "S!$D$1", None, False)]
    cells = {"A1": 1.0, "B1": ("=(A1-3)^2", 4.0), "D1": "status"}
    document = office.open(build(tmp_path / "b.xlsx", {"S": cells}, names=names), hidden=False)
    desk = CalcDesk(office, document)
    click(office, desk, "solve")
    wait_for(desk, "S!B1: 4 → ")
    assert desk.book.read().value(CellRef("S", 0, 0)) == pytest.approx(3.0)
    click(office, desk, "restore")
    wait_for(desk, "1 weights of S are as they were")
    assert desk.book.read().value(CellRef("S", 0, 0)) == 1.0
    document.close(True)


def click(office: Office, desk: CalcDesk, button: str) -> None:
    """What the menu does with the URL of an entry."""
    frame = desk.document.CurrentController.Frame
    frame.activate()
    helper = office.new("com.sun.star.frame.DispatchHelper")
    helper.executeDispatch(frame, f"service:org.xlcollab.Menu?{button}", "_self", 0, ())


def wait_for(desk: CalcDesk, told: str) -> None:
    deadline = time.monotonic() + _SECONDS
    while not str(desk.book.read().value(CellRef("S", 0, 3))).startswith(told):
        assert time.monotonic() < deadline, desk.book.read().value(CellRef("S", 0, 3))
        time.sleep(0.2)
