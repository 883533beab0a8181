"""What `solve` does around the methods: starts, history, signs, penalties, refusals."""

from __future__ import annotations

import math
import re
import signal
import time
from contextlib import suppress

import numpy as np
import pytest
import torch
from torch import Tensor

from xlcollab.errors import UsageError
from xlcollab.interrupts import listening
from xlcollab.optim import History, Objective, Row, Settings, Status, solve
from xlcollab.optim.problem import TensorFunction
from xlcollab.optim.solution import SOLVER_WORDS
from xlcollab.optim.starts import INITS, starts

START = torch.tensor([3.0, -1.0], dtype=torch.float64)


def bowl(x: Tensor) -> Tensor:
    return ((x - 1) ** 2).sum()


def wavy(x: Tensor) -> Tensor:
    """Many local minima; the deepest, 0, at 0."""
    return (0.05 * x**2 + 1 - torch.cos(3 * x)).sum()


def test_a_maximised_objective_keeps_its_sign() -> None:
    up = solve(Objective(function=lambda x: 5 - bowl(x), maximize=True), START)
    down = solve(Objective(function=lambda x: bowl(x) - 5), START)
    assert up.objective == pytest.approx(5.0)
    assert up.initial == -3.0
    assert torch.equal(up.x, down.x)
    np.testing.assert_array_equal(up.history.column("objective"), -down.history.column("objective"))
    torch.testing.assert_close(up.gradient, -down.gradient)


@pytest.mark.parametrize("method", ["auto", "lbfgs", "gd"])
def test_l2_is_a_penalty_in_the_objective(method: str) -> None:
    """min (x - 1)² + l2/2 x² is at 2 / (2 + l2)."""
    settings = Settings(method=method, l2=2.0)  # type: ignore[arg-type]
    solution = solve(Objective(function=bowl), START, settings)
    torch.testing.assert_close(solution.x, torch.full_like(START, 0.5), rtol=0, atol=1e-6)
    assert solution.objective == pytest.approx(0.5, abs=1e-5)
    last = solution.history.rows[-1]
    assert last.penalty == pytest.approx(0.5, abs=1e-5)
    assert last.gradient_norm < 1e-5
    torch.testing.assert_close(solution.gradient, -torch.ones_like(START), rtol=0, atol=1e-5)


def test_l2_pulls_also_when_maximising() -> None:
    objective = Objective(function=lambda x: -bowl(x), maximize=True)
    solution = solve(objective, START, Settings(l2=2.0))
    torch.testing.assert_close(solution.x, torch.full_like(START, 0.5), rtol=0, atol=1e-6)


@pytest.mark.parametrize(
    ("every", "expected"), [(1, [0, 1, 2, 3, 4, 5, 6, 7]), (3, [0, 3, 6, 7]), (0, [0, 7])]
)
def test_history_every(every: int, expected: list[int]) -> None:
    settings = Settings(method="gd", iterations=7, history_every=every)
    history = solve(Objective(function=bowl), START, settings).history
    assert [row.iteration for row in history.rows] == expected
    assert history.weights.shape == (len(expected), 2)
    assert history.weights.dtype == np.float64


def test_history_columns_can_be_asked_for_by_name() -> None:
    history = solve(Objective(function=bowl), START, Settings(method="gd", iterations=3)).history
    assert "learning_rate" in History.columns()
    for name in History.columns():
        assert history.column(name).shape == (4,)
    np.testing.assert_allclose(history.column("learning_rate")[1:], 0.01)
    assert math.isnan(history.column("learning_rate")[0])
    assert (np.diff(history.column("seconds")) > 0).all()


def test_restarts_find_a_better_valley_and_count_all_work() -> None:
    start = torch.tensor([9.0, -7.0], dtype=torch.float64)
    one = solve(Objective(function=wavy), start)
    many = solve(Objective(function=wavy), start, Settings(restarts=30, seed=4))
    assert many.objective < one.objective
    assert many.objective == pytest.approx(0.0, abs=1e-12)
    assert many.iterations > 10 * one.iterations
    assert many.evaluations > 10 * one.evaluations
    assert many.history.rows[0].iteration == 0
    np.testing.assert_allclose(many.history.weights[-1], many.x.numpy())


def test_seeds_give_different_and_repeatable_runs() -> None:
    def end(seed: int) -> Tensor:
        settings = Settings(method="gd", iterations=1, init="normal", seed=seed)
        return solve(Objective(function=bowl), START, settings).x

    assert torch.equal(end(1), end(1))
    assert not torch.equal(end(1), end(2))


MANY = torch.zeros(20_000, dtype=torch.float64)


@pytest.mark.parametrize(
    ("init", "scale", "mean", "deviation"),
    [
        ("uniform", 1.0, 0.5, math.sqrt(1 / 12)),
        ("uniform", 0.2, 0.1, 0.2 * math.sqrt(1 / 12)),
        ("normal", 1.0, 0.0, 1.0),
        ("normal", 0.05, 0.0, 0.05),
        ("kaiming", 1.0, 0.0, math.sqrt(2 / 5)),
    ],
)
def test_draws_have_the_spread_they_should(
    init: str, scale: float, mean: float, deviation: float
) -> None:
    objective = Objective(function=bowl, fan_in=torch.full_like(MANY, 5))
    settings = Settings(init=init, init_scale=scale)  # type: ignore[arg-type]
    (drawn,) = starts(MANY, objective, settings)
    assert drawn.mean().item() == pytest.approx(mean, abs=0.03 * scale)
    assert drawn.std().item() == pytest.approx(deviation, rel=0.03)


def test_restarts_of_keep_are_drawn_around_the_start() -> None:
    start = torch.tensor([1e-3, 1e3, 0.0], dtype=torch.float64)
    first, *others = starts(start, Objective(function=bowl), Settings(restarts=500))
    assert first is start
    spread = (torch.stack(others) - start).std(dim=0)
    expected = torch.tensor([1e-3, 1e3, 1e3 / 3], dtype=torch.float64)
    torch.testing.assert_close(spread, expected, rtol=0.15, atol=0)


@pytest.mark.parametrize("init", INITS)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_draws_keep_dtype_and_count(init: str, dtype: torch.dtype) -> None:
    settings = Settings(init=init, restarts=2)  # type: ignore[arg-type]
    drawn = list(starts(START.to(dtype), Objective(function=bowl), settings))
    assert len(drawn) == 3
    assert all(x.dtype == dtype and x.shape == START.shape for x in drawn)


def test_a_bad_draw_does_not_spoil_a_good_start() -> None:
    """log is no number for half of the draws."""
    objective = Objective(function=lambda x: (x - x.log()).sum())
    start = torch.tensor([2.0, 3.0], dtype=torch.float64)
    solution = solve(objective, start, Settings(restarts=6, init_scale=3.0))
    assert solution.status is Status.LOCALLY_OPTIMAL
    torch.testing.assert_close(solution.x, torch.ones_like(start), rtol=0, atol=1e-5)


def test_no_gradient_at_the_start_is_refused_in_words() -> None:
    objective = Objective(function=lambda x: x.square().sum().sqrt())
    solution = solve(objective, torch.zeros(2, dtype=torch.float64))
    assert solution.status is Status.REFUSED
    assert "no gradient at the start" in solution.message


def test_an_exact_fit_under_a_root_is_reached() -> None:
    """√Σr² has no gradient where every residual is 0."""
    target = torch.tensor([2.0, 5.0], dtype=torch.float64)

    def residuals(x: Tensor) -> Tensor:
        return x - target

    objective = Objective(
        function=lambda x: residuals(x).square().sum().sqrt(), residuals=residuals
    )
    solution = solve(objective, START)
    assert solution.objective <= 1e-12
    assert solution.status is Status.LOCALLY_OPTIMAL


def test_a_finite_but_worse_end_is_said() -> None:
    settings = Settings(method="gd", learning_rate=1.2, iterations=5)
    solution = solve(Objective(function=bowl), START, settings)
    assert solution.objective > solution.initial
    assert "a lower learning rate" in solution.message
    assert f"{solution.initial:.10g}" in solution.message


@pytest.mark.parametrize(("curvature", "said"), [(1e-13, False), (1e-3, True)])
def test_a_rise_is_said_where_it_can_be_seen(curvature: float, said: bool) -> None:
    """x² grows by 1.21 a step; beside 1 the smaller of the two shows in no digit of the message."""
    objective = Objective(function=lambda x: 1.0 + curvature * x.square().sum())
    settings = Settings(method="gd", learning_rate=1.05 / curvature, iterations=5)
    solution = solve(objective, torch.ones(1, dtype=torch.float64), settings)
    assert solution.objective >= solution.initial
    assert ("got worse" in solution.message) == said


def test_a_rise_of_the_penalty_alone_is_no_rise_of_the_objective() -> None:
    """What is compared is what is printed: the objective without its penalty."""
    objective = Objective(function=lambda x: -x.sum())
    settings = Settings(method="gd", learning_rate=4.0, l2=1.0, iterations=1)
    solution = solve(objective, torch.full((1,), 0.5, dtype=torch.float64), settings)
    penalised = solution.history.column("objective") + solution.history.column("penalty")
    assert penalised[-1] > penalised[0]
    assert solution.objective < solution.initial
    assert "got worse" not in solution.message


def test_one_count_is_told() -> None:
    """Several stages, one number, that of the table."""

    def wall(x: Tensor) -> Tensor:
        return torch.stack([10.0 * (x[1] - x[0] ** 2), 1.0 - x[0]])

    objective = Objective(function=lambda x: wall(x).square().sum(), residuals=wall)
    start = torch.tensor([-1.2, 1.0], dtype=torch.float64)
    solution = solve(objective, start, Settings(iterations=3))
    assert f"{solution.iterations} iterations were made" in solution.message


def test_tolerance_stops_first_order_methods_when_asked() -> None:
    settings = Settings(method="gd", learning_rate=0.1, tolerance=1e-3)
    solution = solve(Objective(function=lambda x: bowl(x) + 1), START, settings)
    assert solution.status in (Status.LOCALLY_OPTIMAL, Status.TOLERANCE)
    assert solution.iterations < 60


@pytest.mark.parametrize(
    "start",
    [torch.zeros(2, 2), torch.zeros(0), torch.zeros(2, dtype=torch.int64)],
)
def test_a_start_must_be_a_vector_of_reals(start: Tensor) -> None:
    with pytest.raises(UsageError, match="the start has shape"):
        solve(Objective(function=bowl), start)


def test_bounds_must_have_the_shape_of_the_start() -> None:
    with pytest.raises(UsageError, match="upper has shape"):
        solve(Objective(function=bowl, upper=torch.zeros(3)), START)


def test_constraints_need_limits() -> None:
    with pytest.raises(UsageError, match="constraint_lower"):
        Objective(function=bowl, constraints=lambda x: x)


@pytest.mark.parametrize("status", Status)
def test_every_status_has_a_sentence(status: Status) -> None:
    assert status.sentence.endswith(".")
    assert status.solver_words == SOLVER_WORDS[status.solver_code]


def test_the_message_says_method_reason_and_end() -> None:
    message = solve(Objective(function=bowl), START).message
    assert message.startswith("lbfgs: the objective is smooth and no sum of squares.")
    assert Status.LOCALLY_OPTIMAL.sentence in message


def counted(function: TensorFunction, calls: list[int]) -> TensorFunction:
    def call(x: Tensor) -> Tensor:
        calls[0] += 1
        return function(x)

    return call


@pytest.mark.parametrize("method", ["adam", "lbfgs", "lm"])
def test_evaluations_are_counted(method: str) -> None:
    calls = [0]
    objective = Objective(function=counted(bowl, calls), residuals=counted(lambda x: x - 1, calls))
    solution = solve(objective, START, Settings(method=method))  # type: ignore[arg-type]
    assert abs(calls[0] - solution.evaluations) <= 3


def test_a_run_that_uses_up_its_iterations_says_what_the_last_gained() -> None:
    """Whoever reads it can tell a run that was cut off from one that gains next to nothing."""

    def banana(x: Tensor) -> Tensor:
        return 100.0 * (x[1] - x[0] ** 2).square() + (1.0 - x[0]).square()

    start = torch.tensor([-1.2, 1.0], dtype=torch.float64)
    found = solve(Objective(function=banana), start, Settings(method="lbfgs", iterations=5))
    values = found.history.column("objective")
    gain = (values[0] - values[-1]) / values[-1]
    assert found.status is Status.ITERATION_LIMIT
    said = f"5 iterations were made. The last 5 improved it by {gain:.2g} of itself."
    assert found.message.endswith(said)
    slow = Settings(method="adam", learning_rate=0.001, iterations=5)
    assert solve(Objective(function=banana), start, slow).message.endswith(
        "5 iterations were made."
    )


@pytest.mark.parametrize("method", ["gd", "adam", "momentum"])
def test_an_interrupt_that_was_caught_ends_the_run_all_the_same(method: str) -> None:
    """Whatever code was running when Ctrl-C came may have swallowed it."""

    def swallowing(row: Row) -> None:
        with suppress(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)

    settings = Settings(method=method, iterations=50, learning_rate=1e-4)
    with listening():
        found = solve(Objective(function=bowl), START, settings, on_step=swallowing)
    assert found.status is Status.INTERRUPTED
    assert found.iterations <= 2
    assert solve(Objective(function=bowl), START, settings).status is not Status.INTERRUPTED


@pytest.mark.parametrize("method", ["gd", "lbfgs", "sqp", "evolutionary"])
def test_an_interruption_is_told_in_whole_sentences(method: str) -> None:
    def stop(row: Row) -> None:
        if row.iteration == 2:
            raise KeyboardInterrupt

    box = {"lower": torch.full((2,), -9.0).double(), "upper": torch.full((2,), 9.0).double()}
    settings = Settings(method=method, learning_rate=1e-4 if method == "gd" else None)
    found = solve(Objective(function=wavy, **box), START, settings, on_step=stop)
    assert found.status is Status.INTERRUPTED
    assert re.search(r"\. [^A-Z0-9]", found.message) is None, found.message
    made = "points were evaluated" if method == "evolutionary" else "iterations were made."
    assert made in found.message


def test_the_seconds_of_a_run_are_those_that_passed() -> None:
    """Between nothing and what a clock around it shows."""
    began = time.perf_counter()
    found = solve(Objective(function=lambda x: x.square().sum()), torch.ones(2).double())
    assert 0.0 < found.seconds <= time.perf_counter() - began
    assert all(0.0 <= row.seconds <= found.seconds for row in found.history.rows)
