"""A sheet whose points take several courses has a program for each that is met."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from xlcollab.kernels.program.courses import Courses
from xlcollab.kernels.program.lower import values_plainly

Numbers = NDArray[np.float64]


def _by_course(x: Tensor) -> Tensor:
    """Where it looks at all numbers at once to decide how to go on."""
    if bool((x[:2] > 1).any()):
        return (x * 3).sum() if bool((x[2:] > 1).any()) else x.prod()
    return x.square().sum() if bool((x > 0).all()) else torch.sqrt(x).sum()


def _courses(start: list[float]) -> tuple[Courses, list[Numbers]]:
    asked: list[Numbers] = []

    def make(x: Numbers) -> object:
        asked.append(x)
        return values_plainly(_by_course, torch.as_tensor(x))

    first = make(np.array(start))
    assert first is not None
    return Courses(first, make), asked  # type: ignore[arg-type]


def test_every_course_has_its_program() -> None:
    courses, asked = _courses([0.5, 0.5, 0.5])
    points = np.random.default_rng(2).uniform(0.01, 2.0, (400, 3))
    courses.batch(points)
    values = courses.batch(points)[0]
    with torch.no_grad():
        truth = [float(_by_course(torch.as_tensor(point))) for point in points]
    np.testing.assert_allclose(values, truth, rtol=1e-12)
    assert len(asked) == 3
    alone = courses.value_alone(points[0])
    assert alone is not None
    np.testing.assert_allclose(alone, truth[0])


def test_what_is_no_number_has_no_program() -> None:
    """And it is not tried again and again."""
    courses, asked = _courses([0.5, 0.5, 0.5])
    points = -np.random.default_rng(2).uniform(0.1, 1.0, (50, 3))
    for _ in range(40):
        assert np.isnan(courses.batch(points)[0]).all()
    assert courses.value_alone(points[0]) is None
    assert len(asked) <= 20


def test_few_points_are_not_worth_a_program() -> None:
    courses, asked = _courses([0.5, 0.5, 0.5])
    assert np.isnan(courses.batch(np.array([[1.5, 0.5, 0.5]]))[0]).all()
    assert len(asked) == 1
