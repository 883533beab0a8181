"""What would be too large is refused before it is made, and memory that runs out is a sentence."""

from __future__ import annotations

import pytest

from xlcollab.errors import UnsupportedError
from xlcollab.kernels.values.budget import (
    MOST_CELLS,
    TooLargeError,
    is_out_of_memory,
    refuse_cells,
    told_as_refusal,
)

NO_MEMORY = (
    MemoryError(),
    RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 8 bytes"),
    RuntimeError("CUDA out of memory. Tried to allocate 20 MiB"),
    RuntimeError("Storage size calculation overflowed with sizes=[9, 9]"),
)
OTHERS = (RuntimeError("shape mismatch"), ValueError("out of range"), KeyError("x"))


def test_sizes_are_multiplied() -> None:
    refuse_cells(MOST_CELLS)
    refuse_cells(MOST_CELLS // 4, 2, 2)
    refuse_cells()
    with pytest.raises(TooLargeError, match="would hold 67,108,865 values; at most 67,108,864"):
        refuse_cells(MOST_CELLS + 1)
    with pytest.raises(TooLargeError, match="would hold 134,217,728"):
        refuse_cells(MOST_CELLS // 2, 2, 2)


@pytest.mark.parametrize("error", NO_MEMORY, ids=str)
def test_no_memory_is_told_with_the_function(error: Exception) -> None:
    assert is_out_of_memory(error)
    sentence = "MUNIT needs more memory than there is; use a smaller area or array"
    with pytest.raises(UnsupportedError, match=sentence), told_as_refusal("MUNIT"):
        raise error


@pytest.mark.parametrize("error", OTHERS, ids=str)
def test_other_errors_are_not_taken_for_it(error: Exception) -> None:
    assert not is_out_of_memory(error)
    with pytest.raises(type(error)) as found, told_as_refusal("MUNIT"):
        raise error
    assert found.value is error


def test_what_is_too_large_says_how_large() -> None:
    sentence = r"^MMULT would hold .*; use a smaller area or array$"
    with pytest.raises(UnsupportedError, match=sentence), told_as_refusal("MMULT"):
        refuse_cells(MOST_CELLS, 3)


def test_nothing_happens_where_nothing_does() -> None:
    with told_as_refusal("SUM"):
        refuse_cells(1)
