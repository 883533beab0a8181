"""Ratings that lie close beside their size are told apart, in a file, in a frame, in a model."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import xlcollab as xc
from tests.faces.shell import xlcollab
from tests.ratings_verbs.data import planted, ratings_csv
from xlcollab.errors import DataError
from xlcollab.ratings import from_frame, read_ratings
from xlcollab.ratings.checks import needs_double

SHIFTS = (0.0, 1e4, 1e6, 1e9, -1e9)


@pytest.mark.parametrize("shift", SHIFTS)
@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_ratings_of_a_file_differ_as_they_do_in_it(
    tmp_path: Path, shift: float, ending: str
) -> None:
    frame = planted()
    frame["rating"] += shift
    path = tmp_path / f"r.{ending}"
    frame.to_csv(path, index=False) if ending == "csv" else frame.to_parquet(path)
    found = read_ratings(path).ratings
    assert found.dtype == (np.float32 if abs(shift) == 0 else np.float64)
    assert np.array_equal(found, from_frame(frame).ratings)
    assert np.array_equal(found, frame["rating"])


@given(st.lists(st.floats(-1e9, 1e9), min_size=2), st.lists(st.floats(-1e9, 1e9)))
def test_more_ratings_never_need_more_digits(few: list[float], more: list[float]) -> None:
    """What is read batch by batch rests on it: a range that float32 holds only grows."""
    low, high = min(few), max(few)
    if low < high and not needs_double(low, high):
        assert not needs_double(min(low, *more, low), max(high, *more, high))


def test_a_file_whose_first_ratings_are_close_together(tmp_path: Path) -> None:
    """Batches of a megabyte: the first ones need double precision, the whole file does not."""
    n = 120_000
    frame = pd.DataFrame({"user": np.arange(n), "item": 7, "rating": 4.0})
    frame.loc[frame.index % 2 == 1, "rating"] = 4.001
    frame.loc[n - 1, "rating"] = 1.0
    found = read_ratings(ratings_csv(tmp_path, frame)).ratings
    assert found.dtype == np.float32
    assert np.array_equal(found, frame["rating"].astype(np.float32))


@pytest.mark.parametrize("optimizer", ["sgd", "als", "gibbs", "adam"])
def test_a_shift_changes_no_error(optimizer: str) -> None:
    frame = planted()
    base, far = (
        xc.MatrixFactorization(n_factors=2, optimizer=optimizer, epochs=25).fit(one)
        for one in (frame, frame.assign(rating=frame["rating"] + 1e9))
    )
    assert far.result_.train.rmse == pytest.approx(base.result_.train.rmse, rel=1e-3)
    assert any("float64" in note for note in far.result_.notes)
    apart = far.predict(frame["user"], frame["item"]) - 1e9
    assert np.allclose(apart, base.predict(frame["user"], frame["item"]), atol=0.02)


def test_a_shifted_scale_through_the_shell(tmp_path: Path) -> None:
    frame = planted()
    frame["rating"] += 1e9
    source = ratings_csv(tmp_path, frame)
    said = []
    for name in ("m.xlsx", "m.safetensors"):
        fitted = xlcollab("fit", source, "-o", tmp_path / name, "--n-factors", 2)
        assert fitted.code == 0, fitted.err
        assert "float64" in fitted.err
        found = xlcollab("predict", tmp_path / name, "--user", 3, "--item", 40, "--json")
        said.append(found.json)
    assert said[0] == said[1], said


@pytest.mark.parametrize("factor", [1e-160, 1e160])
def test_ratings_whose_squares_are_beyond_float64_are_refused(factor: float) -> None:
    frame = planted()
    frame["rating"] *= factor
    with pytest.raises(DataError, match=r"power of ten|at most 3\.4e"):
        xc.MatrixFactorization(n_factors=2).fit(frame)


def test_small_ratings_are_shown(tmp_path: Path) -> None:
    frame = planted()
    frame["rating"] *= 1e-6
    model = tmp_path / "m.safetensors"
    assert xlcollab("fit", ratings_csv(tmp_path, frame), "-o", model, "--n-factors", 2).code == 0
    assert "e-06" in xlcollab("predict", model, "--user", 3, "--item", 40).out
