"""A fit lives in a child that was forked after one."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

_ROOT = Path(__file__).parents[2]
_FORK = """
import os
import numpy as np
from xlcollab.factor import ModelSettings, Tables, TrainingSettings, train
from xlcollab.ratings import RatingsTable, merge_duplicates

draw, n = np.random.default_rng(0), 60_000
ratings = draw.integers(1, 6, n).astype(np.float32)
table = RatingsTable.of(draw.integers(0, 2000, n), draw.integers(0, 1000, n), ratings)
tables = Tables(merge_duplicates(table, "mean"))

def error():
    return train(tables, ModelSettings(n_factors=16), TrainingSettings(epochs=2)).train.rmse

before = error()
child = os.fork()
if not child:
    os._exit(0 if error() == before else 3)
print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), error() == before)
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_child_forked_after_a_fit_fits_the_same() -> None:
    run = subprocess.run(
        [sys.executable, "-W", "ignore::DeprecationWarning", "-c", _FORK],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(_ROOT)},
        check=False,
    )
    assert (run.stdout, run.returncode) == ("0 True\n", 0), run.stderr
