"""What a function in a cell answers: values, or one of Excel's errors with a sentence beside it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from xlcollab.api.cells.values import Block, error_in
from xlcollab.errors import ReferenceSyntaxError, SolveError, XlcollabError
from xlcollab.grid import ErrorCode


@dataclass(frozen=True, slots=True)
class Answer:
    """`value` is a scalar, rows of scalars, or the error of the whole call."""

    value: Any
    sentence: str


_CODES: tuple[tuple[type[Exception], ErrorCode], ...] = (
    (ReferenceSyntaxError, ErrorCode.REF),
    (SolveError, ErrorCode.NUM),
    (XlcollabError, ErrorCode.VALUE),
)
DONE = "The last call went well."


def answer(
    function: Callable[..., object], arguments: Sequence[object], blocks: Sequence[Block | None]
) -> Answer:
    """Call the function; `blocks` are those of its arguments that are values of cells.

    An error value among them is the answer, as it is for Excel's own functions.
    """
    found = error_in(blocks)
    if found is not None:
        return Answer(found, f"An argument holds the error {found.text}.")
    try:
        return Answer(function(*arguments), DONE)
    except XlcollabError as error:
        code = next(code for kind, code in _CODES if isinstance(error, kind))
        return Answer(code, str(error))
    except Exception as error:  # a cell shows no traceback
        return Answer(ErrorCode.VALUE, f"internal error ({type(error).__name__}: {error})")


def plain(value: Any) -> Any:
    """A value as cells take it: blanks empty, numbers that are not finite as #NUM!."""
    if isinstance(value, list):
        return [plain(one) for one in value]
    if isinstance(value, float) and (value != value or value in (float("inf"), float("-inf"))):
        return ErrorCode.NUM
    return value
