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
from functools import cache, lru_cache

from xlcollab.formula import spelling
from xlcollab.ref import MAX_COLUMNS, MAX_ROWS, column_index, column_letters

# One group around everything, so that `split` yields plain text and tokens in turn. A token is a
# chain of words joined by colons, with the mark of a function or sheet after it, or something
# quoted, in which nothing is a reference.
TOKEN = re.compile(
    rf"([$\w.\\?]++(?::[$\w.\\?]++)*+[(!]?"
    rf"|{spelling.TEXT}|{spelling.QUOTED_SHEET}|{spelling.BRACKETS})",
    re.DOTALL,
)
_CORNER = rf"(\$?)({spelling.COLUMN})(\$?)({spelling.ROW})"
AREA = re.compile(rf"{_CORNER}(?::{_CORNER})?")
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
    parts = TOKEN.split(text)
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
    """`relative_key` of many cells, given as three sequences of one length.

    Most cells hold what a copy of the last formula of their column, or of the last one at all,
    would be spelled as there: then they have its key, and are not taken apart.
    """
    keys: list[str] = []
    copies: dict[str, _Copies | None] = {}
    above: dict[int, _Copies | None] = {}
    last: _Copies | None = None
    for text, row, column in zip(texts, rows, columns, strict=True):
        found = above.get(column)
        if found is None or found.spelled(row, column) != text:
            found = last if last is not None and last.spelled(row, column) == text else None
        if found is None:
            key = relative_key(text, row, column)
            if key not in copies:  # what comes once is not worth it
                copies[key] = None
            else:
                found = copies[key] = copies[key] or _copies(key, text, row, column)
        keys.append(key if found is None else found.key)
        above[column] = last = found
    return keys


class _Copies:
    """How the copies of a formula are spelled, by a text in which rows are left open, then columns,
    and how far these lie from the cell."""

    __slots__ = ("_columns", "_form", "_in_row", "_lefts", "_row", "_rows", "_tops", "key")

    def __init__(self, key: str, form: str, rows: list[int], columns: list[int]) -> None:
        self.key = key
        self._form, self._rows, self._columns = form, rows, columns
        self._tops = _steps_within(rows, MAX_ROWS)
        self._lefts = _steps_within(columns, MAX_COLUMNS)
        self._row, self._in_row = -1, ""

    def spelled(self, row: int, column: int) -> str | None:
        """The text of the copy in a cell; None where it would reach beyond the sheet."""
        if row not in self._tops or column not in self._lefts:
            return None
        if row != self._row:
            self._row = row
            self._in_row = self._form % tuple([row + 1 + step for step in self._rows])
        return self._in_row.format(*[_letters(column + step) for step in self._columns])


_letters = cache(column_letters)


def _copies(key: str, text: str, row: int, column: int) -> _Copies | None:
    """The copies of a formula typed in a cell; None where it holds more than plain addresses.

    A text that is spelled so falls into the same tokens: an address gives way to an address.
    """
    rows: list[int] = []
    columns: list[int] = []
    parts = TOKEN.split(text)
    for index, part in enumerate(parts):
        area = AREA.fullmatch(part) if index % 2 else None
        if index % 2 and area is None and ":" in part and part[0] not in "\"'[":
            return None
        parts[index] = _escaped(part) if area is None else _moving(area, rows, columns)
    down, across = [one - row for one in rows], [one - column for one in columns]
    return _Copies(key, "".join(parts), down, across)


def _escaped(text: str) -> str:
    """As it stands, after both ways of formatting."""
    return text.replace("%", "%%").replace("{", "{{").replace("}", "}}")


def _moving(area: re.Match[str], rows: list[int], columns: list[int]) -> str:
    """An area with a field for each row and column that moves; these are added to the lists."""
    found = []
    for fixed_left, letters, fixed_top, digits in (area.groups()[:4], area.groups()[4:]):
        if letters is None:
            continue
        if not fixed_left:
            columns.append(column_index(letters))
        if not fixed_top:
            rows.append(int(digits) - 1)
        left = f"${letters}" if fixed_left else "{}"
        found.append(left + (f"${digits}" if fixed_top else "%d"))
    return ":".join(found)


def _steps_within(steps: list[int], size: int) -> range:
    """The places from which all steps lead to a place below `size`."""
    return range(max(0, -min(steps, default=0)), size - max(0, max(steps, default=0)))


@lru_cache(maxsize=1 << 16)
def _template(token: str) -> _Template | None:
    """The template of an address; None for any other token.

    Cached: the cells of a block share most of their references.
    """
    match = AREA.fullmatch(token) or AREA.fullmatch(_by_corners(token))
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
