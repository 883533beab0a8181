"""Objective and penalty as plain numbers, as far as numbers go."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from xlcollab.optim.problem import Objective
from xlcollab.optim.raw import Raw

Array = NDArray[np.float64]


class Line:
    """1 + 2 x, as a machine would give it."""

    def value_and_gradient(self, x: Array) -> tuple[float, Array]:
        return 1.0 + 2.0 * float(x[0]), np.array([2.0])

    def value_alone(self, x: Array) -> float:
        return self.value_and_gradient(x)[0]


def raw(l2: float, *, maximize: bool = False) -> Raw:
    objective = Objective(
        function=lambda x: 1.0 + 2.0 * x[0],
        native=Line(),  # type: ignore[arg-type]
        maximize=maximize,
    )
    return Raw(objective, l2)


@pytest.mark.parametrize("maximize", [False, True])
@pytest.mark.parametrize("l2", [0.0, 0.5])
def test_the_machines_numbers_are_those_of_the_function(l2: float, maximize: bool) -> None:
    x = torch.tensor([3.0], dtype=torch.float64, requires_grad=True)
    one = raw(l2, maximize=maximize)
    expected = one(x)
    (slope,) = torch.autograd.grad(expected.sum(), x)
    values, slopes = one.jacobian(x)
    np.testing.assert_allclose(values, expected.detach().numpy(), rtol=1e-15)
    np.testing.assert_allclose(slopes, slope.numpy()[None], rtol=1e-15)
    np.testing.assert_allclose(one.values(x), values, rtol=1e-15)


def test_a_square_that_no_number_holds_matters_only_to_a_penalty() -> None:
    far = torch.tensor([1e200], dtype=torch.float64)
    values, slopes = raw(0.0).jacobian(far)
    assert values.tolist() == [2e200]
    assert slopes.tolist() == [[2.0]]
    assert raw(0.5).values(far).tolist() == [np.inf]
