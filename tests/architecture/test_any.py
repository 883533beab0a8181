"""Types say what they are: `Any` is for foreign objects alone, and its uses are counted."""

from __future__ import annotations

import io
import tokenize
from collections import Counter
from pathlib import Path

from tests.architecture.rooms import ROOT

MOST_USES = 388
"""Two thirds of what there was before the commands took typed requests."""
WITHOUT = ("disk", "formula", "grid", "history", "kernels", "lessons", "plan")
"""The rooms that touch nobody's objects but ours and numpy's."""


def uses_of_any(root: Path) -> Counter[str]:
    """How often the name stands in each room's code, imports included."""
    counts: Counter[str] = Counter()
    for file in root.rglob("*.py"):
        read = io.StringIO(file.read_text(encoding="utf-8")).readline
        names = (one for one in tokenize.generate_tokens(read) if one.type == tokenize.NAME)
        counts[file.relative_to(root).parts[0]] += sum(one.string == "Any" for one in names)
    return counts


def test_any_is_rare() -> None:
    counts = uses_of_any(ROOT)
    assert counts.total() <= MOST_USES, counts.most_common(8)


def test_rooms_of_our_own_objects_need_none() -> None:
    counts = uses_of_any(ROOT)
    assert {room: counts[room] for room in WITHOUT} == dict.fromkeys(WITHOUT, 0)


def test_a_use_is_counted(tmp_path: Path) -> None:
    (tmp_path / "room").mkdir()
    text = 'from typing import Any\n\n\ndef f(x: Any) -> None:\n    """Any text."""\n'
    (tmp_path / "room" / "a.py").write_text(text)
    assert uses_of_any(tmp_path) == {"room": 2}
