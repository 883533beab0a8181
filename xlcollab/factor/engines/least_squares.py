"""Alternating least squares with λ once a rating (Zhou et al. 2008), biases solved along."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from xlcollab.factor.engines.base import EpochLoss, n_parts
from xlcollab.factor.passes.kernels import error_pass
from xlcollab.factor.passes.normal import error_sums_by_row, solve_rows
from xlcollab.factor.passes.order import BySide
from xlcollab.factor.passes.output import Output
from xlcollab.factor.passes.rows import Columns, Floats, Rows, scalar

# Keeps the equations solvable for rows without ratings, whose answer it makes 0.
RIDGE = 1e-8


@dataclass(frozen=True, slots=True)
class Side:
    """One side's part in least squares: its ratings and where its unknowns are in a row."""

    ratings: BySide
    rows: Floats
    unknowns: list[int]
    bias_at: int

    @staticmethod
    def both(by_user: BySide, by_item: BySide, rows: Rows, bias: bool) -> tuple[Side, Side]:
        """Users and items; the unknowns are the factors and, with `bias`, the side's bias."""
        k = rows.n_factors

        def side(ratings: BySide, own: Floats, bias_at: int) -> Side:
            return Side(ratings, own, [*range(k), *([bias_at] if bias else [])], bias_at)

        return side(by_user, rows.users, k), side(by_item, rows.items, k + 1)

    def solve(
        self,
        other: Side,
        centre: float,
        prior: Any,
        prior_mean: Any,
        per_rating: Any,
        precisions: tuple[Floats, Floats],
        noise: Any,
    ) -> None:
        """Puts the solution (a draw, with noise) into this side's unknowns; see `normal`.

        `precisions` are those of our rows (n,) and of the other side's, in whose type the ratings
        are summed.
        """
        dtype = precisions[0].dtype
        solution = np.empty((len(self.rows), len(self.unknowns)), np.float64)
        solve_rows(
            self.ratings.cuts(4 * n_parts()),
            self.ratings.starts,
            self.ratings.others,
            self.ratings.ratings,
            scalar(dtype)(centre),
            np.ascontiguousarray(other.rows[:, self.unknowns], dtype),
            np.ascontiguousarray(other.rows[:, other.bias_at], dtype),
            prior,
            prior_mean,
            per_rating,
            *precisions,
            noise,
            solution,
        )
        self.rows[:, self.unknowns] = solution

    def errors_by_row(
        self, other: Side, centre: float, other_precision: Floats
    ) -> tuple[Floats, Floats]:
        """Σ error² of each row's ratings, and Σ precision · error² by the other side's, (n,)."""
        plain, weighted = np.zeros(len(self.rows)), np.zeros(len(self.rows))
        error_sums_by_row(
            self.ratings.cuts(4 * n_parts()),
            self.ratings.starts,
            self.ratings.others,
            self.ratings.ratings,
            scalar(self.rows.dtype)(centre),
            self.rows,
            other.rows,
            other_precision.astype(np.float64),
            plain,
            weighted,
        )
        return plain, weighted

    def squared_error(self, other: Side, output: Output) -> float:
        """Σ error² over this side's ratings."""
        cuts = self.ratings.cuts(n_parts())
        squared_errors = np.zeros(len(cuts) - 1)
        error_pass(
            cuts,
            self.ratings.starts,
            self.ratings.others,
            self.ratings.ratings,
            *output.numbers(self.rows.dtype),
            self.rows,
            other.rows,
            squared_errors,
        )
        return float(squared_errors.sum())


@dataclass(slots=True)
class LeastSquares:
    """An epoch solves all users, then all items; both exactly."""

    sides: tuple[Side, Side]
    rows: Rows
    output: Output
    columns: tuple[Columns, Columns]

    def run_epoch(self, epoch: int) -> EpochLoss:
        users, items = self.sides
        for side, other, columns in (
            (users, items, self.columns[0]),
            (items, users, self.columns[1]),
        ):
            d = len(side.unknowns)
            side.solve(
                other,
                self.output.centre,
                RIDGE * np.eye(d),
                np.zeros(d),
                columns.l2[side.unknowns].astype(np.float64),
                (np.ones(len(side.rows)), np.ones(len(other.rows))),
                np.zeros((len(side.rows), d)),
            )
        n = len(users.ratings.ratings)
        return EpochLoss(users.squared_error(items, self.output), n, math.nan)
