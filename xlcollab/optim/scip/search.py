"""A run of SCIP in a thread of its own: watched, limited, and stopped with its incumbent kept."""

from __future__ import annotations

import contextlib
import math
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
_LOOK = 0.05
"""Seconds between two looks at whether the search has ended."""
_TELL = 0.2
"""Seconds between two reports while nothing new is found."""
_DEAF = 0.5
"""Seconds that SCIP has to hear that it is to stop."""
_INFINITE = 1e19
"""SCIP says 1e20 where it has no bound."""


@dataclass(frozen=True, slots=True)
class Columns:
    """SCIP's variables, and the unit of each in that of the model's, (n,)."""

    variables: list[Any]
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
    model: Any, columns: Columns, tell: Callable[[News], bool], seconds: float | None
) -> tuple[str, News]:
    """SCIP's own word for the ending, and what it knew by then.

    `tell` is told of every better point and a few times a second; it may end the run with False
    (the word is then "gaplimit") or KeyboardInterrupt ("userinterrupt").
    """
    news = News()
    _listen(model, columns, news)
    run = threading.Thread(target=_run, args=(model,), name="scip", daemon=True)
    began = time.perf_counter()
    run.start()
    try:
        word = _watched(run, news, tell, began, seconds)
    except KeyboardInterrupt:
        word = "userinterrupt"
    if word:
        model.interruptSolve()
        _wait(run)
    if not run.is_alive():  # else it does not obey: left to itself, with what it told
        _read(model, columns, news)
        word = word or str(model.getStatus())
    return word, news


def _run(model: Any) -> None:
    with contextlib.suppress(Exception):
        model.optimizeNogil()


def _wait(run: threading.Thread) -> None:
    asked = time.perf_counter()
    while run.is_alive() and time.perf_counter() - asked < _DEAF:
        with contextlib.suppress(KeyboardInterrupt):
            run.join(_LOOK)


def _listen(model: Any, columns: Columns, news: News) -> None:
    from pyscipopt import SCIP_EVENTTYPE, Eventhdlr

    class Better(Eventhdlr):  # type: ignore[misc]
        def eventinit(self) -> None:
            self.model.catchEvent(SCIP_EVENTTYPE.BESTSOLFOUND, self)
            self.model.catchEvent(SCIP_EVENTTYPE.NODESOLVED, self)

        def eventexit(self) -> None:
            self.model.dropEvent(SCIP_EVENTTYPE.BESTSOLFOUND, self)
            self.model.dropEvent(SCIP_EVENTTYPE.NODESOLVED, self)

        def eventexec(self, event: Any) -> None:
            del event
            _read(self.model, columns, news)

    model.includeEventhdlr(Better(), "better", "tells of better points")


def _read(model: Any, columns: Columns, news: News) -> None:
    bound = float(model.getDualbound())
    news.bound = bound if abs(bound) < _INFINITE else news.bound
    if not model.getNSols():
        return
    solution = model.getBestSol()
    value = float(model.getSolObjVal(solution))
    if value < news.value:
        found = [model.getSolVal(solution, one) for one in columns.variables]
        news.x = np.array(found, np.float64) * columns.size
        news.value = value
        news.solutions += 1


def _watched(
    run: threading.Thread,
    news: News,
    tell: Callable[[News], bool],
    began: float,
    seconds: float | None,
) -> str:
    """Why the run is to be stopped; "" where it came to its own end."""
    seen, told = 0, began
    while run.is_alive():
        run.join(_LOOK)
        now = time.perf_counter()
        if news.solutions != seen or now - told > _TELL:
            seen, told = news.solutions, now
            if not tell(news):
                return "gaplimit"
        if seconds is not None and now - began > seconds:
            return "timelimit"
    return ""
