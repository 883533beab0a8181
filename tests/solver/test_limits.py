"""A time limit is one of the whole command: loading and reading count, and writing has its room."""

from __future__ import annotations

import math
import time

import pytest
import torch
from torch import Tensor

from xlcollab.api.solve.limits import limited, seconds_to_keep
from xlcollab.api.solve.machine import Run, has_time
from xlcollab.faces.beginning import beginning, process_began
from xlcollab.optim import Settings
from xlcollab.problems import SolverModel


def seconds(limit: float, spent: float, keeping: float) -> float:
    model = SolverModel(sheet="S", objective=None, sense="minimize", target=0.0, variables=())
    found = limited(Settings(time_limit=limit), model, spent, keeping).time_limit
    assert found is not None
    return found


def test_reading_and_writing_have_their_share() -> None:
    assert seconds(10.0, 2.0, 1.0) == 7.0
    assert seconds(10.0, 2.0, 100.0) == pytest.approx(5.0)  # of writing no more than 30 %
    assert seconds(10.0, 50.0, 1.0) == 0.5  # however long reading took
    assert seconds(1.0, 50.0, 1.0) == pytest.approx(0.2)


def test_writing_takes_longer_on_a_busy_machine_and_for_a_large_book() -> None:
    least = seconds_to_keep(0.0, 0.0, 1.0, 2)
    assert 0.0 < least < 0.5
    assert seconds_to_keep(0.0, 0.0, 6.0, 2) == pytest.approx(6.0 * least)
    assert seconds_to_keep(1.0, 2.0, 1.0, 2) > 1.0 + least
    assert seconds_to_keep(0.0, 0.0, 1.0, 5000) > 0.5 + least


def test_the_first_command_of_a_process_began_with_it() -> None:
    process_began()
    before = time.perf_counter()
    first, second = beginning(), beginning()
    assert first <= before + 1.0
    assert second >= before


def squares(x: Tensor) -> Tensor:
    return x.square().sum()


def slow(x: Tensor) -> Tensor:
    time.sleep(0.05)
    return squares(x)


def test_no_program_is_made_where_that_takes_longer_than_the_run() -> None:
    start, settings = torch.ones(3, dtype=torch.float64), Settings()
    assert has_time(slow, start, Run(settings))
    assert has_time(squares, start, Run(settings, time.perf_counter() + 600.0))
    assert not has_time(slow, start, Run(settings, time.perf_counter() + 5.0))
    assert not has_time(squares, start, Run(settings, -math.inf))
