"""The engine against what Excel 365 shows (see goldens.py)."""

from __future__ import annotations

import pytest

from tests.kernels.goldens import FOLDER, Outcome, Verdict, run, suites

if not FOLDER.exists():
    pytest.skip("needs a folder `shared` beside the repository", allow_module_level=True)


@pytest.fixture(scope="module")
def outcomes() -> dict[str, list[Outcome]]:
    return {suite: run(suite) for suite in suites()}


def test_every_file_is_evaluated(outcomes: dict[str, list[Outcome]]) -> None:
    assert len(outcomes) >= 60
    matched = sum(o.verdict is Verdict.MATCHED for found in outcomes.values() for o in found)
    assert matched > 1000
