"""What two workbooks say, compared: parts as XML without numbers' last digits."""

from __future__ import annotations

import math
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path

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
    """Equal texts, where numbers may differ by `tolerance` of their size or of one."""
    if first == second:
        return True
    if _NUMBER.sub("#", first) != _NUMBER.sub("#", second):
        return False
    pairs = zip(_NUMBER.findall(first), _NUMBER.findall(second), strict=True)
    return all(
        math.isclose(float(a), float(b), rel_tol=tolerance, abs_tol=tolerance) for a, b in pairs
    )
