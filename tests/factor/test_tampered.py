"""Model files that somebody has changed: refused in a sentence, never believed."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from safetensors import safe_open
from safetensors.numpy import save_file

from tests.factor.data import planted
from xlcollab.errors import DataError
from xlcollab.factor import ModelSettings, Tables, TrainingSettings, load_model, save_model, train

Arrays = dict[str, np.ndarray]
Change = Callable[[Arrays, dict[str, str]], None]


def _array(name: str, change: Callable[[np.ndarray], np.ndarray]) -> Change:
    def run(arrays: Arrays, _: dict[str, str]) -> None:
        arrays[name] = np.ascontiguousarray(change(arrays[name]))

    return run


def _said(name: str, text: str) -> Change:
    def run(_: Arrays, metadata: dict[str, str]) -> None:
        metadata[name] = text

    return run


def _setting(part: str, name: str, value: object) -> Change:
    def run(_: Arrays, metadata: dict[str, str]) -> None:
        metadata[part] = json.dumps({**json.loads(metadata[part]), name: value})

    return run


def _without(name: str) -> Change:
    def run(arrays: Arrays, metadata: dict[str, str]) -> None:
        arrays.pop(name, None)
        metadata.pop(name, None)

    return run


def _with(value: float) -> Callable[[np.ndarray], np.ndarray]:
    def put(array: np.ndarray) -> np.ndarray:
        changed = array.copy()
        changed.flat[0] = value
        return changed

    return put


def _changes() -> Iterator[tuple[str, Change]]:
    for name in ("user_factors", "item_factors", "user_bias", "item_bias"):
        yield f"without {name}", _without(name)
        yield f"{name} nan", _array(name, _with(np.nan))
        yield f"{name} infinite", _array(name, _with(np.inf))
        yield f"{name} shorter", _array(name, lambda a: a[:-1])
        yield f"{name} flat", _array(name, lambda a: a.reshape(1, 1, -1))
        yield f"{name} whole", _array(name, lambda a: a.astype(np.int32))
        yield f"{name} empty", _array(name, lambda a: a[:0])
        yield f"{name} bytes", _array(name, lambda a: np.frombuffer(a.tobytes(), np.uint8))
    for name in ("user_factors", "item_factors"):
        yield f"{name} narrower", _array(name, lambda a: a[:, :-1])
        yield f"{name} wider", _array(name, lambda a: np.hstack([a, a[:, :1]]))
    for name in ("rated/starts", "rated/items"):
        yield f"without {name}", _without(name)
        yield f"{name} floats", _array(name, lambda a: a.astype(np.float64))
        yield f"{name} -1", _array(name, _with(-1))
        yield f"{name} huge", _array(name, _with(2**30))
        yield f"{name} longer", _array(name, lambda a: np.concatenate([a, a]))
    yield "starts backwards", _array("rated/starts", lambda a: a[::-1])
    for name in ("ids/user", "ids/item"):
        yield f"without {name}", _without(name)
        yield f"{name} half", _array(name, lambda a: a[: len(a) // 2])
        yield f"{name} no list", _array(name, lambda _: np.frombuffer(b'{"a":1}', np.uint8))
        yield f"{name} twice", _array(name, lambda _: np.frombuffer(b"[1,1]", np.uint8))
        yield f"{name} date", _array(name, lambda _: np.frombuffer(b'[{"date":1}]', np.uint8))
        yield f"{name} no text", _array(name, lambda _: np.frombuffer(b"\xff\xfe", np.uint8))
    for part in ("format", "version", "kind", "settings", "output"):
        yield f"without {part}", _without(part)
        yield f"{part} nonsense", _said(part, "?")
    for part in ("settings", "output"):
        yield f"{part} list", _said(part, "[]")
        yield f"{part} unknown", _setting(part, "surprise", 1)
        yield f"{part} null", _said(part, "null")
    yield "output nan", _setting("output", "centre", float("nan"))
    yield "output word", _setting("output", "span", "wide")
    yield "output falls", _setting("output", "span", -1.0)
    yield "seen short", _setting("output", "seen", [1.0])
    yield "factors word", _setting("settings", "n_factors", "many")
    yield "factors negative", _setting("settings", "n_factors", -3)
    yield "kind net", _said("kind", "net")


CHANGES = dict(_changes())


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("model") / "m.safetensors"
    result = train(Tables(planted()), ModelSettings(n_factors=3), TrainingSettings(epochs=2))
    save_model(result.model, path)
    return path


@pytest.mark.parametrize("name", CHANGES)
def test_a_tampered_model_is_refused(name: str, saved: Path, tmp_path: Path) -> None:
    with safe_open(saved, "numpy") as file:
        metadata = dict(file.metadata())
        arrays = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118
    CHANGES[name](arrays, metadata)
    path = tmp_path / "m.safetensors"
    save_file(arrays, path, metadata)
    with pytest.raises(DataError, match=r"m\.safetensors"):
        load_model(path)


def test_the_model_itself_is_read(saved: Path) -> None:
    assert load_model(saved).predict_numbers(np.zeros(1, np.int32), np.zeros(1, np.int32)).size == 1


def test_a_file_cut_anywhere(saved: Path, tmp_path: Path) -> None:
    data, path = saved.read_bytes(), tmp_path / "m.safetensors"
    for end in range(0, len(data), max(1, len(data) // 40)):
        path.write_bytes(data[:end])
        with pytest.raises(DataError):
            load_model(path)
