"""A trained model out of whatever `fit` wrote; what reads workbooks is loaded for these alone."""

from __future__ import annotations

from pathlib import Path

from xlcollab.disk import refuse_irregular
from xlcollab.errors import UsageError
from xlcollab.factor import Model, load_model

MODEL_FILE = ".safetensors"


def open_model(path: Path, *, rated: bool = True) -> Model:
    """A model from a workbook, a model file or a folder that `fit` wrote. Raises DataError for
    others.

    Without `rated` what users have rated may be left out, which predictions do not ask for: most of
    a workbook's rows tell of it.
    """
    if path.is_dir():
        return load_model(path)
    refuse_irregular(path)
    if path.suffix == MODEL_FILE:
        return load_model(path)
    from xlcollab.api.ratings.kept.reading import read_model_workbook
    from xlcollab.files import WORKBOOKS

    if path.suffix.lower() in WORKBOOKS:
        return read_model_workbook(path, rated=rated)
    raise UsageError(f"{path.name} is no model; give a workbook or a {MODEL_FILE} file from fit")
