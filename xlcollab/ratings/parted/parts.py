"""Ratings that lie in several files: a folder as Spark writes it, or a pattern such as
ratings/*.parquet.
"""

from __future__ import annotations

import glob
import os
from collections.abc import Collection
from pathlib import Path

from xlcollab.errors import DataError, UsageError, WorkbookError
from xlcollab.ratings.opening import form_of

_ASIDE = ("_", ".")
"""How names begin that belong to no table: _SUCCESS, .part-0.crc, _temporary."""


def is_parted(path: Path) -> bool:
    """Whether a path names a folder or a pattern rather than one file."""
    return path.is_dir() or (not path.exists() and glob.has_magic(str(path)))


def parts_of(path: Path, known: Collection[str]) -> list[Path]:
    """The files of a folder, of those below it, or of a pattern, by name; empty ones are left out.

    `known` are the endings that there are readers for. Raises WorkbookError where no file is found,
    UsageError on another ending, DataError where the files are of several forms.
    """
    found = listed(path)
    if not found:
        where = "holds no file" if path.is_dir() else "matches no file"
        raise WorkbookError(f"{path} {where}; known are files ending in {', '.join(known)}")
    forms = sorted({form_of(one) for one in found})
    if len(forms) > 1:
        raise DataError(
            f"{path} holds files of several forms, {', '.join(repr(form) for form in forms)}; name "
            f"those of one with a pattern, such as '{path if path.is_dir() else path.parent}/"
            f"*{next((form for form in forms if form in known), forms[0])}'"
        )
    if forms[0] not in known:
        raise UsageError(
            f"{found[0]}: no reader for {found[0].suffix or 'a file without ending'}; "
            f"known are {', '.join(known)}"
        )
    full = [one for one in found if one.stat().st_size]
    if not full:
        raise DataError(f"{path}: all {len(found)} files are empty; a model needs ratings")
    return full


def listed(path: Path) -> list[Path]:
    """The files of a folder or a pattern by name, whatever they are; or the file that it names."""
    if path.is_dir():
        return _below(path)
    return _matched(path) if is_parted(path) else [path]


def stem_of(path: Path) -> Path:
    """The path that results are named after: that of a pattern is the folder it looks in."""
    whole = path
    while glob.has_magic(str(whole)) and not whole.exists():
        whole = whole.parent
    return whole if whole.name else path.parent / "ratings"


def _matched(pattern: Path) -> list[Path]:
    named = sorted(map(Path, glob.glob(str(pattern), recursive=True)))
    found: list[Path] = []
    for one in named:
        if one.is_dir():
            found += _below(one)
        elif not one.name.startswith(_ASIDE):
            found.append(one)
    return sorted(set(found))


def _below(folder: Path) -> list[Path]:
    found = []
    for where, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith(_ASIDE))
        found += [Path(where, name) for name in names if not name.startswith(_ASIDE)]
    return sorted(found)
