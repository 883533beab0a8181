"""Gradients of small sheets against finite differences."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray

from tests.kernels.engine import Cells, workbook
from xlcollab.kernels.trace.compiler import Compiler
from xlcollab.plan import build_plan
from xlcollab.ref import parse_area

STEP = 1e-6


def slopes(
    cells: Cells, variables: str, objective: str
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """(gradient, finite differences) of the cell `objective` in the cells `variables`."""
    book = workbook(cells)
    area = parse_area(variables, "Sheet1")
    _, start = book.sheet("Sheet1").block(area.rect)
    compiler = Compiler(build_plan(book), [area], start.reshape(-1))
    function = compiler.function([compiler.cells(parse_area(objective, "Sheet1"))])
    x = compiler.start.clone().requires_grad_()
    (gradient,) = torch.autograd.grad(function.scalar(x), x)
    steps = torch.eye(len(x), dtype=torch.float64) * STEP
    found = [
        float(function.scalar(compiler.start + step) - function.scalar(compiler.start - step))
        for step in steps
    ]
    return gradient.numpy(), np.array(found) / (2 * STEP)


def assert_slopes(cells: Cells, variables: str, objective: str) -> NDArray[np.float64]:
    """The gradient, which agrees with finite differences and is not all zero."""
    gradient, differences = slopes(cells, variables, objective)
    np.testing.assert_allclose(gradient, differences, rtol=1e-6, atol=1e-7)
    assert np.abs(gradient).max() > 0
    return gradient
