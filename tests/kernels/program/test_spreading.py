"""Operands of other shapes than the result, recorded: each number stands where torch puts it."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import Tensor

from xlcollab.kernels.program.core.reference import evaluate
from xlcollab.kernels.program.recording.record import record

Function = Callable[[Tensor], Tensor]
START = torch.tensor(np.random.default_rng(2).uniform(0.5, 2.0, 24))
SHAPES = [
    ((2, 3), (3,)),
    ((2, 3), (2, 1)),
    ((2, 1), (3,)),
    ((2, 1), (1, 3)),
    ((2, 2, 3), (2, 1)),
    ((2, 1, 3), (2, 2, 1)),
    ((3,), (2, 1, 1)),
    ((1,), (2, 3)),
    ((), (2, 3)),
    ((1, 1), (1,)),
]
"""Pairs that torch spreads over one another."""
OPERATIONS: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "subtract": torch.sub,
    "subtract twice": lambda a, b: torch.sub(a, b, alpha=2),
    "divide": torch.div,
    "power": torch.pow,
    "where": lambda a, b: torch.where(a > b, a * a, b),
    "maximum": torch.maximum,
}


def checked(function: Function) -> None:
    """What a function gives and what its recording gives, number by number."""
    recording = record(lambda x: [function(x)], START)
    ((view, shape),) = recording.outputs
    expected = function(START.clone())
    (buffer,) = evaluate(recording.graph, START.numpy(), [view.node])
    steps = [step * buffer.itemsize for step in view.strides]
    seen = np.lib.stride_tricks.as_strided(buffer[view.offset :], tuple(expected.shape), steps)
    np.testing.assert_allclose(seen, expected.numpy(), rtol=1e-15)
    assert tuple(shape) == tuple(expected.shape)


def cut(x: Tensor, first: tuple[int, ...], second: tuple[int, ...]) -> tuple[Tensor, Tensor]:
    n = math.prod(first)
    return x[:n].view(first), x[n : n + math.prod(second)].view(second)


@pytest.mark.parametrize("shapes", SHAPES, ids=str)
@pytest.mark.parametrize("name", OPERATIONS)
def test_both_move(name: str, shapes: tuple[tuple[int, ...], tuple[int, ...]]) -> None:
    operation = OPERATIONS[name]
    checked(lambda x: operation(*cut(x, *shapes)))
    checked(lambda x: operation(*reversed(cut(x, *shapes))))


@pytest.mark.parametrize("shapes", SHAPES, ids=str)
@pytest.mark.parametrize("name", OPERATIONS)
def test_one_is_constant(name: str, shapes: tuple[tuple[int, ...], tuple[int, ...]]) -> None:
    operation = OPERATIONS[name]
    constant = torch.arange(1.0, 1 + math.prod(shapes[1]), dtype=torch.float64).view(shapes[1])
    moving = slice(0, math.prod(shapes[0]))
    checked(lambda x: operation(x[moving].view(shapes[0]), constant))
    checked(lambda x: operation(constant, x[moving].view(shapes[0])))


VIEWS: dict[str, Function] = {
    "turned": lambda x: x.view(4, 6).T - x[:4],
    "spread": lambda x: x[:4].expand(6, 4) * x.view(6, 4),
    "every second": lambda x: x[::2].view(3, 4) / x[1::6],
    "turned and spread": lambda x: x[:6].view(2, 3).T[None] - x[:2],
    "moved": lambda x: x.view(2, 3, 4).permute(2, 0, 1) + x[:6].view(2, 3),
    "a number": lambda x: x.view(4, 6) - 3.0,
    "from a number": lambda x: 3.0 - x.view(4, 6)[:, :1],
    "a column of a constant": lambda x: x[:4] * torch.arange(12.0).view(4, 3)[:, 1].double(),
}


@pytest.mark.parametrize("name", VIEWS)
def test_views_of_other_strides(name: str) -> None:
    checked(VIEWS[name])
