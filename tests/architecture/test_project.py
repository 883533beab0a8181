"""What pyproject.toml says and the code says, once."""

from __future__ import annotations

import ast
import re
import tomllib
from pathlib import Path

import pytest

import xlcollab
from tests.architecture.rooms import ROOT
from xlcollab.errors import EXTRAS

PROJECT = tomllib.loads((ROOT.parent / "pyproject.toml").read_text("utf-8"))["project"]
CHANGELOG = (ROOT / "docs" / "changelog.md").read_text("utf-8")


def _names(requirements: list[str]) -> set[str]:
    return {re.split(r"[<>=;\[ ]", one)[0] for one in requirements}


def test_the_version_stands_in_one_place() -> None:
    assert "version" not in PROJECT
    assert PROJECT["dynamic"] == ["version"]
    texts = [file.read_text("utf-8") for file in ROOT.rglob("*.py")]
    assert sum(f'"{xlcollab.__version__}"' in text for text in texts) == 1


def test_the_changelog_knows_this_version_or_what_comes_next() -> None:
    assert f"## [{xlcollab.__version__}]" in CHANGELOG
    assert CHANGELOG.index("## [Unreleased]") < CHANGELOG.index(f"## [{xlcollab.__version__}]")


@pytest.mark.parametrize(("package", "extra"), EXTRAS.items())
def test_an_extra_brings_the_package_that_it_is_named_for(package: str, extra: str) -> None:
    assert package in _names(PROJECT["optional-dependencies"][extra])
    assert package in _names(PROJECT["optional-dependencies"]["test"]) | _names(
        PROJECT["dependencies"]
    )


def test_every_dependency_has_a_lower_bound() -> None:
    extras = PROJECT["optional-dependencies"].values()
    for requirement in [*PROJECT["dependencies"], *(one for extra in extras for one in extra)]:
        assert ">=" in requirement, requirement


def test_excel_is_no_dependency_where_there_is_no_excel() -> None:
    (xlwings,) = [one for one in PROJECT["dependencies"] if one.startswith("xlwings")]
    assert "sys_platform == 'win32' or sys_platform == 'darwin'" in xlwings


def test_what_is_imported_is_declared() -> None:
    declared = {one.replace("-", "_") for one in _names(PROJECT["dependencies"])} | EXTRAS.keys()
    # What an application or another package brings where it is there.
    ours = {"xlcollab", "uno", "com", "unohelper", "triton", "sklearn", "llvmlite"}
    for file in ROOT.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            names = [one.name for one in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom) and not node.level:
                names = [node.module or ""]
            for name in (one.partition(".")[0] for one in names):
                known = name in ours | declared or name in __import__("sys").stdlib_module_names
                assert known, f"{file.relative_to(ROOT)} imports {name}"


def test_the_notices_name_what_the_add_in_carries() -> None:
    notices = (ROOT.parent / "addin" / "NOTICES.txt").read_text("utf-8")
    for words in ("BSD 3-Clause", "Zoomer Analytics", "MIT License", "Tim Hall"):
        assert words in notices


def test_the_recipes_of_the_contributors_guide_name_files_that_exist() -> None:
    text = Path(ROOT.parent, ".github", "CONTRIBUTING.md").read_text("utf-8")
    for path in re.findall(r"`((?:xlcollab|tests|workbooks|\.ci)/[\w/.]+)`", text):
        assert (ROOT.parent / path).exists(), path


def test_the_picture_of_the_rooms_names_folders_that_exist() -> None:
    text = (ROOT / "ARCHITECTURE.md").read_text("utf-8")
    named = [one.rstrip("/") for one in re.findall(r"`([a-z_]+(?:/[\w./]*)?)`", text)]
    below = {folder.name for folder in [*ROOT.glob("*/*"), *ROOT.iterdir()]}
    gone = [
        name
        for name in named
        if not any((base / name).exists() for base in (ROOT, ROOT.parent))
        and not (ROOT / f"{name}.py").exists()
        and name not in below
    ]
    assert not gone
