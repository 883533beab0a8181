"""The rules that prove a model convex, against second derivatives by finite differences."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import Tensor

from xlcollab.kernels.program.formulas import formulas
from xlcollab.optim.algebra.curvature import Curve, curves
from xlcollab.optim.algebra.formulas import Algebra, plain
from xlcollab.optim.algebra.values import values

Function = Callable[[Tensor], Tensor]
POSITIVE = (0.1, 3.0)
ANYWHERE = (-3.0, 3.0)

CONVEX: dict[str, tuple[Function, tuple[float, float]]] = {
    "square": (lambda x: x[0] ** 2 + 3 * x[1], ANYWHERE),
    "quadratic": (lambda x: x[0] ** 2 - x[0] * x[1] + x[1] ** 2, ANYWHERE),
    "squares of sums": (lambda x: (x[0] + x[1] - 1) ** 2 + (2 * x[0] - x[1]) ** 2, ANYWHERE),
    "fourth power": (lambda x: (x[0] - x[1]) ** 4, ANYWHERE),
    "exponential": (lambda x: torch.exp(x[0] + 2 * x[1]) + x[1], ANYWHERE),
    "inverse": (lambda x: 1 / x[0] + 5 / (x[0] + x[1]), POSITIVE),
    "entropy": (lambda x: x[0] * torch.log(x[0]) + x[1] * torch.log(x[1]), POSITIVE),
    "minus a logarithm": (lambda x: -torch.log(x[0] + x[1]) - torch.sqrt(x[0]), POSITIVE),
    "norm": (lambda x: torch.sqrt(x[0] ** 2 + (x[1] - 1) ** 2 + 0.5), ANYWHERE),
    "square over": (lambda x: x[0] ** 2 / (x[1] + 1), POSITIVE),
    "logarithm of exponentials": (
        lambda x: torch.log(torch.exp(x[0]) + 2 * torch.exp(x[1] - x[0])),
        ANYWHERE,
    ),
    "largest": (lambda x: torch.maximum(x[0], x[1] ** 2), ANYWHERE),
    "power": (lambda x: x[0] ** 1.5 + x[1] ** -2, POSITIVE),
    "cube": (lambda x: x[0] ** 3, POSITIVE),
}
NOT_KNOWN: dict[str, tuple[Function, tuple[float, float]]] = {
    "product": (lambda x: x[0] * x[1], ANYWHERE),
    "saddle": (lambda x: x[0] ** 2 - x[0] * x[1] * 3 + x[1] ** 2, ANYWHERE),
    "cube": (lambda x: x[0] ** 3, ANYWHERE),
    "sine": (lambda x: torch.sin(x[0]), ANYWHERE),
    "inverse": (lambda x: 1 / x[0], ANYWHERE),
    "quotient": (lambda x: x[0] / x[1], POSITIVE),
    "root of a saddle": (lambda x: torch.sqrt(9 + x[0] ** 2 - x[1] ** 2), ANYWHERE),
    "square of a parabola": (lambda x: (x[0] ** 2 - 1) ** 2, ANYWHERE),
    "smallest": (lambda x: torch.minimum(x[0], x[1]) ** 2, ANYWHERE),
}


def algebra(function: Function, start: float) -> Algebra:
    x = torch.tensor([start, start + 0.1], dtype=torch.float64)
    found = formulas(lambda x: function(x).reshape(1), x)
    assert found is not None
    return plain(found.nodes, found.results)


def curve(function: Function, box: tuple[float, float]) -> Curve:
    low, high = (np.full(2, end) for end in box)
    (found,) = curves(algebra(function, 1.0), low, high)
    return found


@pytest.mark.parametrize("name", CONVEX)
def test_what_is_convex_is_known(name: str) -> None:
    function, box = CONVEX[name]
    assert curve(function, box).convex
    assert curve(lambda x: -function(x), box).concave


@pytest.mark.parametrize("name", NOT_KNOWN)
def test_what_is_not_convex_is_not_called_so(name: str) -> None:
    function, box = NOT_KNOWN[name]
    assert not curve(function, box).convex


PARTS: list[Function] = [
    lambda x: x[0] ** 2,
    lambda x: -x[1],
    lambda x: torch.exp(x[0] - x[1]),
    lambda x: torch.sqrt(x[0] + 4),
    lambda x: torch.log(x[1] + 4),
    lambda x: 1 / (x[0] + 4),
    lambda x: (x[0] + x[1] + 7) ** 1.5,
    lambda x: torch.maximum(x[0], -x[1]),
    lambda x: (x[0] - 2 * x[1]).abs(),
    lambda x: x[0] * x[1],
]
JOINS: list[Callable[[Tensor, Tensor], Tensor]] = [
    torch.add,
    torch.sub,
    torch.mul,
    torch.maximum,
    torch.minimum,
    lambda a, b: torch.exp(0.3 * a) + b,
    lambda a, b: a**2 + b,
    lambda a, b: torch.log(5.1 + a.abs()) - b,
    lambda a, b: a / (b.abs() + 1),
]


def _composed(random: np.random.Generator) -> Function:
    one, other = (PARTS[i] for i in random.integers(0, len(PARTS), 2))
    join, outer = (JOINS[i] for i in random.integers(0, len(JOINS), 2))
    third = PARTS[random.integers(0, len(PARTS))]
    return lambda x: outer(join(one(x), other(x)), third(x))


@pytest.mark.parametrize("seed", range(60))
def test_what_is_called_convex_lies_below_its_chords(seed: int) -> None:
    random = np.random.default_rng(seed)
    function = _composed(random)
    found = curve(function, ANYWHERE)
    for _ in range(40):
        ends = torch.as_tensor(random.uniform(*ANYWHERE, (2, 2)))
        share = float(random.random())
        low = share * float(function(ends[0])) + (1 - share) * float(function(ends[1]))
        between = float(function(share * ends[0] + (1 - share) * ends[1]))
        room = 1e-9 * (1 + abs(low) + abs(between))
        if math.isfinite(low) and math.isfinite(between):
            assert not found.convex or between <= low + room
            assert not found.concave or between >= low - room


@pytest.mark.parametrize(
    "function",
    [
        lambda x: (x.roll(1) * x).sum() + x[[1, 0, 1]].sum(),
        lambda x: x.cumsum(0).square().sum(),
        lambda x: (x.flip(0)[None] * x[:, None]).cumsum(1).square().sum(),
        lambda x: torch.stack([x[0], x[1]]).amax() + x.prod(),
        lambda x: torch.where(x[0] > x[1], x[0].exp(), x[1]) + (x[:, None] @ x[None]).sum(),
    ],
)
def test_formulas_say_what_the_function_says(function: Function) -> None:
    """Moved, summed, picked and chosen numbers, at other points than they were written at."""
    written = algebra(function, 1.0)
    generator = torch.Generator().manual_seed(3)
    for _ in range(5):
        x = torch.randn(2, generator=generator, dtype=torch.float64)
        assert values(written, x.numpy())[0] == pytest.approx(float(function(x)), rel=1e-12)


@pytest.mark.parametrize("right", [False, True])
def test_a_long_sum_is_written_once(right: bool) -> None:
    """Not once for each of its beginnings, whichever side goes on; what is read twice stays."""
    count = 400
    nodes: list[tuple[str, tuple[int, ...], float]] = [
        ("variable", (), float(place)) for place in range(count)
    ]
    total, read_twice = 0, 0
    for place in range(1, count):
        op = "sub" if place % 3 == 0 and not right else "add"
        nodes.append((op, (place, total) if right else (total, place), 0.0))
        total = len(nodes) - 1
        read_twice = total if place == count // 2 else read_twice
    nodes.append(("product", (total, read_twice), 0.0))
    found = plain(nodes, (len(nodes) - 1,))
    assert sum(len(one.args) for one in found.nodes if one.op == "sum") < 2 * count
    x = np.linspace(-1.0, 2.0, count)
    signs = [-1.0 if one % 3 == 0 and one and not right else 1.0 for one in range(count)]
    half = count // 2 + 1
    expected = float(x @ signs) * float(x[:half] @ signs[:half])
    assert values(found, x)[0] == pytest.approx(expected, rel=1e-12)
