"""A fitted model as a workbook and as a model file, made once."""

from __future__ import annotations

from pathlib import Path

import pytest

import xlcollab as xc
from tests.ratings_verbs.data import planted


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Holds m.xlsx and m.safetensors, the same model of the planted ratings."""
    path = tmp_path_factory.mktemp("models")
    model = xc.MatrixFactorization(n_factors=2, init_scale=0.3, epochs=10).fit(planted())
    model.to_workbook(path / "m.xlsx")
    model.save(path / "m.safetensors")
    return path


@pytest.fixture(params=["m.xlsx", "m.safetensors"])
def model(folder: Path, request: pytest.FixtureRequest) -> Path:
    """The model in each of its two forms."""
    return folder / str(request.param)
