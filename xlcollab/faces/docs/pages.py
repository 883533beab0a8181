"""The pages of the documentation in reading order, written ones and generated ones alike."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from xlcollab.faces.docs.commands import commands_page
from xlcollab.faces.docs.control import control_page
from xlcollab.faces.docs.functions import functions_page
from xlcollab.faces.docs.python import python_page

PACKAGE = Path(__file__).resolve().parents[2]
SOURCE = PACKAGE / "docs"
"""Where the written pages are; they ship with the package."""

ORDER: Mapping[str, tuple[str, ...]] = {
    "Start": ("index.md",),
    "The lesson": (
        "crosstab.md",
        "dot_product.md",
        "bias.md",
        "sigmoid.md",
        "embeddings.md",
        "net.md",
        "optimisers.md",
        "weight_decay.md",
        "pca.md",
        "maths.md",
    ),
    "Coming from": ("from_solver.md", "from_fastai.md", "from_surprise.md"),
    "Excel": ("excel_setup.md", "troubleshooting.md"),
    "Many ratings": ("many_machines.md",),
    "Reference": (
        "commands.md",
        "control.md",
        "functions.md",
        "python.md",
        "solver.md",
        "excel.md",
    ),
}
"""Section → its pages. A page of the folder that stands in none comes last, under "About"."""

GENERATED: Mapping[str, Callable[[], str]] = {
    "commands.md": commands_page,
    "control.md": control_page,
    "functions.md": functions_page,
    "python.md": lambda: python_page(PACKAGE),
    "solver.md": lambda: (PACKAGE / "problems" / "SOLVER.md").read_text("utf-8"),
    "excel.md": lambda: (PACKAGE / "kernels" / "EXCEL.md").read_text("utf-8"),
}
"""Pages that no file of the folder holds."""


@dataclass(frozen=True, slots=True)
class Page:
    """One page: its file's name, its section, its title and its Markdown."""

    name: str
    section: str
    title: str
    text: str


def all_pages() -> list[Page]:
    """Every page, in reading order."""
    listed = {name: section for section, names in ORDER.items() for name in names}
    others = sorted(file.name for file in SOURCE.glob("*.md") if file.name not in listed)
    return [
        _page(name, section) for name, section in (listed | dict.fromkeys(others, "About")).items()
    ]


def _page(name: str, section: str) -> Page:
    text = GENERATED[name]() if name in GENERATED else (SOURCE / name).read_text("utf-8")
    return Page(name, section, _title(text), text)


def _title(text: str) -> str:
    found = re.search(r"^# (.+)$", text, re.MULTILINE)
    assert found is not None, "a page begins with its title"
    return found[1]


def pictures() -> list[Path]:
    """The pictures of the pages: in the package, or beside it in the repository."""
    folders = (SOURCE / "pictures", PACKAGE.parent / "workbooks" / "pictures")
    folder = next((one for one in folders if one.is_dir()), None)
    return sorted(folder.glob("*.png")) if folder else []
