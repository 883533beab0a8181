"""What a cell can hold of an answer."""

from __future__ import annotations

import math

import numpy as np
import pytest

from xlcollab.api.cells.answer import plain
from xlcollab.grid import ErrorCode


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, np.float64(math.nan)])
def test_what_is_no_number_is_an_error(value: float) -> None:
    assert plain(value) is ErrorCode.NUM
    assert plain([[1.0, value]]) == [[1.0, ErrorCode.NUM]]
