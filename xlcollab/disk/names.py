"""Names of files beside others, cut to what a folder takes."""

from __future__ import annotations

import hashlib
from pathlib import Path

_LONGEST = 255
"""Bytes of a name on the file systems in use (NAME_MAX)."""
_DIGITS = 8
"""Hexadecimal ones: of a thousand long names that begin alike, two share them once in 8,000
folders."""


def output_path(source: str | Path, suffix: str = "solved") -> Path:
    """ "collab.xlsx" → "collab.solved.xlsx" beside it; .xlsm stays .xlsm."""
    path = Path(source)
    return path.with_name(fitting_name(path.stem, f".{suffix}{path.suffix}"))


def fitting_name(stem: str, ending: str) -> str:
    """`stem` + `ending`; a stem too long for a folder is cut and told apart by a digest."""
    if len((stem + ending).encode("utf-8", "surrogateescape")) <= _LONGEST:
        return stem + ending
    data = stem.encode("utf-8", "surrogateescape")
    mark = f"~{hashlib.sha256(data).hexdigest()[:_DIGITS]}"
    room = _LONGEST - len(mark) - len(ending.encode("utf-8", "surrogateescape"))
    return data[:room].decode("utf-8", "ignore") + mark + ending
