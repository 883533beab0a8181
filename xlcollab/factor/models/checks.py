"""What must hold in a model file before anything is computed with it.

Kernels index arrays without looking: numbers from a file are believed only after this.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xlcollab.errors import DataError, UsageError
from xlcollab.factor.models.model import Model, Rated
from xlcollab.factor.models.uncertainty import Draws
from xlcollab.factor.models.uptake import Uptake
from xlcollab.factor.passes.output import Output
from xlcollab.settings.fitting import IMPLICIT_RULES, ModelSettings
from xlcollab.settings.words import CONFIDENCES

Arrays = Mapping[str, NDArray[Any]]


@contextmanager
def told_as_damage(path: Path) -> Iterator[None]:
    """Whatever goes wrong inside is said of the file, as a DataError."""
    try:
        yield
    except DataError as error:
        raise DataError(f"{path} is damaged: {error}; save the model again") from None
    except KeyError as error:
        raise DataError(f"{path} is damaged: it has no {error}; save the model again") from None
    except (
        ArithmeticError,
        AttributeError,
        IndexError,
        RecursionError,
        RuntimeError,
        TypeError,
        UsageError,
        ValueError,
    ) as error:
        raise DataError(f"{path} is damaged: {error}; save the model again") from None


def check_rated(rated: Rated, n_users: int, n_items: int) -> None:
    """Every user has a stretch of the list, and every number in it is an item's. Raises
    DataError."""
    starts, items = rated.starts, rated.items
    _check_whole("rated/starts", starts, (n_users + 1,))
    _check_whole("rated/items", items, (len(items),))
    if starts[0] != 0 or starts[-1] != len(items) or (np.diff(starts) < 0).any():
        raise DataError("rated/starts does not rise from 0 to the number of ratings")
    if len(items) and (items.min() < 0 or items.max() >= n_items):
        raise DataError(f"rated/items names items that are none of the {n_items:,}")


def check_weights(model: Model) -> None:
    """One row of finite numbers for every id, of one width on both sides. Raises DataError."""
    sides = (
        ("user", model.user_ids, model.user_factors, model.user_bias),
        ("item", model.item_ids, model.item_factors, model.item_bias),
    )
    if model.user_factors.ndim != 2:
        raise DataError(f"user_factors has the shape {model.user_factors.shape}, expected a table")
    width = model.user_factors.shape[1]
    for name, ids, factors, bias in sides:
        check_floats(f"{name}_factors", factors, (len(ids), width))
        check_floats(f"{name}_bias", bias, (len(ids),))
    draws: Draws | None = getattr(model, "draws", None)
    if draws is not None:
        check_floats("draws/user", draws.users, (len(model.user_ids),))
        check_floats("draws/item", draws.items, (len(model.item_ids),))


def check_floats(
    name: str, array: NDArray[np.generic], shape: tuple[int, ...] | None = None
) -> None:
    """Raises DataError unless `array` holds finite floats in this shape."""
    if array.dtype.kind != "f":
        raise DataError(f"{name} holds {array.dtype}, expected floats")
    if shape is not None and array.shape != shape:
        raise DataError(f"{name} has the shape {array.shape}, expected {shape}")
    if not np.isfinite(array).all():
        raise DataError(f"{name} holds a number that is not finite")


def check_output(output: Output) -> None:
    """The numbers that turn a dot product into a rating. Raises DataError."""
    numbers = (output.centre, output.low, output.span, *output.seen)
    if len(output.seen) != 2 or not all(map(_is_number, numbers)):
        raise DataError("the output range holds something else than finite numbers")
    if output.span < 0 or output.seen[0] > output.seen[1]:
        raise DataError("the output range falls")


def check_weight(weight: object) -> float:
    """What popularity weighs. Raises DataError unless it is a finite number, 0 or more."""
    if not _is_number(weight) or float(weight) < 0:  # type: ignore[arg-type]
        raise DataError(f"the weight of popularity is {weight!r}, expected a number of 0 or more")
    return float(weight)  # type: ignore[arg-type]


def checked_draws(draws: Draws, width: int) -> Draws:
    """The same draws. Raises DataError where they do not lie in factors of this width."""
    whole = isinstance(draws.n, int) and not isinstance(draws.n, bool) and draws.n > 1
    if not whole or width % draws.n or check_weight(draws.noise) <= 0:
        raise DataError(f"{draws.n!r} draws with noise {draws.noise!r} do not fit {width} factors")
    for name, variances in (("draws/user", draws.users), ("draws/item", draws.items)):
        check_floats(name, variances)
        if variances.ndim != 1 or (variances < 0).any():
            raise DataError(f"{name} holds no variances")
    return draws


def checked_uptake(said: Any, settings: ModelSettings) -> Uptake | None:
    """What a file says of an implicit model's training; None of any other model. Raises DataError
    where it is no such record."""
    if not settings.implicit:
        return None
    if not isinstance(said, dict):
        raise DataError("it says nothing of how its counts were weighed")
    found = Uptake(**said)
    numbers = (found.l2, found.alpha, found.mean)
    if not all(_is_number(one) and one >= 0 for one in numbers) or not found.mean:
        raise DataError(f"counts are weighed by {numbers}, expected numbers of 0 or more")
    if found.rule not in IMPLICIT_RULES or found.confidence not in CONFIDENCES:
        raise DataError(f"counts are weighed by {found.rule!r} and {found.confidence!r}")
    return found


def _is_number(value: Any) -> bool:
    plain = isinstance(value, int | float) and not isinstance(value, bool)
    return plain and math.isfinite(value)


def _check_whole(name: str, array: NDArray[np.generic], shape: tuple[int, ...]) -> None:
    if array.dtype.kind not in "iu":
        raise DataError(f"{name} holds {array.dtype}, expected whole numbers")
    if array.shape != shape:
        raise DataError(f"{name} has the shape {array.shape}, expected {shape}")
