"""`xlcollab factors`: what the factors of a sheet say about its items."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from xlcollab.api.factors.find import (
    area_of_bias,
    area_of_factors,
    biases_in,
    factors_in,
    labels_of,
    sheet_of_factors,
)
from xlcollab.api.factors.fitted import FITTED, FittedItems, fitted_items
from xlcollab.api.look.roles import Roles, roles_of
from xlcollab.api.session.session import Session
from xlcollab.errors import UsageError
from xlcollab.settings.counting import counted

_NEIGHBOURS = 3
"""Most similar items named for each: as many as a line of the sheet shows without scrolling."""
_COMPONENTS = 2
"""Of more than one factor, unless others are asked for."""


@dataclass(frozen=True, slots=True, eq=False)
class Factors:
    """The n items of a sheet by their k factors.

    `factors` (n, k); `bias` (n,) or None; `scores` (n, c) on the c principal components of the
    centred factors; `explained` (c,) the share of the variance on each; `nearest` (n, 3) the
    numbers of the most similar items by cosine and `similarity` (n, 3) how similar.
    """

    sheet: str
    items: tuple[str, ...]
    factors: NDArray[np.float64]
    bias: NDArray[np.float64] | None
    scores: NDArray[np.float64]
    explained: NDArray[np.float64]
    nearest: NDArray[np.int64]
    similarity: NDArray[np.float64]

    def as_json(self) -> dict[str, object]:
        """Plain lists, one entry per item."""
        return {
            "sheet": self.sheet,
            "items": list(self.items),
            "factors": self.factors.tolist(),
            "bias": None if self.bias is None else self.bias.tolist(),
            "scores": self.scores.tolist(),
            "explained": self.explained.tolist(),
            "nearest": [[self.items[j] for j in row] for row in self.nearest],
            "similarity": self.similarity.tolist(),
        }


def factors_of(
    book: Session,
    sheet: str | None = None,
    *,
    items: str | None = None,
    bias: str | None = None,
    components: int | None = None,
) -> Factors:
    """Analyse the item factors of a sheet, by default of the only one with a Solver model.

    The factors are the area `items`, else the sheet's name item_factors, else the operand of the
    prediction's product that moves with the column, else the variable area of its Solver model that
    is wider than high; the biases likewise: in the formula, the addend that moves with the column.
    `components` are 2, of a single factor 1. Raises ModelError when none is found, DataError when a
    factor is no number, UsageError for a wrong area or more components than factors.
    """
    name, found = _items_of(book, sheet, items, bias)
    factors = found.factors
    if components is None:
        components = min(_COMPONENTS, factors.shape[1])
    if not 1 <= components <= factors.shape[1]:
        asked, had = counted(components, "component"), counted(factors.shape[1], "factor")
        raise UsageError(f"{asked} of {had} cannot be made; ask for no more than there are")
    scores, explained = principal_components(factors, components)
    nearest, similarity = neighbours(factors, min(_NEIGHBOURS, len(factors) - 1))
    return Factors(
        sheet=name,
        items=tuple(found.names),
        factors=factors,
        bias=found.bias,
        scores=scores,
        explained=explained,
        nearest=nearest,
        similarity=similarity,
    )


def _items_of(
    book: Session, sheet: str | None, items: str | None, bias: str | None
) -> tuple[str, FittedItems]:
    """The sheet, and its items: those of a fit say what they are, others are looked for."""
    workbook = book.workbook
    fitted = fitted_items(workbook) if sheet in (None, FITTED) and not (items or bias) else None
    if fitted is not None:
        return FITTED, fitted
    name = sheet_of_factors(workbook, sheet)
    roles = Roles() if items and bias else roles_of(book.plan, name)
    where = area_of_factors(workbook, name, items, roles)
    biases = area_of_bias(workbook, name, bias, roles)
    factors = factors_in(workbook, where)
    names = list(labels_of(workbook, where, biases))
    return name, FittedItems(names, factors, biases_in(workbook, biases, len(factors)))


def principal_components(
    factors: NDArray[np.float64], count: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Scores (n, count) on the principal components of `factors` (n, k), and their variance shares.

    From the singular values of the centred matrix (Jolliffe, Principal Component Analysis, 3.5).
    The sign of a component makes its largest loading positive.
    """
    centred = factors - factors.mean(axis=0)
    left, sizes, loadings = np.linalg.svd(centred, full_matrices=False)
    largest = np.abs(loadings).argmax(axis=1)
    signs = np.where(loadings[np.arange(len(loadings)), largest] < 0, -1.0, 1.0)
    scores = (left * sizes * signs)[:, :count]
    padded = np.zeros((len(factors), count))
    padded[:, : scores.shape[1]] = scores
    total = float(np.square(sizes).sum())
    shares = np.zeros(count)
    shares[: len(sizes)] = np.square(sizes)[:count] / total if total else 0.0
    return padded, shares


def neighbours(
    factors: NDArray[np.float64], count: int
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """For each of n items the `count` most similar others by cosine: numbers, cosines, (n, count).

    An item whose factors are all zero is similar to none: its cosines are 0.
    """
    lengths = np.linalg.norm(factors, axis=1, keepdims=True)
    unit = np.divide(factors, lengths, out=np.zeros_like(factors), where=lengths > 0)
    cosine = unit @ unit.T
    np.fill_diagonal(cosine, -np.inf)
    order = np.argsort(-cosine, axis=1, kind="stable")[:, :count]
    return order, np.take_along_axis(cosine, order, axis=1)
