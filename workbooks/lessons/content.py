"""What two workbooks say, compared: parts as XML without numbers' last digits."""

from __future__ import annotations

import math
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path

_CELL = re.compile(r'<c r="([A-Z]+)\d+"(?: s="\d+")?><v>([^<]*)</v>')
_LEAST = 0.2
"""The size of a column of small numbers: their digits end where those that are shown do."""
_NUMBER = re.compile(r"[-+]?\d+\.?\d*(?:[eE][-+]?\d+)?")


def differences(first: Path, second: Path, tolerance: float) -> Iterator[str]:
    """A sentence per part that differs in more than `tolerance` of its numbers."""
    if not first.is_file():
        yield "is missing"
        return
    with zipfile.ZipFile(first) as a, zipfile.ZipFile(second) as b:
        for name in sorted({*a.namelist(), *b.namelist()}):
            if name not in a.namelist() or name not in b.namelist():
                yield f"only one has {name}"
            elif not same_text(a.read(name).decode(), b.read(name).decode(), tolerance):
                yield f"{name} differs"


def same_text(first: str, second: str, tolerance: float) -> bool:
    """Equal texts, where numbers may differ by `tolerance` of their column's size, and beside
    columns of their own size or of one."""
    if first == second:
        return True
    if _NUMBER.sub("#", first) != _NUMBER.sub("#", second):
        return False
    sizes = _sizes(first)
    pairs = zip(_NUMBER.finditer(first), _NUMBER.findall(second), strict=True)
    return all(
        math.isclose(
            float(a[0]),
            float(b),
            rel_tol=tolerance,
            abs_tol=tolerance * sizes.get(a.start(), 1.0),
        )
        for a, b in pairs
    )


def _sizes(sheet: str) -> dict[int, float]:
    """Where the number of a cell begins → the largest number of its column: the principal
    component of what hardly varies is rounding, and no two processors agree on its digits."""
    cells = [(cell[1], cell.start(2), abs(float(cell[2]))) for cell in _CELL.finditer(sheet)]
    largest: dict[str, float] = {}
    for column, _, size in cells:
        largest[column] = max(size, largest.get(column, 0.0))
    return {start: max(largest[column], _LEAST) for column, start, _ in cells}
