"""What is said of a value that was typed wrong: the value itself, and what was meant perhaps."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from typing import Any

import typer
from typer.core import TyperGroup

from xlcollab.settings.near import meant

_PREFIX = "Value error, "
_WORD = re.compile(r"'([^']*)'")
_COMMA = re.compile(r"[-+]?\d+,\d+(?:[eE][-+]?\d+)?")
_WITH_UNIT = re.compile(r"(?P<number>[-+]?\d+(?:\.\d+)?) ?(?P<unit>%|[a-z]+)")
_WHOLE_LIST = re.compile(r"[1-9]\d*(?:, ?[1-9]\d*)+")
_SECONDS = ("s", "sec", "secs", "seconds")
_EXACT = 2.0**53
"""Whole numbers below it a float tells apart."""
_KINDS = {"valid integer": "no whole number", "valid number": "no number"}
"""What typer says was expected, and what we say the value is."""


class Sentences(TyperGroup):
    """Commands whose complaints about values are sentences of ours."""

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except typer.BadParameter as error:
            error.message = mended(error.message, _typed(error))
            raise
        except Exception as error:
            if hasattr(error, "option_name") and hasattr(error, "possibilities"):
                self._name_options(ctx, error)
            else:
                _say_what_is_taken(error)
                _say_how_many(error)
            raise

    def _name_options(self, ctx: Any, error: Any) -> None:
        """For an option that a command has not: those it has that are spelt so, else the commands
        that have it."""
        typed, flags = error.option_name, {}
        for name in self.list_commands(ctx):
            command = self.get_command(ctx, name)
            params = command.params if command is not None else []
            flags[name] = [flag for one in params for flag in one.opts if flag.startswith("-")]
        own = flags.get(error.ctx.info_name, []) if error.ctx is not None else []
        error.possibilities = None
        error.message += _options_meant(typed, own or [*self._own_flags(ctx)], flags)

    @staticmethod
    def _own_flags(ctx: Any) -> list[str]:
        """Those that stand before a command."""
        return [flag for one in ctx.command.params for flag in one.opts if flag.startswith("--")]


def _say_what_is_taken(error: Any) -> None:
    """Where words stand that belong to no option: what a command takes without one."""
    message, ctx = getattr(error, "message", None), getattr(error, "ctx", None)
    if ctx is None or not isinstance(message, str) or "unexpected extra argument" not in message:
        return
    arguments = [one for one in ctx.command.params if one.param_type_name == "argument"]
    taken = [one.name.upper() for one in arguments]
    lists = "several words of one option are joined by commas, or it is given again for each"
    only = f"only {' and '.join(taken)} stands without an option, and {lists}"
    error.message = f"{message}; {only if taken else 'this command takes options alone'}."


def _say_how_many(error: Any) -> None:
    """For an option of two values that got one: how they are written."""
    message = getattr(error, "message", None)
    if isinstance(message, str) and " requires 2 arguments" in message:
        error.message = f"{message.rstrip('.')}, with a blank between them, such as 1 5."


OTHER_WORDS = {
    "--value-of": ("--target",),
    "--goal": ("--target",),
    "--objective": ("--minimize", "--maximize"),
    "--changing": ("--by-changing",),
    "--variables": ("--by-changing",),
    "--constraint": ("--subject-to",),
    "--bounds": ("--subject-to",),
    "--lambda": ("--l2",),
    "--steps": ("--iterations", "--epochs"),
    "--max-iter": ("--iterations", "--epochs"),
    "--wrt": ("--with-respect-to",),
    "--by": ("--with-respect-to", "--by-changing"),
    "--test-size": ("--test-fraction",),
    "--k": ("-k", "--n-factors"),
    "--top": ("-k",),
    "--top-k": ("-k",),
    "--topk": ("-k",),
    "--rank": ("--n-factors",),
    "--factors": ("--n-factors",),
    "--alpha": ("--learning-rate",),
    "--n-epochs": ("--epochs",),
    "--batch": ("--batch-size",),
}
"""What Excel's Solver, scipy and others call what we have, too."""


def _options_meant(typed: str, own: Sequence[str], of_all: Mapping[str, Sequence[str]]) -> str:
    near = [flag for flag in OTHER_WORDS.get(typed, ()) if flag in own]
    own = [flag for flag in own if flag.startswith("--")]
    near = near or _near(typed, own, _ALIKE)
    if not near:
        elsewhere = [name for name, flags in of_all.items() if typed in flags]
        if elsewhere:
            return f"; it is an option of {', '.join(elsewhere)}."
        near = _near(typed, own, _SOMEWHAT_ALIKE)
    return f"; did you mean {' or '.join(near)}?" if near else "; -h lists the options there are."


_ALIKE, _SOMEWHAT_ALIKE = 0.8, 0.68
"""Shares of letters that two flags have in common, as difflib counts."""
_MOST = 3
"""Flags that are named."""


def _near(typed: str, flags: Sequence[str], alike: float) -> list[str]:
    """Flags that begin so, else those that are spelt so."""
    begun = [flag for flag in flags if flag.startswith(typed)]
    return begun[:_MOST] or get_close_matches(typed.replace("_", "-"), flags, n=1, cutoff=alike)


def mended(message: str, typed: str | None) -> str:
    """The message with the value that was typed, and with the nearest word that is allowed."""
    text = message.removeprefix(_PREFIX)
    for expected, what in _KINDS.items():
        if expected in text and typed is not None:
            advice = _as_whole(typed) if "whole" in what else _as_number(typed)
            return f"{typed!r} is {what}{advice}."
    if " is not one of " in text:
        return f"{text.rstrip('.')}{_meant(text) or '.'}"
    return text


def _typed(error: typer.BadParameter) -> str | None:
    """The value in the error of pydantic that typer turned into its own."""
    found = getattr(error.__cause__, "errors", None)
    details = found() if callable(found) else []
    return str(details[0]["input"]) if details and "input" in details[0] else None


def _as_number(typed: str) -> str:
    """How a decimal comma, a per cent or a number with its unit is written."""
    if _COMMA.fullmatch(typed):
        return f"; write {typed.replace(',', '.')}"
    known = _WITH_UNIT.fullmatch(typed)
    if known is None:
        return ""
    value = float(known["number"]) / (100.0 if known["unit"] == "%" else 1.0)
    return f"; write {value:.12g}" if known["unit"] in ("%", *_SECONDS) else ""


def _as_whole(typed: str) -> str:
    """How a whole number in another dress is written: 1e3, 10.0, 1_000; and several of them."""
    if _WHOLE_LIST.fullmatch(typed):
        return "; an option that takes several is given again for each"
    try:
        value = float(typed.replace("_", ""))
    except ValueError:
        return ""
    return f"; write {value:.0f}" if value.is_integer() and abs(value) < _EXACT else ""


_OTHER_VALUES = {"gpu": "cuda", "sgd": "gd", "grg nonlinear": "grg", "simplex lp": "simplex"}
"""What others call a choice of ours."""


def _meant(text: str) -> str:
    typed, *allowed = _WORD.findall(text)
    other = _OTHER_VALUES.get(typed.casefold())
    return f"; did you mean {other}?" if other in allowed else meant(typed, allowed)
