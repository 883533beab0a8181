"""Plant faults, show each to the tests that run it, tell which were not noticed.

    python -m tests.mutation.executed tests        # once: which test runs what
    python -m tests.mutation --seed 1 --count 60
    python -m tests.mutation --seed 1 --count 20 --from 41

Not run by pytest: a run takes many minutes. A fault is made in a forked process, where the
interpreter is given the changed source of one module; no file is touched.
"""

from __future__ import annotations

import argparse
import contextlib
import itertools
import os
import random
import signal
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.mutation.blocks import MARK, ROOT
from tests.mutation.choosing import Tests, tests_of
from tests.mutation.executed import load
from tests.mutation.plant import Mutant, mutants
from tests.mutation.sources import exchange, exchange_in_processes

_OUTCOMES = {0: "survived", 1: "killed", 2: "killed", 5: "survived"}
"""By pytest's exit code; 2 is a module that cannot be imported any more, 5 no test at all."""


class Chosen:
    """A plugin that runs the tests asked for alone, file by file, and keeps the first failure."""

    def __init__(self, tests: list[Tests], told: Path) -> None:
        names = [name for one in tests for name in one.names]
        self.order = {name: place for place, name in enumerate(names)}
        self.whole = {str(one.file) for one in tests if not one.names}
        self.told = told

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        chosen = [i for i in items if i.nodeid in self.order or str(i.path) in self.whole]
        items[:] = sorted(chosen, key=lambda item: self.order.get(item.nodeid, -1))

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed:
            self.told.write_text(report.nodeid)


def noticed(mutant: Mutant, tests: list[Tests]) -> str:
    """What became of it: "killed", "survived", or "timed out", which counts as noticed.

    It is "broken" where the test that failed fails without the change, too.
    """
    told = Path(tempfile.mkdtemp()) / "failed"
    for some in _helpings(tests):
        outcome = _forked(mutant, some, told)
        if outcome == "killed" and told.exists():
            same = replace(mutant, source=mutant.file.read_text("utf-8"))
            failed = told.read_text()
            again = [
                replace(one, names=(failed,))
                for one in some
                if str(one.file.relative_to(ROOT)) == failed.partition("::")[0]
            ]
            if _forked(same, again, told) != "survived":
                return "broken"
        if outcome != "survived":
            return f"{outcome} by {told.read_text()}" if told.exists() else outcome
    return "survived"


def _helpings(tests: list[Tests]) -> Iterator[list[Tests]]:
    """First a few quick files, then more: most faults are seen at once."""
    rest, most = list(tests), 5.0
    while rest:
        some = [rest.pop(0)]
        while rest and sum(one.seconds for one in some) + rest[0].seconds < most:
            some.append(rest.pop(0))
        yield some
        most *= 3


def within(tests: list[Tests], seconds: float) -> list[Tests]:
    """As many files as take no longer than that; of the first one that does, some of its tests."""
    some, left = [], seconds
    for one in tests:
        share = min(1.0, left / max(one.seconds, 1e-9))
        if share <= 0:
            break
        names = one.names[:: max(1, round(1 / share))]
        some.append(Tests(one.file, names, one.seconds * share))
        left -= one.seconds * share
    return some


def _forked(mutant: Mutant, tests: list[Tests], told: Path) -> str:
    child = os.fork()
    if child == 0:
        os.setsid()
        _run(mutant, tests, told)
    began, seconds = time.monotonic(), 120 + 6 * sum(one.seconds for one in tests)
    while time.monotonic() - began < seconds:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            return _OUTCOMES.get(os.waitstatus_to_exitcode(status), "broken")
        time.sleep(0.2)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return "timed out"


def _run(mutant: Mutant, tests: list[Tests], told: Path) -> None:
    """In the child: the module's changed source, then the tests. Does not return."""
    path = str(mutant.file)
    changed = compile(mutant.source, path, "exec", dont_inherit=True)
    exchange(lambda file: changed if file == path else None)
    exchange_in_processes({path: changed}, Path(tempfile.mkdtemp()), MARK)
    if _is_compiled(mutant.file):
        os.environ["NUMBA_CACHE_DIR"] = tempfile.mkdtemp()  # else the code of before would run
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, 1)
    os.dup2(null, 2)
    code = 9
    with contextlib.suppress(BaseException):
        asked = ["-x", "-q", "-p", "no:cacheprovider", *(str(one.file) for one in tests)]
        code = int(pytest.main(asked, plugins=[Chosen(tests, told)]))
    os._exit(code)


def _is_compiled(file: Path) -> bool:
    """Whether machine code depends on a file."""
    text = file.read_text("utf-8")
    return "numba" in text or "compiled" in text or file.name in ("ops.py", "encode.py")


def _count(shown: list[Tests], tests: list[Tests]) -> str:
    whole = sum(not one.names for one in shown)
    of, among = (sum(len(one.names) for one in some) for some in (shown, tests))
    return f"{of} of {among} tests that run it" + (f", {whole} files by name" if whole else "")


def main() -> None:
    """Plant, run, tell."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutation")
    parser.add_argument("--count", type=int, default=60)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--from", type=int, default=1, dest="first", help="after those before it")
    parser.add_argument("--seconds", type=float, default=120, help="of tests for each fault")
    asked = parser.parse_args()
    import openpyxl  # noqa: F401
    import pandas  # noqa: F401
    import scipy.optimize
    import scipy.special  # noqa: F401
    import torch  # noqa: F401
    import typer  # noqa: F401

    counts: Counter[str] = Counter()
    seen = load()
    source = mutants(random.Random(asked.seed))
    numbered = enumerate(itertools.islice(source, asked.first - 1 + asked.count), 1)
    for number, mutant in itertools.islice(numbered, asked.first - 1, None):
        tests = tests_of(mutant, seen)
        shown = within(tests, asked.seconds)
        outcome = noticed(mutant, shown)
        counts[outcome.split(" by ")[0]] += 1
        print(f"{number:3} {outcome}; {_count(shown, tests)}; {mutant}", flush=True)
    print(dict(counts))


if __name__ == "__main__":
    main()
