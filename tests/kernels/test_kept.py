"""Functions that ask somebody else than the cells: their stored values are kept, and it is said."""

from __future__ import annotations

import pytest

from tests.kernels.engine import RefusedError, value
from xlcollab.kernels.table import KEPT, RECORDS


@pytest.mark.parametrize("name", KEPT)
def test_a_kept_function_is_told_of_and_not_computed(name: str) -> None:
    assert name not in RECORDS
    with pytest.raises(RefusedError, match=f"{name} .*its stored value is kept"):
        value(f'={name}("a","b")')
