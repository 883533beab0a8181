"""Counts in sentences: one is not many."""

from __future__ import annotations


def counted(count: int, thing: str, *, done: str = "") -> str:
    """ "3 epochs", "1 epoch"; with `done`, what became of them: "1 epoch was run"."""
    one = count == 1
    things = f"{count} {thing}{'' if one else 's'}"
    return f"{things} {'was' if one else 'were'} {done}" if done else things


def has(count: int) -> str:
    """What so many things do: "1 user has", "2 users have"."""
    return "has" if count == 1 else "have"


def amount(count: int, *things: str) -> str:
    """ "1 user", "12,345 users"; of several words the last is counted: "1 test rating"."""
    return f"{count:,} {' '.join(things)}{'' if count == 1 else 's'}"
