"""The machine behind a function of torch: autograd, its transformations, and second derivatives."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from xlcollab.kernels.program.function import MachineFunction
from xlcollab.kernels.program.lower import lowered

START = torch.tensor([0.3, 1.2, -0.7], dtype=torch.float64)


def plain(x: Tensor) -> Tensor:
    return (x.sin() * x.roll(1)).square().sum().sqrt()


@pytest.fixture(autouse=True, scope="module")
def compiled() -> None:
    """Where the machine is not compiled yet, a function would first be answered by the tape."""
    assert lowered(plain, START) is not None


def test_autograd_sees_the_value_and_the_gradient() -> None:
    function = MachineFunction(plain, START)
    assert function.program is not None
    ours, theirs = START.clone().requires_grad_(), START.clone().requires_grad_()
    (function(ours * 2.0) * 3.0).backward()  # type: ignore[no-untyped-call]
    (plain(theirs * 2.0) * 3.0).backward()  # type: ignore[no-untyped-call]
    assert ours.grad is not None
    assert theirs.grad is not None
    torch.testing.assert_close(ours.grad, theirs.grad, rtol=1e-12, atol=1e-14)
    assert not function(START).requires_grad


def test_second_derivatives_and_transformations_are_the_functions_own() -> None:
    function = MachineFunction(plain, START)
    both = [
        torch.autograd.functional.hessian(f, START)  # type: ignore[no-untyped-call]
        for f in (function, plain)
    ]
    torch.testing.assert_close(*both)
    points = torch.stack([START, START + 1.0])
    for transform in (torch.func.vmap, lambda f: torch.func.vmap(torch.func.grad(f))):
        torch.testing.assert_close(transform(function)(points), transform(plain)(points))


def test_other_types_and_points_without_numbers_go_to_the_function() -> None:
    function = MachineFunction(plain, START)
    assert function(START.float()).dtype is torch.float32
    assert torch.isnan(function(torch.full((3,), torch.nan, dtype=torch.float64)))
