"""In which order a net sees its ratings: all of them each epoch, in batches drawn anew."""

from __future__ import annotations

from itertools import chain

import pytest
from torch import Tensor

from tests.factor.data import planted
from xlcollab.factor import ModelSettings, Tables, TrainingSettings, train
from xlcollab.factor.training.net import NetTrainable

MODEL = ModelSettings(n_factors=2, hidden_sizes=(3,), dtype="float64")
N, EPOCHS = 120, 3


def seen(monkeypatch: pytest.MonkeyPatch, batch_size: int) -> list[list[int]]:
    """The ratings of each step."""
    found: list[list[int]] = []
    step = NetTrainable._step

    def noted(self: NetTrainable, chosen: Tensor, learning_rate: float) -> float:
        found.append(chosen.tolist())
        return step(self, chosen, learning_rate)

    monkeypatch.setattr(NetTrainable, "_step", noted)
    training = TrainingSettings(optimizer="adam", epochs=EPOCHS, batch_size=batch_size)
    train(Tables(planted(n_ratings=N)), MODEL, training)
    return found


@pytest.mark.parametrize("size", [50, 120, 200])
def test_batches_are_drawn_anew_and_miss_nobody(size: int, monkeypatch: pytest.MonkeyPatch) -> None:
    found = seen(monkeypatch, size)
    count = -(-N // size)
    assert len(found) == EPOCHS * count
    assert [len(one) for one in found[:count]] == [min(size, N - at) for at in range(0, N, size)]
    parts = (found[at : at + count] for at in range(0, len(found), count))
    epochs = [list(chain.from_iterable(one)) for one in parts]
    assert all(sorted(one) == list(range(N)) for one in epochs)
    assert len({tuple(one) for one in [*epochs, list(range(N))]}) == EPOCHS + 1
