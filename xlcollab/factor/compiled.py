"""How kernels are compiled: numba, without the GIL, cached on disk beside the source.

fastmath lets sums be reordered, which vector instructions need; error_model "numpy" leaves a
division by zero infinite instead of testing for it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numba

F = TypeVar("F", bound=Callable[..., Any])


def _compiler(**options: Any) -> Callable[[F], F]:
    njit: Any = numba.njit
    decorator = njit(nogil=True, fastmath=True, error_model="numpy", cache=True, **options)
    return cast(Callable[[F], F], decorator)


serial: Callable[[F], F] = _compiler()
parallel: Callable[[F], F] = _compiler(parallel=True)
inlined: Callable[[F], F] = _compiler(inline="always")
