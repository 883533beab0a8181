"""Every button is explained once: in the shell, and as a tip of the ribbon."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest

from tests.faces.shell import xlcollab
from xlcollab.errors import UsageError
from xlcollab.faces.addin.build import sources
from xlcollab.faces.commands.live import ButtonChoice, sheet_of
from xlcollab.faces.ribbon_help import EXPLAINED, explained


def test_the_ribbon_says_what_the_table_says() -> None:
    tree = ElementTree.parse(sources() / "customUI14.xml")
    tips = {
        one.attrib["id"].removeprefix("xlc_"): one.attrib["supertip"]
        for one in tree.iter()
        if one.tag.endswith("button")
    }
    assert tips == dict(EXPLAINED)
    assert set(tips) == {one.value for one in ButtonChoice}


@pytest.mark.parametrize("button", EXPLAINED)
def test_the_shell_explains_a_button(button: str) -> None:
    found = xlcollab("live", button, "--explain")
    assert found.code == 0
    assert found.out.strip() == explained(button)
    assert found.out.startswith(EXPLAINED[button])


def test_a_sheet_is_found_by_its_name_in_any_case() -> None:
    assert sheet_of(["Data", "adam"], "ADAM") == "adam"
    with pytest.raises(UsageError, match="did you mean adam"):
        sheet_of(["Data", "adam"], "adm")


def test_the_doctor_looks_at_libreoffice() -> None:
    found = xlcollab("addin", "doctor", "--app", "libreoffice")
    assert found.code in (0, 3)
    assert "LibreOffice" in found.out
    assert all(line.startswith(("ok", "WRONG")) for line in found.out.splitlines())


def test_the_shell_installs_completion() -> None:
    told = xlcollab("--help").out
    assert "--install-completion" in told
