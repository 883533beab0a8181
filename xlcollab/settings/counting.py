"""Counts in sentences: one is not many."""

from __future__ import annotations


def counted(count: int, thing: str, *, done: str = "") -> str:
    """ "3 epochs", "1 epoch"; with `done`, what became of them: "1 epoch was run"."""
    one = count == 1
    things = f"{count} {thing}{'' if one else 's'}"
    return f"{things} {'was' if one else 'were'} {done}" if done else things
