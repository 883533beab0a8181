"""What is too large for a sheet is refused before it is made."""

from __future__ import annotations

import pytest

from xlcollab.errors import DataError
from xlcollab.factor.sheets import _check_size

ROWS, COLUMNS = 1_048_576, 16_384
"""Of a sheet of Excel."""


@pytest.mark.parametrize(("rows", "columns"), [(0, 0), (ROWS - 1, 0), (3, COLUMNS - 6)])
def test_what_fits_is_taken(rows: int, columns: int) -> None:
    _check_size("users", rows, columns)


@pytest.mark.parametrize(("rows", "columns"), [(ROWS, 0), (3, COLUMNS - 5)])
def test_what_does_not_fit_is_told_with_its_size(rows: int, columns: int) -> None:
    said = f"would need {rows + 1:,} rows and {columns + 6:,} columns; Excel has {ROWS:,} and"
    with pytest.raises(DataError, match=said):
        _check_size("users", rows, columns)
