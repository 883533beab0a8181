"""Every error that xlcollab raises on purpose.

    XlcollabError
    ├── UsageError               the call itself is wrong: impossible setting, wrong place
    │   └── UnknownOptionError   a setting that does not exist; a TypeError too
    ├── MissingPackageError      a package of others that an extra brings
    ├── WorkbookError            the file cannot be used
    │   ├── NotAWorkbookError    not a package, encrypted, .xls, .xlsb, a zip bomb, a DOCTYPE
    │   ├── ReferenceSyntaxError an address that is none
    │   └── WriteRefusedError    a cell or a target that must not be written
    ├── ModelError               the workbook is fine, the model in it is not
    │   ├── FormulaSyntaxError   a formula that cannot be parsed
    │   ├── UnsupportedError     a function or construct we do not compile
    │   │   └── MovingReferenceError  where a formula looks depends on the variables
    │   ├── CircularError        cells that depend on themselves
    │   └── DataError            values that no model can use
    └── SolveError               the run began and found no usable end
        ├── DivergedError        a value that is not finite
        ├── InfeasibleError      no point satisfies the constraints
        ├── OutOfTimeError       the time limit was reached before the first step
        └── ProcessLostError     another process of the run ended

A message says what was found, where, what was expected, and what to do. Each error carries the exit
code the shell face returns: 2 wrong usage, 3 workbook or model cannot be used, 4 no solution.

Sentences spell options as the shell does, `--by-changing`; who is not there is told them as
arguments of Python, `by_changing`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar

_IN_SHELL: ContextVar[bool] = ContextVar("in_shell", default=False)
_FLAG = re.compile(
    r"""(?<![\w-])--(?P<name>[a-z][a-z0-9-]*[a-z0-9])
    (?:[ ](?P<value>'[^']*'|\d[\d.]*\b|(?:auto|best|global|libreoffice|rating|uniform)\b))?""",
    re.X,
)
_ELSEWHERE = {
    "app": "the app",
    "in-place": "in_place=True",
    "load-model": "saved_model",
    "no-header": "headless=True",
    "no-history": "history=False",
    "output": "path",
    "overwrite": "overwrite=True",
}
"""What Python calls otherwise than by the name of the option."""


@contextmanager
def in_shell() -> Iterator[None]:
    """Sentences that are made in the block are for somebody at a shell."""
    token = _IN_SHELL.set(True)
    try:
        yield
    finally:
        _IN_SHELL.reset(token)


def said(text: str) -> str:
    """A sentence in the words of whoever is told it."""
    if _IN_SHELL.get() or "--" not in text:
        return text
    return _FLAG.sub(_argument, text.replace("' --", "', --"))


def _argument(flag: re.Match[str]) -> str:
    name, value = flag["name"], flag["value"]
    word = _ELSEWHERE.get(name, name.replace("-", "_"))
    if value is None:
        return word
    return f"{word}={value if value[0] in _PLAIN else repr(value)}"


_PLAIN = "'0123456789"
"""What a quoted text or a number begins with."""


class XlcollabError(Exception):
    """The root: anything a user may be told in one sentence."""

    exit_code = 3

    def __str__(self) -> str:
        return said(super().__str__())


class UsageError(XlcollabError, ValueError):
    """A wrong option, argument or setting; nothing was read or written. Python's word for it is
    ValueError, which scikit-learn's tools expect."""

    exit_code = 2


class UnknownOptionError(UsageError, TypeError):
    """A setting by a name that does not exist, as Python calls a keyword that no function takes."""


EXTRAS: Mapping[str, str] = {
    "matplotlib": "plot",
    "optuna": "tune",
    "pyarrow": "parquet",
    "pyopenvba": "addin",
    "pyscipopt": "global",
    "xlwings": "excel",
}
"""The packages that only some of us need, and the extra that brings each."""


class MissingPackageError(XlcollabError):
    """A package that this needs and that is not installed."""

    def __init__(self, package: str) -> None:
        super().__init__(
            f"this needs the package {package}: pip install 'xlcollab[{EXTRAS[package]}]'"
        )


class WorkbookError(XlcollabError):
    """A file that cannot be read or written as asked."""


class NotAWorkbookError(WorkbookError):
    """A file that is no readable .xlsx or .xlsm package."""


class ReferenceSyntaxError(WorkbookError):
    """A text that should be a cell or area address and is not."""


class WriteRefusedError(WorkbookError):
    """A cell, part or target path that must not be written."""


class ModelError(XlcollabError):
    """A model that cannot be understood or optimised."""


class FormulaSyntaxError(ModelError):
    """A formula text that breaks the grammar; the message shows the text and the place."""


class UnsupportedError(ModelError):
    """A function or construct that has no compiled form."""


class MovingReferenceError(UnsupportedError):
    """Where a formula looks depends on the variables; the message names the cell."""


class CircularError(ModelError):
    """Cells whose formulas depend on themselves; the message names them."""


class DataError(ModelError, ValueError):
    """Values that the model cannot use: text where a number belongs, an empty table, …"""


class SolveError(XlcollabError):
    """A run that ended without a usable solution."""

    exit_code = 4


class DivergedError(SolveError):
    """The objective or a weight became infinite or not a number."""


class InfeasibleError(SolveError):
    """No point satisfies the constraints."""


class OutOfTimeError(SolveError):
    """The time limit was reached before a run had made its first step."""


class ProcessLostError(SolveError):
    """Another process of the same run ended or could not be reached."""
