"""Outcomes as words, JSON, rows and exit codes: made of records, without a run."""

from __future__ import annotations

import math
from dataclasses import fields
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from xlcollab.api.ratings.fit import _is_sharded
from xlcollab.api.ratings.recommend import Ranked
from xlcollab.api.ratings.scores import Folds, Measured
from xlcollab.api.ratings.tune import Tuned
from xlcollab.api.session.elsewhere import _sentence
from xlcollab.api.session.viewer import finite
from xlcollab.api.solve.compiling import _fan_in, _listed, _refreshed
from xlcollab.api.solve.contradicting import explained
from xlcollab.api.solve.keeping import with_options
from xlcollab.api.solve.running import _exit_code, _told, _watched_json
from xlcollab.api.solve.solved import Refused, Solved
from xlcollab.api.solve.watching import thinned
from xlcollab.api.tabs.book import TabRuns, compare_tabs
from xlcollab.api.tabs.run import stopped
from xlcollab.errors import UsageError
from xlcollab.factor.search import RateSweep, Trial, Tuning
from xlcollab.factor.training.result import Scores
from xlcollab.factor.training.train import worse_than_biases
from xlcollab.history import Record
from xlcollab.interrupts import OutOfTime
from xlcollab.optim import Settings, Status
from xlcollab.problems import SolverModel, SolverOptions
from xlcollab.ref import AreaRef, CellRef, Rect


def a(**parts: Any) -> Any:
    """Something that has these parts, and no others."""
    return SimpleNamespace(**parts)


# --- a search for settings


def tuned(stopped: str | None) -> Tuned:
    trials = (Trial({"n_factors": 5}, 0.95, 1.0), Trial({"n_factors": 9}, 0.93, 1.0))
    return Tuned(Tuning(trials, a(), a(), stopped), 30, Path("trials.xlsx"), "xlcollab fit r.csv")


@pytest.mark.parametrize(
    ("ended", "code", "sentence"),
    [
        (None, 0, "All trials were run."),
        ("time_limit", 0, "The time limit was reached; the 2 of 30 trials so far are kept."),
        ("interrupted", 130, "The search was stopped; the 2 of 30 trials so far are kept."),
    ],
)
def test_how_a_search_ended(ended: str | None, code: int, sentence: str) -> None:
    found = tuned(ended)
    assert (found.exit_code, found.sentence, found.is_whole) == (code, sentence, ended is None)
    assert found.as_json() == {
        "status": ended or "trial_limit",
        "best": {"n_factors": 9},
        "validation_rmse": 0.93,
        "trials": 2,
        "fit": "xlcollab fit r.csv",
        "output": "trials.xlsx",
    }


# --- recommendations


@pytest.mark.parametrize("titles", [(None, None), ("Alien", None)])
def test_titles_are_shown_where_one_is_known(titles: tuple[str | None, ...]) -> None:
    found = Ranked((7, "b"), (4.5, 4.25), "A note.", titles, "rating")
    named = titles[0] is not None
    assert found.has_titles is named
    table = found.table()
    assert table.columns == ("rank", "item", "rating", *(["title"] if named else []))
    assert table.rows[1] == (2, "b", 4.25, *([None] if named else []))
    first = {"item": 7, "value": 4.5, **({"title": "Alien"} if named else {})}
    assert found.as_json()["items"][0] == first
    assert found.as_json()["note"] == "A note."


# --- measures


def test_folds_of_ratings_and_of_what_is_taken_up() -> None:
    rated = Folds((Scores(0.9, 0.7, 10), Scores(1.0, 0.8, 30)))
    assert rated.sentence == "cross-validation: RMSE 0.95000 on 2 folds"
    assert rated.as_json() == {
        "rmse": 0.95,
        "mae": 0.75,
        "folds": [
            {"rmse": 0.9, "mae": 0.7, "ratings": 10},
            {"rmse": 1.0, "mae": 0.8, "ratings": 30},
        ],
    }
    assert rated.table().columns == ("fold", "test ratings", "test RMSE", "test MAE")
    assert rated.table().rows == [(1, 10, 0.9, 0.7), (2, 30, 1.0, 0.8), ("mean", 40, 0.95, 0.75)]
    taken = Folds((Scores(math.nan, math.nan, 10, 0.2), Scores(math.nan, math.nan, 30, 0.4)))
    assert taken.sentence == "cross-validation: NDCG 0.30000 on 2 folds"
    assert taken.as_json()["folds"] == [{"ndcg": 0.2, "ratings": 10}, {"ndcg": 0.4, "ratings": 30}]
    assert taken.table().columns == ("fold", "test pairs", "NDCG at 10")
    assert taken.table().rows == [(1, 10, 0.2), (2, 30, 0.4), ("mean", 40, pytest.approx(0.3))]


def test_what_diverged_has_no_number() -> None:
    sweep = RateSweep((0.1, 10.0), (0.9, math.nan), (1.0, math.inf), 0.1, a())
    found = Measured(None, None, sweep)
    assert found.as_json() == {
        "ranking": None,
        "cross_validation": None,
        "learning_rate_sweep": {
            "learning_rates": [0.1, 10.0],
            "train_rmse": [0.9, None],
            "validation_rmse": [1.0, None],
            "suggestion": 0.1,
        },
    }
    (table,) = found.tables()
    assert table.rows == [(-1.0, 0.1, 0.9, 1.0), (1.0, 10.0, None, None)]
    assert table.chart == ("train RMSE", "validation RMSE")
    assert Measured(None, None, None).tables() == []
    assert Measured(None, None, None).rows() == []


@pytest.mark.parametrize(
    ("test", "validation", "worse"),
    [
        (0.9, None, ""),
        (1.0, 1.2, ""),
        (1.1, None, "test"),
        (None, 1.1, "validation"),
        (None, None, ""),
    ],
)
def test_a_model_that_is_worse_than_biases_is_told_of(
    test: float | None, validation: float | None, worse: str
) -> None:
    found = {"test": test, "validation": validation}
    parts = {name: None if e is None else Scores(e, e, 9) for name, e in found.items()}
    result = a(**parts, biases={name: Scores(1.0, 1.0, 9) for name in found}, training=None)
    said = worse_than_biases(result)
    assert len(said) == bool(worse)
    for sentence in said:
        begin = f"The {worse} RMSE 1.1000 is worse than that of biases alone, 1.0000"
        assert sentence.startswith(begin)
        assert sentence.endswith("Fit fewer factors, or take the biases with n_factors=0.")


# --- tabs


def run(name: str, code: int, **more: Any) -> Any:
    parts = {"losses": [4.0, 2.0], "measured": [3.0, 1.0], "weights": {"a": 0.5, "b": -1e-7}}
    words = {"status": "done", "message": "5 epochs were run.", "as_json": lambda: {"sheet": name}}
    return a(sheet=name, exit_code=code, optimizer="adam", epochs=5, **{**parts, **words, **more})


def test_runs_of_tabs() -> None:
    both = run("sgd", 0), run("adam", 4, losses=[], status="diverged", message="It diverged.")
    found = TabRuns(Path("in.xlsx"), None, both)
    assert found.exit_code == 4
    assert found.as_json() == {
        "workbook": "in.xlsx",
        "output": None,
        "tabs": [{"sheet": "sgd"}, {"sheet": "adam"}],
    }
    weights = "a 0.5, b -1e-07"
    assert found.lines() == [
        ("sgd", "adam", 5, 4.0, 2.0, weights, "done"),
        ("adam", "adam", 5, "", "", weights, "diverged"),
    ]
    assert found.sentences() == ["sgd: 5 epochs were run.", "adam: It diverged."]
    compared = TabRuns(Path("in.xlsx"), Path("o.xlsx"), (run("x", 0), run("y", 0)), True)
    assert compared.lines()[0][3:5] == (3.0, 1.0)
    assert compared.sentences() == ["x, y: 5 epochs were run."]
    assert compared.as_json()["output"] == "o.xlsx"


def test_an_ending_says_who_ended_it() -> None:
    interrupted, late = stopped(KeyboardInterrupt(), "after 3 epochs"), stopped(OutOfTime(), "soon")
    assert (interrupted.status, late.status) == ("interrupted", "time_limit")
    assert interrupted.message == "The run was interrupted after 3 epochs."
    assert late.message == "The time limit was reached soon."


# --- Solver models


@pytest.mark.parametrize("count", [0, 1, 2, 12, 13])
def test_what_contradicts_itself_is_listed(count: int, monkeypatch: pytest.MonkeyPatch) -> None:
    names = [f"S!A{i} >= 0" for i in range(count)]
    module = "xlcollab.api.solve.contradicting"
    monkeypatch.setattr(f"{module}.contradicting", lambda compiled, solution: names)
    monkeypatch.setattr(f"{module}.replace", lambda one, **more: a(**(vars(one) | more)))
    said = explained(a(), a(message="Infeasible.", linear=None)).message
    shown = "; ".join(names[:12]) + (" and 1 more" if count == 13 else "")
    one_of = " Without any one of them the others can be satisfied." if count > 1 else ""
    verb = "These contradict each other" if count > 1 else "This cannot be satisfied"
    told = f" {verb}: {shown}.{one_of}" if count else ""
    assert said == f"Infeasible.{told}"


@pytest.mark.parametrize(("count", "more"), [(1, ""), (8, ""), (9, " and 1 more")])
def test_cells_are_listed_up_to_eight(count: int, more: str) -> None:
    cells = [CellRef("S", row, 1) for row in range(count)]
    assert _listed(cells) == ", ".join(f"S!B{row + 1}" for row in range(min(count, 8))) + more


def test_what_is_watched_is_told_where_it_is() -> None:
    assert _watched_json(a(watched={})) == {}
    found = _watched_json(a(watched={"test RMSE": (1.5, math.nan), "cost": (math.inf, -2.0)}))
    assert found == {
        "watched": {
            "test RMSE": {"initial": 1.5, "final": None},
            "cost": {"initial": None, "final": -2.0},
        }
    }
    assert (finite(0.0), finite(-math.inf)) == (0.0, None)


MODEL = SolverModel("S", CellRef("S", 0, 0), "minimize", 0.0, (AreaRef("S", Rect(1, 0, 2)),))
STORED = SolverOptions(engine="simplex", seconds=7, iterations=50, seed=3, mutation=0.2)


def kept(options: SolverOptions, method: str = "highs", **asked: Any) -> SolverOptions:
    model = SolverModel(**{n: getattr(MODEL, n) for n in MODEL.__slots__} | {"options": options})
    return with_options(a(model=model, solution=a(method=method)), Settings(**asked)).options


def test_a_model_without_options_gets_the_engine_that_solved_it() -> None:
    assert kept(SolverOptions(), "highs").engine == "simplex"
    assert kept(SolverOptions(), "evolutionary").engine == "evolutionary"
    assert kept(SolverOptions(), "adam").engine == "grg"
    assert kept(STORED, "evolutionary") == STORED


def test_what_was_asked_for_is_kept_and_all_else_stays() -> None:
    asked = {"time_limit": 2.5, "iterations": 9, "gap": 0.0, "population": 40, "seed": 8}
    found = kept(STORED, **asked, mutation=0.0, multistart=True)
    assert (found.seconds, found.iterations, found.integer_tolerance) == (3, 9, 0.0)
    assert (found.population, found.seed, found.mutation, found.multistart) == (40, 8, 0.0, True)
    assert found.engine == "simplex"
    assert kept(SolverOptions(multistart=True)).multistart
    assert kept(STORED, time_limit=0.2).seconds == 1


# --- what to do instead


@pytest.mark.parametrize(
    ("sheets", "said"),
    [
        ([], ""),
        (["a"], ". It holds tabs (a): xlcollab run 'my book.xlsx'"),
        (["a", "b", "c"], ". It holds tabs (a, b, c): xlcollab run 'my book.xlsx'"),
        (["a", "b", "c", "d"], ". It holds tabs (a, b, c, …): xlcollab run 'my book.xlsx'"),
    ],
)
def test_the_other_verb_is_named(sheets: list[str], said: str) -> None:
    assert _sentence("tabs", sheets, "run", a(path=Path("x/my book.xlsx"))) == said


@pytest.mark.parametrize("checkpoint", [None, Path("c")])
@pytest.mark.parametrize("several", [False, True])
@pytest.mark.parametrize("device", [None, "cpu", "cuda"])
@pytest.mark.parametrize("implicit", [False, True])
def test_who_shares_ratings_out(
    checkpoint: Path | None,
    several: bool,
    device: str | None,
    implicit: bool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("xlcollab.api.ratings.fit.under_torchrun", lambda: several)
    training = a(values={} if device is None else {"device": device})
    request = a(
        training=training,
        model=a(values={"implicit": implicit}),
        checkpointing=a(checkpoint=checkpoint),
    )
    wanted = (several or checkpoint is not None) and device != "cuda" and not implicit
    assert _is_sharded(request) is wanted


def test_the_fan_in_of_a_block_is_its_narrow_side() -> None:
    areas = (
        AreaRef("S", Rect(0, 0, 3, 5)),
        AreaRef("S", Rect(9, 0, 4, 2)),
        AreaRef("S", Rect(20, 0)),
    )
    assert _fan_in(a(variables=areas)).tolist() == [3.0] * 15 + [2.0] * 8 + [1.0]


def test_cells_taken_as_nothing_are_told_of_where_there_are_some() -> None:
    assert _refreshed(0) == []
    assert _refreshed(3) == ["the file asks to be recalculated: 3 stored values were out of date"]


def solved(status: Status, *, feasible: bool = True, kept: bool = True) -> Solved:
    words = {"solver_code": status.solver_code, "solver_words": status.solver_words}
    solution = a(message="It ended.", status=status, feasible=feasible, usable=kept, **words)
    parts = dict.fromkeys(one.name for one in fields(Solved))
    made = object.__new__(Solved)
    for name in parts:
        object.__setattr__(made, name, None)
    object.__setattr__(made, "solution", solution)
    object.__setattr__(made, "warnings", ("mind this",))
    return made


CODES = {
    Status.OPTIMAL: 0,
    Status.ITERATION_LIMIT: 0,
    Status.DONE: 0,
    Status.REFUSED: 3,
    Status.DIVERGED: 4,
    Status.GOAL_NOT_MET: 4,
    Status.INFEASIBLE: 4,
    Status.UNBOUNDED: 4,
    Status.INTERRUPTED: 130,
}


@pytest.mark.parametrize("status", CODES)
def test_a_status_has_its_exit_code(status: Status) -> None:
    found = solved(status)
    assert found.status is status
    assert _exit_code(found) == CODES[status]
    lost = _exit_code(solved(status, feasible=False))
    assert lost == (CODES[status] or 4)
    assert _exit_code(Refused(a(), "no", status)) == CODES[status]


def test_what_is_told_of_a_model() -> None:
    assert _told(Refused(a(), "A sentence.", Status.REFUSED)) == ["A sentence."]
    optimal = _told(solved(Status.OPTIMAL))
    words = Status.OPTIMAL.solver_words
    assert optimal == ["It ended.", f"Solver's result 0: {words}", "warning: mind this"]
    assert _told(solved(Status.DONE)) == ["It ended.", "warning: mind this"]


@pytest.mark.parametrize("asked", [{"batch_size": 8}, {"engine": {"epsilon": 1e-6}}])
def test_settings_of_the_engine_need_an_optimizer(asked: dict[str, Any]) -> None:
    request = a(**{"engine": {}, "batch_size": None, "optimizer": ()} | asked)
    with pytest.raises(UsageError, match="settings of the engine need an optimizer"):
        compare_tabs(a(), request)


@pytest.mark.parametrize(
    ("rows", "kept"), [(0, 0), (1, 1), (500, 500), (501, 251), (1000, 501), (1001, 335)]
)
def test_cells_are_watched_at_so_many_rows(rows: int, kept: int) -> None:
    record = Record(("iteration",), np.arange(float(rows))[:, None], (), np.empty((rows, 0)))
    found = thinned(record)
    assert len(found) == kept
    if rows:
        assert found.rows[[0, -1], 0].tolist() == [0.0, rows - 1.0]
