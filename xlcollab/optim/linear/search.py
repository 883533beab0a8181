"""A run of HiGHS in a thread of its own: watched, limited, and stopped with its incumbent kept."""

from __future__ import annotations

import contextlib
import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from xlcollab.optim.linear.highs import has_point, instance, point, status
from xlcollab.optim.linear.model import Array, Program

_LOOK = 0.05
"""Seconds between two looks at a run."""
_TELL = 0.2
"""Seconds between two words about a run that finds nothing new."""
_LATE = 0.3
"""Seconds beyond the time limit after which a run that does not stop is asked to."""
_DEAF = 1.0
"""Seconds after which a run that was asked to stop and does not is left to itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """When a run ends before its proof. None: no such limit."""

    seconds: float | None = None
    gap: float | None = None
    """(incumbent − bound) / incumbent, a fraction."""
    grace: float = 0.0
    """Seconds for which a run goes on below the gap: most proofs are close then."""
    nodes: int | None = None
    solutions: int | None = None
    iterations: int | None = None

    def options(self) -> dict[str, object]:
        """As HiGHS names them."""
        most = 2_147_483_647
        given: dict[str, object | None] = {
            "time_limit": self.seconds,
            "mip_rel_gap": None if self.grace else self.gap,
            "mip_max_nodes": None if self.nodes is None else min(self.nodes, most),
            "mip_max_improving_sols": self.solutions,
            "simplex_iteration_limit": self.iterations,
        }
        return {name: value for name, value in given.items() if value is not None}


@dataclass(slots=True)
class News:
    """What is known of a run while it goes on, in the units of the program it was given."""

    incumbent: Array | None = None
    value: float = math.inf
    bound: float = -math.inf
    nodes: int = 0
    within: float | None = None
    """Since when the gap is below the limit (perf_counter)."""

    @property
    def gap(self) -> float:
        """The gap as HiGHS reckons it: relative to the incumbent."""
        return relative_gap(self.value, self.bound)


def relative_gap(value: float, bound: float) -> float:
    """|value − bound| / |value|; infinite where one of them is unknown."""
    if not (math.isfinite(value) and math.isfinite(bound)):
        return math.inf
    missing = abs(value - bound)
    return 0.0 if missing == 0.0 else missing / abs(value) if value else math.inf


@dataclass(frozen=True, slots=True)
class Ending:
    """How a run ended. `highs` is None when it did not obey and was left to itself."""

    highs: Any
    status: str
    x: Array | None
    value: float
    bound: float
    nodes: int
    interrupted: bool


Tell = Callable[[News], None]
"""Told of every new incumbent and a few times a second; may raise KeyboardInterrupt."""


def search(program: Program, limits: Limits, tell: Tell, **options: object) -> Ending:
    """Run HiGHS on `program` within `limits`. A KeyboardInterrupt ends it with the incumbent."""
    highs = instance(program, limits.options() | options)
    highs.HandleUserInterrupt = True
    news = News()
    _listen(highs, news)
    began = time.perf_counter()
    interrupted = False
    highs.startSolve()
    try:
        done = _watched(highs, news, limits, tell, began)
    except KeyboardInterrupt:
        interrupted = True
        done = False
    if not done:
        highs.cancelSolve()
        done = _obeyed(highs)
    return _ending(highs if done else None, news, interrupted)


def search_here(program: Program, limits: Limits, **options: object) -> Ending:
    """The same on this thread, without news of it: for many small programs."""
    highs = instance(program, limits.options() | options)
    highs.run()
    return _ending(highs, News(), interrupted=False)


def _listen(highs: Any, news: News) -> None:
    def improved(event: Any) -> None:
        news.incumbent = np.array(event.data_out.mip_solution, np.float64)
        _note(news, event.data_out)
        news.value = event.data_out.objective_function_value

    def looked(event: Any) -> None:
        _note(news, event.data_out)

    highs.cbMipImprovingSolution.subscribe(improved)
    highs.cbMipInterrupt.subscribe(looked)


def _note(news: News, told: Any) -> None:
    news.bound = max(news.bound, float(told.mip_dual_bound))
    news.nodes = max(news.nodes, int(told.mip_node_count))


def _watched(highs: Any, news: News, limits: Limits, tell: Tell, began: float) -> bool:
    """Whether the run came to its own end; False where it is to be stopped."""
    seen: Array | None = None
    told = began
    while not highs.wait(_LOOK)[0]:
        now = time.perf_counter()
        if news.incumbent is not seen or now - told > _TELL:
            seen, told = news.incumbent, now
            tell(news)
        if limits.seconds is not None and now - began > limits.seconds + _LATE:
            return False
        if _near_enough(news, limits, now):
            return False
    if news.incumbent is not seen:
        tell(news)
    return True


def _near_enough(news: News, limits: Limits, now: float) -> bool:
    if limits.gap is None or news.gap > limits.gap:
        news.within = None
        return False
    news.within = news.within or now
    return now - news.within > limits.grace


def _obeyed(highs: Any) -> bool:
    asked = time.perf_counter()
    while time.perf_counter() - asked < _DEAF:
        with contextlib.suppress(KeyboardInterrupt):
            if highs.wait(_LOOK)[0]:
                return True
    return False


def _ending(highs: Any, news: News, interrupted: bool) -> Ending:
    if highs is None:
        return Ending(
            None, "Interrupt", news.incumbent, news.value, news.bound, news.nodes, interrupted
        )
    info = highs.getInfo()
    found = has_point(highs)
    whole = bool(list(highs.getLp().integrality_))
    return Ending(
        highs=highs,
        status=status(highs),
        x=point(highs) if found else None,
        value=float(info.objective_function_value) if found else math.inf,
        bound=float(info.mip_dual_bound) if whole else -math.inf,
        nodes=int(info.mip_node_count if whole else _steps(info)),
        interrupted=interrupted,
    )


def _steps(info: Any) -> int:
    counts = (info.simplex_iteration_count, info.ipm_iteration_count, info.qp_iteration_count)
    return sum(max(0, int(count)) for count in counts)
