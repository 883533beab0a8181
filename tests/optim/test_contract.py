"""What every method in the table must do."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import pytest
import torch
from torch import Tensor

from xlcollab.errors import UsageError
from xlcollab.optim import (
    METHODS,
    LinearModel,
    Objective,
    Row,
    Settings,
    Status,
    solve,
)
from xlcollab.optim.methods import rule_of
from xlcollab.settings.methods import method_options

ITERATIVE = [
    name for name, method in METHODS.items() if not (method.needs_linear or method.needs_formulas)
]
FIRST_ORDER = [name for name, method in METHODS.items() if method.first_order]

TARGET = torch.tensor([1.0, -2.0, 0.5], dtype=torch.float64)
WEIGHTS = torch.tensor([1.0, 3.0, 0.4], dtype=torch.float64)
START = torch.tensor([0.3, 0.2, 2.0], dtype=torch.float64)


def parabola(dtype: torch.dtype = torch.float64, **options: Any) -> Objective:
    """Σ w (x - t)²: minimum 0 at TARGET."""
    target, root = TARGET.to(dtype), WEIGHTS.to(dtype).sqrt()

    def residuals(x: Tensor) -> Tensor:
        return root * (x - target)

    return Objective(function=lambda x: residuals(x).square().sum(), residuals=residuals, **options)


def rosenbrock() -> Objective:
    """Two narrow valleys; minimum 0 at (1, 1)."""

    def residuals(x: Tensor) -> Tensor:
        return torch.stack([10 * (x[1] - x[0] ** 2), 1 - x[0]])

    return Objective(function=lambda x: residuals(x).square().sum(), residuals=residuals)


def settings(name: str, **options: Any) -> Settings:
    rates = {"gd": 0.1, "momentum": 0.05, "nesterov": 0.05, "adagrad": 0.5, "rmsprop": 0.005}
    if METHODS[name].first_order:
        options = {"learning_rate": rates.get(name, 0.05), **options}
    if name == "adamw":
        options = {"weight_decay": 0.0, **options}
    return Settings(method=name, **options)


@pytest.mark.parametrize("name", [name for name, method in METHODS.items() if method.rule])
def test_a_row_s_options_are_what_its_rule_takes(name: str) -> None:
    rule = rule_of(name, Settings())
    own = rule.rule if METHODS[name].first_order else rule  # type: ignore[attr-defined]
    defaults = METHODS[name].options
    for field in dataclasses.fields(own):
        if field.default is dataclasses.MISSING:
            assert getattr(own, field.name) == defaults[field.name]
    assert defaults.keys() <= {field.name for field in dataclasses.fields(own)}


@pytest.mark.parametrize("name", ITERATIVE)
def test_finds_the_bottom_of_a_parabola(name: str) -> None:
    solution = solve(parabola(), START, settings(name))
    torch.testing.assert_close(solution.x, TARGET, rtol=0, atol=0.02)
    assert solution.objective <= 1e-3
    assert solution.status.has_solution


@pytest.mark.parametrize("name", ["auto", "lbfgs", "lm"])
def test_finds_the_end_of_the_valley(name: str) -> None:
    start = torch.tensor([-1.2, 1.0], dtype=torch.float64)
    solution = solve(rosenbrock(), start, Settings(method=name))
    torch.testing.assert_close(solution.x, torch.ones_like(start), rtol=0, atol=1e-9)
    assert solution.status in (Status.LOCALLY_OPTIMAL, Status.TOLERANCE)
    assert solution.iterations < 60


@pytest.mark.parametrize("name", ITERATIVE)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_keeps_dtype(name: str, dtype: torch.dtype) -> None:
    solution = solve(parabola(dtype), START.to(dtype), settings(name))
    assert solution.x.dtype == solution.gradient.dtype == dtype
    torch.testing.assert_close(solution.x, TARGET.to(dtype), rtol=0, atol=0.02)


@pytest.mark.parametrize("name", ITERATIVE)
def test_stays_within_bounds_and_finds_the_best_point_there(name: str) -> None:
    upper = torch.tensor([0.5, math.inf, math.inf], dtype=torch.float64)
    lower = torch.tensor([-math.inf, -1.0, -math.inf], dtype=torch.float64)
    solution = solve(parabola(lower=lower, upper=upper), START, settings(name))
    expected = torch.tensor([0.5, -1.0, 0.5], dtype=torch.float64)
    torch.testing.assert_close(solution.x, expected, rtol=0, atol=0.02)
    weights = torch.from_numpy(solution.history.weights)
    assert bool((weights <= upper).all())
    assert bool((weights >= lower).all())


@pytest.mark.parametrize("name", ITERATIVE)
def test_history_tells_what_happened(name: str) -> None:
    seen: list[Row] = []
    solution = solve(parabola(), START, settings(name, iterations=40), on_step=seen.append)
    rows = solution.history.rows
    assert tuple(seen) == rows
    assert [row.iteration for row in rows] == list(range(solution.iterations + 1))
    assert rows[0].objective == solution.initial == parabola().function(START).item()
    assert rows[-1].objective == pytest.approx(solution.objective, rel=1e-12, abs=1e-300)
    assert solution.history.weights.shape == (len(rows), 3)
    for row, weights in zip(rows, solution.history.weights, strict=True):
        value = parabola().function(torch.from_numpy(weights)).item()
        assert row.objective == pytest.approx(value, rel=1e-12, abs=1e-24)


@pytest.mark.parametrize("name", ITERATIVE)
def test_runs_twice_the_same(name: str) -> None:
    first, second = (
        solve(parabola(), START, settings(name, restarts=1, iterations=60)) for _ in range(2)
    )
    assert torch.equal(first.x, second.x)
    assert first.evaluations == second.evaluations


@pytest.mark.parametrize("name", ITERATIVE)
def test_leaves_the_start_and_the_global_generator_alone(name: str) -> None:
    start, before = START.clone(), torch.random.get_rng_state()
    solve(parabola(), start, settings(name, restarts=2, init="normal", iterations=3))
    assert torch.equal(start, START)
    assert torch.equal(torch.random.get_rng_state(), before)


@pytest.mark.parametrize("name", ITERATIVE)
def test_nan_at_the_start_is_refused_in_words(name: str) -> None:
    objective = Objective(function=lambda x: x.log().sum(), residuals=torch.log)
    start = torch.tensor([1.0, -1.0], dtype=torch.float64)
    solution = solve(objective, start, settings(name))
    assert solution.status is Status.REFUSED
    assert "nan at the start" in solution.message
    assert torch.equal(solution.x, start)


@pytest.mark.parametrize("name", ITERATIVE)
def test_ctrl_c_keeps_the_best_weights(name: str) -> None:
    def stop(row: Row) -> None:
        if row.iteration == 2:
            raise KeyboardInterrupt

    solution = solve(rosenbrock(), START[:2], settings(name), on_step=stop)
    assert solution.status is Status.INTERRUPTED
    assert solution.objective == solution.history.column("objective").min()
    assert solution.objective <= solution.initial


@pytest.mark.parametrize("name", ITERATIVE)
def test_no_iterations_leave_the_start(name: str) -> None:
    solution = solve(parabola(), START, settings(name, iterations=0))
    assert torch.equal(solution.x, START)
    assert solution.status in (Status.DONE, Status.ITERATION_LIMIT)
    assert len(solution.history.rows) == 1


@pytest.mark.parametrize("name", ITERATIVE)
def test_an_objective_without_its_variables_stays_put(name: str) -> None:
    objective = Objective(
        function=lambda x: x.new_ones(()), residuals=lambda x: x.new_ones(2), maximize=False
    )
    solution = solve(objective, START, settings(name, iterations=20))
    assert torch.equal(solution.x, START)
    assert solution.status.has_solution


@pytest.mark.parametrize("name", METHODS)
def test_an_unused_option_is_refused_by_name_and_value(name: str) -> None:
    samples: dict[str, Any] = {
        "learning_rate": 0.125,
        "momentum": 0.5,
        "dampening": 0.25,
        "beta1": 0.5,
        "beta2": 0.5,
        "rho": 0.5,
        "epsilon": 0.5,
        "weight_decay": 0.5,
        "clip": 0.5,
        "l2": 0.5,
        "schedule": "cosine",
    }
    for option in samples.keys() - method_options(name):
        wrong = Settings(method=name, **{option: samples[option]})
        with pytest.raises(UsageError, match=f"{option}={samples[option]!r}.*{name}"):
            solve(parabola(), START, wrong)


@pytest.mark.parametrize("name", METHODS)
def test_every_option_is_a_setting(name: str) -> None:
    assert method_options(name) <= {field.name for field in dataclasses.fields(Settings)}


@pytest.mark.parametrize("name", [n for n in METHODS if METHODS[n].needs_residuals])
def test_squares_are_asked_for_by_name(name: str) -> None:
    with pytest.raises(UsageError, match=f"{name} needs a sum of squares"):
        solve(Objective(function=lambda x: x.dot(x)), START, Settings(method=name))


@pytest.mark.parametrize("name", [n for n in METHODS if not METHODS[n].takes_constraints])
def test_constraints_are_refused_where_a_method_takes_none(name: str) -> None:
    limit = torch.ones(1, dtype=torch.float64)
    objective = parabola(
        constraints=lambda x: x[:1], constraint_lower=-limit, constraint_upper=limit
    )
    with pytest.raises(UsageError, match=f"{name} takes bounds but no constraints"):
        solve(objective, START, Settings(method=name))


@pytest.mark.parametrize("name", FIRST_ORDER)
def test_divergence_keeps_good_weights_and_names_the_rate(name: str) -> None:
    objective = Objective(function=lambda x: torch.cosh(x).sum())
    rate = 1e3 if name in ("gd", "momentum", "nesterov") else 1e4
    solution = solve(objective, START, Settings(method=name, learning_rate=rate))
    assert solution.status is Status.DIVERGED
    assert f"learning rate {rate:.6g}" in solution.message
    assert math.isfinite(solution.objective)
    assert solution.objective <= solution.initial


@pytest.mark.parametrize("name", FIRST_ORDER)
def test_constraints_hold_for_first_order_methods(name: str) -> None:
    """The nearest point to (2, 2) on the unit disc."""
    objective = Objective(
        function=lambda x: ((x - 2) ** 2).sum(),
        constraints=lambda x: x.dot(x).reshape(1),
        constraint_lower=torch.tensor([-math.inf]),
        constraint_upper=torch.tensor([1.0]),
    )
    start = torch.tensor([0.5, -0.2], dtype=torch.float64)
    options = {"learning_rate": 0.5} if name == "adagrad" else {"learning_rate": 0.01}
    solution = solve(objective, start, settings(name, iterations=3000, **options))
    expected = torch.full_like(start, math.sqrt(0.5))
    torch.testing.assert_close(solution.x, expected, rtol=0, atol=0.02)
    assert solution.max_violation < 0.02


def test_highs_needs_a_linear_model() -> None:
    with pytest.raises(UsageError, match="highs needs a linear model"):
        solve(parabola(), START, Settings(method="highs"))


def test_linear_models_go_to_highs_and_say_so() -> None:
    import numpy as np

    model = LinearModel(c=np.ones(3), c0=0.5, matrix=np.zeros((0, 3)), offset=np.zeros(0))
    objective = Objective(
        function=lambda x: x.sum() + 0.5, linear=model, lower=torch.full_like(START, -2.0)
    )
    solution = solve(objective, START)
    assert solution.method == "highs"
    assert solution.objective == pytest.approx(-5.5)
    assert "linear" in solution.message
    assert torch.equal(solution.reduced_gradient, torch.ones_like(START))
