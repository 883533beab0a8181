"""The committed lesson workbooks and their generators, for tests."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from xlcollab.files import FileBook
from xlcollab.grid import Scalar, Workbook
from xlcollab.ref import parse_area

FOLDER = Path(__file__).resolve().parents[2] / "workbooks"
NAMES = (
    "collab_filter.xlsx",
    "gradient_descent_formulas.xlsx",
    "graddesc.xlsx",
    "building_blocks.xlsx",
)
TRAINED = (
    "trained/collab_filter.solved.xlsx",
    "trained/graddesc.run.xlsx",
    "trained/building_blocks.swept.xlsx",
)
MODELS = ("dotprod", "bias", "sigmoid", "embeddings", "mini_net", "word_embeddings")

if str(FOLDER) not in sys.path:
    sys.path.append(str(FOLDER))  # so that tests can import `lessons`


def read(name: str) -> Workbook:
    """A committed workbook."""
    return FileBook(FOLDER / name).read()


def named(workbook: Workbook, sheet: str | None, name: str) -> Scalar:
    """The value of a named cell as seen from a sheet."""
    found = workbook.name(name, sheet)
    assert found is not None, f"{name} is not defined on {sheet}"
    return workbook.value(parse_area(found.text, sheet).first)


def number(workbook: Workbook, sheet: str | None, name: str) -> float:
    value = named(workbook, sheet, name)
    assert isinstance(value, float), f"{sheet}!{name} holds {value!r}"
    return value


_ALWAYS_RECALCULATE = """<?xml version="1.0" encoding="UTF-8"?>
<oor:items xmlns:oor="http://openoffice.org/2001/registry">
<item oor:path="/org.openoffice.Office.Calc/Formula/Load">
<prop oor:name="OOXMLRecalcMode" oor:op="fuse"><value>0</value></prop></item>
</oor:items>
"""
"""LibreOffice trusts the stored values of files that say they come from Excel, unless told so."""


def recalculated_elsewhere(path: Path, folder: Path) -> Any:
    """The workbook as LibreOffice recalculates and saves it, opened by openpyxl for its values."""
    program = shutil.which("soffice")
    if program is None:
        pytest.skip("needs LibreOffice (soffice)")
    settings = folder / "profile" / "user" / "registrymodifications.xcu"
    settings.parent.mkdir(parents=True, exist_ok=True)
    settings.write_text(_ALWAYS_RECALCULATE, encoding="utf-8")
    options = ["--headless", f"-env:UserInstallation=file://{folder}/profile"]
    target = ["--convert-to", "xlsx:Calc MS Excel 2007 XML", "--outdir", str(folder / "out")]
    command = [program, *options, *target, str(path)]
    subprocess.run(command, check=True, capture_output=True, timeout=300)
    return openpyxl.load_workbook(folder / "out" / path.name, data_only=True)
