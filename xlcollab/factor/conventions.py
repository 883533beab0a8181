"""scikit-learn's conventions: its mix-ins once it is loaded, and what they ask of errors.

It takes seconds to load and nothing here needs it, so it is never loaded for our own sake. Whoever
passes an estimator to its tools has loaded it: the mix-ins then become bases of the estimator.
"""

from __future__ import annotations

import sys
from functools import cache
from typing import TYPE_CHECKING, Any, Self

from xlcollab.errors import UsageError


class NotFittedError(UsageError, AttributeError):
    """A model was asked before it was fitted."""


def not_fitted(message: str) -> NotFittedError:
    """The error to raise, which is scikit-learn's error of that name too where that is loaded."""
    known = sys.modules.get("sklearn.exceptions")
    return NotFittedError(message) if known is None else _both(known.NotFittedError)(message)


@cache
def _both(theirs: type[Exception]) -> type[NotFittedError]:
    return type("NotFittedError", (NotFittedError, theirs), {"__module__": __name__})


class Plain:
    """What an estimator is while there is no scikit-learn to meet."""

    if TYPE_CHECKING:  # what type checkers see of the mix-ins

        def get_params(self, deep: bool = True) -> dict[str, object]: ...
        def set_params(self, **params: Any) -> Any: ...
        def __sklearn_tags__(self) -> Any: ...


class Regressor(Plain):
    """An estimator of numbers, as scikit-learn knows them."""

    def __new__(cls, *_arguments: Any, **_parameters: Any) -> Self:
        _meet_scikit_learn()
        return super().__new__(cls)

    def __sklearn_tags__(self) -> Any:
        """What scikit-learn's tools ask an estimator about itself."""
        _meet_scikit_learn()
        return super().__sklearn_tags__()


def _meet_scikit_learn() -> None:
    """Its mix-ins become the bases of `Regressor`, once and only where it is loaded already."""
    base = sys.modules.get("sklearn.base")
    if base is not None and Plain in Regressor.__bases__ and hasattr(base, "RegressorMixin"):
        Regressor.__bases__ = (base.RegressorMixin, base.BaseEstimator)
