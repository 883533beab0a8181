"""The lesson's three models by defaults, in one run of the command."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.faces.shell import xlcollab
from tests.oracle.lesson import copied

BEST = {"dotprod": 0.39290080, "movielens_emb": 0.39290080, "bias": 4.5737}
SOLVED = {"locally_optimal", "tolerance"}


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    book = copied(tmp_path_factory.mktemp("lesson"))
    found = xlcollab("solve", book, "--json")
    assert (found.code, found.err) == (0, "")
    return found.json


@pytest.mark.parametrize("sheet", BEST)
def test_the_best_known_minimum_is_reached(run: dict[str, Any], sheet: str) -> None:
    (model,) = [model for model in run["models"] if model["sheet"] == sheet]
    assert model["final"] <= BEST[sheet]
    assert model["status"] in SOLVED


def test_all_three_are_solved_in_seconds(run: dict[str, Any]) -> None:
    assert [model["sheet"] for model in run["models"]] == ["dotprod", "movielens_emb", "bias"]
    assert all(model["warnings"] == [] for model in run["models"])
    assert sum(model["seconds"]["solve"] for model in run["models"]) < 60


def test_the_saved_workbook_says_the_same(run: dict[str, Any], tmp_path: Path) -> None:
    found = xlcollab("recalc", run["output"], "--check", "--json").json
    assert found["differences"] == []
    assert found["unsupported"] == []
