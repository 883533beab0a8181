"""First-order runs in the machine, against torch.optim and against the loop in Python."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from xlcollab.kernels.program.lower import lowered
from xlcollab.optim import Objective, Row, Settings, Status, solve

N, K = 12, 3
RATINGS = torch.tensor(np.random.default_rng(0).integers(1, 6, (N, N)).astype(float))
FILLED = torch.tensor(np.random.default_rng(1).random((N, N)) < 0.7)
START = torch.tensor(np.random.default_rng(2).normal(0, 0.3, 2 * N * K))


def loss(x: Tensor) -> Tensor:
    predicted = 0.5 + 5 * torch.sigmoid(x[: N * K].view(N, K) @ x[N * K :].view(K, N))
    return (torch.where(FILLED, predicted - RATINGS, 0.0).square().sum() / FILLED.sum()).sqrt()


def objective(**more: Any) -> Objective:
    program = lowered(loss, START)
    assert program is not None
    return Objective(function=loss, native=program, **more)


TORCH: dict[str, Callable[[list[Tensor]], torch.optim.Optimizer]] = {
    "gd": lambda p: torch.optim.SGD(p, lr=0.3),
    "momentum": lambda p: torch.optim.SGD(p, lr=0.05, momentum=0.9, dampening=0.3),
    "nesterov": lambda p: torch.optim.SGD(p, lr=0.05, momentum=0.9, nesterov=True),
    "adagrad": lambda p: torch.optim.Adagrad(p, lr=0.05),
    "rmsprop": lambda p: torch.optim.RMSprop(p, lr=0.01),
    "adam": lambda p: torch.optim.Adam(p, lr=0.05),
    "adamw": lambda p: torch.optim.AdamW(p, lr=0.05, weight_decay=0.02),
}
OPTIONS: dict[str, dict[str, Any]] = {
    "gd": {"learning_rate": 0.3},
    "momentum": {"learning_rate": 0.05, "momentum": 0.9, "dampening": 0.3},
    "nesterov": {"learning_rate": 0.05},
    "adagrad": {"learning_rate": 0.05},
    "rmsprop": {"learning_rate": 0.01},
    "adam": {"learning_rate": 0.05},
    "adamw": {"learning_rate": 0.05, "weight_decay": 0.02},
}


@pytest.mark.parametrize("name", TORCH)
def test_every_step_is_that_of_torch_optim(name: Any) -> None:
    found = solve(objective(), START, Settings(method=name, iterations=200, **OPTIONS[name]))
    x = START.clone().requires_grad_()
    optimizer = TORCH[name]([x])
    for step in range(200):
        optimizer.zero_grad()
        value = loss(x)
        value.backward()  # type: ignore[no-untyped-call]
        assert found.history.rows[step].objective == pytest.approx(value.item(), rel=1e-9)
        np.testing.assert_allclose(found.history.weights[step], x.detach(), atol=1e-9)
        optimizer.step()
    np.testing.assert_allclose(found.x, x.detach(), atol=1e-9)


PIECES: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "clip": ({"clip": 0.05}, {}),
    "l2": ({"l2": 0.01}, {}),
    "decay": ({"weight_decay": 0.1}, {}),
    "cosine": ({"schedule": "cosine"}, {}),
    "one-cycle": ({"schedule": "one-cycle"}, {}),
    "bounds": ({}, {"lower": torch.full_like(START, -0.2), "upper": torch.full_like(START, 0.4)}),
    "upper": ({}, {"upper": torch.full_like(START, 0.4)}),
    "scale": ({"scale": True}, {"lower": torch.full_like(START, -0.2)}),
    "maximize": ({}, {"maximize": True, "upper": torch.full_like(START, 0.4)}),
    "tolerance": ({"tolerance": 1e-3}, {}),
}


def _words(message: str) -> str:
    """A message without the last digits of its numbers, which are the processor's."""
    return re.sub(r"(\d\.\d{4})\d+", r"\1", message)


@pytest.mark.parametrize("piece", PIECES)
def test_the_pieces_around_a_rule_are_those_of_the_loop(piece: str) -> None:
    given, model = PIECES[piece]
    settings = Settings(method="adam", iterations=150, learning_rate=0.03, **given)
    machine = objective(**model)
    native = solve(machine, START, settings)
    plain = solve(replace(machine, native=None), START, settings)
    assert native.status == plain.status
    assert _words(native.message) == _words(plain.message)
    assert native.evaluations == plain.evaluations
    assert len(native.history.rows) == len(plain.history.rows)
    for name in ("objective", "penalty", "learning_rate", "gradient_norm"):
        ours, theirs = native.history.column(name), plain.history.column(name)
        np.testing.assert_allclose(ours, theirs, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(native.history.weights, plain.history.weights, atol=1e-9)


def test_a_run_that_leaves_the_program_goes_on_in_the_function() -> None:
    """`if` on the variables: the recording holds on one side only."""

    def kinked(x: Tensor) -> Tensor:
        if bool((x > 0.5).all()):
            return (x - 2.0).square().sum() + x.sum()
        return (x + 1.0).square().sum()

    start = torch.tensor([1.0, 0.6], dtype=torch.float64)
    machine = Objective(function=kinked, native=lowered(kinked, start))
    assert machine.native is not None
    settings = Settings(method="gd", iterations=80, learning_rate=0.1, l2=0.5)
    native, plain = (solve(m, start, settings) for m in (machine, replace(machine, native=None)))
    np.testing.assert_allclose(native.history.weights, plain.history.weights, atol=1e-12)


def test_divergence_keeps_the_best_weights() -> None:
    def steep(x: Tensor) -> Tensor:
        return x.square().square().sum().exp()

    start = torch.tensor([1.0, 0.6], dtype=torch.float64)
    machine = Objective(function=steep, native=lowered(steep, start))
    settings = Settings(method="gd", iterations=80, learning_rate=5.0)
    native, plain = (solve(m, start, settings) for m in (machine, replace(machine, native=None)))
    assert native.status is Status.DIVERGED
    assert _words(native.message) == _words(plain.message)
    np.testing.assert_array_equal(native.x, plain.x)


def test_an_onlooker_sees_every_row_and_can_interrupt() -> None:
    seen: list[int] = []

    def watch(row: Row) -> None:
        seen.append(row.iteration)
        if row.iteration == 37:
            raise KeyboardInterrupt

    settings = Settings(method="adam", iterations=1000)
    found = solve(objective(), START, settings, on_step=watch)
    assert found.status is Status.INTERRUPTED
    assert seen == list(range(38))
    assert found.iterations == 37
