"""Where an open spreadsheet program and Excel disagree about a formula of the sheet in front."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence

from xlcollab.api.look.checking import Difference, recalculate_book
from xlcollab.api.session.session import Session
from xlcollab.errors import XlcollabError
from xlcollab.grid import Book, ErrorCode, Scalar, Sheet, formula_texts

_CLOSE = 1e-9
"""Programs add numbers up in another order."""
_MOST_FORMULAS = 50_000
"""A larger workbook is left to the button Check, which takes its time."""
_LONGEST = 80
"""Characters of a formula that are shown."""
_PAIRS = re.compile(r"\bSUM(XMY2|X2MY2|X2PY2)\(", re.IGNORECASE)
_ABOUT_PAIRS = "; it takes a blank as 0 where Excel leaves the pair out"


def disagreement(book: Book, sheet: str, program: str) -> str:
    """A sentence with the first cell of the sheet whose value in `program` is not Excel's; "" where
    there is none, or where that cannot be told."""
    try:
        read = Session.over(book)
        if sum(int(one.formula_mask().sum()) for one in read.workbook) > _MOST_FORMULAS:
            return ""
        shown = read.workbook.sheet(sheet)
        found = [one for one in recalculate_book(read).differences if _is_real(one, sheet)]
    except XlcollabError:
        return ""
    return _sentence(found, shown, program) if found else ""


def _is_real(one: Difference, sheet: str) -> bool:
    """Whether it is more than rounding, and in the sheet."""
    if one.cell.sheet != sheet:
        return False
    if isinstance(one.stored, float) and isinstance(one.computed, float):
        return not math.isclose(one.stored, one.computed, rel_tol=_CLOSE, abs_tol=_CLOSE)
    return True


def _sentence(found: Sequence[Difference], sheet: Sheet, program: str) -> str:
    """The first is told: what depends on it differs for its sake."""
    first = found[0]
    formula = formula_texts(sheet).get((first.cell.row, first.cell.column), "its formula")
    shown = formula if len(formula) <= _LONGEST else f"{formula[: _LONGEST - 1]}…"
    why = _ABOUT_PAIRS if _PAIRS.search(formula) else ""
    more = f" (and {len(found) - 1} more)" if len(found) > 1 else ""
    return (
        f"{program} and Excel disagree about {first.cell}{more}: {program} shows "
        f"{_text(first.stored)}, Excel's rules give {_text(first.computed)} for {shown}{why}. "
        "What is told here follows Excel."
    )


def _text(value: Scalar) -> str:
    if isinstance(value, float):
        return f"{value:.6g}"
    return value.text if isinstance(value, ErrorCode) else repr(value)
