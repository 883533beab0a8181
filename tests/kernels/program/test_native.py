"""The native machine: against autograd on random expressions, guards, batches, whole runs."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from xlcollab.kernels.program.core.adjoint import gradient
from xlcollab.kernels.program.core.encode import side_by_side
from xlcollab.kernels.program.core.reference import evaluate
from xlcollab.kernels.program.lower import lowered, lowered_residuals, residuals_plainly
from xlcollab.kernels.program.machine.native import NativeProgram, native
from xlcollab.kernels.program.recording.record import record

START = torch.tensor(np.random.default_rng(0).normal(size=24))
MASK = torch.tensor(np.random.default_rng(1).random((4, 6)) < 0.6)
PLACES = torch.tensor([3, 0, 3, 23, 7])

PARTS: dict[str, Callable[[Tensor], Tensor]] = {
    "whole": lambda x: x.view(4, 6),
    "transposed": lambda x: x.view(6, 4).T,
    "row": lambda x: x[:6].view(1, 6).expand(4, 6),
    "column": lambda x: x[4:8].view(4, 1),
    "product": lambda x: x[:12].view(4, 3) @ x[6:24].view(3, 6),
    "batched": lambda x: (x.view(4, 1, 6) @ x.view(4, 6, 1)).view(4, 1),
    "windows": lambda x: x[:9].unfold(0, 6, 1),
    "picked": lambda x: x[PLACES][:4].view(4, 1),
    "rows": lambda x: x.view(8, 3)[torch.tensor([7, 0, 7, 2])] @ x[:18].view(3, 6),
    "joined": lambda x: torch.cat([x[:12].view(2, 6), x[12:].view(2, 6)]),
    "stacked": lambda x: torch.stack([x[:6], x[3:9], x[1:7], x[:6]]),
    "summed": lambda x: x.view(4, 6).sum(1, keepdim=True),
    "mean": lambda x: x.view(4, 6).mean(0),
    "largest": lambda x: x.view(4, 6).amax(1, keepdim=True),
    "running": lambda x: x.view(4, 6).cumsum(1),
    "backwards": lambda x: x.flip(0).view(4, 6),
    "scattered": lambda x: x.new_zeros(24).index_add(0, PLACES, x[:5]).view(4, 6),
    "constant": lambda x: MASK.double(),
}
UNARY: dict[str, Callable[[Tensor], Tensor]] = {
    "exp": lambda v: (v * 0.3).exp(),
    "sigmoid": torch.sigmoid,
    "tanh": torch.tanh,
    "square": torch.square,
    "sine": torch.sin,
    "root": lambda v: (v.square() + 0.1).sqrt(),
    "ln": lambda v: (v.square() + 0.1).log(),
    "masked": lambda v: torch.where(MASK, v, 0.0),
    "held": lambda v: v * v.detach(),
    "clamped": lambda v: v.clamp(-0.5, 0.8),
    "nothing": lambda v: v,
}
BINARY: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "+": torch.add,
    "-": torch.sub,
    "*": torch.mul,
    "/": lambda a, b: a / (b.square() + 1.0),
    "max": torch.maximum,
    "min": torch.minimum,
    "choice": lambda a, b: torch.where(a > b, a.square(), b),
}
TERM = st.tuples(st.sampled_from(sorted(PARTS)), st.sampled_from(sorted(UNARY)))


def made(terms: list[tuple[str, str]], joins: list[str], x: Tensor) -> Tensor:
    """A scalar of random parts joined in order."""
    total: Tensor | None = None
    for i, (part, unary) in enumerate(terms):
        value = UNARY[unary](PARTS[part](x).expand(4, 6))
        total = value if total is None else BINARY[joins[i % len(joins)]](total, value)
    assert total is not None
    return torch.where(MASK, total, 0.0).square().sum().sqrt() + total.sum(0).amax() + x[0]


@given(
    st.lists(TERM, min_size=1, max_size=5),
    st.lists(st.sampled_from(sorted(BINARY)), min_size=1, max_size=4),
)
@settings(derandomize=True, deadline=None, max_examples=150)
def test_random_expressions_agree_with_autograd(
    terms: list[tuple[str, str]], joins: list[str]
) -> None:
    def function(x: Tensor) -> Tensor:
        return made(terms, joins, x)

    leaf = START.clone().requires_grad_()
    value = function(leaf)
    (slope,) = torch.autograd.grad(value, leaf)
    recording = record(lambda x: [function(x)], START)
    found = native(recording).value_and_gradient(START.numpy())
    if not torch.isfinite(slope).all():  # the root of a sum that is exactly 0
        assert found is None
        return
    assert found is not None
    size = max(1.0, float(slope.abs().max()))
    assert found[0] == pytest.approx(value.item(), rel=1e-12)
    np.testing.assert_allclose(found[1], slope.numpy(), atol=1e-12 * size)
    ((view, _),) = recording.outputs
    node = gradient(recording.graph, view)
    (plain,) = evaluate(recording.graph, START.numpy(), [node])
    np.testing.assert_allclose(found[1], plain, atol=1e-12 * size)


@pytest.mark.parametrize("shape", [(3, 1000), (2000, 3), (40, 700), (1, 5000), (513, 513)])
def test_spaces_larger_than_a_tile(shape: tuple[int, int]) -> None:
    rows, columns = shape
    random = np.random.default_rng(rows)
    data = torch.tensor(random.normal(size=shape))
    start = torch.tensor(random.normal(size=rows + columns))

    def function(x: Tensor) -> Tensor:
        predicted = torch.tanh(x[:rows, None] + x[None, rows:]) * data
        return (predicted.square().sum(1) + predicted.amax(1)).mean()

    check(function, start)


@pytest.mark.parametrize("sizes", [(1, 40, 9), (30, 40, 50), (100, 3, 2), (7, 1, 600), (90, 90, 4)])
def test_products_of_many_shapes(sizes: tuple[int, int, int]) -> None:
    m, k, n = sizes
    start = torch.tensor(np.random.default_rng(m + k).normal(size=m * k + k * n))

    def function(x: Tensor) -> Tensor:
        a, b = x[: m * k], x[m * k :]
        first = a.view(m, k) @ b.view(k, n)
        second = a.view(k, m).T @ b.view(n, k).T
        return first.square().mean() + (second.sin() * first).mean()

    check(function, start)


def check(function: Callable[[Tensor], Tensor], start: Tensor) -> NativeProgram:
    leaf = start.clone().requires_grad_()
    value = function(leaf)
    (slope,) = torch.autograd.grad(value, leaf)
    program = lowered(function, start)
    assert program is not None
    found = program.value_and_gradient(start.numpy())
    assert found is not None
    assert found[0] == pytest.approx(value.item(), rel=1e-12)
    size = float(slope.abs().max())
    np.testing.assert_allclose(found[1], slope.numpy(), atol=1e-12 * size)
    return program


def test_a_branch_that_another_point_takes_is_left_to_the_function() -> None:
    def function(x: Tensor) -> Tensor:
        return x.square().sum() if bool((x > 0).all()) else x.sum()

    program = lowered(function, torch.tensor([1.0, 2.0], dtype=torch.float64))
    assert program is not None
    assert program.value_and_gradient(np.array([3.0, 1.0])) is not None
    assert program.value_and_gradient(np.array([-3.0, 1.0])) is None
    assert program.value_and_gradient(np.array([2.0, 1.0])) is not None


@pytest.mark.parametrize(
    "function",
    [
        lambda x: x.sum() * float(x.detach().sum()),
        lambda x: x.sum() * x.detach().numpy().sum(),
        lambda x: x.sum() * sum(x.tolist()),
        lambda x: x[torch.nonzero(x > 0).reshape(-1)].sum(),
        lambda x: torch.linalg.inv(x.view(2, 2)).sum(),
    ],
)
def test_numbers_read_past_the_recording_are_refused(function: Callable[[Tensor], Tensor]) -> None:
    assert lowered(function, torch.tensor([1.0, 2.0, 4.0, 3.0], dtype=torch.float64)) is None


def test_no_number_is_no_answer() -> None:
    program = lowered(lambda x: x.log().sum(), torch.tensor([1.0, 2.0], dtype=torch.float64))
    assert program is not None
    assert program.value_and_gradient(np.array([-1.0, 2.0])) is None
    assert program.value_and_gradient(np.array([0.0, 2.0])) is None


def test_any_array_of_numbers_is_a_point() -> None:
    program = check(lambda x: (x * x).sin().sum(), START)
    x = START.numpy()
    expected = program.value_and_gradient(x)
    assert expected is not None
    locked, spaced = x.copy(), np.repeat(x, 3)
    locked.flags.writeable = False
    for point in (locked, spaced[::3], x[::-1].copy()[::-1], x.astype(">f8")):
        found = program.value_and_gradient(point)
        assert found is not None
        assert found[0] == expected[0]
        np.testing.assert_array_equal(found[1], expected[1])
    single = program.value_and_gradient(x.astype(np.float32))
    assert single is not None
    np.testing.assert_allclose(single[1], expected[1], rtol=1e-5, atol=1e-5)


def test_a_gradient_stays_what_it_was() -> None:
    program = check(lambda x: x.pow(3).sum(), START)
    points = np.random.default_rng(4).normal(size=(40, len(START)))
    found = [program.value_and_gradient(point) for point in points]
    for point, pair in zip(points, found, strict=True):
        assert pair is not None
        np.testing.assert_allclose(pair[1], 3 * point**2, rtol=1e-14)


@pytest.mark.parametrize("columns", [1, 2, 3, 5, 7, 8, 9, 15, 16, 17])
def test_rows_of_any_length(columns: int) -> None:
    random = np.random.default_rng(columns)
    table = torch.tensor(random.normal(size=(90, columns)))

    def function(x: Tensor) -> Tensor:
        moved = (table + x[:90, None] * x[90:]).tanh() * x[:90, None]
        return torch.maximum(moved, x[90:]).square().sum() + moved.T.sin().sum(1).square().sum()

    check(function, torch.tensor(random.normal(size=90 + columns)))


@pytest.mark.parametrize("columns", [1, 2, 3, 4, 5, 6, 7, 8, 13, 18])
def test_rows_of_any_length_are_looked_up_and_added_back(columns: int) -> None:
    random = np.random.default_rng(columns)
    first, second = torch.tensor(random.integers(9, size=(2, 40)))

    def function(x: Tensor) -> Tensor:
        left, right = x.view(2, 9, columns)
        return (left[first] * right[second]).sum(1).sin().sum() + left[second].exp().sum()

    check(function, torch.tensor(random.normal(size=2 * 9 * columns)))


def test_a_batch_is_the_points_one_by_one() -> None:
    program = check(lambda x: made([("product", "tanh")], ["+"], x), START)
    points = np.random.default_rng(2).normal(size=(7, len(START)))
    points[3] = np.inf
    values, gradients = program.batch(points)
    for i, point in enumerate(points):
        found = program.value_and_gradient(point)
        if found is None:
            assert np.isnan(values[i])
            assert np.isnan(gradients[i]).all()
        else:
            assert values[i] == found[0]
            np.testing.assert_array_equal(gradients[i], found[1])


def test_a_copy_has_an_arena_of_its_own() -> None:
    program = check(lambda x: x.square().sum(), START)
    other = program.copy()
    assert other.arena is not program.arena
    found, again = (one.value_and_gradient(START.numpy()) for one in (program, other))
    assert found is not None
    assert again is not None
    assert found[0] == again[0]


def test_residuals_and_their_derivatives() -> None:
    def residuals(x: Tensor) -> Tensor:
        return torch.cat([(x[:3] * x[3:6]).sin(), x[6:].view(6, 3).exp().sum(1)])

    native_form = lowered_residuals(residuals, START, 10_000)
    assert native_form is not None
    right = torch.autograd.functional.jacobian(residuals, START)  # type: ignore[no-untyped-call]
    values, found = native_form.jacobian(START.numpy()) or (None, None)
    np.testing.assert_allclose(values, residuals(START), rtol=1e-13)
    np.testing.assert_allclose(found, right, atol=1e-13)
    np.testing.assert_allclose(native_form.values(START.numpy()), values, rtol=0)
    weights = np.linspace(-2.0, 3.0, len(right))
    pulled = native_form.pulled(START.numpy(), weights)
    np.testing.assert_allclose(pulled, weights @ right.numpy(), atol=1e-12)
    points = np.stack([START.numpy(), np.full(24, np.nan)])
    pairs = native_form.many(points, np.stack([weights, weights]))
    np.testing.assert_array_equal(pairs[0], [*pulled, *values])
    assert np.isnan(pairs[1]).all()
    plainly = residuals_plainly(residuals, START, 10_000)
    assert plainly is not None
    np.testing.assert_allclose(
        plainly.many(points, np.stack([weights, weights])), pairs, atol=1e-12
    )
    assert native_form.jacobian(np.full(24, np.nan)) is None
    assert lowered_residuals(residuals, START, 100) is None


@pytest.mark.parametrize(
    ("places", "width"),
    [
        ([0, 1, 2], 3),
        ([5, 6, 0, 1, 3, 4], 2),
        ([0, 1, 2, 3, 9, 10, 11, 12, 4, 5, 6, 7], 4),
        ([5, 6, 0, 1, 3, 5], 1),
        ([1, 2, 3, 4, 0, 1], 2),
        ([0, 1, 2, 3, 5, 6], 2),
        ([3, 3], 1),
        ([5], 1),
    ],
)
def test_rows_that_are_looked_up_whole_are_seen(places: list[int], width: int) -> None:
    assert side_by_side(np.array(places)) == width
