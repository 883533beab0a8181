"""A run of SCIP in a process of its own: watched, limited, and ended with its incumbent kept."""

from __future__ import annotations

import atexit
import contextlib
import json
import math
import os
import queue
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, TypedDict

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
_LOOK = 0.05
"""Seconds between two looks at whether it is time to tell."""
_TELL = 0.2
"""Seconds between two reports while nothing new is found."""
_LATE = 0.3
"""Seconds after the time limit, by which SCIP ends itself, that it is waited for."""
_INFINITE = 1e19
"""SCIP says 1e20 where it has no bound."""
BROKEN = "broken"
"""The word for a process that ended in the midst of a run."""
Foreign = Any
"""A model or a column of pyscipopt, which has no types."""
Flags = dict[str, int] | dict[str, bool]


class Word(TypedDict, total=False):
    """What a process says in one line: see `child`."""

    bound: float
    value: float
    x: list[float]
    word: str


@dataclass(frozen=True, slots=True)
class Columns:
    """SCIP's variables, and the unit of each in that of the model's, (n,)."""

    variables: list[Foreign]
    size: Array


@dataclass(slots=True)
class News:
    """What is known of a run while it goes on; value and bound are of size one, minimised."""

    x: Array | None = None
    value: float = math.inf
    bound: float = -math.inf
    solutions: int = 0

    @property
    def gap(self) -> float:
        """(value − bound) / |value|; infinite where one of them is unknown."""
        if not (math.isfinite(self.value) and math.isfinite(self.bound)):
            return math.inf
        missing = max(0.0, self.value - self.bound)
        return 0.0 if missing == 0.0 else missing / abs(self.value) if self.value else math.inf


def installed() -> bool:
    """Whether pyscipopt can be loaded."""
    with contextlib.suppress(ImportError):
        import pyscipopt  # noqa: F401

        return True
    return False


def search(
    model: Foreign, columns: Columns, tell: Callable[[News], bool], seconds: float | None
) -> tuple[str, News]:
    """SCIP's own word for the ending, and what it knew by then.

    `tell` is told of every better point and a few times a second; it may end the run with False
    (the word is then "gaplimit") or KeyboardInterrupt ("userinterrupt").
    """
    news, began = News(), time.perf_counter()
    process = _idle.pop() if _idle else _Process()
    ended, word = False, BROKEN
    try:
        with tempfile.TemporaryDirectory(prefix="xlcollab", ignore_cleanup_errors=True) as folder:
            process.ask(model, columns, Path(folder))
            word = _watched(process, columns, news, tell, began, seconds)
        ended = process.is_idle
    except KeyboardInterrupt:
        word = "userinterrupt"
    finally:
        if word == BROKEN:
            news.bound = -math.inf  # nothing is known of what it said last
        if ended:
            _idle.append(process)
        else:
            process.end()
    return word, news


def _watched(
    process: _Process,
    columns: Columns,
    news: News,
    tell: Callable[[News], bool],
    began: float,
    seconds: float | None,
) -> str:
    """The run's own last word, or why it is to be ended."""
    told = began
    while True:
        word = process.word(_LOOK)
        if "word" in word:
            return word["word"]
        seen = news.solutions
        _read(word, columns, news)
        now = time.perf_counter()
        if news.solutions != seen or now - told > _TELL:
            told = now
            if not tell(news):
                return "gaplimit"
        if seconds is not None and now - began > seconds + _LATE:
            return "timelimit"


def _read(word: Word, columns: Columns, news: News) -> None:
    bound = float(word.get("bound", math.inf))
    news.bound = bound if abs(bound) < _INFINITE else news.bound
    value = float(word.get("value", math.inf))
    if value < news.value:
        news.x, news.value = np.array(word["x"], np.float64) * columns.size, value
        news.solutions += 1


@dataclass(slots=True)
class _Process:
    """One that runs `child.py`, and what it said."""

    _popen: subprocess.Popen[str] = field(init=False)
    _said: queue.Queue[str] = field(init=False, default_factory=queue.Queue)
    is_idle: bool = field(init=False, default=True)

    def __post_init__(self) -> None:
        self._popen = subprocess.Popen(
            [sys.executable, "-P", str(Path(__file__).with_name("child.py"))],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            encoding="utf-8",
            env=os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
            **_apart(),
        )
        reader = threading.Thread(target=self._listen, args=(self._popen.stdout,), daemon=True)
        reader.start()

    def _listen(self, lines: IO[str]) -> None:
        with contextlib.suppress(ValueError):  # closed while it was read
            for line in lines:
                self._said.put(line)
        self._said.put(json.dumps({"word": BROKEN}))

    def ask(self, model: Foreign, columns: Columns, folder: Path) -> None:
        """Begin a run of a model of pyscipopt."""
        problem, settings = folder / "problem.cip", folder / "settings.set"
        model.writeProblem(str(problem), verbose=False)
        model.writeParams(str(settings), comments=False, verbose=False)
        names = [one.name for one in columns.variables]
        asked = {"problem": str(problem), "settings": str(settings), "columns": names}
        self.is_idle = False
        stdin = self._popen.stdin
        assert stdin is not None
        with contextlib.suppress(OSError):  # it has broken off, as its last word will tell
            stdin.write(json.dumps(asked) + "\n")
            stdin.flush()

    def word(self, seconds: float) -> Word:
        """The next thing it says, within some seconds; {} if nothing."""
        try:
            found: Word = json.loads(self._said.get(timeout=seconds))
        except queue.Empty:
            return {}
        self.is_idle = found.get("word", BROKEN) != BROKEN
        return found

    def end(self) -> None:
        """At once, whatever it does."""
        self._popen.kill()
        self._popen.wait()
        for pipe in (self._popen.stdin, self._popen.stdout):
            if pipe is not None:
                with contextlib.suppress(OSError):
                    pipe.close()


def _apart() -> Flags:
    """What keeps Ctrl-C from a process: it is for this one, which ends the other."""
    if sys.platform == "win32":
        flags = subprocess.CREATE_NO_WINDOW | subprocess.CREATE_NEW_PROCESS_GROUP
        return {"creationflags": flags}
    return {"start_new_session": True}


_idle: list[_Process] = []
"""Those that came to the end of a run, for the next one: to start one takes half a second."""


@atexit.register
def _end_all() -> None:
    while _idle:
        _idle.pop().end()
