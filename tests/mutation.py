"""Small faults planted at random in functions of all rooms: which do the tests of the room notice?

    python -m tests.mutation --count 60 --seed 1

Not run by pytest: a run takes many minutes. A mutant is made in a forked process, where the
interpreter is given the changed source of one module; no file is touched.
"""

from __future__ import annotations

import argparse
import ast
import contextlib
import importlib.machinery
import os
import random
import re
import signal
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from types import CodeType

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "xlcollab"
_LEFT_OUT = ("triton_pass.py", "excel", "calc", "__main__")
"""What needs a GPU, Excel or an office to run."""
_ROOMS = {
    "settings": "settings faces",
    "problems/tab": "graddesc",
    "problems/solver_model": "problems solver",
    "problems/ratings": "ratings_verbs ratings",
    "lessons": "workbooks",
    "api/cells": "udf",
    "api/desk": "live udf",
    "api/tabs": "graddesc",
    "api/solve": "solver faces api",
    "api/look": "api faces",
    "api/ratings": "ratings_verbs",
    "api/factors": "workbooks",
    "api/lessons": "workbooks",
    "api/session": "provenance api faces",
    "api": "api faces",
    "faces/addin": "addin",
    "faces/docs": "docs",
    "faces/udf": "udf",
    "faces/ribbon": "live",
    "faces": "faces",
    "kernels/program": "kernels/program optim",
    "kernels/functions": "excel kernels",
    "kernels": "kernels excel",
    "optim": "optim oracle solver",
    "plan": "plan kernels",
    "grid": "grid files",
    "history": "history faces solver",
}
"""Where the tests of a room lie, if not in the folder of its name; the first that fits."""
_FLIPPED: dict[type[ast.AST], type[ast.AST]] = {
    ast.Lt: ast.GtE,
    ast.GtE: ast.Lt,
    ast.Gt: ast.LtE,
    ast.LtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Div,
    ast.Div: ast.Mult,
    ast.And: ast.Or,
    ast.Or: ast.And,
}


@dataclass(frozen=True)
class Mutant:
    """A module, the line and function of the change, what was changed, and the new source."""

    file: Path
    line: int
    function: str
    what: str
    source: str

    def __str__(self) -> str:
        return f"{self.file.relative_to(ROOT)}:{self.line} {self.function}: {self.what}"


def mutants(rng: random.Random) -> Iterator[Mutant]:
    """Endless ones, each function of the package as likely as any other."""
    functions = [
        (file, node.lineno)
        for file in sorted(PACKAGE.rglob("*.py"))
        if not any(part in file.as_posix() for part in _LEFT_OUT)
        for node in ast.walk(ast.parse(file.read_text("utf-8")))
        if isinstance(node, ast.FunctionDef) and list(_places(node))
    ]
    while True:
        file, line = rng.choice(functions)
        yield _mutant(file, line, rng)


def _mutant(file: Path, line: int, rng: random.Random) -> Mutant:
    tree = ast.parse(file.read_text("utf-8"))
    function = next(
        node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef) and node.lineno == line
    )
    place = rng.choice(list(_places(function)))
    before = ast.unparse(place)
    after = _changed(place)
    what = f"{before[:70]!r} → {after[:70]!r}"
    return Mutant(file, getattr(place, "lineno", line), function.name, what, ast.unparse(tree))


def _places(function: ast.FunctionDef) -> Iterator[ast.AST]:
    """The nodes of a body that can be changed; what an error says is none of them."""
    stack: list[ast.AST] = list(function.body)
    while stack:
        node = stack.pop()
        if isinstance(node, ast.Raise | ast.JoinedStr | ast.Assert | ast.FunctionDef):
            continue
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            continue
        if isinstance(node, ast.keyword) and node.arg == "strict":
            continue  # zip's: what it guards against does not happen
        if _can_change(node):
            yield node
        stack += ast.iter_child_nodes(node)


def _can_change(node: ast.AST) -> bool:
    match node:
        case ast.Compare(ops=[one]):
            return type(one) in _FLIPPED
        case ast.BinOp(op=one) | ast.BoolOp(op=one):
            return type(one) in _FLIPPED
        case ast.Constant(value=bool() | int() | float()):
            return True
        case ast.If():
            return True
        case ast.Return(value=value):
            return not (value is None or isinstance(value, ast.Constant))
    return False


def _changed(node: ast.AST) -> str:
    """Change the node in place; how it reads afterwards."""
    match node:
        case ast.Compare():
            node.ops = [_FLIPPED[type(node.ops[0])]()]  # type: ignore[list-item]
        case ast.BinOp() | ast.BoolOp():
            node.op = _FLIPPED[type(node.op)]()  # type: ignore[assignment]
        case ast.Constant(value=bool()):
            node.value = not node.value
        case ast.Constant():
            node.value = node.value + 1
        case ast.If():
            node.test = ast.Constant(False)
        case ast.Return():
            node.value = ast.Constant(None)
    return ast.unparse(node)


def tests_of(mutant: Mutant, most: int) -> list[str]:
    """Test files of the room, those that name the module or the function first."""
    inside = mutant.file.relative_to(PACKAGE).with_suffix("")
    room = next((one for one in _ROOMS if inside.as_posix().startswith(one)), inside.parts[0])
    words = [inside.stem, inside.parent.name, mutant.function.strip("_")]
    scores = {}
    for place, folder in enumerate(_ROOMS.get(room, room).split()):
        for file in (ROOT / "tests" / folder).rglob("test_*.py"):
            text = file.read_text("utf-8")
            named = sum(bool(re.search(rf"\b{re.escape(word)}\b", text)) for word in words)
            scores[file] = named + 3 * (inside.stem in file.stem) - 2 * place
    best = sorted(scores, key=lambda file: (-scores[file], file.stat().st_size))
    return [str(file) for file in best[:most]]


def noticed(mutant: Mutant, most: int, seconds: float) -> str:
    """What became of it: "killed", "survived", or "timed out", which counts as noticed.

    It is "broken" where the test that failed fails without the change, too.
    """
    told = Path(tempfile.mkdtemp()) / "failed"
    outcome = _forked(mutant, tests_of(mutant, most), told, seconds)
    if outcome == "killed" and told.exists():
        same = replace(mutant, source=mutant.file.read_text("utf-8"))
        if _forked(same, [told.read_text()], told, seconds) != "survived":
            return "broken"
    return outcome


_OUTCOMES = {0: "survived", 1: "killed", 2: "killed"}
"""By pytest's exit code; 2 is a module that cannot be imported any more."""


def _forked(mutant: Mutant, tests: list[str], told: Path, seconds: float) -> str:
    child = os.fork()
    if child == 0:
        os.setsid()
        _run(mutant, tests, told)
    began = time.monotonic()
    while time.monotonic() - began < seconds:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            return _OUTCOMES.get(os.waitstatus_to_exitcode(status), "broken")
        time.sleep(0.2)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return "timed out"


def _run(mutant: Mutant, tests: list[str], told: Path) -> None:
    """In the child: the module's changed source, then the tests. Does not return.

    The name of the first test that fails goes to the file `told`.
    """
    import pytest

    class Failed:
        def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
            if report.failed:
                told.write_text(report.nodeid)

    loader = importlib.machinery.SourceFileLoader
    as_written = loader.get_code

    def get_code(self: importlib.machinery.SourceFileLoader, name: str) -> CodeType | None:
        if Path(self.path) == mutant.file:
            return compile(mutant.source, self.path, "exec")
        return as_written(self, name)

    loader.get_code = get_code  # type: ignore[method-assign]
    if "numba" in mutant.file.read_text("utf-8") or "machine" in mutant.file.parts:
        os.environ["NUMBA_CACHE_DIR"] = tempfile.mkdtemp()  # else the code of before would run
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, 1)
    os.dup2(null, 2)
    code = 9
    with contextlib.suppress(BaseException):
        asked = ["-x", "-q", "-p", "no:cacheprovider", *tests]
        code = int(pytest.main(asked, plugins=[Failed()]))
    os._exit(code)


def main() -> None:
    """Plant, run, tell."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=60)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--files", type=int, default=8, help="test files for each mutant")
    parser.add_argument("--seconds", type=float, default=300)
    asked = parser.parse_args()
    import pandas  # noqa: F401
    import pytest  # noqa: F401
    import scipy.special  # noqa: F401
    import torch  # noqa: F401

    counts: dict[str, int] = {}
    source = mutants(random.Random(asked.seed))
    for number in range(1, asked.count + 1):
        mutant = next(source)
        outcome = noticed(mutant, asked.files, asked.seconds)
        counts[outcome] = counts.get(outcome, 0) + 1
        print(f"{number:3} {outcome:9} {mutant}", flush=True)
    print(counts)


if __name__ == "__main__":
    main()
