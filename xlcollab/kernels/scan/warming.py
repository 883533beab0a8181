"""Running the machine of passes once, which compiles what is not compiled yet."""

from __future__ import annotations

import numpy as np

from xlcollab.kernels.scan.machine import Tables, Values, forward
from xlcollab.kernels.scan.reverse import Slopes, backward, tangents_forward
from xlcollab.kernels.scan.routine import compile_entries


def run_passes() -> None:
    """A pass over nothing, forwards and backwards, with tangents."""
    members, steps, operands = (np.zeros((0, columns), np.int64) for columns in (6, 7, 6))
    tables = Tables(members, steps, operands, np.zeros(1, np.int64))
    values = Values(np.zeros(1), np.zeros(1, np.uint8), np.zeros((4, 1)))
    forward(tables, values, np.zeros((1, 6)), 0, 0, 0)
    slopes = Slopes(np.zeros(1), np.zeros(1), np.zeros(1))
    tangents_forward(tables, values, slopes.tangents, np.zeros(1), 0, 0, 0)
    backward(tables, values, slopes, np.zeros((2, 1)), 0, 0, 0)
    compile_entries()
