"""The best point that keeps the constraints is what every method comes back with, however it ends.

Time is told by evaluations, so that no processor is too slow or too quick for a case."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import Tensor

from tests.optim.written import INF, model
from xlcollab.optim import Objective, Row, Settings, Solution, Status, solve
from xlcollab.optim.kept import keeps
from xlcollab.settings.methods import METHODS

Function = Callable[[Tensor], Tensor]
Built = tuple[Objective, Tensor]
METHODS_WITH_ROWS = [
    name
    for name, method in METHODS.items()
    if method.takes_constraints and not method.needs_linear and not method.needs_formulas
]
LIMITS = (1, 4, 30)


def ball(x: Tensor) -> Tensor:
    return x.square().sum()


def bowl(x: Tensor) -> Tensor:
    return (x - 5.0).square().sum() + x[0] * x[1]


def disc(size: float) -> Built:
    """The pull leads out of the disc; the start lies within."""
    return model(lambda x: size * bowl(x), [0.2, 0.1], [(lambda x: size * ball(x), -INF, size)])


def ring() -> Built:
    """Between two circles, upwards."""
    objective, start = model(lambda x: x[1] - 3.0 * x[0], [1.2, 0.9], [(ball, 1.0, 4.0)])
    return replace(objective, maximize=True), start


MODELS: dict[str, Callable[[], Built]] = {
    "disc": lambda: disc(1.0),
    "a disc in millions": lambda: disc(1e6),
    "a disc in millionths": lambda: disc(1e-6),
    "ring": ring,
}


class Counted:
    """Calls `reached` at the n-th evaluation of a model."""

    def __init__(self, objective: Objective, n: int, reached: Callable[[], None]) -> None:
        self._calls, self._n, self._reached = 0, n, reached
        self._function = objective.function
        self.objective = replace(objective, function=self.evaluated)

    def evaluated(self, x: Tensor) -> Tensor:
        self._calls += 1
        if self._calls == self._n:
            self._reached()
        return self._function(x)


class Clock:
    """Hours that pass at once."""

    def __init__(self) -> None:
        self._begin, self._gone = time.perf_counter, 0.0

    def __call__(self) -> float:
        return self._begin() + self._gone

    def pass_hours(self) -> None:
        self._gone += 1e6


@contextmanager
def clock() -> Iterator[Clock]:
    found = Clock()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(time, "perf_counter", found)
        yield found


def by_signal(built: Built, n: int, settings: dict[str, Any]) -> Solution:
    def ctrl_c() -> None:
        raise KeyboardInterrupt

    objective, start = built
    return solve(Counted(objective, n, ctrl_c).objective, start, Settings(**settings))


def by_stop(built: Built, n: int, settings: dict[str, Any]) -> Solution:
    """As the buttons do: whoever asked for the end goes on asking."""

    def stop(row: Row) -> None:
        if row.iteration >= n:
            raise KeyboardInterrupt

    return solve(*built, Settings(**settings), on_step=stop)


def by_time(built: Built, n: int, settings: dict[str, Any]) -> Solution:
    objective, start = built
    with clock() as now:
        counted = Counted(objective, n, now.pass_hours).objective
        return solve(counted, start, Settings(**settings, time_limit=100.0))


def by_iterations(built: Built, n: int, settings: dict[str, Any]) -> Solution:
    return solve(*built, Settings(**settings, iterations=n))


ENDS: dict[str, tuple[Callable[[Built, int, dict[str, Any]], Solution], Status | None]] = {
    "Ctrl-C": (by_signal, Status.INTERRUPTED),
    "Stop": (by_stop, Status.INTERRUPTED),
    "time limit": (by_time, Status.TIME_LIMIT),
    "iterations": (by_iterations, None),
}


@pytest.mark.parametrize("end", ENDS)
@pytest.mark.parametrize("method", METHODS_WITH_ROWS)
@pytest.mark.parametrize("name", MODELS)
def test_a_feasible_start_is_never_left_for_a_point_that_is_not(
    name: str, method: str, end: str
) -> None:
    ending, early = ENDS[end]
    for n in LIMITS:
        built = MODELS[name]()
        try:
            found = ending(built, n, {"method": method})
        except KeyboardInterrupt:
            continue  # before the first step, where nothing is lost
        assert found.feasible, (n, found.message)
        assert found.max_violation <= 1e-5 * (1e6 if "millions" in name else 1.0)
        if found.status is early:
            sign = -1.0 if built[0].maximize else 1.0
            assert sign * found.objective <= sign * found.initial + 1e-9 * abs(found.initial)
            assert "o feasible point" not in found.message


@pytest.mark.parametrize("end", ENDS)
@pytest.mark.parametrize("method", METHODS_WITH_ROWS)
def test_a_feasible_point_on_the_way_is_kept(method: str, end: str) -> None:
    """The start lies outside; what the run passes within is not lost when it leaves again."""
    for n in LIMITS:
        built = model(lambda x: x[0] - 9.0 * x[1], [2.5, 0.0], [(ball, 1.0, 4.0)])
        try:
            found = ENDS[end][0](built, n, {"method": method, "history_every": 1})
        except KeyboardInterrupt:
            continue
        seen = [row.objective for row in found.history.rows if row.violation == 0.0]
        if seen:
            assert found.feasible, (n, found.message)
            if found.status in (Status.INTERRUPTED, Status.TIME_LIMIT):
                assert found.objective <= min(seen) + 1e-5 * abs(min(seen))


@pytest.mark.parametrize("method", ["auto", "lbfgs", "adam"])
def test_a_stop_that_is_asked_for_again_ends_with_the_best(method: str) -> None:
    """The last row is told to whoever asked, who asks once more: the run has ended already."""
    for rows in (MODELS["ring"](), model(bowl, [0.2, 0.1])):
        found = by_stop(rows, 1, {"method": method})
        assert found.status is Status.INTERRUPTED
        assert found.objective != found.initial or method != "adam"


def test_whole_numbers_and_an_early_end() -> None:
    for n in LIMITS:
        built = model(
            lambda x: (x - 2.4).square().sum(),
            [1.0, 0.0],
            [(ball, -INF, 5.0)],
            box=[(-9.0, 9.0)] * 2,
            integer=torch.tensor([True, True]),
        )
        for method in ("branch", "evolutionary"):
            found = by_time(built, n, {"method": method})
            assert found.feasible, (method, n, found.message)
            assert found.objective <= found.initial
            assert "No point that satisfies" not in found.message


def test_a_limit_that_never_ends_is_no_word_about_a_point_outside() -> None:
    """A rate far too high throws the weights out of the disc: nothing improves without end."""
    for n in range(1, 12):
        settings = Settings(method="gd", learning_rate=1e6, iterations=n)
        found = solve(*MODELS["disc"](), settings)
        assert found.status is not Status.UNBOUNDED
        assert found.feasible


@pytest.mark.parametrize("method", [name for name, one in METHODS.items() if one.first_order])
def test_all_planned_steps_are_made_within_constraints_that_do_not_press(method: str) -> None:
    """One stage that ends within them is not the end: twenty steps were called all that were
    planned, of a thousand."""
    built = model(lambda x: (x - 1.0).square().sum(), [0.0, 0.0], [(ball, -INF, 1e3)])
    asked = Settings(method=method, iterations=500)
    found = solve(*built, asked)
    assert (found.iterations, found.status) == (500, Status.DONE)
    assert found.objective < 1e-2


def test_where_a_function_is_too_large_for_a_number_its_formulas_are_not_asked() -> None:
    objective, x = model(lambda x: torch.stack([(10.0 * x).exp().exp().sum()]), [0.8])
    assert objective.formulas is not None
    assert objective.formulas(objective.function) is not None
    assert not bool(torch.isfinite(objective.function(x)).all())


def test_what_presses_on_a_bound_is_no_slope_that_is_told() -> None:
    held, x = model(lambda x: (x**2).sum().reshape(1), [3.0], box=[(1.0, 5.0)])
    found = solve(held, x, Settings(method="lbfgs", iterations=50))
    assert "Projected gradient norm 0." in found.message


class _Counting(torch.autograd.Function):
    """x, which counts how often its slopes are asked for."""

    asked = 0

    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        return x.clone()

    @staticmethod
    def backward(ctx: Any, *slopes: Tensor) -> Tensor:
        _Counting.asked += 1
        return slopes[0]


@pytest.mark.parametrize(
    ("beyond", "holds", "slopes"),
    [(0.0, True, 0), (5e-6, True, 1), (5e-3, False, 1), (5e-7, True, 1)],
)
def test_slopes_are_asked_for_where_they_decide(beyond: float, holds: bool, slopes: int) -> None:
    """Of 40 rows in hundreds one is missed: of a large sheet each slope takes long."""

    def rows(x: Tensor) -> Tensor:
        counted: Tensor = _Counting.apply(100.0 * x)  # type: ignore[no-untyped-call]
        return counted[:40]

    objective, start = model(ball, [0.5] * 60)
    limit = torch.full((40,), 60.0, dtype=torch.float64)
    limit[7] = 50.0 - beyond
    objective = replace(
        objective, constraints=rows, constraint_lower=-INF * limit, constraint_upper=limit
    )
    _Counting.asked = 0
    assert keeps(objective, start) is holds
    assert _Counting.asked == slopes


def test_the_start_is_evaluated_once() -> None:
    """Though a run begins there, comes back to it and is compared with it."""
    seen: list[Tensor] = []

    def told(x: Tensor) -> Tensor:
        seen.append(x.detach().clone())
        return valley(x)

    objective, start = model(told, [3.0, 2.0, 1.0])
    solve(objective, start, Settings(method="adam", iterations=5))
    assert sum(torch.equal(x, start) for x in seen) == 1


def valley(x: Tensor) -> Tensor:
    return (100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2).sum()
