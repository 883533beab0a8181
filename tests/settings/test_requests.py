"""Every command takes one typed request, and every field of it is an option that arrives there."""

from __future__ import annotations

import inspect
import math
import re
import sys
from collections.abc import Callable
from dataclasses import is_dataclass, replace
from pathlib import Path
from typing import Any, get_args, get_origin, get_type_hints

import pytest
import typer
from typer.testing import CliRunner

from xlcollab.errors import UsageError
from xlcollab.faces.commands import COMMANDS, watch
from xlcollab.faces.request import command
from xlcollab.settings.asked import Asked
from xlcollab.settings.option import Setting, settings_of
from xlcollab.settings.requests.look import FactorsRequest, NewRequest
from xlcollab.settings.requests.ratings import (
    FitPlace,
    FitRequest,
    Measures,
    PredictRequest,
    RecommendRequest,
    TuneRequest,
)
from xlcollab.settings.requests.solve import ModelWords, SolveRequest
from xlcollab.settings.requests.tabs import CompareRequest, RunRequest
from xlcollab.settings.requests.watch import WatchRequest

PLAIN = {"addin", "live"}
"""Commands of the add-in, which ask for no run."""


def request_of(name: str) -> type:
    """The request that a command is written for."""
    hints = get_type_hints(inspect.unwrap(COMMANDS[name]))
    return next(hint for key, hint in hints.items() if key != "return")


def leaves(kind: Any) -> list[Setting]:
    """The settings of a record and of the records in it."""
    found = list(settings_of(kind).values())
    for hint in get_type_hints(kind).values():
        part = get_args(hint)[0] if get_origin(hint) is Asked else hint
        if is_dataclass(part):
            found += leaves(part)
    return found


REQUESTS = {name: request_of(name) for name in COMMANDS if name not in PLAIN}
OPTIONS = [(name, one) for name, kind in REQUESTS.items() for one in leaves(kind)]


@pytest.mark.parametrize("name", REQUESTS)
def test_the_fields_of_a_request_are_the_options_of_its_command(name: str) -> None:
    wanted = [one.name for one in leaves(REQUESTS[name])]
    assert len(wanted) == len(set(wanted)), "two fields of one name"
    assert inspect.signature(COMMANDS[name]).parameters.keys() == set(wanted)


@pytest.mark.parametrize("name", REQUESTS)
def test_no_flag_stands_for_two_options(name: str) -> None:
    flags: list[str] = []
    for parameter in inspect.signature(COMMANDS[name]).parameters.values():
        (info,) = parameter.annotation.__metadata__
        if isinstance(info, typer.models.OptionInfo):
            declared = [str(info.default), *info.param_decls]
            flags += [flag for one in declared for flag in one.split("/")]
    assert len(flags) == len(set(flags))


def sample(setting: Setting) -> tuple[list[str], object]:
    """Words to type for a setting, and what should arrive."""
    option = setting.option
    if option.words:
        word = list(option.words)[-1]
        typed, value = [word], word
    elif setting.kind in (int, float):
        least = max(option.range.least, 0.25) if option.range else 0.25
        number = setting.kind(min(least * 2 + 0.25, option.range.most if option.range else 9))
        number = max(number, 1) if setting.kind is int else number
        typed, value = [str(number)], number
    else:
        typed, value = ["some_text"], setting.kind("some_text")
    if setting.many is None:
        return typed, (value,)
    return typed * setting.many, value if setting.many == 1 else (value,) * setting.many


def flag_of(setting: Setting, command_name: str) -> str:
    """The first flag of an option; "" for an argument."""
    (info,) = (
        inspect.signature(COMMANDS[command_name]).parameters[setting.name].annotation.__metadata__
    )
    return "" if setting.option.positional else str(info.default).split("/")[0]


def arrived(kind: Any, arguments: list[str]) -> Any:
    """The request that a command line makes."""
    seen: list[Any] = []

    def take(request: Any) -> int:
        seen.append(request)
        return 0

    take.__annotations__ = {"request": kind, "return": int}
    app = typer.Typer()
    app.command()(command(take))
    found = CliRunner().invoke(app, arguments)
    if found.exception is not None and not isinstance(found.exception, SystemExit):
        raise found.exception
    assert found.exit_code == 0, found.output
    return seen[0]


NEEDED: dict[str, list[str]] = {
    "gradient": ["--of", "A1", "--with-respect-to", "B1"],
    "predict": ["--crosstab"],
    "fold-in": ["r.csv"],
    "recommend": ["--user", "1"],
    "new": ["matrix-factorisation", "r.csv"],
}
"""What a command needs besides its book."""
ALONE = {"everyone", "like", "pairs", "resume", "minimize", "maximize", "target", "by_changing"} | {
    "subject_to",
    "non_negative",
    "in_place",
    "find_learning_rate",
}
"""Options that need, or exclude, others: they have tests of their own."""


def value_in(request: Any, name: str) -> object:
    """The value of a setting wherever it lies in a request."""
    if name in settings_of(type(request)):
        return getattr(request, name)
    for part in (getattr(request, one) for one in get_type_hints(type(request))):
        if isinstance(part, Asked) and name in part:
            return part.values[name]
        if is_dataclass(part) and name in {one.name for one in leaves(type(part))}:
            return value_in(part, name)
    raise AssertionError(f"{name} did not arrive")


@pytest.mark.parametrize(
    ("name", "setting"),
    [
        (name, one)
        for name, one in OPTIONS
        if not one.option.positional and one.name not in ALONE and one.name not in {"of"}
    ],
    ids=lambda x: getattr(x, "name", x),
)
def test_what_is_typed_arrives(name: str, setting: Setting) -> None:
    first = ["m.xlsx"] if name not in {"new", "docs", "warm"} else []
    needed = [] if setting.name == "with_respect_to" else NEEDED.get(name, [])
    if name == "gradient" and setting.name == "with_respect_to":
        needed = ["--of", "A1"]
    flag = flag_of(setting, name)
    if setting.kind is bool:
        request = arrived(REQUESTS[name], [*first, *needed, flag])
        assert value_in(request, setting.name) is True
        return
    if name == "recommend" and setting.name == "user":
        needed = []
    typed, value = sample(setting)
    request = arrived(REQUESTS[name], [*first, *needed, flag, *typed])
    assert value_in(request, setting.name) == value


def test_nothing_typed_asks_for_nothing() -> None:
    request = arrived(SolveRequest, ["book.xlsx"])
    assert request == SolveRequest(book=Path("book.xlsx"))
    assert not request.settings
    assert not request.model.is_given
    assert arrived(FitRequest, ["r.csv"]).training.values == {}
    assert arrived(RunRequest, ["t.xlsx"]) == RunRequest(book=Path("t.xlsx"))


def test_short_flags_arrive_under_the_long_names() -> None:
    solve = arrived(SolveRequest, ["b.xlsx", "--lr", "0.5", "--wd", "0.1", "--mom", "0.8"])
    assert solve.settings.values == {"learning_rate": 0.5, "weight_decay": 0.1, "momentum": 0.8}
    run = arrived(RunRequest, ["b.xlsx", "--bs", "4", "--optimizer", "sgd", "--lr", "2"])
    assert (run.batch_size, run.optimizer, run.engine.values) == (4, "sgd", {"learning_rate": 2.0})
    fit = arrived(FitRequest, ["r.csv", "--lr", "0.5", "--wd", "0.1", "--mom", "0.8", "--bs", "9"])
    assert fit.weight_decay == 0.1
    assert fit.training.values == {"learning_rate": 0.5, "momentum": 0.8, "batch_size": 9}


@pytest.mark.parametrize(
    ("kind", "values", "message"),
    [
        (SolveRequest, {"output": Path("a"), "in_place": True}, "exclude each other"),
        (RunRequest, {"output": Path("a"), "in_place": True}, "exclude each other"),
        (RunRequest, {"epochs": -1}, "epochs is -1"),
        (RunRequest, {"time_limit": 0.0}, "time_limit is 0.0; expected seconds above 0"),
        (CompareRequest, {"batch_size": 0}, "batch_size is 0"),
        (FactorsRequest, {"components": 4}, "components is 4"),
    ],
)
def test_contradictions_are_refused(kind: Any, values: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        kind(book=Path("b.xlsx"), **values)


def test_predictions_need_pairs_of_one_kind() -> None:
    model = Path("m.xlsx")
    for wrong in ({}, {"user": ("1",)}, {"pairs": Path("p"), "crosstab": True}):
        with pytest.raises(UsageError):
            PredictRequest(model=model, **wrong)  # type: ignore[arg-type]
    assert PredictRequest(model=model, user=("1",), item=("2",)).item == ("2",)


def test_a_recommendation_is_for_one() -> None:
    for wrong in ({}, {"user": "1", "like": "2"}, {"user": "1", "everyone": True}):
        with pytest.raises(UsageError, match="give one of user, like and all"):
            RecommendRequest(model=Path("m.xlsx"), **wrong)  # type: ignore[arg-type]


def test_defaults_of_a_lesson_are_those_of_its_size() -> None:
    from xlcollab.api.lessons.new import Size

    request, size = NewRequest(kind="matrix-factorisation", ratings=Path("r.csv")), Size()
    for name in Size.__dataclass_fields__:
        assert getattr(request, name) == getattr(size, name)


SOMEWHERE = FitPlace(source=Path("r.csv"))
RANGES = {f"{name} {one.name}": one for name, one in OPTIONS if one.option.range is not None}
WORDS = {
    "a number": (-sys.float_info.max, sys.float_info.max),
    "0 or more": (0, None),
    "above 0": (5e-324, None),
    "1 or more": (1, None),
    "between 0 and 1": (0, 1),
    "at least 0 and below 1": (0, math.nextafter(1, 0)),
    "above 0 and at most 1": (5e-324, 1),
}
"""What the words of a range say: its least and its most, None for as large as there is."""


@pytest.mark.parametrize("name", RANGES)
def test_the_ends_of_a_range_are_taken_and_nothing_beyond(name: str) -> None:
    setting, span = RANGES[name], RANGES[name].option.range
    assert span is not None
    whole = setting.kind is int
    for end, away in ((span.least, -math.inf), (span.most, math.inf)):
        value = int(end) if whole else float(end)
        setting.check(value)
        beyond = value + (1 if away > 0 else -1) if whole else math.nextafter(value, away)
        with pytest.raises(UsageError, match=re.escape(f"expected {span.wanted}")):
            setting.check(beyond)
    with pytest.raises(UsageError, match=setting.name):
        setting.check(math.nan)


@pytest.mark.parametrize("name", RANGES)
def test_the_words_of_a_range_say_its_ends(name: str) -> None:
    span = RANGES[name].option.range
    assert span is not None
    numbers = re.fullmatch(r"a whole number, (\d+) to (\d+)", span.wanted)
    if numbers:
        assert (span.least, span.most) == tuple(map(int, numbers.groups()))
        return
    said = re.sub(r"^(a whole number|a number|a fraction|seconds),? (?=\S)", "", span.wanted)
    said = said.partition(", such as")[0]
    least, most = WORDS[said]
    assert span.least == least
    assert span.most == most or (most is None and span.most >= 2**63 - 1024)


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        (TuneRequest, {"place": SOMEWHERE, "trials": 1}),
        (Measures, {"top_k": 1}),
        (RunRequest, {"book": Path("b.xlsx"), "epochs": 0}),
        (CompareRequest, {"book": Path("b.xlsx"), "batch_size": 1}),
        (FactorsRequest, {"book": Path("b.xlsx"), "components": 3}),
        (PredictRequest, {"model": Path("m.xlsx"), "crosstab": True, "interval": 0.5}),
    ],
)
def test_the_least_that_can_be_asked_is_taken(kind: Any, values: dict[str, Any]) -> None:
    name = list(values)[-1]
    assert getattr(kind(**values), name) == values[name]


@pytest.mark.parametrize(
    ("kind", "values", "message"),
    [
        (TuneRequest, {"place": SOMEWHERE, "trials": 0}, "trials is 0"),
        (Measures, {"top_k": 0}, "top_k is 0; expected at least 1"),
        (PredictRequest, {"model": Path("m.xlsx"), "crosstab": True, "interval": 1.0}, "interval"),
        (PredictRequest, {"model": Path("m.xlsx"), "crosstab": True, "interval": 0.0}, "interval"),
    ],
)
def test_less_than_the_least_is_refused(kind: Any, values: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        kind(**values)


GOALS = {"minimize": "B1", "maximize": "B1", "target": "B1=3"}


@pytest.mark.parametrize("goal", GOALS)
def test_a_model_in_words_has_one_goal_and_variables(goal: str) -> None:
    one: dict[str, Any] = {goal: GOALS[goal]}
    assert ModelWords(**one, by_changing="A1").is_given
    with pytest.raises(UsageError, match="by_changing and one of minimize"):
        ModelWords(**one)
    for other in GOALS.keys() - {goal}:
        with pytest.raises(UsageError, match="by_changing and one of minimize"):
            ModelWords(**one, **{other: GOALS[other]}, by_changing="A1")  # type: ignore[arg-type]


def test_a_model_in_words_may_have_constraints_alone() -> None:
    assert ModelWords(by_changing="A1", subject_to=("A1<=3",)).is_given
    with pytest.raises(UsageError, match="at least one subject_to"):
        ModelWords(by_changing="A1")
    assert ModelWords(subject_to=("A1<=3",)).is_given
    assert ModelWords(non_negative=True).is_given
    assert not ModelWords().is_given


WATCHED = WatchRequest(
    book=Path("a.xlsx"),
    sheet="S",
    iterations=7,
    time_limit=3.5,
    output=Path("o.xlsx"),
    overwrite=True,
    json=True,
)


@pytest.mark.parametrize("made", [watch._solve, watch._run, watch._fit])
def test_what_is_watched_is_asked_for(made: Callable[[WatchRequest], Any]) -> None:
    request = made(replace(WATCHED, sheet=None) if made is watch._fit else WATCHED)
    for name in ("time_limit", "output", "overwrite", "json"):
        assert value_in(request, name) == getattr(WATCHED, name)
    if made is watch._fit:
        assert value_in(request, "source") == WATCHED.book
        assert value_in(request, "epochs") == 7
    else:
        name = "iterations" if made is watch._solve else "epochs"
        assert [value_in(request, one) for one in ("book", "sheet", name)] == [
            Path("a.xlsx"),
            "S",
            7,
        ]
        kept = replace(WATCHED, in_place=True, output=None)
        assert value_in(made(kept), "in_place") is True
    assert value_in(request, "browser") is True


def test_what_is_not_told_to_watch_is_left_to_the_method() -> None:
    plain = WatchRequest(book=Path("a.xlsx"))
    assert not watch._solve(plain).settings.values
    assert not watch._fit(plain).training.values
    assert watch._run(plain).epochs == 100


@pytest.mark.parametrize(("name", "value"), [("sheet", "S"), ("in_place", True)])
def test_ratings_in_a_file_have_no_sheet_to_watch(name: str, value: object) -> None:
    asked = replace(WatchRequest(book=Path("r.csv")), **{name: value})
    with pytest.raises(UsageError, match=r"is for workbooks, and r\.csv is none"):
        watch._fit(asked)
