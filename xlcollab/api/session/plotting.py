"""An axis of matplotlib to draw on; matplotlib comes with the extra `plot`."""

from __future__ import annotations

from typing import Any

from xlcollab.errors import MissingPackageError


def axis_of(ax: Any = None) -> Any:
    """The axis given, or a new one. Raises MissingPackageError where matplotlib is missing."""
    if ax is not None:
        return ax
    try:
        from matplotlib import pyplot
    except ModuleNotFoundError:
        raise MissingPackageError("matplotlib") from None
    return pyplot.subplots()[1]
