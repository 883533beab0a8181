"""Other code in place of a module's own, in this process and in those that it starts: no file is
touched."""

from __future__ import annotations

import importlib.machinery
import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from types import CodeType

Exchange = Callable[[str], CodeType | None]
"""From a file's path to the code that is to run instead, or None for its own."""

_BELOW = """
import importlib.machinery

_loader = importlib.machinery.SourceFileLoader
_as_written = _loader.get_code


def _get_code(self, name):
    if self.path == {path!r}:
        return compile(open({source!r}, encoding="utf-8").read(), self.path, "exec")
    return _as_written(self, name)


_loader.get_code = _get_code
"""


def exchange(code_of: Exchange) -> None:
    """From now on modules are loaded as `code_of` says."""
    loader = importlib.machinery.SourceFileLoader
    as_written = loader.get_code

    def get_code(self: importlib.machinery.SourceFileLoader, name: str) -> CodeType | None:
        return code_of(str(self.path)) or as_written(self, name)

    loader.get_code = get_code  # type: ignore[method-assign]


def exchange_in_processes(file: Path, source: str) -> None:
    """Commands that this process starts load `source` in place of a file."""
    folder = Path(tempfile.mkdtemp())
    (folder / "source.txt").write_text(source, "utf-8")
    below = _BELOW.format(path=str(file), source=str(folder / "source.txt"))
    (folder / "sitecustomize.py").write_text(below, "utf-8")
    before = os.environ.get("PYTHONPATH")
    os.environ["PYTHONPATH"] = os.pathsep.join([str(folder), *([before] if before else [])])
