"""Draw the pictures of README and documentation: `python workbooks/draw_pictures.py [NAME …]`.

Needs LibreOffice (soffice) and poppler-utils. Each picture is the first page of one sheet, cut to
what is on it. The books are the committed ones, and what the verbs make of them here.
"""

from __future__ import annotations

import re
import struct
import subprocess
import sys
import tempfile
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

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
    _cut(folder / "only.pdf", HERE / "pictures" / f"{name}.png")


def _cut(pdf: Path, target: Path) -> None:
    """The first page without its white edges and its foot, `_WIDTH` pixels wide."""
    page = _pixels(pdf, _LOW)
    inked = (page[: int(len(page) * 0.92)] < 250).any(axis=2)
    rows, columns = np.flatnonzero(inked.any(axis=1)), np.flatnonzero(inked.any(axis=0))
    scale = _WIDTH / (columns[-1] - columns[0] + 1)
    fine = _pixels(pdf, round(_LOW * scale))
    top, bottom = int(scale * rows[0]) - _MARGIN, int(scale * (rows[-1] + 1)) + _MARGIN
    left, right = int(scale * columns[0]) - _MARGIN, int(scale * (columns[-1] + 1)) + _MARGIN
    target.write_bytes(_png(fine[max(top, 0) : bottom, max(left, 0) : right]))


def _pixels(pdf: Path, resolution: int) -> NDArray[np.uint8]:
    """The first page in red, green and blue, (rows, columns, 3), from a binary PPM file."""
    command = ["pdftoppm", "-r", str(resolution), "-f", "1", "-l", "1", str(pdf)]
    data = subprocess.run(command, check=True, capture_output=True).stdout
    head = re.match(rb"P6\s+(\d+)\s+(\d+)\s+255\s", data)
    assert head is not None
    width, height = int(head[1]), int(head[2])
    flat = np.frombuffer(data, np.uint8, 3 * width * height, head.end())
    return flat.reshape(height, width, 3)


def _png(pixels: NDArray[np.uint8]) -> bytes:
    """A small PNG file of the 256 colours that are there most (ISO/IEC 15948)."""
    colours, places, counts = np.unique(
        pixels.reshape(-1, 3), axis=0, return_inverse=True, return_counts=True
    )
    palette = colours[np.argsort(-counts)[:256]]
    nearest = [
        np.square(palette.astype(int) - colour.astype(int)).sum(axis=1).argmin()
        for colour in colours
    ]
    numbers = np.array(nearest, np.uint8)[places.ravel()].reshape(pixels.shape[:2])
    lines = np.pad(numbers, ((0, 0), (1, 0)))  # each begins with filter 0
    head = struct.pack(">IIBBBBB", pixels.shape[1], pixels.shape[0], 8, 3, 0, 0, 0)
    parts = (
        (b"IHDR", head),
        (b"PLTE", palette.tobytes()),
        (b"IDAT", zlib.compress(lines.tobytes(), 9)),
        (b"IEND", b""),
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
        for name, data in parts
    )


_AREA = r'<definedName name="_xlnm.Print_Area" localSheetId="(\d+)">[^<]*</definedName>'
"""LibreOffice prints the areas of sheets that are not in sight, too."""


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
                text = re.sub(
                    _AREA, lambda area, at=first: area[0] if int(area[1]) == at else "", text
                )
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
