"""Installing into folders of a made-up computer, the doctor, and the command."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from xlcollab.errors import UsageError, WriteRefusedError
from xlcollab.faces import ribbon
from xlcollab.faces.addin.install import Machine, doctor, install, uninstall
from xlcollab.faces.cli import build as application
from xlcollab.faces.commands.live import ButtonChoice

pytest.importorskip("pyopenvba", reason="building the add-in needs pyopenvba")


@pytest.fixture
def windows(tmp_path: Path) -> Machine:
    environment = {"APPDATA": str(tmp_path / "roaming"), "USERPROFILE": str(tmp_path / "me")}
    return Machine.here("win32", environment)


def test_install_builds_the_addin_and_names_this_python(windows: Machine, tmp_path: Path) -> None:
    told = install(windows)
    addin = tmp_path / "roaming" / "Microsoft" / "Excel" / "XLSTART" / "xlcollab.xlam"
    assert windows.addin == addin
    assert addin.is_file()
    conf = tmp_path / "me" / ".xlcollab" / "xlcollab.conf"
    assert conf.read_text() == f'"INTERPRETER_WIN","{sys.executable}"\n'
    assert sys.executable in told[1]


def test_uninstall_leaves_nothing(windows: Machine) -> None:
    install(windows)
    assert len(uninstall(windows)) == 2
    assert not windows.addin.exists()
    assert uninstall(windows) == ["nothing was installed"]


def test_the_folders_of_a_mac(tmp_path: Path) -> None:
    machine = Machine.here("darwin", {"HOME": str(tmp_path)})
    install(machine)
    assert machine.conf.name == "xlcollab.conf"
    assert machine.conf.read_text().startswith('"INTERPRETER_MAC",')
    assert "UBF8T346G9.Office" in str(machine.addin)


def test_elsewhere_there_is_no_excel() -> None:
    with pytest.raises(UsageError, match="Excel runs on Windows and Mac"):
        Machine.here("linux", {})


def test_an_addin_that_is_open_is_told(windows: Machine) -> None:
    windows.addin.mkdir(parents=True)
    with pytest.raises(WriteRefusedError, match="close Excel and try again"):
        install(windows)


def wrong(machine: Machine) -> str:
    return "\n".join(str(finding) for finding in doctor(machine) if not finding.well)


def test_the_doctor_says_what_to_do(windows: Machine) -> None:
    assert "run `xlcollab addin install`" in wrong(windows)
    install(windows)
    found = [finding for finding in doctor(windows) if "add-in" in finding.what]
    assert found
    assert all(finding.well for finding in found)
    if sys.platform != "win32":
        assert "pip install pywin32" in wrong(windows)


def test_the_doctor_sees_an_addin_of_another_version(windows: Machine) -> None:
    install(windows)
    windows.addin.write_bytes(windows.addin.read_bytes() + b" ")
    assert "the DLL of another version" in wrong(windows)


@pytest.mark.parametrize("python", ["/usr/bin/nothing-here", None])
def test_the_doctor_sees_a_wrong_python(python: str | None, windows: Machine) -> None:
    install(windows)
    line = f'"INTERPRETER_WIN","{python}"\n' if python else '"LOG FILE","x"\n'
    windows.conf.write_text(line)
    advice = "this one is gone" if python else "names a Python"
    assert advice in wrong(windows)


def test_the_command_builds(tmp_path: Path) -> None:
    target = tmp_path / "own.xlam"
    found = CliRunner().invoke(application(), ["addin", "build", "-o", str(target)])
    assert found.exit_code == 0
    assert target.is_file()
    assert str(target) in found.output


@pytest.mark.skipif(sys.platform in ("win32", "darwin"), reason="Excel may be installed here")
def test_the_command_refuses_where_there_is_no_excel() -> None:
    found = CliRunner().invoke(application(), ["addin", "install"])
    assert found.exit_code == 2


def test_the_shell_knows_every_button() -> None:
    assert [choice.value for choice in ButtonChoice] == list(ribbon.NAMES)
