"""Time that is up ends every engine, with the best it has."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import Tensor

from tests.optim.test_branching import convex
from tests.optim.test_highs import market_split
from tests.optim.written import INF, model
from xlcollab.optim import Objective, Row, Settings, Status, solve
from xlcollab.optim.jacobian import Differentiator, SlopesTooLateError

Function = Callable[[Tensor], Tensor]


def slow(function: Function) -> Function:
    """So slow that no processor comes to an end before the limit."""

    def waits(x: Tensor) -> Tensor:
        time.sleep(0.02)
        return function(x)

    return waits


def valley(x: Tensor) -> Tensor:
    return (100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2).sum()


def hills(x: Tensor) -> Tensor:
    return (x.square() - 10 * torch.cos(2 * math.pi * x) + 10 + torch.sin(3 * x * x.roll(1))).sum()


def ball(x: Tensor) -> Tensor:
    return x.square().sum()


def _box(n: int) -> list[tuple[float, float]]:
    return [(-50.0, 50.0)] * n


MODELS: dict[str, tuple[Callable[[], tuple[Objective, Tensor]], dict[str, Any]]] = {
    "whole numbers, linear": (market_split, {}),
    "whole numbers, curved": (lambda: convex(3, 24)[:2], {"gap": 0.0}),
    "global": (lambda: model(hills, [3.3] * 9, box=_box(9)), {"method": "global"}),
    "curved rows": (lambda: model(slow(valley), [3.0] * 300, [(ball, -INF, 5e3)]), {}),
    "evolutionary": (
        lambda: model(slow(hills), [3.3] * 30, box=_box(30)),
        {"method": "evolutionary"},
    ),
    "multistart": (lambda: model(slow(hills), [3.3] * 30, box=_box(30)), {"multistart": True}),
    "adam": (lambda: model(slow(valley), [3.0] * 99), {"method": "adam", "iterations": 10**6}),
    "adam, rows": (
        lambda: model(slow(valley), [3.0] * 99, [(ball, -INF, 5e3)]),
        {"method": "adam", "iterations": 10**6},
    ),
    "lbfgs": (lambda: model(slow(valley), [3.0] * 5000), {"method": "lbfgs", "tolerance": 0.0}),
}


@pytest.mark.parametrize("name", MODELS)
def test_time_is_up_and_the_best_is_kept(name: str) -> None:
    if name == "global":
        pytest.importorskip("pyscipopt")
    build, options = MODELS[name]
    objective, start = build()
    found = solve(objective, start, Settings(time_limit=0.8, **options))
    assert found.status in (Status.TIME_LIMIT, Status.ITERATION_LIMIT), found.message
    if name != "whole numbers, linear":  # whose start satisfies nothing
        assert found.feasible
        better = found.objective <= found.initial
        assert better


@pytest.mark.parametrize("method", ["auto", "sqp", "evolutionary", "lbfgs", "adam", "branch"])
def test_one_evaluation_that_has_no_end(method: str) -> None:
    """A limit that is only looked at between two evaluations would wait for it."""
    asked_for = 0

    def ball_at_last(x: Tensor) -> Tensor:
        nonlocal asked_for
        asked_for += 1
        if asked_for == 12:
            time.sleep(60)
        return x.square().sum()

    objective, start = model(ball_at_last, [3.0, 2.0, 1.0], box=[(-4.0, 4.0)] * 3)
    if method == "branch":
        objective = replace(objective, integer=torch.tensor([True, False, True]))
    asked = Settings(method=method, time_limit=1.0, restarts=0 if method == "branch" else 9)
    began = time.perf_counter()
    found = solve(objective, start, asked)
    assert time.perf_counter() - began < 30
    assert found.status is Status.TIME_LIMIT, found.message
    assert found.objective <= found.initial


def test_an_interrupted_global_search_keeps_its_best() -> None:
    pytest.importorskip("pyscipopt")
    objective, start = model(hills, [3.3] * 9, box=_box(9))

    def stop(row: Row) -> None:
        if row.iteration >= 1:
            raise KeyboardInterrupt

    found = solve(objective, start, Settings(method="global"), on_step=stop)
    assert found.status is Status.INTERRUPTED, found.message
    assert found.objective <= found.initial


@pytest.mark.parametrize("method", ["global", "evolutionary", "sqp"])
def test_nothing_worse_than_the_start_is_kept(method: str) -> None:
    """However little was seen by then."""
    objective, start = model(hills, [3.3] * 9, box=_box(9))
    found = solve(objective, start, Settings(method=method, time_limit=0.3))
    assert found.objective <= found.initial + 1e-9


def test_starts_are_drawn_when_they_are_run() -> None:
    """A million of them take no time before the first."""
    objective, start = model(slow(hills), [3.3] * 9)
    asked = Settings(method="lbfgs", restarts=1_000_000_000, time_limit=0.3)
    assert solve(objective, start, asked).status is Status.TIME_LIMIT


class _Slowly(torch.autograd.Function):
    """x, whose slopes come one by one and late."""

    asked = 0

    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        return x.clone()

    @staticmethod
    def backward(ctx: Any, *slopes: Tensor) -> Tensor:
        if bool(slopes[0].any()):  # no batch can be asked
            _Slowly.asked += 1
            time.sleep(0.02)
        return slopes[0]


def test_time_is_up_in_the_midst_of_a_jacobian() -> None:
    def rows(x: Tensor) -> Tensor:
        late: Tensor = _Slowly.apply(x)  # type: ignore[no-untyped-call]
        return late[:200].exp() - 1

    objective, start = model(lambda x: (x[:200].exp() - 1).square().sum(), [3.0] * 300)
    objective = replace(objective, residuals=rows)
    found = solve(objective, start, Settings(method="lm", time_limit=0.5))
    assert found.status is Status.TIME_LIMIT
    assert found.objective == found.initial
    assert _Slowly.asked < 200


def test_a_jacobian_that_would_come_too_late_is_given_up_at_once() -> None:
    """And the stage that asks for a gradient alone has the rest of the time."""
    objective, start = model(lambda x: (x[:200].exp() - 1).square().sum(), [3.0] * 300)
    objective = replace(objective, residuals=slow(lambda x: x[:200].exp() - 1))
    found = solve(objective, start, Settings(time_limit=0.5))
    assert found.method == "lbfgs", found.message
    assert "takes too much of the time limit" in found.message
    assert found.objective < 1e-3 * found.initial


def test_rows_tell_how_long_the_others_will_take() -> None:
    def one(x: Tensor) -> Tensor:
        late: Tensor = _Slowly.apply(x)  # type: ignore[no-untyped-call]
        return late[:40].exp()

    differentiator = Differentiator()
    differentiator.until = time.perf_counter() + 0.6
    _Slowly.asked = 0
    with pytest.raises(SlopesTooLateError):
        differentiator.jacobian(one, torch.zeros(300, dtype=torch.float64))
    assert _Slowly.asked < 30
