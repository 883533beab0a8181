"""The events of a run: all of the first rows, few of very many, and none that is no JSON."""

from __future__ import annotations

import json
import math
import threading
from types import SimpleNamespace
from typing import Any

import pytest

from xlcollab.faces.window import stream as module
from xlcollab.faces.window.stream import Stream


def rows(stream: Stream) -> list[int]:
    return [event["step"] for event in map(json.loads, stream.since(0, 0.0)) if "step" in event]


def test_all_rows_are_told_up_to_a_limit_then_fewer_and_fewer(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "_MOST_ROWS", 10)
    stream = Stream()
    for step in range(1, 41):
        stream.tell({"kind": "row", "step": step})
    assert rows(stream) == [*range(1, 11), 12, 14, 16, 18, 21, 24, 27, 32, 36, 40]


def test_other_events_are_told_whatever_their_number(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_MOST_ROWS", 1)
    stream = Stream()
    for number in range(5):
        stream.tell({"kind": "weights", "number": number})
    assert len(stream.since(0, 0.0)) == 5
    assert len(stream.since(3, 0.0)) == 2
    assert not stream.is_over
    stream.tell({"kind": "done"})
    stream.tell({"kind": "note"})
    assert stream.is_over


def epoch(number: int, **errors: float) -> Any:
    row = {"train_rmse": 0.9, "validation_rmse": 1.0, "test_rmse": 1.1, "seconds": 2.5} | errors
    return SimpleNamespace(row=SimpleNamespace(epoch=number, **row), epochs=30)


def test_epochs_of_a_fit_are_rows() -> None:
    stream = Stream()
    assert stream.epoch(epoch(1)) is False
    stream.epoch(epoch(2, train_rmse=math.inf, validation_rmse=math.nan, test_rmse=-math.inf))
    stream.stop()
    assert stream.is_stopped()
    assert stream.epoch(epoch(3)) is True
    begin, first, second, third = map(json.loads, stream.since(0, 0.0))
    assert begin == {"kind": "begin", "run": "fit", "others": ["validation RMSE", "test RMSE"]}
    assert first == {
        "kind": "row",
        "step": 1,
        "steps": 30,
        "loss": 0.9,
        "others": {"validation RMSE": 1.0, "test RMSE": 1.1},
        "seconds": 2.5,
    }
    assert second["loss"] is None
    assert second["others"] == {"validation RMSE": None, "test RMSE": None}
    assert third["step"] == 3


def test_a_reader_waits_for_what_comes() -> None:
    stream, found = Stream(), []
    reader = threading.Thread(target=lambda: found.extend(stream.since(0, 60.0)))
    reader.start()
    stream.tell({"kind": "note", "text": "hello"})
    reader.join(60.0)
    assert [json.loads(one)["text"] for one in found] == ["hello"]
