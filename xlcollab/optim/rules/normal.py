"""min ‖r + S q‖² + μ ‖q‖² for several μ: by singular values, and several times sooner by Cholesky's
factors of SᵀS or S Sᵀ, where nothing is lost by squaring."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple, Protocol

import torch
from scipy.linalg import svd
from torch import Tensor

_FEWEST = 64
"""Rows and columns from which on the factors are sooner done than singular values."""
_MOST_TERMS = 12
"""Each costs as much as a matrix by a vector: after so many, singular values are as soon there."""
_ENOUGH = 1e4
"""Times the rounding: how well a series is summed."""
_HIDDEN = 64.0
"""Times the rounding of r: what of a gradient is none."""


class Damped(NamedTuple):
    """The q of a μ."""

    along: Tensor
    """q in a basis of its own, see `Equations.whole`."""
    fall: Callable[[], float | None]
    """qᵀ (SᵀS + μ)⁻¹ q, by which ‖q‖² / 2 falls with μ; None where it would not be good."""


class Equations(Protocol):
    """Where q is found for a μ."""

    def at(self, damping: float) -> Damped | None:
        """For μ = 0 the shortest of the best; None where it would not be good."""
        ...

    def whole(self, along: Tensor) -> Tensor:
        """q, (n,)."""
        ...


@dataclass(frozen=True, slots=True)
class Spectrum:
    """By singular values: for any S."""

    right: Tensor
    """Right singular vectors of S as rows, (q, n)."""
    values: Tensor
    """Its singular values, (q,)."""
    target: Tensor
    """-Uᵀ r, (q,)."""

    @staticmethod
    def of(scaled: Tensor, residuals: Tensor) -> Spectrum:
        left, values, right = _decomposed(scaled)
        return Spectrum(right, values, -(left.T @ residuals))

    def at(self, damping: float) -> Damped:
        """Singular values below rounding are none."""
        cut = torch.finfo(self.values.dtype).eps * len(self.values)
        kept = self.values > cut * self.values.max()
        below = self.values.square() + damping
        along = torch.where(kept, self.values * self.target / torch.where(kept, below, 1.0), 0.0)
        return Damped(along, lambda: (along.square() / torch.clamp(below, min=1e-300)).sum().item())

    def whole(self, along: Tensor) -> Tensor:
        """Out of the basis of the right singular vectors, (n,)."""
        return along @ self.right


def _decomposed(scaled: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """U, the singular values and Vᵀ. LAPACK's way by halves, which is torch's only one here, gives
    up on some matrices with many equal singular values; its older way is slow and does not."""
    try:
        left, values, right = torch.linalg.svd(scaled, full_matrices=False)
    except torch.linalg.LinAlgError:  # type: ignore[attr-defined]  # it is there, not exported
        parts = svd(scaled.cpu().numpy(), full_matrices=False, lapack_driver="gesvd")
        left, values, right = (torch.from_numpy(part).to(scaled) for part in parts)
    return left, values, right


@dataclass(frozen=True)
class Normal:
    """By the normal equations, (SᵀS + μ) q = -Sᵀr, or where S has fewer rows than columns by
    q = Sᵀz, (S Sᵀ + μ) z = -r.

    Their condition is S's squared, so μ is 0 or not below a part of SᵀS that leaves ten digits.
    """

    scaled: Tensor
    """S, (m, n)."""
    residuals: Tensor
    gram: Tensor
    """SᵀS or S Sᵀ, (k, k)."""
    size: float
    """Its Frobenius norm."""

    @staticmethod
    def of(scaled: Tensor, residuals: Tensor) -> Normal | None:
        """None for small S, whose singular values are as soon there."""
        if min(scaled.shape) < _FEWEST:
            return None
        rows, columns = scaled.shape
        gram = scaled @ scaled.T if rows < columns else scaled.T @ scaled
        return Normal(scaled, residuals, gram, torch.linalg.matrix_norm(gram).item())

    def at(self, damping: float) -> Damped | None:
        """None for μ between 0 and the least, and for an S whose rank rounding may tell wrong."""
        if damping == 0.0:
            return self._free
        factor = self._factor(damping) if damping >= self._least else None
        if factor is None:
            return None
        found = _solved(factor, self._side)
        return self._damped(found, lambda: _solved(factor, found))

    def whole(self, along: Tensor) -> Tensor:
        """q itself, (n,)."""
        return along

    @property
    def _is_wide(self) -> bool:
        return self.scaled.shape[0] < self.scaled.shape[1]

    @property
    def _eps(self) -> float:
        return float(torch.finfo(self.gram.dtype).eps)

    @property
    def _least(self) -> float:
        return float(self._eps ** (1 / 3) * self.size)

    @cached_property
    def _side(self) -> Tensor:
        return -self.residuals if self._is_wide else -(self.scaled.T @ self.residuals)

    def _factor(self, damping: float) -> Tensor | None:
        shifted = self.gram.clone()
        shifted.diagonal().add_(damping)
        factor, failed = torch.linalg.cholesky_ex(shifted)
        return None if failed.item() else factor

    def _damped(self, found: Tensor, again: Callable[[], Tensor | None]) -> Damped:
        """Of z or q, and what the equations make of it in turn."""

        def fall() -> float | None:
            other, own = again(), self.gram @ found if self._is_wide else found
            return None if other is None else own.dot(other).item()

        return Damped(self.scaled.T @ found if self._is_wide else found, fall)

    @cached_property
    def _free(self) -> Damped | None:
        """The shortest q for μ = 0; None where a singular value is so small that it may be none."""
        least = self._least
        factor = self._factor(least) if least > 0.0 else None
        if factor is None:
            return None
        found, left = _without_damping(factor, self._side, least, self._eps)
        gradient = self.scaled.T @ left if self._is_wide else left
        none = _HIDDEN * self._eps * self.size**0.5 * torch.linalg.vector_norm(self.residuals)
        if found is None or not torch.linalg.vector_norm(gradient) <= none:
            return None
        return self._damped(found, lambda: _without_damping(factor, found, least, self._eps)[0])


def _solved(factor: Tensor, side: Tensor) -> Tensor:
    """(G + μ)⁻¹ b, (k,)."""
    found: Tensor = torch.cholesky_solve(side[:, None], factor)[:, 0]
    return found


def _without_damping(
    factor: Tensor, side: Tensor, damping: float, eps: float
) -> tuple[Tensor | None, Tensor]:
    """G⁺ b from the factor of G + μ, and the part of b that no G x reaches.

    With cᵢ = (μ (G + μ)⁻¹)ⁱ b that part is the limit of cᵢ, and G⁺ b the sum over i > 0 of
    i (cᵢ - cᵢ₊₁) / μ, in which it cancels. The terms fall by μ / (λ + μ) each, λ the least
    eigenvalue above 0. None where that is slow.
    """
    left = damping * _solved(factor, side)
    total = torch.zeros_like(side)
    for i in range(1, _MOST_TERMS):
        following = damping * _solved(factor, left)
        term = i * (left - following)
        total, left = total + term, following
        size = torch.linalg.vector_norm(total)
        if torch.linalg.vector_norm(term) <= _ENOUGH * eps * size:
            return total / damping, left
    return None, left


def within(equations: Equations, radius: float) -> Tensor | None:
    """The best q with ‖q‖ ≤ radius, to a tenth, by Newton on 1/‖q(μ)‖ (Hebden 1973), (n,); None
    where the equations do not give it."""
    damping, found = 0.0, equations.at(0.0)
    if found is None:
        return None
    length = torch.linalg.vector_norm(found.along).item()
    if length <= 1.1 * radius:
        return equations.whole(found.along)
    for _ in range(50):
        if abs(length - radius) <= 0.1 * radius:
            break
        fall = found.fall()
        if fall is None:
            return None
        damping += (length - radius) / radius * length / max(fall / length, 1e-300)
        found = equations.at(damping)
        if found is None:
            return None
        length = torch.linalg.vector_norm(found.along).item()
    return equations.whole(found.along)
