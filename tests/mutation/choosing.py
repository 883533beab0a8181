"""Which tests a fault is shown: those that run the block it is in, the cheapest files first."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from tests.mutation.blocks import ROOT, block_at, blocks, is_compiled
from tests.mutation.executed import PACKAGE, Seen
from tests.mutation.plant import Mutant

_MOST_BY_NAME = 8
_UNKNOWN_SECONDS = 10.0


@dataclass(frozen=True)
class Tests:
    """Of one file: names of tests in the order of the file, and the seconds that they took.

    Of a file that was never watched all tests are meant; it has no names.
    """

    file: Path
    names: tuple[str, ...]
    seconds: float


def tests_of(mutant: Mutant, seen: dict[Path, Seen]) -> list[Tests]:
    """Those that run the fault themselves, then those of files whose fixtures or imports do, and of
    the files that were never watched a few that name it."""
    number = block_at(mutant.file, mutant.line, mutant.first)
    if number is None:
        numbers = frozenset(_callers(mutant.function))
        word = re.compile(rf"\b{re.escape(mutant.function)}\b")
        named = {file for file in seen if word.search(file.read_text("utf-8"))}
    else:
        numbers, named = frozenset([number]), set()
    return [*_running(seen, numbers), *_by_name(mutant, seen), *_after(seen, numbers, named)]


def _by_name(mutant: Mutant, seen: dict[Path, Seen]) -> list[Tests]:
    inside = mutant.file.relative_to(PACKAGE).with_suffix("")
    words = [inside.stem, inside.parent.name, mutant.function.strip("_")]
    scores = {}
    for file in set((ROOT / "tests").rglob("test_*.py")) - seen.keys():
        text = file.read_text("utf-8")
        scores[file] = (
            sum(bool(re.search(rf"\b{re.escape(word)}\b", text)) for word in words)
            + 3 * (inside.stem in file.stem)
            + 2 * (inside.parent.name in file.stem)
            + 2 * sum(part in file.parts for part in inside.parts[:-1])
        )
    best = sorted(scores, key=lambda file: (-scores[file], file.stat().st_size))
    return [Tests(file, (), _UNKNOWN_SECONDS) for file in best[:_MOST_BY_NAME] if scores[file]]


def _running(seen: dict[Path, Seen], numbers: frozenset[int]) -> list[Tests]:
    found = []
    for file, one in seen.items():
        names = [name for name, ran in one.blocks.items() if not numbers.isdisjoint(ran)]
        found += _tests(file, one, names)
    return sorted(found, key=lambda tests: tests.seconds)


def _after(seen: dict[Path, Seen], numbers: frozenset[int], named: set[Path]) -> list[Tests]:
    found = []
    for file, one in seen.items():
        if file in named or not numbers.isdisjoint(one.shared):
            names = [name for name, ran in one.blocks.items() if numbers.isdisjoint(ran)]
            found += _tests(file, one, names)
    return sorted(found, key=lambda tests: (tests.file not in named, tests.seconds))


def _tests(file: Path, seen: Seen, names: list[str]) -> list[Tests]:
    seconds = sum(seen.seconds[name] for name in names)
    return [Tests(file, tuple(names), seconds)] if names else []


def _callers(function: str) -> Iterator[int]:
    """The blocks of Python from which a compiled function is reached."""
    wanted, done = {function}, set[str]()
    while wanted:
        name = wanted.pop()
        done.add(name)
        for user, number in _uses().get(name, ()):
            if number is not None:
                yield number
            elif user not in done:
                wanted.add(user)


@cache
def _uses() -> dict[str, set[tuple[str, int | None]]]:
    """From a name to the functions that say it: a block's number, or None for compiled code."""
    found: dict[str, set[tuple[str, int | None]]] = {}
    for file in PACKAGE.rglob("*.py"):
        tree = ast.parse(file.read_text("utf-8"))
        for number, function, body in blocks(tree, file):
            for statement in body:
                for name in _names(statement):
                    found.setdefault(name, set()).add((function.name, number))
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef) and is_compiled(node):
                for name in _names(node):
                    found.setdefault(name, set()).add((node.name, None))
    return found


def _names(node: ast.AST) -> set[str]:
    return {
        part.id if isinstance(part, ast.Name) else part.attr
        for part in ast.walk(node)
        if isinstance(part, ast.Name | ast.Attribute)
    }
