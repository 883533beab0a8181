"""Values → the XML of cells (ECMA-376 Part 1, 18.3.1.4)."""

from __future__ import annotations

from xlcollab.files.package.markup import escape_xstring
from xlcollab.grid import ErrorCode, FormulaEdit, Kind, TextPool
from xlcollab.ref import cell_name

_EXACT_INTEGER = 1e15
"""Excel keeps 15 digits: whole numbers below are written without a point, others as `repr` does."""


def number_text(number: float) -> str:
    """The shortest text that reads back as the same float64."""
    if number.is_integer() and abs(number) < _EXACT_INTEGER:
        return str(int(number))
    return repr(number)


def value_xml(
    kind: int, number: float, texts: TextPool, prefix: str, *, is_result: bool
) -> tuple[str | None, str]:
    """(the cell's type `t` or None for numbers and blanks, its `<v>` or `<is>` element).

    `is_result` tells the value of a formula, whose text is of type "str", from a constant.
    """
    if kind == Kind.NUMBER:
        return None, f"<{prefix}v>{number_text(number)}</{prefix}v>"
    if kind == Kind.BLANK:
        return None, ""
    if kind == Kind.BOOLEAN:
        return "b", f"<{prefix}v>{int(number)}</{prefix}v>"
    if kind == Kind.ERROR:
        return "e", f"<{prefix}v>{ErrorCode(int(number)).text}</{prefix}v>"
    text = escape_xstring(texts[int(number)])
    if is_result:
        return "str", f"<{prefix}v>{text}</{prefix}v>"
    return "inlineStr", _inline_text(text, prefix)


def formula_xml(formula: FormulaEdit, prefix: str) -> str:
    """The `<f>` element (18.3.1.40)."""
    kind = f' t="array" ref="{formula.cell.area.rect}"' if formula.array else ""
    return f"<{prefix}f{kind}>{escape_xstring(formula.text)}</{prefix}f>"


def _inline_text(escaped: str, prefix: str) -> str:
    space = ' xml:space="preserve"' if escaped != escaped.strip() or "\n" in escaped else ""
    return f"<{prefix}is><{prefix}t{space}>{escaped}</{prefix}t></{prefix}is>"


def cell_xml(
    row: int, column: int, type_: str | None, value: str, prefix: str = "", style: str | None = None
) -> str:
    """A whole `<c>` element around the result of `value_xml`."""
    attributes = f' s="{style}"' if style else ""
    if type_:
        attributes += f' t="{type_}"'
    start = f'<{prefix}c r="{cell_name(row, column)}"{attributes}'
    return f"{start}>{value}</{prefix}c>" if value else f"{start}/>"
