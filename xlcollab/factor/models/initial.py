"""The numbers a run starts from: drawn, or taken from a model that was trained before."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from xlcollab.errors import DataError
from xlcollab.factor.passes.rows import Floats, Rows
from xlcollab.settings.fitting import ModelSettings

Draw = Callable[[np.random.Generator, tuple[int, int], float], NDArray[np.float64]]


@dataclass(frozen=True, slots=True)
class StartArrays:
    """Factors and biases to begin with, from cells or elsewhere; None starts as settings say.

    `user_factors` (n_users, k), `item_factors` (n_items, k), biases (n_users,), (n_items,), in the
    order of the ratings table's vocabularies.
    """

    user_factors: ArrayLike | None = None
    item_factors: ArrayLike | None = None
    user_bias: ArrayLike | None = None
    item_bias: ArrayLike | None = None


def _kaiming(rng: np.random.Generator, shape: tuple[int, int], scale: float) -> Any:
    """Normal with variance 2 / fan-in; a factor feeds a sum of k products (He et al. 2015)."""
    return rng.normal(0, scale * np.sqrt(2 / max(1, shape[1])), shape)


DRAWS: Mapping[str, tuple[Draw, float]] = {
    "normal": (lambda rng, shape, scale: rng.normal(0, scale, shape), 0.005),
    "uniform": (lambda rng, shape, scale: rng.uniform(0, scale, shape), 1.0),
    "kaiming": (_kaiming, 1.0),
}


def start_rows(
    settings: ModelSettings,
    n_users: int,
    n_items: int,
    rng: np.random.Generator,
    given: StartArrays | None = None,
) -> Rows:
    """The rows a run starts from; biases start at 0 unless given.

    Raises DataError where a given array has another shape than the model.
    """
    given = given or StartArrays()
    dtype = np.dtype(settings.dtype)
    users, items = draw(settings, n_users, rng), draw(settings, n_items, rng)
    return Rows.pack(
        _given("user_factors", given.user_factors, users),
        _given("item_factors", given.item_factors, items),
        _given("user_bias", given.user_bias, np.zeros(n_users, dtype)),
        _given("item_bias", given.item_bias, np.zeros(n_items, dtype)),
    )


def draw(
    settings: ModelSettings, n: int, rng: np.random.Generator, width: int | None = None
) -> Floats:
    """Embeddings (n, width) drawn as the settings say; the width is n_factors unless given."""
    one, usual = DRAWS[settings.init]
    scale = usual if settings.init_scale is None else settings.init_scale
    return one(rng, (n, settings.n_factors if width is None else width), scale).astype(
        settings.dtype
    )


def _given(name: str, given: ArrayLike | None, drawn: Floats) -> Floats:
    if given is None:
        return drawn
    array = np.asarray(given, drawn.dtype)
    if array.shape != drawn.shape:
        raise DataError(f"{name} has shape {array.shape}; the model needs {drawn.shape}")
    if not np.isfinite(array).all():
        place = tuple(int(i) + 1 for i in np.argwhere(~np.isfinite(array))[0])
        raise DataError(f"{name} is {array[~np.isfinite(array)][0]} at row, column {place}")
    return array
