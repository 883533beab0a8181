"""What is said of a value that was typed wrong: the value itself, and what was meant perhaps."""

from __future__ import annotations

import re
from typing import Any

import typer
from typer.core import TyperGroup

from xlcollab.settings.near import meant

_PREFIX = "Value error, "
_WORD = re.compile(r"'([^']*)'")
_COMMA = re.compile(r"[-+]?\d+,\d+")
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


def mended(message: str, typed: str | None) -> str:
    """The message with the value that was typed, and with the nearest word that is allowed."""
    text = message.removeprefix(_PREFIX)
    for expected, what in _KINDS.items():
        if expected in text and typed is not None:
            return f"{typed!r} is {what}{_with_a_point(typed)}."
    if " is not one of " in text:
        return f"{text.rstrip('.')}{_meant(text) or '.'}"
    return text


def _typed(error: typer.BadParameter) -> str | None:
    """The value in the error of pydantic that typer turned into its own."""
    found = getattr(error.__cause__, "errors", None)
    details = found() if callable(found) else []
    return str(details[0]["input"]) if details and "input" in details[0] else None


def _with_a_point(typed: str) -> str:
    return f"; write {typed.replace(',', '.')}" if _COMMA.fullmatch(typed) else ""


def _meant(text: str) -> str:
    typed, *allowed = _WORD.findall(text)
    return meant(typed, allowed)
