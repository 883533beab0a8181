"""Runs of any length: nothing is made before the first epoch, and what is kept stays small."""

from __future__ import annotations

import tracemalloc
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.factor.data import planted
from xlcollab.factor import ModelSettings, TrainingSettings, train
from xlcollab.factor.engines.base import EpochLoss
from xlcollab.factor.engines.schedules import learning_rates
from xlcollab.factor.models.model import Model
from xlcollab.factor.passes.rows import Floats
from xlcollab.factor.training.loop import Loop
from xlcollab.factor.training.record import MOST, Record
from xlcollab.factor.training.result import EpochRow
from xlcollab.ratings import RatingsTable
from xlcollab.settings.schedules import SCHEDULES

MOST_EPOCHS = 10**9
NAN = float("nan")


@pytest.mark.parametrize("cycles", [1, 3])
@pytest.mark.parametrize("name", SCHEDULES)
def test_a_schedule_of_a_billion_steps_takes_no_memory(name: str, cycles: int) -> None:
    settings = TrainingSettings(optimizer="gd", learning_rate=0.4, schedule=name, cycles=cycles)  # type: ignore[arg-type]
    tracemalloc.start()
    rate = learning_rates(settings.resolved(), MOST_EPOCHS)
    rates = [rate(step) for step in (0, 1, MOST_EPOCHS // 2, MOST_EPOCHS - 1)]
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 100_000
    assert all(0 <= one <= 0.4 for one in rates)


@pytest.mark.parametrize("optimizer", ["sgd", "als", "gibbs", "adam"])
def test_the_first_of_a_billion_epochs_is_run_at_once(optimizer: str) -> None:
    settings = TrainingSettings(optimizer=optimizer, epochs=MOST_EPOCHS)  # type: ignore[arg-type]
    model = ModelSettings(n_factors=2)
    result = train(planted(), model, settings, on_epoch=lambda progress: progress.row.epoch == 3)
    assert result.epochs_run == 3


def row(epoch: int) -> EpochRow:
    return EpochRow(epoch, NAN, NAN, NAN, NAN, NAN, NAN, float(epoch))


@given(first=st.integers(1, 50), epochs=st.integers(1, 300), most=st.integers(2, 40))
def test_a_record_keeps_evenly_spaced_rows_and_both_ends(
    first: int, epochs: int, most: int
) -> None:
    record = Record(most)
    for epoch in range(first, first + epochs):
        record.add(row(epoch))
    kept = [one.epoch for one in record.rows()]
    assert (kept[0], kept[-1]) == (first, first + epochs - 1)
    assert min(epochs, most // 2) <= len(kept) <= most + 1
    assert len(set(np.diff(kept[:-1]).tolist())) <= 1
    if epochs <= most:
        assert len(kept) == epochs


def test_a_record_of_nothing_is_empty() -> None:
    assert Record().rows() == ()


class Still:
    """An engine that does nothing, quickly."""

    def run_epoch(self, epoch: int) -> EpochLoss:
        return EpochLoss(1.0, 4, 0.1)

    def predict(self, name: str, table: RatingsTable) -> Floats:
        raise AssertionError

    def snapshot(self) -> None:
        return None

    def model(self, snapshot: None) -> Model:
        raise AssertionError


def test_a_history_longer_than_a_sheet_is_thinned_and_counted() -> None:
    epochs = 2 * MOST + 1000
    settings = TrainingSettings(optimizer="adam", epochs=epochs)
    outcome = Loop(Still(), settings, 4).run()
    assert len(outcome.history) <= MOST + 1
    assert outcome.best_epoch == outcome.history[-1].epoch == epochs
    short = train(planted(), ModelSettings(n_factors=2), TrainingSettings(epochs=1))
    assert replace(short, history=outcome.history).epochs_run == epochs
