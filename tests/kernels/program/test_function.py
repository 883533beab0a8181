"""The machine behind a function of torch: autograd, its transformations, and second derivatives."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from xlcollab.kernels.program.function import MachineFunction
from xlcollab.kernels.program.lower import lowered

START = torch.tensor([0.3, 1.2, -0.7], dtype=torch.float64)


def plain(x: Tensor) -> Tensor:
    return (x.sin() * x.roll(1)).square().sum().sqrt()


class Doubled(torch.autograd.Function):
    """One of the few ways into torch that do not ask what kind of tensor they are given."""

    @staticmethod
    def forward(ctx: object, value: Tensor) -> Tensor:
        return value * 2.0

    @staticmethod
    def backward(ctx: object, *given: Tensor) -> Tensor:
        return given[0] * 2.0


def doubled(value: Tensor) -> Tensor:
    found: Tensor = Doubled.apply(value)  # type: ignore[no-untyped-call]
    return found


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


@pytest.mark.parametrize(
    "ask",
    [
        lambda v, x: torch.autograd.grad(v, x),
        lambda v, x: torch.autograd.grad([v], [x], retain_graph=True),
        lambda v, x: torch.autograd.grad(v, x, torch.tensor(2.0, dtype=torch.float64)),
        lambda v, x: torch.autograd.grad(v, x, create_graph=True),
        lambda v, x: torch.autograd.grad((v, v * 2.0), x),
        lambda v, x: torch.autograd.grad(v.log(), x),
        lambda v, x: (v.backward(), x.grad)[1:],
        lambda v, x: (torch.autograd.backward(v), x.grad)[1:],
        lambda v, x: (torch.autograd.backward(doubled(v)), x.grad)[1:],
        lambda v, x: torch.autograd.grad(torch.stack([v, v * 3.0]).sum(), x),
        lambda v, x: torch.autograd.grad(torch.cat([v.view(1), x]).prod(), x),
        lambda v, x: (v.requires_grad, v.item(), v.detach(), torch.autograd.grad(v, x)[0])[3:],
        lambda v, x: torch.autograd.grad(torch.autograd.grad(v, x, create_graph=True)[0].sum(), x),
    ],
)
def test_every_way_to_ask_for_the_gradient_gives_the_functions_own(
    ask: Callable[[Tensor, Tensor], tuple[Tensor, ...]],
) -> None:
    function = MachineFunction(plain, START)
    points = [START.clone().requires_grad_() for _ in range(2)]
    (ours,), (theirs,) = (ask(f(x), x) for f, x in zip((function, plain), points, strict=True))
    torch.testing.assert_close(ours, theirs, rtol=1e-12, atol=1e-14)
    assert ours.requires_grad == theirs.requires_grad


def test_what_is_made_of_a_value_is_a_plain_tensor_with_its_graph() -> None:
    function, x = MachineFunction(plain, START), START.clone().requires_grad_()
    value = function(x)
    assert type(value * 2.0) is Tensor
    assert type(value.detach()) is Tensor
    assert not value.detach().requires_grad
    assert float(value.detach()) == value.item() == pytest.approx(float(plain(START)), rel=1e-12)
    x.register_hook(lambda slope: slope * 3.0)
    (slope,) = torch.autograd.grad(function(x), x)
    (plainly,) = torch.autograd.grad(plain(x), x)
    torch.testing.assert_close(slope, plainly, rtol=1e-12, atol=1e-14)


def test_a_point_that_is_changed_later_leaves_the_gradient_as_it_was() -> None:
    function, x = MachineFunction(plain, START), START.clone().requires_grad_()
    value, before = function(x), plain(x)
    (right,) = torch.autograd.grad(before, x)
    with torch.no_grad():
        x += 1.0
    torch.testing.assert_close(torch.autograd.grad(value, x)[0], right)


def test_at_once_the_machine_answers_the_first_call() -> None:
    function = MachineFunction(plain, START, at_once=True)
    function(START)
    assert function.program is not None
