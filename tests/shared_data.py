"""Where test data that is not ours to commit lies: the folder `shared` beside the repository."""

from __future__ import annotations

from pathlib import Path

import pytest

SHARED = Path(__file__).resolve().parents[2] / "shared"


def shared(name: str) -> Path:
    """The path of `name` below the shared folder; skips the test where it is absent."""
    path = SHARED / name
    if not path.exists():
        pytest.skip(f"needs {name} in a folder `shared` beside the repository")
    return path


def lesson(name: str) -> Path:
    """A real lesson workbook."""
    return shared(f"lesson/{name}")
