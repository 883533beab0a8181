"""What every test shares: how widely properties are searched, and what was skipped."""

from __future__ import annotations

import os
import signal
from collections import Counter

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


def pytest_terminal_summary(terminalreporter: TerminalReporter) -> None:
    """How many tests were skipped, reason by reason: what a run did not judge."""
    reasons = Counter(
        report.longrepr[2].removeprefix("Skipped: ")
        for report in terminalreporter.stats.get("skipped", [])
        if isinstance(report.longrepr, tuple)
    )
    for reason, count in reasons.most_common():
        terminalreporter.write_line(f"{count} skipped: {reason}")
