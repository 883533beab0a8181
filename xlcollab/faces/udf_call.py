"""How a function of ours becomes a function in Excel's cells, through xlwings.

Every argument arrives as rows of values with errors as their text; every error leaves as a mark
that the VBA wrapper turns into a real Excel error, and as a sentence that `XLC_STATUS` shows.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Mapping
from importlib.util import find_spec
from typing import Any

from xlcollab.api.cells.answer import Answer, answer, plain

CATEGORY = "xlcollab"
MARK = "#XLC!"
"""A text "#XLC!2015" is the error of that number in VBA, as `CVErr` takes it."""
_CVERR = {
    "#NULL!": 2000,
    "#DIV/0!": 2007,
    "#VALUE!": 2015,
    "#REF!": 2023,
    "#NAME?": 2029,
    "#NUM!": 2036,
    "#N/A": 2042,
    "#GETTING_DATA": 2043,
    "#SPILL!": 2045,
    "#CALC!": 2050,
}
SENTENCES: dict[str, str] = {}
"""What the last call from each cell came to, by the cell's full address."""


def cell_function(
    *, by_reference: tuple[str, ...] = (), **helps: str
) -> Callable[[Callable[..., object]], Callable[..., object]]:
    """A UDF. `helps` says what each argument is, in order; those of `by_reference` arrive as
    `xlwings.Range`, or as None where no range was given."""

    def decorate(function: Callable[..., object]) -> Callable[..., object]:
        @functools.wraps(function)
        def called(*given: Any) -> object:
            *arguments, caller = given
            values = [a for n, a in zip(helps, arguments, strict=True) if n not in by_reference]
            found = answer(function, arguments, values)
            _remember(caller, found)
            return _marked(plain(found.value))

        _hide_hints(called, function)
        called.helps = helps  # type: ignore[attr-defined]
        if find_spec("xlwings") is None:  # no Excel here; the documentation still reads the words
            return called
        return _offered(called, helps, by_reference)

    return decorate


def _offered(
    called: Callable[..., object], helps: Mapping[str, str], by_reference: tuple[str, ...]
) -> Callable[..., object]:
    """The function with what xlwings has to know of it."""
    import xlwings as xw

    for name, text in helps.items():
        options = {"convert": xw.Range} if name in by_reference else {"ndim": 2, "err_to_str": True}
        called = xw.arg(name, **options, doc=text)(called)
    return xw.func(category=CATEGORY)(called)


def _hide_hints(called: Callable[..., object], function: Callable[..., object]) -> None:
    """xlwings takes hints for converters and crashes on unions; `caller` it fills in by itself."""
    parameters = [
        parameter.replace(annotation=inspect.Parameter.empty)
        for parameter in inspect.signature(function).parameters.values()
    ]
    kind = inspect.Parameter.POSITIONAL_OR_KEYWORD
    caller = inspect.Parameter("caller", kind, default=None)
    vars(called)["__signature__"] = inspect.Signature([*parameters, caller])
    called.__annotations__ = {}


def _remember(caller: Any, found: Answer) -> None:
    if caller is not None:
        SENTENCES[place(caller)] = found.sentence


def place(cells: Any) -> str:
    """The full address of the first cell of a range."""
    return str(cells.resize(1, 1).get_address(external=True))


def _marked(value: object) -> object:
    if isinstance(value, list):
        return [_marked(one) for one in value]
    text = getattr(value, "text", None)  # of an ErrorCode
    return value if text is None else f"{MARK}{_CVERR[text]}"
