"""Second derivatives of residuals, against autograd's."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from tests.kernels.program.test_native import BINARY, START, TERM, made
from xlcollab.kernels.program.lower import curves_plainly

Residuals = Callable[[Tensor], Tensor]


def by_autograd(residuals: Residuals, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """r, J and Σ rᵢ ∇²rᵢ."""
    r = residuals(x).detach()
    rows = torch.autograd.functional.jacobian(residuals, x)
    sums = torch.autograd.functional.hessian(lambda z: residuals(z).dot(r), x)
    return r, rows, sums


def agree(residuals: Residuals, x: Tensor) -> None:
    found = curves_plainly(residuals, x, 10_000_000)
    assert found is not None
    r, rows, sums = by_autograd(residuals, x)
    told = found.at(x.numpy(), r.numpy())
    if not torch.isfinite(sums).all():
        assert told is None
        return
    assert told is not None
    for mine, wanted in zip(told, (rows, sums), strict=True):
        size = max(1.0, float(wanted.abs().max()))
        np.testing.assert_allclose(mine, wanted.numpy(), atol=1e-10 * size)


SMOOTH = ("sin", "exp", "tanh", "sigmoid", "square", "log", "sqrt", "atan")


@pytest.mark.parametrize("name", SMOOTH)
def test_elementwise_functions(name: str) -> None:
    x = torch.tensor([0.3, 1.7, 0.9], dtype=torch.float64)
    function = getattr(torch, name)
    agree(lambda z: function(z * z.flip(0)) - z.sum(), x)


def test_a_factorisation_with_look_ups() -> None:
    """A table of rows that are looked up, more variables than are asked for at once."""
    generator = torch.Generator().manual_seed(4)
    x = torch.randn(2 * 40 * 3, generator=generator, dtype=torch.float64)
    users, items = torch.randint(0, 40, (2, 300), generator=generator)
    known = torch.randn(300, generator=generator, dtype=torch.float64)

    def residuals(z: Tensor) -> Tensor:
        left, right = z.view(2, 40, 3).unbind()
        return (left[users] * right[items]).sum(1).sigmoid() - known

    agree(residuals, x)


@given(
    st.lists(TERM, min_size=1, max_size=4),
    st.lists(st.sampled_from(sorted(BINARY)), min_size=1, max_size=3),
)
@settings(derandomize=True, deadline=None, max_examples=30)
def test_random_expressions_have_the_jacobian_of_one_pass_backwards(
    terms: list[tuple[str, str]], joins: list[str]
) -> None:
    """Slopes of slopes have more corners than slopes: here the first are looked at alone."""

    def residuals(z: Tensor) -> Tensor:
        return torch.stack([made(terms, joins, z), z.square().sum()])

    found = curves_plainly(residuals, START, 10_000_000)
    if found is None:
        return
    r, rows, _ = by_autograd(residuals, START)
    told = found.at(START.numpy(), r.numpy())
    if told is not None:
        size = max(1.0, float(rows.abs().max()))
        np.testing.assert_allclose(told[0], rows.numpy(), atol=1e-10 * size)


def test_what_takes_long_is_left_out() -> None:
    x = torch.ones(300, dtype=torch.float64)
    assert curves_plainly(lambda z: z * z.sum(), x, 100_000) is None
