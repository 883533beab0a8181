"""Sheets of a workbook as LibreOffice prints them: their texts and their pictures."""

from __future__ import annotations

import re
import shutil
import subprocess
import zipfile
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray


@dataclass(frozen=True)
class Printed:
    """One page: its text, and grey values of its picture (rows, columns), 255 white."""

    text: str
    grey: NDArray[np.uint8]

    @property
    def ink(self) -> float:
        """The share of the page that is not white."""
        return float((self.grey < 250).mean())


def programs() -> str:
    """LibreOffice; the test is skipped without it or without the tools that read what it prints."""
    office = shutil.which("soffice")
    if office is None or not all(shutil.which(one) for one in ("pdftotext", "pdftoppm")):
        pytest.skip("needs LibreOffice (soffice) and poppler-utils")
    return office


def printed(book: Path, sheets: Collection[str], folder: Path) -> list[Printed]:
    """The pages of some sheets of a workbook."""
    office = programs()
    folder.mkdir(exist_ok=True)
    source = folder / "only.xlsx"
    _only(book, sheets, source)
    profile = f"-env:UserInstallation=file://{folder}/profile"
    command = [office, profile, "--headless", "--convert-to", "pdf", "--outdir", folder, source]
    subprocess.run(command, check=True, capture_output=True, timeout=300)
    pdf = folder / "only.pdf"
    told = subprocess.run(["pdftotext", "-layout", pdf, "-"], capture_output=True, check=True)
    texts = told.stdout.decode().split("\f")[:-1]
    subprocess.run(["pdftoppm", "-gray", "-r", "40", pdf, folder / "page"], check=True)
    pictures = [_grey(path) for path in sorted(folder.glob("page*.pgm"))]
    return [Printed(*both) for both in zip(texts, pictures, strict=True)]


def _grey(path: Path) -> NDArray[np.uint8]:
    """A binary PGM file."""
    data = path.read_bytes()
    head = re.match(rb"P5\s+(\d+)\s+(\d+)\s+255\s", data)
    assert head is not None
    width, height = int(head[1]), int(head[2])
    return np.frombuffer(data, np.uint8, width * height, head.end()).reshape(height, width)


def _only(book: Path, sheets: Collection[str], target: Path) -> None:
    """A copy in which all other sheets are hidden: they are not printed."""

    def hide(tag: re.Match[str]) -> str:
        name = re.search(r'\sname="([^"]*)"', tag[0])
        assert name is not None
        shown = re.sub(r'\sstate="\w+"', "", tag[0])
        return shown if name[1] in sheets else shown.replace("<sheet ", '<sheet state="hidden" ')

    with zipfile.ZipFile(book) as old, zipfile.ZipFile(target, "w") as new:
        for name in old.namelist():
            data = old.read(name)
            if name == "xl/workbook.xml":
                text = re.sub(r"<sheet [^>]*>", hide, data.decode())
                tags = re.findall(r"<sheet [^>]*>", text)
                first = next(i for i, tag in enumerate(tags) if "hidden" not in tag)
                text = re.sub(r'\s(?:activeTab|firstSheet)="\d+"', "", text)
                data = text.replace(
                    "<workbookView", f'<workbookView activeTab="{first}"', 1
                ).encode()
            new.writestr(name, data)
