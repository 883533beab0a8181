"""Jacobians and Hessians against formulas worked out by hand and against torch."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

import xlcollab as xc
from tests.build import build
from tests.faces.shell import xlcollab
from xlcollab.errors import DataError, UsageError


def book(tmp_path: Path, x: float, y: float, **formulas: str) -> xc.OpenBook:
    cells: dict[str, object] = {"A1": x, "A2": y}
    cells |= {cell: (text, 0.0) for cell, text in formulas.items()}
    return xc.open(build(tmp_path / "b.xlsx", {"S": cells}))  # type: ignore[arg-type]


def test_the_jacobian_of_an_area(tmp_path: Path) -> None:
    found = book(tmp_path, 2.0, 3.0, B1="=A1*A2", B2="=A1^2", B3="=EXP(A2)").jacobian(
        "S!B1:B3", with_respect_to="S!A1:A2"
    )
    assert found.values == pytest.approx([6.0, 4.0, np.exp(3.0)])
    assert found.derivatives == pytest.approx(
        np.array([[3.0, 2.0], [4.0, 0.0], [0.0, np.exp(3.0)]])
    )


@pytest.mark.parametrize(
    ("text", "kind", "eigenvalues"),
    [
        ("=A1^2+3*A2^2", "minimum", [2.0, 6.0]),
        ("=0-A1^2-3*A2^2", "maximum", [-6.0, -2.0]),
        ("=A1^2-A2^2", "saddle", [-2.0, 2.0]),
        ("=A1^2+0*A2", "valley", [0.0, 2.0]),
    ],
)
def test_what_a_point_is(tmp_path: Path, text: str, kind: str, eigenvalues: list[float]) -> None:
    found = book(tmp_path, 0.0, 0.0, B1=text).hessian("S!B1", with_respect_to="S!A1:A2")
    assert found.kind == kind
    assert found.is_stationary
    assert found.sentence.startswith(f"{kind}: ")
    assert found.eigenvalues == pytest.approx(eigenvalues, abs=1e-9)


@pytest.mark.parametrize("scale", [1e-6, 1.0, 1e6])
def test_the_hessian_is_that_of_torch(tmp_path: Path, scale: float) -> None:
    """Rosenbrock's valley, at a point that is not stationary and not of size one."""

    def banana(x: torch.Tensor) -> torch.Tensor:
        return scale * (100 * (x[1] - x[0] ** 2) ** 2 + (1 - x[0]) ** 2)

    text = f"={scale!r}*(100*(A2-A1^2)^2+(1-A1)^2)"
    found = book(tmp_path, -1.2, 50.0, B1=text).hessian("S!B1", with_respect_to="S!A1:A2")
    start = torch.tensor([-1.2, 50.0], dtype=torch.float64)
    expected = torch.autograd.functional.hessian(banana, start).numpy()  # type: ignore[no-untyped-call]
    np.testing.assert_allclose(found.matrix, expected, rtol=1e-6)
    assert not found.is_stationary or scale < 1e-3
    assert found.condition == pytest.approx(np.linalg.cond(expected), rel=1e-5)


def test_a_slope_that_is_short_beside_a_huge_value_makes_no_minimum(tmp_path: Path) -> None:
    """Five thousand million from the bottom: the value hides how long the gradient is."""
    found = book(tmp_path, 3.0, 0.0, B1="=(A1+5000000000)^2+A2^2")
    assert not found.hessian("S!B1", with_respect_to="S!A1:A2").is_stationary


def test_bad_requests_are_sentences(tmp_path: Path) -> None:
    opened = book(tmp_path, 0.0, 1.0, B1="=1/A1", B2="=A2")
    with pytest.raises(DataError, match="S!B1"):
        opened.hessian("S!B1", with_respect_to="S!A1:A2")
    with pytest.raises(DataError, match="S!B1"):
        opened.jacobian("S!B1:B2", with_respect_to="S!A1:A2")
    with pytest.raises(UsageError, match="one cell"):
        opened.hessian("S!B1:B2", with_respect_to="S!A1:A2")


def test_from_the_shell(tmp_path: Path) -> None:
    book(tmp_path, 1.0, 2.0, B1="=A1^2+A2^2+A1*A2", B2="=A1")
    path = tmp_path / "b.xlsx"
    found = xlcollab("gradient", path, "--of", "S!B1", "--with-respect-to", "S!A1:A2", "--second")
    assert found.code == 0
    assert "eigenvalues: 1, 3" in found.out
    assert "no stationary point" in found.out
    run = ("gradient", path, "--of", "S!B1:B2", "--with-respect-to", "S!A1:A2", "--json")
    assert xlcollab(*run).json["jacobian"] == [[4.0, 5.0], [1.0, 0.0]]
