"""Which test runs which block of the package: each test file is run once, in a process of its own.

    python -m tests.mutation.executed tests/optim tests/solver

What was seen is kept below `build/executed`, a file for each test file, until that changes.
"""

from __future__ import annotations

import builtins
import hashlib
import os
import pickle
import sys
import tempfile
from array import array
from dataclasses import dataclass, field
from pathlib import Path
from types import CodeType

import pytest

from tests.mutation.blocks import MARK, ROOT, marked
from tests.mutation.sources import exchange, exchange_in_processes, ran_in_processes

PACKAGE = ROOT / "xlcollab"
KEPT = ROOT / "build" / "executed"


@dataclass
class Seen:
    """Of one test file: seconds and blocks of each test, and blocks that fixtures ran or imports,
    which serve the tests after them as well."""

    seconds: dict[str, float] = field(default_factory=dict)
    blocks: dict[str, array[int]] = field(default_factory=dict)
    shared: array[int] = field(default_factory=lambda: array("L"))


class Watch:
    """A plugin of pytest that writes down what runs: here, and in processes that tell `folder`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.seen = Seen()
        self.now: set[int] = set()
        self.shared: set[int] = set()

    def pytest_runtest_logstart(self) -> None:
        self.shared |= self.now
        self.now.clear()

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        seen = self.seen
        self.now |= ran_in_processes(self.folder)
        seen.seconds[report.nodeid] = seen.seconds.get(report.nodeid, 0.0) + report.duration
        if report.when == "call":
            seen.blocks[report.nodeid] = array("L", sorted(self.now))
        else:
            self.shared |= self.now
        self.now.clear()

    def pytest_sessionfinish(self) -> None:
        self.seen.shared = array("L", sorted(self.shared))


def kept_as(test_file: Path) -> Path:
    """Where what a test file runs is kept; the name changes with its text."""
    digest = hashlib.sha256(test_file.read_bytes()).hexdigest()[:12]
    name = ".".join(test_file.relative_to(ROOT).with_suffix("").parts)
    return KEPT / f"{name}.{digest}"


def load() -> dict[Path, Seen]:
    """All that is known, by test file."""
    files = sorted((ROOT / "tests").rglob("test_*.py"))
    kept = {file: kept_as(file) for file in files}
    return {f: Seen(**pickle.loads(k.read_bytes())) for f, k in kept.items() if k.exists()}


def _test_files(place: Path) -> list[Path]:
    return [place] if place.is_file() else sorted(place.rglob("test_*.py"))


def watch(test_file: Path, codes: dict[str, CodeType], folder: Path) -> int:
    """Run a test file in a child, with `codes` for the modules of the package; its exit code.

    The commands that it starts have their codes from `folder`.
    """
    child = os.fork()
    if child:
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, 1)
    os.dup2(null, 2)
    plugin = Watch(folder)
    setattr(builtins, MARK, plugin.now.add)
    exchange(codes.get)
    code = int(pytest.main(["-q", "-p", "no:cacheprovider", str(test_file)], plugins=[plugin]))
    kept_as(test_file).write_bytes(pickle.dumps(vars(plugin.seen)))
    os._exit(code)


def main(asked: list[str]) -> None:
    """Watch each test file, named or below a folder, that is not known yet."""
    import pandas  # noqa: F401
    import scipy.special  # noqa: F401
    import torch  # noqa: F401

    KEPT.mkdir(parents=True, exist_ok=True)
    files = [file for name in asked for file in _test_files(ROOT / name)]
    unknown = [file for file in files if not kept_as(file).exists()]
    codes = {
        str(f): compile(marked(f), str(f), "exec", dont_inherit=True) for f in PACKAGE.rglob("*.py")
    }
    with tempfile.TemporaryDirectory() as folder:
        exchange_in_processes(codes, Path(folder), MARK)
        for file in unknown:
            print(watch(file, codes, Path(folder)), file.relative_to(ROOT), flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
