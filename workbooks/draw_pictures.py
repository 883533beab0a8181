"""Draw the pictures of README and documentation: `python workbooks/draw_pictures.py [NAME …]`.

Needs LibreOffice (soffice) and poppler-utils. Each picture is the first page of one sheet, cut to
what is on it. The books are the committed ones, and what the verbs make of them here.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np

HERE = Path(__file__).resolve().parent
_LOW, _WIDTH, _MARGIN = 40, 1100, 6


@dataclass(frozen=True)
class Picture:
    """A sheet of a committed book, or of what a command makes of one."""

    book: str
    sheet: str
    command: tuple[str, ...] = ()


PICTURES = {
    "latent_factors": Picture("trained/collab_filter.solved.xlsx", "bias factors"),
    "history": Picture("collab_filter.xlsx", "bias history", ("solve", "--sheet", "bias")),
    "comparison": Picture("graddesc.xlsx", "optimizer comparison", ("compare", "--epochs", "20")),
    "path_of_momentum": Picture("trained/graddesc.run.xlsx", "momentum history"),
    "one_hot": Picture("building_blocks.xlsx", "one_hot"),
    "with_or_without": Picture("building_blocks.xlsx", "with_or_without"),
    "dropout": Picture("building_blocks.xlsx", "dropout"),
    "penalty_sweep": Picture("trained/building_blocks.swept.xlsx", "penalty sweep"),
    "learning_rate": Picture("building_blocks.xlsx", "learning_rate"),
    "fitted_model": Picture("collab_filter.xlsx", "model", ("fit", "--sheet", "ratings")),
}


def draw(name: str, picture: Picture, folder: Path) -> None:
    """Write pictures/NAME.png."""
    book = HERE / picture.book
    if picture.command:
        verb, *rest = picture.command
        made = folder / f"{name}.xlsx"
        program = [sys.executable, "-m", "xlcollab", verb, str(book), *rest, "-o", str(made)]
        subprocess.run(program, check=True, capture_output=True)
        book = made
    source = folder / "only.xlsx"
    _show_only(book, picture.sheet, source)
    office = ["soffice", "--headless", f"-env:UserInstallation=file://{folder}/profile"]
    command = [*office, "--convert-to", "pdf", "--outdir", str(folder), str(source)]
    subprocess.run(command, check=True, capture_output=True)
    _cut(folder / "only.pdf", HERE / "pictures" / name)


def _cut(pdf: Path, target: Path) -> None:
    """The first page without its white edges and its foot, `_WIDTH` pixels wide."""
    low = subprocess.run(
        ["pdftoppm", "-gray", "-r", str(_LOW), "-f", "1", "-l", "1", str(pdf)],
        check=True,
        capture_output=True,
    ).stdout
    head = re.match(rb"P5\s+(\d+)\s+(\d+)\s+255\s", low)
    assert head is not None
    width, height = int(head[1]), int(head[2])
    grey = np.frombuffer(low, np.uint8, width * height, head.end()).reshape(height, width)
    foot = int(height * 0.92)
    rows = np.flatnonzero((grey[:foot] < 250).any(axis=1))
    columns = np.flatnonzero((grey[:foot] < 250).any(axis=0))
    scale = _WIDTH / (columns[-1] - columns[0] + 1)
    box = [
        int(scale * edge)
        for edge in (columns[0], rows[0], columns[-1] - columns[0] + 1, rows[-1] - rows[0] + 1)
    ]
    edges = [box[0] - _MARGIN, box[1] - _MARGIN, box[2] + 2 * _MARGIN, box[3] + 2 * _MARGIN]
    options = [one for pair in zip("xyWH", map(str, edges), strict=True) for one in pair]
    options = [f"-{one}" if one in "xyWH" else one for one in options]
    resolution = str(round(_LOW * scale))
    page = ["-f", "1", "-l", "1", "-singlefile"]
    command = ["pdftoppm", "-png", "-r", resolution, *page, *options, str(pdf), str(target)]
    subprocess.run(command, check=True)


def _show_only(book: Path, sheet: str, target: Path) -> None:
    """A copy with one sheet in sight."""

    def seen(tag: re.Match[str]) -> str:
        is_it = f' name="{sheet}"' in tag[0]
        shown = re.sub(r'\sstate="\w+"', "", tag[0])
        return shown if is_it else shown.replace("<sheet ", '<sheet state="hidden" ')

    with zipfile.ZipFile(book) as old, zipfile.ZipFile(target, "w") as new:
        for name in old.namelist():
            data = old.read(name)
            if name == "xl/workbook.xml":
                text = re.sub(r"<sheet [^>]*>", seen, data.decode())
                tags = re.findall(r"<sheet [^>]*>", text)
                first = next(i for i, tag in enumerate(tags) if "hidden" not in tag)
                text = re.sub(r'\s(?:activeTab|firstSheet)="\d+"', "", text)
                view = f'<workbookView activeTab="{first}"'
                data = text.replace("<workbookView", view, 1).encode()
            new.writestr(name, data)


def main() -> None:
    """All pictures, or those that are named."""
    with tempfile.TemporaryDirectory() as folder:
        for name in sys.argv[1:] or PICTURES:
            draw(name, PICTURES[name], Path(folder))
            print(f"pictures/{name}.png drawn")


if __name__ == "__main__":
    main()
