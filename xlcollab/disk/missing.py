"""The sentence for a file that is not there, with the one that was meant perhaps."""

from __future__ import annotations

from difflib import get_close_matches
from itertools import islice
from pathlib import Path

_ADDRESSES = ("http:", "https:", "ftp:", "file:")
"""What an address begins with, as a path is split."""
_LOOKED_AT = 2000
"""Names of a folder that are compared."""


def no_file(path: Path) -> str:
    """ "there is no file book.xlsx", and which file beside it is spelt most like it."""
    if path.parts and path.parts[0] in _ADDRESSES:
        return f"{path} is an address of the web; download the file, and name that"
    return f"there is no file {path}{meant_file(path)}"


def meant_file(path: Path) -> str:
    """ "; did you mean …?" with the file of the folder that is spelt most like `path`, or has its
    name and an ending; "" where none is."""
    try:
        files = [one.name for one in islice(path.parent.iterdir(), _LOOKED_AT) if one.is_file()]
    except (OSError, ValueError):
        return ""
    by_stem = [one for one in files if Path(one).stem == path.name]
    found = sorted(by_stem) or get_close_matches(path.name, files, n=1, cutoff=0.75)
    return f"; did you mean {path.parent / found[0]}?" if found else ""
