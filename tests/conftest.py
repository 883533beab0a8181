"""What every test shares: how widely properties are searched, and what was skipped."""

from __future__ import annotations

import os
import signal
from collections import Counter
from functools import cache
from pathlib import Path

import pytest
from hypothesis import settings
from pytest import TerminalReporter  # noqa: PT013 - the type alone

# The same draws everywhere, so that a clone fails only where its author failed too. The wide search
# draws anew each time: XLCOLLAB_WIDE=1 python -m pytest -m "not benchmark"
settings.register_profile("same", derandomize=True, deadline=None, database=None)
settings.register_profile("wide", max_examples=2000, deadline=None, print_blob=True)
settings.load_profile("wide" if os.environ.get("XLCOLLAB_WIDE") else "same")

# A shell starts what it puts in the background with Ctrl-C ignored, and every command that a test
# starts would inherit that, and never hear the one that the test sends.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


# Triton looks at this when it is first imported: without a device its interpreter runs the kernels.
if not Path("/dev/nvidiactl").exists():
    os.environ.setdefault("TRITON_INTERPRET", "1")

_WITHOUT_GPU: Counter[str] = Counter()
"""Per file, the tests that want a CUDA device where there is none: left out, told at the end."""


@cache
def _has_gpu() -> bool:
    import torch

    return torch.cuda.is_available()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Tests marked `gpu` are no tests where there is no such device: one line says how many."""
    wanting = [item for item in items if item.get_closest_marker("gpu") is not None]
    if not wanting or _has_gpu():
        return
    _WITHOUT_GPU.update(item.location[0] for item in wanting)
    items[:] = [item for item in items if item not in wanting]
    config.hook.pytest_deselected(items=wanting)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """A process beside the first one tells what it left out."""
    output = getattr(session.config, "workeroutput", None)
    if output is not None:
        output["without_gpu"] = dict(_WITHOUT_GPU)


class _Workers:
    """Hears from the processes of pytest-xdist, each of which has collected everything."""

    @staticmethod
    def pytest_testnodedown(node: object) -> None:
        told = getattr(node, "workeroutput", {}).get("without_gpu", {})
        _WITHOUT_GPU.update({file: n - _WITHOUT_GPU[file] for file, n in told.items()})


def pytest_configure(config: pytest.Config) -> None:
    if config.pluginmanager.hasplugin("xdist"):
        config.pluginmanager.register(_Workers())


def pytest_terminal_summary(terminalreporter: TerminalReporter) -> None:
    """How many tests were skipped, reason by reason: what a run did not judge."""
    reasons = Counter(
        report.longrepr[2].removeprefix("Skipped: ")
        for report in terminalreporter.stats.get("skipped", [])
        if isinstance(report.longrepr, tuple)
    )
    for reason, count in reasons.most_common():
        terminalreporter.write_line(f"{count} skipped: {reason}")
    if _WITHOUT_GPU:
        files = ", ".join(f"{file} {count}" for file, count in sorted(_WITHOUT_GPU.items()))
        total = sum(_WITHOUT_GPU.values())
        terminalreporter.write_line(f"{total} left out, a CUDA device would add them: {files}")
