"""Every differentiable function on a CUDA device: values and gradients as on the CPU."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from tests.kernels.test_gradients import AWKWARD, CASES, ORDINARY, compiled
from xlcollab.kernels.trace.compiler import SheetFunction

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device"),
]


def value_and_gradient(
    function: SheetFunction, point: tuple[float, ...], device: str
) -> tuple[float, list[float]]:
    x = torch.tensor(point, dtype=torch.float64, device=device, requires_grad=True)
    value = function.to(torch.device(device), torch.float64).scalar(x)
    assert value.device.type == device
    (gradient,) = torch.autograd.grad(value, x) if value.requires_grad else (torch.zeros(4),)
    return value.item(), gradient.tolist()


@pytest.mark.parametrize("name", CASES)
def test_a_function_is_the_same_on_both_devices(name: str) -> None:
    function = compiled(CASES[name])
    for where, point in {"ordinary": ORDINARY, **AWKWARD}.items():
        here, slopes = value_and_gradient(function, point, "cpu")
        there, others = value_and_gradient(function, point, "cuda")
        assert there == pytest.approx(here, rel=1e-11, abs=1e-13, nan_ok=True), where
        if math.isfinite(here):
            np.testing.assert_allclose(others, slopes, rtol=1e-9, atol=1e-11, err_msg=where)
