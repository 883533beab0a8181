"""Fitted models behind handles: what `XLC_FIT` in a cell makes, and what other cells ask of it.

A handle is made of the ratings and the settings, so that a recalculation finds the model again and
trains nothing.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal, cast

import numpy as np

from xlcollab.api.cells.ratings import ratings_in
from xlcollab.api.cells.values import (
    Block,
    fingerprint,
    flag,
    identifier,
    is_blank,
    number,
    single,
    whole,
    word,
)
from xlcollab.errors import DataError, UsageError

if TYPE_CHECKING:
    from xlcollab.factor import MatrixFactorization
    from xlcollab.ratings import Vocabulary

Rows = list[list[Any]]
PREFIX = "xlc:fit:"
_KEPT = 32
"""Models that cells can name; the oldest goes, so that a long session does not fill memory."""
_MODELS: OrderedDict[str, MatrixFactorization] = OrderedDict()
"""The models of this session by handle, the latest used last."""


def fit(
    ratings: Block,
    n_factors: Block | None = None,
    epochs: Block | None = None,
    learning_rate: Block | None = None,
    l2: Block | None = None,
    optimizer: Block | None = None,
    bias: Block | None = None,
    range_min: Block | None = None,
    range_max: Block | None = None,
    seed: Block | None = None,
    implicit: Block | None = None,
    quality: Block | None = None,
) -> str:
    """Train on the ratings of a range, unless that was done already; returns the handle.

    What is left out is the default of `MatrixFactorization`.
    """
    limits = number(range_min, "range_min"), number(range_max, "range_max")
    penalty = number(l2, "l2")
    settings = {
        "n_factors": whole(n_factors, "n_factors"),
        "epochs": whole(epochs, "epochs"),
        "learning_rate": number(learning_rate, "learning_rate"),
        "l2_factors": penalty,
        "l2_biases": penalty,
        "optimizer": word(optimizer, "optimizer"),
        "bias": flag(bias, "bias"),
        "output_range": _output_range(*limits),
        "seed": whole(seed, "seed"),
        "implicit": flag(implicit, "implicit"),
        "quality": word(quality, "quality"),
    }
    said = {name: value for name, value in settings.items() if value is not None}
    handle = PREFIX + fingerprint([list(row) for row in ratings], sorted(said.items()))
    if handle not in _MODELS:
        _keep(handle, _trained(ratings, said))
    return handle


def _output_range(low: float | None, high: float | None) -> tuple[float, float] | None:
    if low is None and high is None:
        return None
    if low is None or high is None:
        raise UsageError("range_min and range_max belong together; give both or none")
    return low, high


def _trained(ratings: Block, settings: Mapping[str, Any]) -> MatrixFactorization:
    from xlcollab.factor import MatrixFactorization

    counts = settings.get("implicit") is True
    table = ratings_in(ratings, "sum" if counts else "error", counts=counts)
    return MatrixFactorization(**settings).fit(table)


def _keep(handle: str, model: MatrixFactorization) -> None:
    _MODELS[handle] = model
    while len(_MODELS) > _KEPT:
        _MODELS.popitem(last=False)


def model_of(fit: Block | None) -> MatrixFactorization:
    """The model of a handle. Raises UsageError for what is no handle, DataError for one that this
    session has not made."""
    handle = single(fit, "fit")
    if not isinstance(handle, str) or not handle.startswith(PREFIX):
        raise UsageError(f"fit is {handle!r}; the result of XLC_FIT was expected")
    if handle not in _MODELS:
        raise DataError(
            f"{handle} was made in another session or {_KEPT} fits ago; recalculate its XLC_FIT "
            "(Ctrl+Alt+F9 recalculates everything)"
        )
    _MODELS.move_to_end(handle)
    return _MODELS[handle]


def predict(fit: Block, user: Block, item: Block) -> Rows:
    """Predicted ratings, blank where the user or the item is blank.

    Users down and items across give all pairs; ranges of one shape give one prediction a cell.
    """
    model = model_of(fit)
    users, items = _broadcast(user, item)
    known = model.model_
    filled = ~(_blank(users) | _blank(items))
    result = np.full(users.shape, None, object)
    if filled.any():
        result[filled] = model.predict(
            _ids(known.user_ids, users[filled]), _ids(known.item_ids, items[filled])
        ).tolist()
    return cast(Rows, result.tolist())


def _broadcast(user: Block, item: Block) -> tuple[Any, Any]:
    blocks = [np.array([list(row) for row in block], object) for block in (user, item)]
    try:
        users, items = np.broadcast_arrays(*blocks)
        return users, items
    except ValueError:
        shapes = " and ".join(f"{block.shape[0]} × {block.shape[1]}" for block in blocks)
        raise UsageError(
            f"user and item are {shapes} cells; one cell each, ranges of one shape, or a column of "
            "users and a row of items were expected"
        ) from None


def _blank(values: Any) -> Any:
    return np.array([is_blank(value) for value in values.ravel()], bool).reshape(values.shape)


def _ids(vocabulary: Vocabulary, values: Any) -> Any:
    """Ids in the type of the vocabulary: 14 in a cell finds the user "14", too."""
    return np.array([_id(vocabulary, value) for value in values], object)


def _id(vocabulary: Vocabulary, value: Any) -> Any:
    wanted = identifier(value)
    if wanted in vocabulary:
        return wanted
    try:
        return vocabulary.parse(str(wanted))
    except DataError:
        return wanted


def recommend(fit: Block, user: Block, k: Block | None = None) -> Rows:
    """The k best items (10) that the user has not rated: item and prediction, best first."""
    model = model_of(fit)
    found = model.recommend(_one(model.model_.user_ids, user, "user"), _count(k))
    return [list(pair) for pair in zip(found.items, found.ratings.tolist(), strict=True)]


def similar(fit: Block, item: Block, k: Block | None = None) -> Rows:
    """The k items (10) most like one item: item and cosine of the factors, best first."""
    model = model_of(fit)
    wanted = _one(model.model_.item_ids, item, "item")
    return [list(pair) for pair in model.similar_items(wanted, _count(k))]


def _one(vocabulary: Vocabulary, block: Block, name: str) -> Any:
    value = single(block, name)
    if value is None:
        raise UsageError(f"{name} is blank; one {name} was expected")
    return _id(vocabulary, value)


def _count(k: Block | None) -> int:
    asked = whole(k, "k")
    return 10 if asked is None else asked


def factors(fit: Block, side: Block | None = None) -> Rows:
    """Id and factors of every user or item."""
    known = model_of(fit).model_
    chosen = _side(side)
    ids = (known.user_ids if chosen == "users" else known.item_ids).index.tolist()
    values = known.user_factors if chosen == "users" else known.item_factors
    return [[one, *row] for one, row in zip(ids, values.tolist(), strict=True)]


def biases(fit: Block, side: Block | None = None) -> Rows:
    """Id and bias of every user or item."""
    known = model_of(fit).model_
    chosen = _side(side)
    ids = (known.user_ids if chosen == "users" else known.item_ids).index.tolist()
    values = known.user_bias if chosen == "users" else known.item_bias
    return [[one, value] for one, value in zip(ids, values.tolist(), strict=True)]


def _side(side: Block | None) -> Literal["users", "items"]:
    asked = word(side, "side") or "items"
    if asked not in ("users", "items"):
        raise UsageError(f'side is {asked!r}; "users" or "items" was expected')
    return cast('Literal["users", "items"]', asked)


def losses(fit: Block) -> Rows:
    """Epoch and training RMSE, under a row of headers."""
    history = model_of(fit).result_.history
    return [["epoch", "train_rmse"], *([row.epoch, row.train_rmse] for row in history)]


def rmse(fit: Block, ratings: Block | None = None) -> float:
    """The root mean squared error on the training ratings, or on others."""
    model = model_of(fit)
    if ratings is None:
        return model.result_.train.rmse
    from xlcollab.ratings import rmse as root_mean_square

    table = ratings_in(ratings)
    known = model.model_
    users = _ids(known.user_ids, table.user_ids.index[table.users])
    items = _ids(known.item_ids, table.item_ids.index[table.items])
    return root_mean_square(model.predict(users, items), table.ratings)


def status(fit: Block) -> str:
    """What came of a fit, in sentences."""
    result = model_of(fit).result_
    error = "" if result.model.settings.implicit else f", training RMSE {result.train.rmse:.6g}"
    told = f"{len(result.history)} epochs{error}."
    return " ".join([result.status.sentence, told, *result.notes])
