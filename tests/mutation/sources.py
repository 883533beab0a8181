"""Other code in place of a module's own, in this process and in those that it starts: no file is
touched."""

from __future__ import annotations

import importlib.machinery
import marshal
import os
import zlib
from collections.abc import Callable, Mapping
from pathlib import Path
from types import CodeType

Exchange = Callable[[str], CodeType | None]
"""From a file's path to the code that is to run instead, or None for its own."""

_BELOW = """
import builtins
import importlib.machinery
import marshal
import os
import zlib

_loader = importlib.machinery.SourceFileLoader
_as_written = _loader.get_code
_seen = set()


def _get_code(self, name):
    other = os.path.join({folder!r}, str(zlib.crc32(self.path.encode())))
    if not os.path.exists(other):
        return _as_written(self, name)
    with open(other, "rb") as file:
        return marshal.load(file)


def _mark(number):
    if number not in _seen:
        _seen.add(number)
        with open(os.path.join({folder!r}, "ran"), "ab") as file:
            file.write(number.to_bytes(4, "big"))


_loader.get_code = _get_code
setattr(builtins, {mark!r}, _mark)
"""


def exchange(code_of: Exchange) -> None:
    """From now on modules are loaded as `code_of` says."""
    loader = importlib.machinery.SourceFileLoader
    as_written = loader.get_code

    def get_code(self: importlib.machinery.SourceFileLoader, name: str) -> CodeType | None:
        return code_of(str(self.path)) or as_written(self, name)

    loader.get_code = get_code  # type: ignore[method-assign]


def exchange_in_processes(codes: Mapping[str, CodeType], folder: Path, mark: str) -> None:
    """Commands that this process starts load these codes, by path, which are kept in `folder`.

    They may call `mark` with the number of a block; `ran_in_processes` tells which did.
    """
    for path, code in codes.items():
        (folder / str(zlib.crc32(path.encode()))).write_bytes(marshal.dumps(code))
    (folder / "sitecustomize.py").write_text(_BELOW.format(folder=str(folder), mark=mark), "utf-8")
    before = os.environ.get("PYTHONPATH")
    os.environ["PYTHONPATH"] = os.pathsep.join([str(folder), *([before] if before else [])])


def ran_in_processes(folder: Path) -> set[int]:
    """The blocks that ran in other processes since this was asked last."""
    file = folder / "ran"
    if not file.exists():
        return set()
    data = file.read_bytes()
    file.unlink()
    return {int.from_bytes(data[at : at + 4], "big") for at in range(0, len(data), 4)}
