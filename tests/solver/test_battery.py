"""Generated models of every class beside another engine: nothing said of them is false.

`-m slow` runs 3,400 of them.
"""

from __future__ import annotations

import contextlib
from pathlib import Path

import pytest

from tests.solver.battery.judge import MAKERS, case, faults
from xlcollab.errors import ModelError

_EACH = 100
"""Models of each kind."""
_AT_ONCE = 20
MET = [
    ("quadratic", 13),
    ("quadratic", 20),
    ("quadratic", 22),
    ("quadratic", 41),
    ("quadratic", 55),
    ("disjoint", 1),
    ("goals", 1),
    ("brackets", 72),
    ("whole_goals", 71),
    ("fixed_charge", 60042),
    ("fixed_charge", 60079),
    ("quadratic", 80019),
]
"""Of these something false was said, or they took more than a minute."""
MET_BY_SCIP = [
    ("barrier", 60001),
    ("barrier", 60007),
    ("projection", 60002),
    ("curved_kinks", 60004),
    ("orders", 60002),
]
"""The same by the engine `global`."""
MET_BY_METHOD = [
    ("lbfgs", "lp", 70000),
    ("lbfgs", "exponential", 70002),
    ("lbfgs", "wavy", 70001),
    ("lbfgs", "discount", 70003),
    ("lbfgs", "degenerate", 70004),
    ("lbfgs", "equations", 70001),
    ("lbfgs", "endless", 71001),
    ("lbfgs", "curved_kinks", 71001),
    ("lbfgs", "least_deviations", 71000),
    ("momentum", "posynomial", 71001),
]
"""The same by methods that were asked for by name."""


def judge(kind: str, seed: int, folder: Path, **settings: object) -> None:
    one = case(kind, seed)
    _, told = faults(one, folder, **settings)
    assert not told, (kind, seed, told, one)


def judge_by_scip(kind: str, seed: int, folder: Path) -> None:
    """A model that has no form in SCIP is refused, which says nothing false."""
    with contextlib.suppress(ModelError):
        judge(kind, seed, folder, engine="global", time_limit=10.0)


@pytest.mark.parametrize("kind", MAKERS)
def test_what_is_said_is_true(kind: str, tmp_path: Path) -> None:
    judge(kind, 0, tmp_path)


@pytest.mark.parametrize(("kind", "seed"), MET)
def test_what_was_false_once(kind: str, seed: int, tmp_path: Path) -> None:
    judge(kind, seed, tmp_path)


@pytest.mark.parametrize(("kind", "seed"), MET_BY_SCIP)
def test_what_was_false_once_by_scip(kind: str, seed: int, tmp_path: Path) -> None:
    judge_by_scip(kind, seed, tmp_path)


@pytest.mark.parametrize(("method", "kind", "seed"), MET_BY_METHOD)
def test_what_was_false_once_by_a_method(method: str, kind: str, seed: int, tmp_path: Path) -> None:
    judge(kind, seed, tmp_path, method=method)


def test_a_population_stays_within_bounds_that_a_row_contradicts(tmp_path: Path) -> None:
    judge("mip", 70000, tmp_path, engine="evolutionary")


@pytest.mark.slow
@pytest.mark.parametrize("kind", MAKERS)
def test_what_scip_is_said_to_prove_is_true(kind: str, tmp_path: Path) -> None:
    for seed in range(_AT_ONCE):
        judge_by_scip(kind, seed, tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("first", range(0, _EACH, _AT_ONCE))
@pytest.mark.parametrize("kind", MAKERS)
def test_what_is_said_of_two_thousand_models_is_true(kind: str, first: int, tmp_path: Path) -> None:
    for seed in range(first, first + _AT_ONCE):
        judge(kind, seed, tmp_path)


def test_there_are_two_thousand() -> None:
    assert len(MAKERS) * _EACH >= 2000
