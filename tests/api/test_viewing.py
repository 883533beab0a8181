"""What somebody who looks on at a run is told: rows, pictures now and then, and the end."""

from __future__ import annotations

import math
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from xlcollab.api.solve import viewing
from xlcollab.api.solve.viewing import ModelView
from xlcollab.grid import CellEdit
from xlcollab.ref import AreaRef, Rect


class Looking:
    """A viewer that keeps what it is told, and wants the run to end where it is told so."""

    def __init__(self) -> None:
        self.told: list[dict[str, Any]] = []
        self.stopped = False

    def tell(self, event: Any) -> None:
        self.told.append(dict(event))

    def is_stopped(self) -> bool:
        return self.stopped


def weights(*values: float) -> list[CellEdit]:
    area = AreaRef("S", Rect(0, 0, 1, len(values)))
    return [CellEdit.of_numbers(area, np.array([values]))]


def row(number: int, objective: float = 1.0) -> Any:
    return SimpleNamespace(iteration=number, objective=objective, seconds=0.5)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    now = [100.0]
    told = SimpleNamespace(perf_counter=lambda: now[0], thread_time=lambda: 0.0)
    monkeypatch.setattr(viewing, "time", told)
    return now


@pytest.fixture
def view(monkeypatch: pytest.MonkeyPatch, clock: list[float]) -> ModelView:
    watched = {"twice": lambda x: 2 * x.sum(), "lost": lambda x: x.sum() * math.inf}
    monkeypatch.setattr(viewing, "_functions", lambda *asked: watched)
    return ModelView(SimpleNamespace(), SimpleNamespace(label="S!B1"), Looking(), ())


def told(view: ModelView, kind: str) -> list[dict[str, Any]]:
    return [event for event in view._viewer.told if event["kind"] == kind]


def test_it_begins_with_what_is_shown(view: ModelView) -> None:
    assert view._viewer.told == [{"kind": "begin", "run": "S!B1", "others": ["twice", "lost"]}]


def test_a_row_tells_of_the_weights_that_were_tried_last(view: ModelView) -> None:
    view.step(row(0, math.nan))
    view.point(lambda: weights(1.0, 2.0))
    view.step(row(1))
    first, second = told(view, "row")
    assert first == {
        "kind": "row",
        "step": 0,
        "steps": None,
        "loss": None,
        "others": {},
        "seconds": 0.5,
    }
    assert second["others"] == {"twice": 6.0, "lost": None}
    assert second["loss"] == 1.0


def test_pictures_come_now_and_then(view: ModelView, clock: list[float]) -> None:
    view.step(row(0))  # without weights there is none
    assert not told(view, "weights")
    for number in range(1, 8):
        clock[0] += 0.6 * viewing.SECONDS_BETWEEN_PICTURES
        view.point(lambda: weights(3.0))
        view.step(row(number))
    assert len(told(view, "weights")) == 3
    clock[0] += 1.1 * viewing.SECONDS_BETWEEN_PICTURES
    view.step(row(8))
    assert len(told(view, "weights")) == 4
    view.step(row(9))
    assert len(told(view, "weights")) == 4


def test_it_ends_with_a_picture_and_a_sentence(view: ModelView) -> None:
    view.point(lambda: weights(3.0))
    view.step(row(1))
    before = len(told(view, "weights"))
    view.finish("All is well.")
    assert len(told(view, "weights")) == before + 1
    assert view._viewer.told[-1] == {"kind": "end", "sentence": "All is well."}


def test_who_wants_it_to_end_ends_it_after_the_start(view: ModelView) -> None:
    view._viewer.stopped = True
    view.step(row(0))
    with pytest.raises(KeyboardInterrupt):
        view.step(row(1))
    assert len(told(view, "row")) == 1
