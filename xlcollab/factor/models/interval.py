"""Between which ratings one will probably lie, from the draws that an averaged model keeps.

A rating is normal around its prediction; its variance is that of the noise and of what the draws of
the sampler disagree about: the products of factors, draw by draw, and the biases.
"""

from __future__ import annotations

from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from xlcollab.errors import UsageError
from xlcollab.factor.models.model import Model
from xlcollab.factor.models.uncertainty import Draws

_PART = 1 << 20
"""Products that are taken at once."""


def interval(
    model: Model, users: NDArray[np.int32], items: NDArray[np.int32], level: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The ends (n,) and (n,) between which a share `level` of such ratings lies; −1 is an unknown
    id, of which no more is known than that ratings deviate.

    Raises UsageError on a model without draws, and on a level that is no share.
    """
    draws = getattr(model, "draws", None)
    if model.settings.implicit:
        raise UsageError("a preference is no rating that could lie in an interval")
    if draws is None:
        raise UsageError(
            "this model keeps no draws to tell how sure it is; fit it with --quality best and its "
            "own number of epochs"
        )
    if not 0 < level < 1:
        raise UsageError(f"an interval holds a share between 0 and 1, found {level:g}")
    predicted = model.predict_numbers(users, items).astype(np.float64)
    half = half_width(model, draws, users, items, level)
    ends = predicted - half, predicted + half
    if model.output.clip:
        low, high = (np.clip(end, *model.output.seen) for end in ends)
        return low, high
    return ends


def half_width(
    model: Model, draws: Draws, users: NDArray[np.int32], items: NDArray[np.int32], level: float
) -> NDArray[np.float64]:
    """How far (n,) an interval reaches to either side of a prediction, before any range."""
    unknown = model.output.spread**2
    variance = draws.noise**2 + _of_products(model, draws.n, users, items)
    variance += np.append(draws.users, unknown)[users] + np.append(draws.items, unknown)[items]
    found: NDArray[np.float64] = NormalDist().inv_cdf((1 + level) / 2) * np.sqrt(variance)
    return found


def _of_products(
    model: Model, n: int, users: NDArray[np.int32], items: NDArray[np.int32]
) -> NDArray[np.float64]:
    """The variance over the draws of user factors · item factors (n,)."""
    found = np.zeros(len(users))
    known = np.flatnonzero((users >= 0) & (items >= 0))
    step = max(1, _PART // max(1, model.user_factors.shape[1]))
    for begin in range(0, len(known), step):
        part = known[begin : begin + step]
        products = model.user_factors[users[part]].astype(np.float64)
        products *= model.item_factors[items[part]]
        found[part] = n**2 * products.reshape(len(part), n, -1).sum(axis=2).var(axis=1)
    return found
