"""Every formula cell of the lesson workbooks against the value that Excel stored in it."""

from __future__ import annotations

import numpy as np
import pytest

from tests.shared_data import lesson
from xlcollab.files import FileBook
from xlcollab.kernels.trace.recalculate import recalculate
from xlcollab.plan import build_plan

_RELATIVE = 1e-12


@pytest.mark.parametrize(
    ("name", "cells", "volatile_cells"),
    [("collab_filter.xlsx", 3666, 0), ("graddesc.xlsx", 2336, 29)],
)
def test_recalculation_gives_what_excel_stored(name: str, cells: int, volatile_cells: int) -> None:
    workbook = FileBook(lesson(name)).read()
    plan = build_plan(workbook)
    result = recalculate(plan)
    assert not plan.broken
    assert not result.unsupported
    assert sum(family.rect.size for family in result.volatile) == volatile_cells
    compared = 0
    for family, block in result.results:
        kinds, numbers = workbook.sheet(family.sheet).block(family.rect)
        ours = block.number.expand(block.shape)[0, 0].numpy()
        np.testing.assert_array_equal(block.kinds()[0, 0].numpy(), kinds, str(family.area))
        np.testing.assert_allclose(
            ours, numbers, rtol=_RELATIVE, atol=0.0, err_msg=str(family.area)
        )
        compared += kinds.size
    assert compared == cells
