"""Constrained problems of Hock and Schittkowski (1981) with their published optima."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from xlcollab.optim import Objective

INF = math.inf


@dataclass(frozen=True)
class Case:
    """A problem in our form, its start, and the published optimum."""

    objective: Objective
    start: Tensor
    optimum: float


def _case(
    function: Callable[[Tensor], Tensor],
    start: list[float],
    optimum: float,
    constraints: Callable[[Tensor], list[Tensor]],
    limits: list[tuple[float, float]],
    bounds: list[tuple[float, float]] | None = None,
) -> Case:
    limit = torch.tensor(limits, dtype=torch.float64)
    bound = None if bounds is None else torch.tensor(bounds, dtype=torch.float64)
    objective = Objective(
        function=function,
        constraints=lambda x: torch.stack(constraints(x)),
        constraint_lower=limit[:, 0],
        constraint_upper=limit[:, 1],
        lower=None if bound is None else bound[:, 0],
        upper=None if bound is None else bound[:, 1],
    )
    return Case(objective, torch.tensor(start, dtype=torch.float64), optimum)


def _hs43(x: Tensor) -> Tensor:
    squares = x[0] ** 2 + x[1] ** 2 + 2 * x[2] ** 2 + x[3] ** 2
    return squares - 5 * x[0] - 5 * x[1] - 21 * x[2] + 7 * x[3]


def _hs43_limits(x: Tensor) -> list[Tensor]:
    a, b, c, d = x
    return [
        8 - a**2 - b**2 - c**2 - d**2 - a + b - c + d,
        10 - a**2 - 2 * b**2 - c**2 - 2 * d**2 + a + d,
        5 - 2 * a**2 - b**2 - c**2 - 2 * a + b + d,
    ]


def _hs76(x: Tensor) -> Tensor:
    squares = x[0] ** 2 + 0.5 * x[1] ** 2 + x[2] ** 2 + 0.5 * x[3] ** 2
    return squares - x[0] * x[2] + x[2] * x[3] - x[0] - 3 * x[1] + x[2] - x[3]


def _hs100(x: Tensor) -> Tensor:
    a, b, c, d, e, f, g = x
    first = (a - 10) ** 2 + 5 * (b - 12) ** 2 + c**4 + 3 * (d - 11) ** 2 + 10 * e**6
    return first + 7 * f**2 + g**4 - 4 * f * g - 10 * f - 8 * g


def _hs100_limits(x: Tensor) -> list[Tensor]:
    a, b, c, d, e, f, g = x
    return [
        127 - 2 * a**2 - 3 * b**4 - c - 4 * d**2 - 5 * e,
        282 - 7 * a - 3 * b - 10 * c**2 - d + e,
        196 - 23 * a - b**2 - 6 * f**2 + 8 * g,
        -4 * a**2 - b**2 + 3 * a * b - 2 * c**2 - 5 * f + 11 * g,
    ]


CASES: Mapping[str, Case] = {
    "HS6": _case(
        lambda x: (1 - x[0]) ** 2,
        [-1.2, 1.0],
        0.0,
        lambda x: [10 * (x[1] - x[0] ** 2)],
        [(0, 0)],
    ),
    "HS7": _case(
        lambda x: torch.log(1 + x[0] ** 2) - x[1],
        [2.0, 2.0],
        -math.sqrt(3),
        lambda x: [(1 + x[0] ** 2) ** 2 + x[1] ** 2],
        [(4, 4)],
    ),
    "HS12": _case(
        lambda x: 0.5 * x[0] ** 2 + x[1] ** 2 - x[0] * x[1] - 7 * x[0] - 7 * x[1],
        [0.0, 0.0],
        -30.0,
        lambda x: [4 * x[0] ** 2 + x[1] ** 2],
        [(-INF, 25)],
    ),
    "HS14": _case(
        lambda x: (x[0] - 2) ** 2 + (x[1] - 1) ** 2,
        [2.0, 2.0],
        9 - 2.875 * math.sqrt(7),
        lambda x: [-0.25 * x[0] ** 2 - x[1] ** 2 + 1, x[0] - 2 * x[1] + 1],
        [(0, INF), (0, 0)],
    ),
    "HS28": _case(
        lambda x: (x[0] + x[1]) ** 2 + (x[1] + x[2]) ** 2,
        [-4.0, 1.0, 1.0],
        0.0,
        lambda x: [x[0] + 2 * x[1] + 3 * x[2]],
        [(1, 1)],
    ),
    "HS35": _case(
        lambda x: (
            9
            - 8 * x[0]
            - 6 * x[1]
            - 4 * x[2]
            + 2 * x[0] ** 2
            + 2 * x[1] ** 2
            + x[2] ** 2
            + 2 * x[0] * x[1]
            + 2 * x[0] * x[2]
        ),
        [0.5, 0.5, 0.5],
        1 / 9,
        lambda x: [x[0] + x[1] + 2 * x[2]],
        [(-INF, 3)],
        [(0, INF)] * 3,
    ),
    "HS39": _case(
        lambda x: -x[0],
        [2.0, 2.0, 2.0, 2.0],
        -1.0,
        lambda x: [x[1] - x[0] ** 3 - x[2] ** 2, x[0] ** 2 - x[1] - x[3] ** 2],
        [(0, 0), (0, 0)],
    ),
    "HS40": _case(
        lambda x: -x[0] * x[1] * x[2] * x[3],
        [0.8, 0.8, 0.8, 0.8],
        -0.25,
        lambda x: [x[0] ** 3 + x[1] ** 2 - 1, x[0] ** 2 * x[3] - x[2], x[3] ** 2 - x[1]],
        [(0, 0)] * 3,
    ),
    "HS43": _case(_hs43, [0.0] * 4, -44.0, _hs43_limits, [(0, INF)] * 3),
    "HS71": _case(
        lambda x: x[0] * x[3] * (x[0] + x[1] + x[2]) + x[2],
        [1.0, 5.0, 5.0, 1.0],
        17.0140173,
        lambda x: [x.prod(), x.dot(x)],
        [(25, INF), (40, 40)],
        [(1, 5)] * 4,
    ),
    "HS76": _case(
        _hs76,
        [0.5] * 4,
        -4.681818181,
        lambda x: [
            x[0] + 2 * x[1] + x[2] + x[3],
            3 * x[0] + x[1] + 2 * x[2] - x[3],
            x[1] + 4 * x[2],
        ],
        [(-INF, 5), (-INF, 4), (1.5, INF)],
        [(0, INF)] * 4,
    ),
    "HS100": _case(
        _hs100, [1.0, 2.0, 0.0, 4.0, 0.0, 1.0, 1.0], 680.6300573, _hs100_limits, [(0, INF)] * 4
    ),
}
