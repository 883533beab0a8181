"""The end of a command: Python's own takes apart every module that torch has loaded, one by one,
which takes a third as long as loading them, and nobody needs it."""

from __future__ import annotations

import atexit
import os
import sys
import threading
from types import ModuleType

_INTERRUPTED = 130
"""Where Ctrl-C arrived inside an exec, Python's own end kills the process once more, handled or
not; the shell's code is to be the command's."""


def leave(code: int) -> None:
    """End the process with an exit code, once all is done that Python promises to do at its end.

    Returns, so that Python ends it, where little is loaded, where threads are still at work, and
    where somebody looks on (a debugger, a profiler, a prompt).
    """
    if not ("torch" in sys.modules or code == _INTERRUPTED) or _others_at_work() or _watched():
        return
    atexit._run_exitfuncs()
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except OSError:
        return
    os._exit(code)


def _others_at_work() -> bool:
    main = threading.main_thread()
    return any(not one.daemon for one in threading.enumerate() if one is not main)


def _watched() -> bool:
    monitoring: ModuleType | None = getattr(sys, "monitoring", None)  # from Python 3.12 on
    tools = [] if monitoring is None else [monitoring.get_tool(number) for number in range(6)]
    seen = [sys.gettrace(), sys.getprofile(), *tools]
    return bool(sys.flags.inspect) or any(one is not None for one in seen)
