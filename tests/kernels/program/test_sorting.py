"""Rows in order, and counts of what lies below, against torch's own sorts and searches."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor

from xlcollab.kernels.functions.statistics.ties import shared
from xlcollab.kernels.program.machine.native import native
from xlcollab.kernels.program.plain import plain, plain_values
from xlcollab.kernels.program.recording.record import record

ROWS = 3
WEIGHTS = torch.linspace(0.5, 2.0, 600, dtype=torch.float64)

WAYS: dict[str, Callable[[Tensor], Tensor]] = {
    "rising": lambda x: x.view(ROWS, -1).sort(dim=-1, stable=True).values.flatten(),
    "falling": lambda x: x.view(ROWS, -1).sort(dim=-1, stable=True, descending=True)[0].flatten(),
    "by columns": lambda x: x.view(-1, ROWS).sort(dim=0, stable=True).values.flatten(),
    "their places": lambda x: x * x.view(ROWS, -1).sort(dim=-1, stable=True).indices.flatten(),
    "of all": lambda x: x * torch.searchsorted(x.detach().sort().values, x.detach()),
    "of rows, with equals": lambda x: (
        x.view(ROWS, -1)
        * torch.searchsorted(
            x.detach().view(ROWS, -1).sort(dim=-1).values, x.detach().view(ROWS, -1), right=True
        )
    ).flatten(),
    "equals share": lambda x: shared(x.sort(stable=True).values),
}


def numbers(kind: str, size: int) -> NDArray[np.float64]:
    draw = np.random.default_rng(size)
    found = {
        "all different": draw.normal(size=size),
        "few values": draw.integers(-2, 3, size).astype(float),
        "in order": np.linspace(-1.0, 1.0, size),
        "backwards": np.linspace(1.0, -1.0, size),
    }
    return found[kind]


@pytest.mark.parametrize("size", [3, 36, 39, 72, 75, 78, 201, 600])
@pytest.mark.parametrize("way", WAYS)
def test_sorts_agree_with_torch(way: str, size: int) -> None:
    """Values and slopes of weighted sums, by the machine and by numpy."""

    def function(x: Tensor) -> Tensor:
        return (WAYS[way](x) * WEIGHTS[:size]).sum()

    start = torch.from_numpy(numbers("all different", size))
    recording = record(lambda x: [function(x)], start)
    machine, by_numpy, values = native(recording), plain(recording), plain_values(recording)
    for kind in ("all different", "few values", "in order", "backwards"):
        point = numbers(kind, size)
        leaf = torch.tensor(point, requires_grad=True)
        value = function(leaf)
        (slope,) = torch.autograd.grad(value, leaf)
        for program in (machine, by_numpy):
            found = program.value_and_gradient(point)
            assert found is not None
            assert found[0] == pytest.approx(value.item(), rel=1e-11, abs=1e-11)
            np.testing.assert_allclose(found[1], slope.numpy(), rtol=1e-11, atol=1e-11)
        several = values.batch(np.stack([point, point[::-1]]))[0]
        assert several[0] == pytest.approx(value.item(), rel=1e-11, abs=1e-11)
