"""Runs commands and tells, as JSON, what they asked of the system beyond what they may.

    python watched.py FOLDER   (a folder with book.xlsx, tabs.xlsx and ratings.csv)

An audit hook (PEP 578) sees every file that Python opens to write, every rename, every socket and
every process. Allowed are the folder itself, caches of compiled code, and /dev/null.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

FOLDER = Path(sys.argv[1]).resolve()
FOUND: list[str] = []
_CACHES = ("__pycache__", "numba_cache", ".cache", "cache")
_WRITING = (
    "os.rename",
    "os.remove",
    "os.mkdir",
    "os.link",
    "os.symlink",
    "os.truncate",
    "os.chmod",
)
_NETWORK = ("socket.connect", "socket.getaddrinfo", "socket.gethostbyname", "socket.bind")
_PROCESSES = ("subprocess.Popen", "os.system", "os.exec", "os.posix_spawn")


def _is_allowed(path: object) -> bool:
    if not isinstance(path, str | bytes | os.PathLike):
        return True  # a handle: its file was opened before
    place = Path(os.fsdecode(path)).absolute()
    if place == Path(os.devnull) or place.is_relative_to(FOLDER):
        return True
    return any(part in _CACHES for part in place.parts)


def _writes(arguments: tuple[Any, ...]) -> bool:
    mode, flags = arguments[1], arguments[2]
    if isinstance(mode, str):
        return any(sign in mode for sign in "wax+")
    return bool(flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT))


def _hook(event: str, arguments: tuple[Any, ...]) -> None:
    if event == "open" and _writes(arguments) and not _is_allowed(arguments[0]):
        FOUND.append(f"wrote {arguments[0]}")
    elif event in _WRITING and not all(map(_is_allowed, arguments[:2])):
        FOUND.append(f"{event} {arguments[:2]}")
    elif event in _NETWORK or event in _PROCESSES:
        FOUND.append(f"{event} {arguments}"[:300])


def _commands() -> list[list[str]]:
    book, tabs, ratings = "book.xlsx", "tabs.xlsx", "ratings.csv"
    return [
        ["inspect", book],
        ["solve", book, "--iterations", "5"],
        ["solve", book, "--in-place", "--iterations", "5"],
        ["recalc", book],
        ["gradient", book, "--of", "S!B1", "--with-respect-to", "S!A1:A2"],
        ["sweep", book, "--parameter", "S!D1=1,2"],
        ["run", tabs, "--epochs", "1"],
        ["compare", tabs, "--epochs", "1"],
        ["fit", ratings, "--epochs", "1", "-o", "model.xlsx"],
        ["fit", ratings, "--epochs", "1", "-o", "model.safetensors"],
        ["predict", "model.xlsx", "--crosstab", "-o", "predicted.csv"],
        ["recommend", "model.xlsx", "--all", "-o", "recommended.xlsx"],
        ["crosstab", ratings],
        ["new", "matrix-factorisation", ratings, "--n-users", "4", "--n-items", "4"],
    ]


def main() -> None:
    from tests.faces.shell import xlcollab

    os.chdir(FOLDER)
    codes = {}
    for command in _commands():
        found = xlcollab(*command)
        codes[" ".join(command)] = [found.code, found.err[-300:]]
    json.dump({"codes": codes, "found": sorted(set(FOUND))}, sys.stdout)


if __name__ == "__main__":
    sys.addaudithook(_hook)
    main()
