"""The options of the shell: every setting is one; help with an example for every command."""

from __future__ import annotations

import inspect
from dataclasses import fields
from enum import StrEnum
from typing import Any, get_args

import pytest

from tests.faces.shell import xlcollab
from xlcollab.faces.cli import build
from xlcollab.faces.commands import COMMANDS
from xlcollab.faces.mistakes import OTHER_WORDS
from xlcollab.factor import ModelSettings, TrainingSettings
from xlcollab.optim import METHODS, SCHEDULES, Settings
from xlcollab.settings.optimizers import OPTIMIZERS
from xlcollab.settings.requests.tabs import OPTIMIZERS as RUN_OPTIMIZERS
from xlcollab.settings.requests.tabs import SCHEDULES as RUN_SCHEDULES
from xlcollab.settings.solving import Computing, RuleSettings
from xlcollab.settings.words import AGGREGATES, DRAWS, INITS, LOSSES


def parameters(command: str) -> dict[str, inspect.Parameter]:
    return dict(inspect.signature(COMMANDS[command]).parameters)


def words(command: str, option: str) -> set[str]:
    """The words that an option of a command takes."""
    kinds: list[Any] = [parameters(command)[option].annotation]
    while kinds:
        kind = kinds.pop()
        if isinstance(kind, type) and issubclass(kind, StrEnum):
            return {str(one) for one in kind}
        kinds += get_args(kind)
    raise AssertionError(f"{option} of {command} takes no words")


@pytest.mark.parametrize(
    ("command", "option", "table"),
    [
        ("solve", "method", METHODS),
        ("solve", "schedule", SCHEDULES),
        ("solve", "init", INITS),
        ("run", "optimizer", RUN_OPTIMIZERS),
        ("run", "schedule", RUN_SCHEDULES),
        ("compare", "optimizer", RUN_OPTIMIZERS),
        ("compare", "schedule", RUN_SCHEDULES),
        ("fit", "optimizer", OPTIMIZERS),
        ("fit", "schedule", SCHEDULES),
        ("fit", "loss", LOSSES),
        ("fit", "init", DRAWS),
        ("fit", "duplicates", AGGREGATES),
        ("tune", "optimizer", OPTIMIZERS),
    ],
)
def test_choices_are_the_tables_of_the_room_of_settings(
    command: str, option: str, table: Any
) -> None:
    assert words(command, option) == set(table)


@pytest.mark.parametrize(
    ("command", "kinds"),
    [
        ("solve", (Settings, Computing)),
        ("run", (RuleSettings,)),
        ("compare", (RuleSettings,)),
        ("fit", (ModelSettings, TrainingSettings)),
    ],
)
def test_every_setting_is_an_option_of_its_command(command: str, kinds: tuple[Any, ...]) -> None:
    known = parameters(command)
    for one in (one for kind in kinds for one in fields(kind)):
        assert one.name in known, f"{one.name} is no option of {command}"
        assert known[one.name].default is None, f"{one.name} is asked for unasked"


@pytest.mark.parametrize("name", [one.name for one in fields(Settings)])
def test_the_help_says_what_holds_by_default(name: str) -> None:
    default = getattr(Settings(), name)
    if default is not None and default is not False:
        found = xlcollab("solve", "--help")
        shown = f"{default:g}" if isinstance(default, float) else str(default)
        assert f"(default:{shown})" in "".join(found.out.replace("│", " ").split())


def test_the_options_of_the_issue_are_there() -> None:
    wanted = (
        "iterations learning_rate momentum dampening beta1 beta2 l2 weight_decay schedule "
        "tolerance seed restarts init clip scale device dtype method minimize maximize target "
        "by_changing subject_to sheet history_every no_history in_place output json rho epsilon "
        "gamma step_size eta_min pct_start div_factor final_div_factor init_scale"
    )
    assert set(wanted.split()) <= parameters("solve").keys()


@pytest.mark.parametrize(
    ("short", "long"),
    [
        ("--lr", "--learning-rate"),
        ("--wd", "--weight-decay"),
        ("--mom", "--momentum"),
        ("--bs", "--batch-size"),
        ("-o", "--output"),
    ],
)
@pytest.mark.parametrize("command", COMMANDS)
def test_short_flags_stand_for_the_long_ones_wherever_these_are(
    command: str, short: str, long: str
) -> None:
    for parameter in parameters(command).values():
        flags = _flags(parameter)
        if long in flags and parameter.name != "docs":
            assert short in flags, f"{command} has {long} without {short}"


def test_other_words_lead_to_options_that_some_command_has() -> None:
    known = {
        flag
        for command in COMMANDS
        for parameter in parameters(command).values()
        for flag in _flags(parameter)
    }
    for typed, meant in OTHER_WORDS.items():
        assert set(meant) & known, typed


def _flags(parameter: inspect.Parameter) -> set[str]:
    (info,) = getattr(parameter.annotation, "__metadata__", (None,))
    declared = [getattr(info, "default", None), *(getattr(info, "param_decls", None) or ())]
    return {flag for flag in declared if isinstance(flag, str)}


@pytest.mark.parametrize("command", COMMANDS)
def test_what_writes_a_file_can_be_told_to_replace_one(command: str) -> None:
    own = parameters(command)
    assert "output" not in own or "overwrite" in own, command


@pytest.mark.parametrize("command", COMMANDS)
def test_help_has_a_summary_and_an_example(command: str) -> None:
    found = xlcollab(command, "--help")
    assert found.code == 0
    assert f"Example:  xlcollab {command} " in " ".join(found.out.split("\n")).replace("\n", " ")
    summary = (COMMANDS[command].__doc__ or "").split("\n\n")[0].split()
    assert " ".join(summary[:6]) in found.out
    assert xlcollab(command, "-h").out == found.out


def test_the_overview_names_every_command() -> None:
    found = xlcollab("-h")
    assert found.code == 0
    assert all(f" {command} " in found.out for command in COMMANDS)


def test_every_option_has_help() -> None:
    for command in build().registered_commands:
        assert command.callback is not None
        for parameter in inspect.signature(command.callback, eval_str=True).parameters.values():
            (info,) = parameter.annotation.__metadata__
            assert info.help, f"{command.name}: {parameter.name}"


def test_version_needs_no_command() -> None:
    import xlcollab as package

    found = xlcollab("--version")
    assert (found.code, found.out.strip()) == (0, package.__version__)


@pytest.mark.parametrize(
    "arguments",
    [
        ("solve",),
        ("solve", "book.xlsx", "--method", "sgd"),
        ("solve", "book.xlsx", "--iterations", "many"),
        ("solve", "book.xlsx", "--schedule", "linear"),
        ("solve", "book.xlsx", "--lr", "-1"),
        ("run", "book.xlsx", "--optimizer", "lbfgs"),
        ("run", "book.xlsx", "--gamma", "2"),
        ("fit", "r.csv", "--wd", "-0.5"),
        ("gradient", "book.xlsx"),
        ("fly",),
    ],
)
def test_wrong_usage_is_code_2(arguments: tuple[str, ...]) -> None:
    found = xlcollab(*arguments)
    assert found.code == 2
    assert not found.out
    assert "Traceback" not in found.err
