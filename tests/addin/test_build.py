"""The add-in file, checked without Excel: read back by olevba, analysed, and run in LibreOffice."""

from __future__ import annotations

import io
import re
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
import zipfile
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import xlwings

from tests.live.office import headless_office
from tests.udf.windows import MODULE as UDF_MODULE
from tests.udf.windows import udfs
from xlcollab.faces import ribbon
from xlcollab.faces.addin import build as addin_build
from xlcollab.faces.addin.build import build
from xlcollab.faces.addin.wrappers import excel_name, module_text

pytest.importorskip("pyopenvba", reason="building the add-in needs pyopenvba")

_OURS = ("XlcErrors", "XlcRibbon", "XlcFunctions")
_CALLBACK = r"(?m)^(?:Public )?Sub {name}\(control As IRibbonControl\)"


@pytest.fixture(scope="module")
def addin(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(tmp_path_factory.mktemp("addin") / "xlcollab.xlam")


@pytest.fixture(scope="module")
def modules(addin: Path) -> dict[str, str]:
    """The VBA that olevba reads back, by module."""
    reader = pytest.importorskip("oletools.olevba", reason="needs oletools")
    parser = reader.VBA_Parser(str(addin))
    try:
        return {name.rpartition("/")[2]: code for _, name, _, code in parser.extract_macros()}
    finally:
        parser.close()


def test_two_builds_are_identical(addin: Path, tmp_path: Path) -> None:
    assert build(tmp_path / "again.xlam").read_bytes() == addin.read_bytes()


def test_every_module_is_read_back_as_it_was_written(modules: dict[str, str]) -> None:
    wanted = addin_build._modules() | addin_build._classes()
    assert wanted.keys() <= modules.keys()
    for name, text in wanted.items():
        assert _body(modules[name]) == _body(text)
        assert modules[name].isascii()


def _body(code: str) -> list[str]:
    """The lines below the attributes, which the project writes in its own way."""
    lines = [line.rstrip() for line in code.replace("\r\n", "\n").split("\n")]
    lines = [line for line in lines if not line.startswith("Attribute ")]
    start = next((i for i, line in enumerate(lines) if line == "END"), -1)
    return [line for line in lines[start + 1 :] if line]


def test_the_package_hangs_together(addin: Path) -> None:
    with zipfile.ZipFile(addin) as package:
        assert package.testzip() is None
        names = set(package.namelist())
        types = package.read("[Content_Types].xml").decode()
        rels = package.read("_rels/.rels").decode()
        sheet = package.read("xl/worksheets/sheet1.xml").decode()
        book = package.read("xl/workbook.xml").decode()
    assert "application/vnd.ms-excel.addin.macroEnabled.main+xml" in types
    for target in re.findall(r'Target="([^"]+)"', rels):
        assert target.lstrip("/") in names
    assert 'name="xlcollab.conf"' in book
    assert "<t>xlcollab.faces.udf</t>" in sheet
    for text in (book, sheet, rels):
        ElementTree.fromstring(text)


def test_every_button_has_its_callback_and_its_action(modules: dict[str, str]) -> None:
    tree = ElementTree.parse(addin_build.sources() / "customUI14.xml")
    code = "\n".join(modules.values()).replace("\r\n", "\n")
    buttons = [one for one in tree.iter() if one.tag.endswith("}button")]
    for button in buttons:
        assert re.search(_CALLBACK.format(name=button.get("onAction")), code)
        assert button.get("screentip")
    actions = sorted(str(button.get("id")).removeprefix("xlc_") for button in buttons)
    assert actions == sorted(ribbon.NAMES)
    identifiers = [one.get("id") for one in tree.iter() if one.get("id")]
    assert len(identifiers) == len(set(identifiers))


def test_public_names_are_there_once(modules: dict[str, str]) -> None:
    names = re.findall(
        r"(?mi)^(?:Public )?(?:Function|Sub) (\w+)",
        "\n".join(modules[name] for name in _OURS),
    )
    assert len(names) == len(set(names))


def test_static_analysis_finds_nothing_in_our_modules(addin: Path) -> None:
    pytest.importorskip("pyvbaanalysis", reason="needs pyvbaanalysis")
    only = [part for name in _OURS for part in ("--only", name)]
    found = subprocess.run(
        [sys.executable, "-m", "pyvbaanalysis", str(addin), *only, "--fail-level", "warning"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert found.returncode == 0, found.stdout


def test_wrappers_call_what_xlwings_own_wrappers_call() -> None:
    """xlwings' genuine generator is the judge: same arguments, same module, same order."""
    genuine = udfs()
    written = io.StringIO()
    module = sys.modules[UDF_MODULE]
    genuine.generate_vba_wrapper(UDF_MODULE, module, written, SimpleNamespace(Name="x.xlam"))
    theirs, ours = written.getvalue(), module_text(module.FUNCTIONS)
    for function in module.FUNCTIONS:
        name = function.__name__
        (signature,) = re.findall(rf"Function {name}\((.*)\)", theirs)
        (array,) = re.findall(rf'"{name}", (Array\(.*\)), ActiveWorkbook', theirs)
        (own,) = re.findall(rf"Public Function {excel_name(function)}\((.*)\) As Variant", ours)
        assert own.replace(" As Variant", "") == signature
        block = ours[ours.index(f"Function {excel_name(function)}(") :]
        assert f"given = {array}" in block[: block.index("End Function")]
        assert f'XLPy.CallUDF("{UDF_MODULE}", "{name}", given, ActiveWorkbook, caller)' in block


def test_every_function_and_argument_is_described() -> None:
    text = module_text()
    described = re.findall(r'MacroOptions Macro:="(\w+)", Description:="(.+?)", Category', text)
    assert [name for name, _ in described] == [excel_name(one) for one in _functions()]
    assert max(len(line) for line in text.split("\n")) < 1000


def _functions() -> Any:
    from xlcollab.faces.udf import FUNCTIONS

    return FUNCTIONS


def test_the_dll_that_is_named_is_that_of_the_installed_xlwings(modules: dict[str, str]) -> None:
    assert f"xlwings64-{xlwings.__version__}.dll" in modules["xlwings"]
    assert 'PROJECT_NAME As String = "xlcollab"' in modules["xlwings"]


_IN_BASIC = """Attribute VB_Name = "XlcTrial"
Public Function Trial() As String
    Dim given(0 To 1, 0 To 1) As Variant
    Dim row(0 To 1) As Variant
    Dim found As Variant
    given(0, 0) = 1
    given(0, 1) = "#XLC!2015"
    given(1, 0) = "text"
    given(1, 1) = 4
    found = XlcWithErrors(given)
    Trial = IsError(found(0, 1)) & ";" & found(0, 0) & ";" & found(1, 0) & ";" & found(1, 1)
    row(0) = "#XLC!2042"
    row(1) = 7
    found = XlcWithErrors(row)
    Trial = Trial & ";" & IsError(found(0)) & ";" & found(1)
    Trial = Trial & ";" & IsError(XlcWithErrors("#XLC!2036")) & ";" & XlcWithErrors(3.5)
End Function
"""


@pytest.fixture(scope="module")
def basic(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """Our core module in LibreOffice's Basic, with macros allowed."""
    text = (addin_build.sources() / "XlcErrors.bas").read_text("utf-8")
    parts = addin_build._package({"XlcErrors": text, "XlcTrial": _IN_BASIC}, {})
    path = tmp_path_factory.mktemp("basic") / "core.xlam"
    addin_build._write(path, parts)
    with headless_office() as office:
        options = tuple(
            office.struct("com.sun.star.beans.PropertyValue", Name=name, Value=value)
            for name, value in (
                ("Hidden", True),
                ("MacroExecutionMode", 4),
                ("FilterName", "Calc MS Excel 2007 VBA XML"),
            )
        )
        url = office.uno.systemPathToFileUrl(str(path))
        document = office.desktop.loadComponentFromURL(url, "_blank", 0, options)
        yield document
        document.close(True)


def test_the_core_module_runs_in_libreoffice(basic: Any) -> None:
    project = basic.BasicLibraries.ProjectName
    script = basic.getScriptProvider().getScript(
        f"vnd.sun.star.script:{project}.XlcTrial.Trial?language=Basic&location=document"
    )
    assert script.invoke((), (), ())[0] == "True;1;text;4;True;7;True;3.5"
