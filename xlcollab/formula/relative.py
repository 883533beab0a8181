"""Formula text → a key that is the same for every copy of the formula.

Each A1 reference is respelled by its offset from the cell that holds it, so a block of a million
copied cells has one key and is parsed once. Equal keys mean equal nodes. The converse holds for
copies that Excel or `printer.to_text` spelled, not for hand-made differences in spaces or in the
case of names.

`R[2]C[-1]` is an offset, `R$2C$1` an absolute zero-based index, as in `nodes.Axis`; neither can be
mistaken for formula text. Whole columns and rows are spelled by their corner cells.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from functools import lru_cache

from xlcollab.formula import spelling
from xlcollab.ref import MAX_COLUMNS, MAX_ROWS, column_index, column_letters

# One group around everything, so that `split` yields plain text and tokens in turn. A token is a
# chain of words joined by colons, with the mark of a function or sheet after it, or something
# quoted, in which nothing is a reference.
_TOKEN = re.compile(
    rf"([$\w.\\?]++(?::[$\w.\\?]++)*+[(!]?"
    rf"|{spelling.TEXT}|{spelling.QUOTED_SHEET}|{spelling.BRACKETS})",
    re.DOTALL,
)
_CORNER = rf"(\$?)({spelling.COLUMN})(\$?)({spelling.ROW})"
_AREA = re.compile(rf"{_CORNER}(?::{_CORNER})?")
_COLUMNS = re.compile(rf"(\$?{spelling.COLUMN}):(\$?{spelling.COLUMN})")
_ROWS = re.compile(rf"(\$?{spelling.ROW}):(\$?{spelling.ROW})")
_ADDRESS_IN_CHAIN = re.compile(
    rf"{spelling.NOT_INSIDE_WORD}(?:{spelling.COLUMNS}|{spelling.ROWS}|{spelling.CELL})"
    rf"{spelling.END_OF_ADDRESS}"
)

_Template = tuple[Callable[[int, int, int, int], str], int, int, int, int]
"""How to print an area from its four offsets, and the rows and columns they are counted from."""


def relative_key(text: str, row: int, column: int) -> str:
    """The key of the formula `text` typed in the zero-based cell (`row`, `column`)."""
    parts = _TOKEN.split(text)
    for index in range(1, len(parts), 2):
        token = parts[index]
        template = _template(token)
        if template:
            spell, top, left, bottom, right = template
            parts[index] = spell(top - row, left - column, bottom - row, right - column)
        elif ":" in token:
            parts[index] = _respell_chain(token, row, column)
    return "".join(parts)


def relative_keys(texts: Iterable[str], rows: Iterable[int], columns: Iterable[int]) -> list[str]:
    """`relative_key` of many cells, given as three sequences of one length."""
    return list(map(relative_key, texts, rows, columns))


@lru_cache(maxsize=1 << 16)
def _template(token: str) -> _Template | None:
    """The template of an address; None for any other token.

    Cached: the cells of a block share most of their references.
    """
    match = _AREA.fullmatch(token) or _AREA.fullmatch(_by_corners(token))
    if not match:
        return None
    fixed_left, letters, fixed_top, digits, *last = match.groups()
    top, left = int(digits) - 1, column_index(letters)
    form = _corner(fixed_top, top, "{0}", fixed_left, left, "{1}")
    if last[1] is None:
        return form.format, top, left, 0, 0
    fixed_right, letters, fixed_bottom, digits = last
    bottom, right = int(digits) - 1, column_index(letters)
    form += ":" + _corner(fixed_bottom, bottom, "{2}", fixed_right, right, "{3}")
    return form.format, top, left, bottom, right


def _by_corners(token: str) -> str:
    """`A:B` → `A$1:B$1048576`, `1:3` → `$A1:$XFD3`; any other token as it is."""
    if match := _COLUMNS.fullmatch(token):
        return f"{match[1]}$1:{match[2]}${MAX_ROWS}"
    if match := _ROWS.fullmatch(token):
        return f"$A{match[1]}:${column_letters(MAX_COLUMNS - 1)}{match[2]}"
    return token


def _corner(
    fixed_row: str, row: int, row_field: str, fixed_column: str, column: int, column_field: str
) -> str:
    row_text = f"R${row}" if fixed_row else f"R[{row_field}]"
    return row_text + (f"C${column}" if fixed_column else f"C[{column_field}]")


def _respell_chain(token: str, row: int, column: int) -> str:
    """A chain such as `A1:INDEX(` or `A1:B2:C3`: each address in it by itself."""
    if token[0] in "\"'[":
        return token
    return _ADDRESS_IN_CHAIN.sub(lambda match: relative_key(match[0], row, column), token)
