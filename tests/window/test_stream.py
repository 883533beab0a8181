"""The events of a run: all of the first rows, few of very many, and none that is no JSON."""

from __future__ import annotations

import json
import threading

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


def test_a_reader_waits_for_what_comes() -> None:
    stream, found = Stream(), []
    reader = threading.Thread(target=lambda: found.extend(stream.since(0, 60.0)))
    reader.start()
    stream.tell({"kind": "note", "text": "hello"})
    reader.join(60.0)
    assert [json.loads(one)["text"] for one in found] == ["hello"]
