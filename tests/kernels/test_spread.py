"""The shape that shapes broadcast to: numpy is the judge."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from xlcollab.kernels.values.block import spread_shape

SHAPES = st.lists(st.lists(st.sampled_from([0, 1, 1, 2, 3]), max_size=4).map(tuple), max_size=5)


@given(SHAPES)
@settings(derandomize=True, deadline=None)
def test_it_is_that_of_numpy(shapes: list[tuple[int, ...]]) -> None:
    try:
        wanted = np.broadcast_shapes(*shapes)
    except ValueError:
        with pytest.raises(ValueError, match="do not go together"):
            spread_shape(*shapes)
    else:
        assert spread_shape(*shapes) == wanted
