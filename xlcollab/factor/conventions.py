"""scikit-learn's conventions: its mix-ins where it is installed, and what they ask of errors."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from xlcollab.errors import UsageError

if TYPE_CHECKING:

    class Regressor:
        """What type checkers see of the mix-ins."""

        def get_params(self, deep: bool = True) -> dict[str, object]: ...
        def set_params(self, **params: Any) -> Any: ...
        def __sklearn_tags__(self) -> Any: ...

    class NotFittedError(UsageError): ...

else:
    try:
        from sklearn.base import BaseEstimator, RegressorMixin
        from sklearn.exceptions import NotFittedError as _NotFitted
    except ImportError:

        class BaseEstimator:
            """Nothing, where there is no scikit-learn to meet."""

        class RegressorMixin:
            """Nothing either."""

        _NotFitted = AttributeError

    class Regressor(RegressorMixin, BaseEstimator):
        """An estimator of numbers, as scikit-learn knows them."""

    class NotFittedError(UsageError, _NotFitted):
        """A model was asked before it was fitted; scikit-learn's error of that name too."""
