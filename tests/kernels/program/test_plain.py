"""A program run by numpy: against autograd on random expressions, at one point and at many."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from tests.kernels.program.test_native import BINARY, START, TERM, made
from xlcollab.kernels.program.core.prepared import Prepared
from xlcollab.kernels.program.core.reference import evaluate
from xlcollab.kernels.program.core.schedule import needed
from xlcollab.kernels.program.lower import lowered_plainly, residuals_plainly, values_now
from xlcollab.kernels.program.plain import plain, plain_values
from xlcollab.kernels.program.recording.record import record


def gradient_by_torch(function: object, x: Tensor) -> tuple[Tensor, Tensor]:
    leaf = x.clone().requires_grad_()
    value = function(leaf)  # type: ignore[operator]
    (slope,) = torch.autograd.grad(value, leaf)
    return value, slope


@given(
    st.lists(TERM, min_size=1, max_size=5),
    st.lists(st.sampled_from(sorted(BINARY)), min_size=1, max_size=4),
)
@settings(derandomize=True, deadline=None, max_examples=100)
def test_random_expressions_agree_with_autograd_and_with_the_reference(
    terms: list[tuple[str, str]], joins: list[str]
) -> None:
    def function(x: Tensor) -> Tensor:
        return made(terms, joins, x)

    value, slope = gradient_by_torch(function, START)
    program = plain(record(lambda x: [function(x)], START))
    everything = needed(program.graph, program.wanted)
    program.prepared.run(START.numpy())
    for node, buffer in zip(
        everything, evaluate(program.graph, START.numpy(), everything), strict=True
    ):
        np.testing.assert_allclose(program.prepared.buffers[node][0], buffer, rtol=1e-10)
    alone = program.value_alone(START.numpy())
    found = program.value_and_gradient(START.numpy())
    if not torch.isfinite(slope).all():  # the root of a sum that is exactly 0
        assert found is None
        return
    assert found is not None
    assert found[0] == alone == pytest.approx(value.item(), rel=1e-12)
    size = max(1.0, float(slope.abs().max()))
    np.testing.assert_allclose(found[1], slope.numpy(), atol=1e-12 * size)


@given(
    st.lists(TERM, min_size=1, max_size=4),
    st.lists(st.sampled_from(sorted(BINARY)), min_size=1, max_size=3),
    st.sampled_from([0, 5, 23]),
)
@settings(derandomize=True, deadline=None, max_examples=60)
def test_many_points_at_once_are_as_each_alone(
    terms: list[tuple[str, str]], joins: list[str], alike: int
) -> None:
    program = plain(record(lambda x: [made(terms, joins, x)], START))
    points = np.tile(START.numpy(), (3, 1))
    points[1:, alike:] += np.random.default_rng(alike).normal(size=(2, 24 - alike))
    together = Prepared(program.graph, program.wanted, points=3, alike=alike)
    together.run(points)
    for row, point in enumerate(points):
        program.prepared.run(point)
        for node in program.wanted:
            found = np.broadcast_to(together.buffers[node], (3, program.graph[node].size))
            alone = program.prepared.buffers[node][0]
            np.testing.assert_allclose(found[row], alone, rtol=1e-10, atol=1e-12)


def test_residuals_and_their_jacobian_are_those_of_autograd() -> None:
    data = torch.linspace(-1.0, 1.0, 70, dtype=torch.float64)

    def residuals(x: Tensor) -> Tensor:
        return torch.cat([(x[0] * data).exp() - x[1] * data, x[2:].square().cumsum(0)])

    start = torch.tensor([0.3, 1.2, -0.7, 0.1], dtype=torch.float64)
    program = residuals_plainly(residuals, start, 10_000)
    assert program is not None
    found = program.jacobian(start.numpy())
    assert found is not None
    wanted = torch.autograd.functional.jacobian(residuals, start)  # type: ignore[no-untyped-call]
    np.testing.assert_allclose(found[0], residuals(start).numpy(), atol=1e-13)
    np.testing.assert_allclose(found[1], wanted.numpy(), atol=1e-12)
    weights = np.linspace(-2.0, 3.0, len(wanted))
    pulled = program.pulled(start.numpy(), weights)
    np.testing.assert_allclose(pulled, weights @ wanted.numpy(), atol=1e-11)
    assert program.values(np.full(4, 1e300)) is None


def test_where_an_answer_taken_for_granted_changes_it_has_none() -> None:
    def function(x: Tensor) -> Tensor:
        return x.square().sum() if bool((x > 0).all()) else x.sum()

    start = torch.tensor([1.0, 2.0], dtype=torch.float64)
    program = lowered_plainly(function, start)
    assert program is not None
    assert program.value_and_gradient(np.array([3.0, 4.0])) is not None
    assert program.value_and_gradient(np.array([3.0, -4.0])) is None
    assert program.value_alone(np.array([3.0, 4.0])) == 25.0
    assert program.value_alone(np.array([3.0, -4.0])) is None
    values, _ = program.batch(np.array([[1.0, 1.0], [1.0, -1.0]]))
    assert values[0] == 2.0
    assert np.isnan(values[1])


@pytest.mark.parametrize("rows", [1, 7, 1000])
def test_values_of_many_points_are_those_of_each_alone(rows: int) -> None:
    weights = torch.linspace(-1.0, 1.0, 300, dtype=torch.float64)
    place = torch.tensor([0, 2, 2, 1])

    def function(x: Tensor) -> Tensor:
        spread = torch.where(x > 0, x.exp(), x.square()) * (x != 0.5)
        sums = torch.zeros(3, dtype=x.dtype).index_add(0, place, spread[place])
        return (x[:1] * weights).sigmoid().sum() + sums.cumsum(0).log().sum()

    start = torch.tensor([0.4, -1.2, 2.0], dtype=torch.float64)
    points = np.random.default_rng(rows).normal(size=(rows, 3))
    points[0] = 0.0  # the logarithm of 0
    found = plain_values(record(lambda x: [function(x)], start)).batch(points)[0]
    wanted = [float(function(torch.from_numpy(point))) for point in points]
    np.testing.assert_allclose(found[1:], wanted[1:], rtol=1e-12)
    assert np.isnan(found[0])


def test_values_are_not_given_where_an_answer_taken_for_granted_changes() -> None:
    def function(x: Tensor) -> Tensor:
        return x.square().sum() if bool((x > 0).all()) else x.sum()

    program = values_now(function, torch.tensor([1.0, 2.0], dtype=torch.float64))
    assert program is not None
    found, _ = program.batch(np.array([[1.0, 1.0], [1.0, -1.0], [2.0, 1.0]]))
    assert np.isnan(found).tolist() == [False, True, False]
    assert found[[0, 2]].tolist() == [2.0, 5.0]


def test_what_takes_much_memory_is_left_to_the_tape() -> None:
    start = torch.ones(1_500_000, dtype=torch.float64)
    assert lowered_plainly(lambda x: x.square().sum(), start) is None
