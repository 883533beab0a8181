"""The folders inside the rooms: which may import which. Files beside the folders are rows, too."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from tests.architecture.rooms import PACKAGE, ROOT, imports_of

FOLDERS: Mapping[str, Mapping[str, str]] = {
    "kernels": {
        "text": "",
        "numbers": "",
        "values": "numbers text",
        "functions": "values numbers text",
        "scalar": "text",
        "scan": "scalar values numbers text",
        "program": "values numbers",
        "forms": "functions values numbers text",
        "cellwise": "table functions values numbers text",
        "table": "forms functions values text",
        "pieces": "program functions values",
        "trace": "cellwise scan scalar pieces program table functions values numbers text",
    },
    "api": {
        "session": "",
        "look": "session",
        "solve": "look session",
        "tabs": "look session",
        "ratings": "look session",
        "factors": "ratings look session",
        "lessons": "look session",
        "book": "tabs solve look session",
        "cells": "book factors ratings tabs solve look session",
        "desk": "cells book factors ratings tabs solve look session lessons",
    },
    "problems": {
        "solver_model": "control",
        "tab": "control",
        "ratings": "control",
        "varied": "solver_model",
        "control": "",
    },
    "factor": {
        "conventions": "",
        "settings": "",
        "passes": "settings",
        "models": "passes settings",
        "engines": "passes settings",
        "several": "passes",
        "training": "several engines models passes settings",
        "sharded": "several training engines models passes settings",
        "search": "training settings",
        "sheets": "search training models settings",
        "estimator": "training models settings conventions",
    },
    "files": {
        "package": "",
        "saving": "",
        "reading": "package",
        "writing": "reading package",
        "book": "writing reading package saving",
        "fresh": "book",
    },
}
"""Room → folder (or file of the room) → the others of the room that it may import."""


def folder_faults(root: Path = ROOT) -> list[str]:
    """Every import inside a room that its table does not allow, those for the type checker too."""
    return [
        f"{file}: the arrow {room}/{source} → {room}/{target} is forbidden"
        for room, table in FOLDERS.items()
        for file in sorted((root / room).rglob("*.py"))
        if (source := _part(file.relative_to(root / room).parts[0])) != "__init__"
        for target in sorted(_targets(file, room) - {source, *table.get(source, "").split()})
    ]


def _targets(file: Path, room: str) -> set[str]:
    modules = (found.module.split(".") for found in imports_of(file, typed=True))
    return {
        parts[2]
        for parts in modules
        if parts[:2] == [PACKAGE, room] and len(parts) > 2 and parts[2] in FOLDERS[room]
    }


def _part(name: str) -> str:
    return name.removesuffix(".py")
