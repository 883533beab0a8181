"""Bayesian averaging: a Gibbs sampler for Bayesian probabilistic matrix factorisation.

Salakhutdinov and Mnih 2008: every row of a side is drawn from N(mean, precision⁻¹), both drawn from
a normal-Wishart (μ₀ = 0, β₀ = 2, W₀ = 1, ν₀ = d), and ratings have noise of precision α. What
differs: the biases are one more coordinate of a row; α is drawn too, from a flat gamma; and it is
multiplied by a precision of the user and one of the item, both gamma with mean 1 a priori, for some
rate more steadily than others, and about some films opinions are divided (such noise by users and
items: Lakshminarayanan, Bouchard and Archambeau 2011).

The mean prediction of S draws, 1/S Σ pₛ·qₛ, is the dot product of the draws laid side by side and
divided by √S: the averaged model is a factor model of S · k factors, and needs no code of its own.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xlcollab.factor.engines.base import EpochLoss
from xlcollab.factor.engines.draws import counts_draw
from xlcollab.factor.engines.least_squares import Side
from xlcollab.factor.passes.output import Output
from xlcollab.factor.passes.rows import Floats, Rows

_BETA_0 = 2.0
"""β₀ of the prior: see the module."""
_STEADY = 50.0
"""Ratings that the prior precision of a user's or an item's noise is worth. Found on u2 to u5."""
_BEARABLE = 1e5
"""How many times the prior's precision that of a row may be where float32 sums it: they must tell
the prior from their own rounding, also along what the other side's rows hardly have."""


@dataclass(slots=True)
class Gibbs:
    """An epoch draws the hyperparameters and the rows of both sides, then the noise.

    `rows` is the last draw; `kept` holds those that the model averages.
    """

    sides: tuple[Side, Side]
    rows: Rows
    output: Output
    rng: np.random.Generator
    n_epochs: int
    precision: float = 2.0
    kept: list[Rows] = field(default_factory=list)
    noise: list[float] = field(default_factory=list)
    """The variance of the noise at each draw that is kept, in the mean over the ratings."""
    own: tuple[Floats, Floats] = field(init=False)
    """The precisions of users (n_users,) and of items (n_items,): factors on the common one."""
    most: float = field(init=False)
    """The most ratings of a row, each worth what ratings differ (its square): with the precision,
    how much more than the prior they may know of a row."""

    def __post_init__(self) -> None:
        self.own = np.ones(len(self.rows.users)), np.ones(len(self.rows.items))
        apart = self.sides[0].ratings.ratings - self.output.centre
        most = max(int(side.ratings.counts.max(initial=0)) for side in self.sides)
        self.most = most * float(np.mean(np.square(apart), dtype=np.float64))

    def run_epoch(self, epoch: int) -> EpochLoss:
        """Draws, and keeps the draw where `counts_draw` says so."""
        users, items = self.sides
        self._draw(users, items, self.own)
        self._draw(items, users, self.own[::-1])
        squared_error = self._draw_noise()
        n = len(users.ratings.ratings)
        if counts_draw(epoch, self.n_epochs):
            self.kept.append(self.rows.copy())
            self.noise.append(squared_error / n)
        return EpochLoss(squared_error, n, math.nan)

    def _draw_noise(self) -> float:
        """Draws the precisions of users, of items and the common one. Returns Σ error²."""
        users, items = self.sides
        plain, weighted = users.errors_by_row(items, self.output.centre, self.own[1])
        of_users = self._precisions(users, weighted)
        _, weighted = items.errors_by_row(users, self.output.centre, of_users)
        of_items = self._precisions(items, weighted)
        self.own = of_users, of_items
        n, left = len(users.ratings.ratings), float(of_items @ weighted)
        self.precision = self.rng.gamma(1 + n / 2, 1 / (1 + left / 2))
        return float(plain.sum())

    def _precisions(self, side: Side, weighted: Floats) -> Floats:
        """Drawn from their posterior, given Σ of the other side's precision · error², (n,)."""
        shape = (_STEADY + side.ratings.counts) / 2
        drawn: Floats = self.rng.gamma(shape, 2 / (_STEADY + self.precision * weighted))
        return drawn

    def _draw(self, side: Side, other: Side, own: tuple[Floats, Floats]) -> None:
        mean, precision = draw_hyperparameters(
            side.rows[:, side.unknowns].astype(np.float64), self.rng
        )
        n, d = len(side.rows), len(side.unknowns)
        is_bearable = self.precision * self.most < _BEARABLE
        dtype = self.rows.users.dtype if is_bearable else np.dtype(np.float64)
        noise = self.rng.standard_normal((n, d))
        side.solve(
            other,
            self.output.centre,
            precision,
            precision @ mean,
            np.zeros(d),
            ((self.precision * own[0]).astype(dtype), own[1].astype(dtype)),
            noise,
        )


def averaged(draws: list[Rows]) -> Rows:
    """The one factor model that predicts the mean of the draws' predictions."""
    root = math.sqrt(len(draws))
    return Rows.pack(
        np.hstack([draw.user_factors for draw in draws]) / root,
        np.hstack([draw.item_factors for draw in draws]) / root,
        np.mean([draw.user_bias for draw in draws], axis=0),
        np.mean([draw.item_bias for draw in draws], axis=0),
    )


def draw_hyperparameters(
    rows: NDArray[np.float64], rng: np.random.Generator
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Mean (d,) and precision (d, d) from their posterior given `rows` (n, d); equation 14."""
    n, d = rows.shape
    centre = rows.mean(axis=0)
    spread = rows - centre
    scatter = np.eye(d) + spread.T @ spread + _BETA_0 * n / (_BETA_0 + n) * np.outer(centre, centre)
    precision = draw_wishart(np.linalg.inv(scatter), d + n, rng)
    root = np.linalg.cholesky((_BETA_0 + n) * precision)
    mean = n / (_BETA_0 + n) * centre + np.linalg.solve(root.T, rng.standard_normal(d))
    return mean, precision


def draw_wishart(
    scale: NDArray[np.float64], freedom: float, rng: np.random.Generator
) -> NDArray[np.float64]:
    """A Wishart matrix with mean freedom · scale, by Bartlett's decomposition. Shape (d, d)."""
    d = len(scale)
    lower: Any = np.tril(rng.standard_normal((d, d)), -1)
    lower[np.diag_indices(d)] = np.sqrt(rng.chisquare(freedom - np.arange(d)))
    root: NDArray[np.float64] = np.linalg.cholesky(scale) @ lower
    return root @ root.T
