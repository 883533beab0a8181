"""Records: shapes, thinning, frames."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from xlcollab.history import Record


def record(n: int, m: int = 2) -> Record:
    return Record.of(
        {"epoch": np.arange(n), "loss": 1 / (1.0 + np.arange(n))},
        variables=[f"A{i + 1}" for i in range(m)],
        weights=np.arange(n * m, dtype=float).reshape(n, m),
    )


@given(st.integers(0, 40), st.integers(1, 45))
def test_thinning_keeps_every_nth_row_and_the_last(n: int, every: int) -> None:
    epochs = record(n).thinned(every).column("epoch").tolist()
    expected = set(range(0, n, every)) | ({n - 1} if n else set())
    assert epochs == sorted(expected)


def test_weights_stay_with_their_rows() -> None:
    thin = record(6).thinned(4)
    assert thin.weights.tolist() == [[0, 1], [8, 9], [10, 11]]


def test_a_frame_has_all_columns() -> None:
    frame = record(3).frame()
    assert list(frame.columns) == ["epoch", "loss", "A1", "A2"]
    assert frame["loss"].tolist() == [1, 1 / 2, 1 / 3]
    assert frame["A2"].tolist() == [1, 3, 5]


def test_weights_may_be_absent() -> None:
    assert Record.of({"epoch": np.arange(3)}).frame().shape == (3, 1)


def test_shapes_must_agree() -> None:
    with pytest.raises(ValueError, match=r"rows .* do not fit 1 columns"):
        Record(("a",), np.zeros((2, 2)), (), np.empty((2, 0)))
    with pytest.raises(ValueError, match=r"weights .* do not fit 2 rows of"):
        Record(("a",), np.zeros((2, 1)), ("A1",), np.zeros((2, 3)))


def test_importing_history_loads_no_pandas() -> None:
    code = "import sys, xlcollab.history; sys.exit('pandas' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
