"""A file layer that fails: the n-th call to the system raises an error, or ends the process.

Boundaries are what a save asks of the system: open, write, flush, fsync, rename, link, chmod,
unlink.
"""

from __future__ import annotations

import io
import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NoReturn

import pytest

CALLS = ("open", "fsync", "replace", "rename", "link", "chmod", "unlink", "scandir")


class Faults:
    """Counts the boundaries that were passed, and fails at number `at` (from 1), if at all.

    `steadily` fails at all later ones, too, as a full disk does.
    """

    def __init__(self, at: int = 0, error: int | None = None, *, steadily: bool = False) -> None:
        self.at, self.error, self.steadily = at, error, steadily
        self.seen: list[str] = []

    def passed(self, what: str) -> None:
        self.seen.append(what)
        reached = len(self.seen)
        if self.at and (reached == self.at or (self.steadily and reached > self.at)):
            self._fail()

    def _fail(self) -> NoReturn:
        if self.error is None:
            os.kill(os.getpid(), signal.SIGKILL)
        raise OSError(self.error, os.strerror(self.error or 0))


class _File:
    """A file whose writes and flushes are boundaries."""

    def __init__(self, file: Any, faults: Faults) -> None:
        self._file, self._faults = file, faults

    def write(self, data: bytes) -> int:
        self._faults.passed("write")
        return int(self._file.write(data))

    def flush(self) -> None:
        self._faults.passed("flush")
        self._file.flush()

    def __enter__(self) -> _File:
        return self

    def __exit__(self, *exception: object) -> None:
        self._file.close()

    def __iter__(self) -> Iterator[bytes]:
        return iter(self._file)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)


@contextmanager
def faulty(faults: Faults) -> Iterator[Faults]:
    """While it is open, files are opened, written and renamed through `faults`."""
    with pytest.MonkeyPatch.context() as patch:
        for name in CALLS:
            call = getattr(os, name) if name != "fsync" else _nothing  # slow, and not asked here
            patch.setattr(os, name, _watched(name, call, faults))
        patch.setattr(io, "open", _opening(io.open, faults))
        yield faults


def _nothing(handle: int) -> None:
    del handle


def _watched(name: str, call: Callable[..., Any], faults: Faults) -> Callable[..., Any]:
    def run(*arguments: Any, **options: Any) -> Any:
        faults.passed(name)
        return call(*arguments, **options)

    return run


def _opening(call: Callable[..., Any], faults: Faults) -> Callable[..., Any]:
    def run(file: Any, mode: str = "r", *arguments: Any, **options: Any) -> Any:
        if not isinstance(file, str | Path) or "b" not in mode:
            return call(file, mode, *arguments, **options)
        faults.passed("open a file")
        opened = call(file, mode, *arguments, **options)
        return opened if mode == "rb" else _File(opened, faults)

    return run
