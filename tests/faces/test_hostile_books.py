"""Nothing a file can hold ends in an internal error: a part by default, all verbs as slow tests."""

from __future__ import annotations

import json
import os
import resource
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from tests.faces.bad_books import FILES, MODELS
from tests.faces.hostile_books import HOSTILE, mutants
from tests.faces.shell import Outcome, bowl, xlcollab

CODES = {0, 2, 3, 4}
VERBS: dict[str, tuple[str, ...]] = {
    "inspect": ("inspect", "{book}"),
    "recalc": ("recalc", "{book}"),
    "solve": ("solve", "{book}", "--iterations", "20"),
    "check": ("recalc", "{book}", "--check"),
    "run": ("run", "{book}"),
    "compare": ("compare", "{book}", "--epochs", "2"),
    "factors": ("factors", "{book}"),
    "gradient": ("gradient", "{book}", "--of", "S!B1", "--with-respect-to", "S!A1:A2"),
    "fit": ("fit", "{book}", "--epochs", "2"),
    "tune": ("tune", "{book}", "--trials", "1"),
    "predict": ("predict", "{book}", "--user", "1", "--item", "2"),
    "recommend": ("recommend", "{book}", "--user", "1"),
    "fold-in": ("fold-in", "{book}", "{book}"),
    "crosstab": ("crosstab", "{book}"),
    "new": ("new", "matrix-factorisation", "{book}"),
}
MOST_SECONDS, MOST_MEMORY = 25, 2 << 30
_KILOBYTE = 1024
_LIGHT = [name for name in HOSTILE if not name.startswith("formula")]


def _run(verb: str, book: Path) -> Outcome:
    return xlcollab(*(word.format(book=book) for word in VERBS[verb]))


def _is_told(found: Outcome) -> bool:
    return found.code in CODES and "internal error" not in found.err


@pytest.mark.parametrize("kind", _LIGHT[::2])
def test_a_hostile_book_is_read_or_refused(kind: str, tmp_path: Path) -> None:
    HOSTILE[kind](tmp_path / "book.xlsx")
    found = _run("inspect", tmp_path / "book.xlsx")
    assert _is_told(found), found.err


@pytest.mark.parametrize("kind", _LIGHT[1::8])
def test_a_hostile_book_is_recalculated_or_refused(kind: str, tmp_path: Path) -> None:
    HOSTILE[kind](tmp_path / "book.xlsx")
    found = _run("recalc", tmp_path / "book.xlsx")
    assert _is_told(found), found.err


@pytest.mark.parametrize(
    "name",
    [
        "500 unary minuses",
        "900 per cent signs",
        "300 nested functions",
        "large unit matrix",
        "large expansion",
        "wildcards",
        "pattern",
        "blanks before no number",
        "hypergeometric",
        "self",
    ],
)
def test_a_hostile_formula_ends_soon(name: str, tmp_path: Path) -> None:
    HOSTILE[f"formula {name}"](tmp_path / "book.xlsx")
    found = _run("recalc", tmp_path / "book.xlsx")
    assert _is_told(found), found.err


def test_a_formula_too_large_is_told_with_its_cell(tmp_path: Path) -> None:
    for name in ("large unit matrix", "large expansion"):
        HOSTILE[f"formula {name}"](tmp_path / "book.xlsx")
        found = _run("solve", tmp_path / "book.xlsx")
        assert found.code in (0, 3)
        assert "S!C1: " in found.err
        assert "values" in found.err


def test_mutants_of_a_package(tmp_path: Path) -> None:
    for number, data in enumerate(mutants(60, seed=1)):
        (tmp_path / "book.xlsx").write_bytes(data)
        found = _run("inspect", tmp_path / "book.xlsx")
        assert _is_told(found), (number, found.err)


def _apart(work: Callable[[], Sequence[str]]) -> Sequence[str]:
    """What `work` finds wrong, in a process whose own seconds and memory are counted: those of a
    busy machine's clock would say nothing."""
    read, write = os.pipe()
    process = os.fork()
    if not process:
        resource.setrlimit(resource.RLIMIT_CPU, (MOST_SECONDS, MOST_SECONDS))
        resource.setrlimit(resource.RLIMIT_DATA, (2 * MOST_MEMORY, 2 * MOST_MEMORY))
        with os.fdopen(write, "w") as out:
            out.write(json.dumps(list(work())))
        os._exit(0)
    os.close(write)
    with os.fdopen(read) as found:
        said = found.read()
    _, status, used = os.wait4(process, 0)
    if status:
        return [f"ended with {status}"]
    most = used.ru_maxrss * _KILOBYTE
    return [*json.loads(said), *([f"{most:,} bytes"] if most > MOST_MEMORY else [])]


@pytest.fixture(scope="module")
def _loaded(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Everything imported and compiled once: what is counted is the book's."""
    folder = tmp_path_factory.mktemp("plain")
    for verb in VERBS:
        (folder / verb).mkdir()
        _run(verb, bowl(folder / verb / "book.xlsx"))


@pytest.mark.usefixtures("_loaded")
@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="limits of Linux")
@pytest.mark.parametrize("kind", [*HOSTILE, *FILES, *MODELS])
def test_every_verb_over_every_bad_book(kind: str, tmp_path: Path) -> None:
    make = HOSTILE[kind] if kind in HOSTILE else {**FILES, **MODELS}[kind].make
    for verb in VERBS:
        folder = tmp_path / verb
        folder.mkdir()
        make(folder / "book.xlsx")

        def work(verb: str = verb, book: Path = folder / "book.xlsx") -> Sequence[str]:
            found = _run(verb, book)
            return [] if _is_told(found) else [f"{verb}: {found.err}"]

        assert _apart(work) == []


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(8))
def test_many_mutants(seed: int, tmp_path: Path) -> None:
    for number, data in enumerate(mutants(306, seed=100 + seed)):
        (tmp_path / "book.xlsx").write_bytes(data)
        for verb in ("inspect", "recalc"):
            found = _run(verb, tmp_path / "book.xlsx")
            assert _is_told(found), (seed, number, verb, found.err)
