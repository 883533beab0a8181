"""The options of the shell and the tables they speak of; help with an example for every command."""

from __future__ import annotations

import inspect
from dataclasses import fields
from typing import get_args

import pytest

from tests.faces.shell import xlcollab
from xlcollab.faces import options
from xlcollab.faces.cli import build
from xlcollab.faces.commands import COMMANDS
from xlcollab.faces.commands.solve import solve
from xlcollab.optim import METHODS, SCHEDULES, InitName, MethodName, Settings


def _words(choice: type) -> set[str]:
    return {str(one) for one in choice}  # type: ignore[attr-defined]


def test_choices_are_the_tables_of_the_optimisers() -> None:
    assert _words(options.MethodChoice) == {"auto", *METHODS} == set(get_args(MethodName))
    assert _words(options.ScheduleChoice) == set(SCHEDULES)
    assert _words(options.InitChoice) == set(get_args(InitName))


PARAMETERS = inspect.signature(solve).parameters


@pytest.mark.parametrize("name", [f.name for f in fields(Settings) if f.name in PARAMETERS])
def test_nothing_is_asked_by_default_and_the_help_says_what_then_holds(name: str) -> None:
    default = getattr(Settings(), name)
    asked = PARAMETERS[name].default
    if name == "history_every":
        assert asked == default
        return
    assert not asked
    if default is not None:
        found = xlcollab("solve", "--help")
        shown = f"{default:g}" if isinstance(default, float) else str(default)
        assert f"(default:{shown})" in "".join(found.out.replace("│", " ").split())


def test_the_options_of_the_issue_are_there() -> None:
    wanted = (
        "iterations learning_rate momentum dampening beta1 beta2 l2 weight_decay schedule "
        "tolerance seed restarts init clip scale device dtype method minimize maximize target "
        "by_changing subject_to sheet history_every no_history in_place output json"
    )
    assert set(wanted.split()) <= PARAMETERS.keys()


@pytest.mark.parametrize("command", COMMANDS)
def test_help_has_a_summary_and_an_example(command: str) -> None:
    found = xlcollab(command, "--help")
    assert found.code == 0
    assert f"Example:  xlcollab {command} " in " ".join(found.out.split("\n")).replace("\n", " ")
    summary = (COMMANDS[command].__doc__ or "").split("\n\n")[0].split()
    assert " ".join(summary[:6]) in found.out


def test_the_overview_names_every_command() -> None:
    found = xlcollab("--help")
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
        ("gradient", "book.xlsx"),
        ("fly",),
    ],
)
def test_wrong_usage_is_code_2(arguments: tuple[str, ...]) -> None:
    found = xlcollab(*arguments)
    assert found.code == 2
    assert not found.out
    assert "Traceback" not in found.err
