"""A quadratic that bends along a valley by next to nothing has an end; one that does not bend there
at all has none where it leads down."""

from __future__ import annotations

import math

import numpy as np
import pytest

from xlcollab.optim.linear.model import Program, sparse
from xlcollab.optim.linear.search import Limits
from xlcollab.optim.linear.solving import optimum


def valley(bend: float, angle: float, slope: float, unit: float) -> Program:
    """½ xᵀ(across·across' + bend·along·along')x + slope·along·x, times a unit."""
    along = np.array([math.cos(angle), math.sin(angle)])
    across = np.array([-along[1], along[0]])
    hessian = np.outer(across, across) + bend * np.outer(along, along)
    return Program(
        c=unit * slope * along,
        matrix=sparse(across[None]),
        row_lower=np.array([-1.0]),
        row_upper=np.array([np.inf]),
        lower=np.full(2, -np.inf),
        upper=np.full(2, np.inf),
        integer=np.zeros(2, np.bool_),
        hessian=sparse(unit * hessian),
    )


@pytest.mark.parametrize("unit", [1e-7, 1.0, 1e6])
@pytest.mark.parametrize("angle", [0.3, 0.8, 2.0])
@pytest.mark.parametrize("bend", [1e-1, 1e-3, 1e-5, 1e-7])
def test_what_bends_is_not_unbounded(bend: float, angle: float, unit: float) -> None:
    found = optimum(valley(bend, angle, 1.0, unit), Limits())
    assert found.ending != "unbounded"
    if found.ending == "optimal":
        assert found.value == pytest.approx(-0.5 * unit / bend, rel=1e-4)


@pytest.mark.parametrize("unit", [1e-7, 1.0, 1e6])
@pytest.mark.parametrize("angle", [0.3, 0.8, 2.0])
def test_what_does_not_bend_and_falls_is(angle: float, unit: float) -> None:
    assert optimum(valley(0.0, angle, 1.0, unit), Limits()).ending == "unbounded"


@pytest.mark.parametrize("angle", [0.3, 0.8, 2.0])
def test_what_is_level_along_a_valley_has_an_end(angle: float) -> None:
    assert optimum(valley(0.0, angle, 0.0, 1.0), Limits()).ending == "optimal"
