"""Formula text → tokens, with one compiled regular expression."""

from __future__ import annotations

import re
from typing import Literal, NamedTuple

from xlcollab.errors import FormulaSyntaxError
from xlcollab.formula import spelling

Kind = Literal[
    "text",
    "reference",
    "error",
    "structured",
    "function",
    "boolean",
    "name",
    "number",
    "operator",
    "end",
]


class Token(NamedTuple):
    """One word of a formula.

    `position` is its zero-based offset in the text; `spaced` tells that white space precedes it,
    which between two references is the intersection operator.
    """

    kind: Kind
    text: str
    position: int
    spaced: bool


_AREA = (
    rf"(?:{spelling.CELL}\s*:\s*{spelling.CELL}|{spelling.COLUMNS}|{spelling.ROWS}|{spelling.CELL})"
    rf"{spelling.END_OF_ADDRESS}"
)

# The order decides: a sheet called TRUE, a cell LOG10 and a function LOG10 are told apart by it.
_TOKEN = re.compile(
    rf"\s*+(?:(?P<text>{spelling.TEXT})"
    rf"|(?P<reference>(?:{spelling.SHEET_PREFIX})?{_AREA})"
    rf"|(?P<error>(?:{spelling.SHEET_PREFIX})?#REF!(?:{_AREA}|#REF!)?|{spelling.ERROR})"
    rf"|(?P<function>(?:{spelling.SHEET_PREFIX})?{spelling.WORD}\()"
    rf"|(?P<boolean>(?i:TRUE|FALSE){spelling.END_OF_ADDRESS})"
    rf"|(?P<name>(?:{spelling.SHEET_PREFIX})?{spelling.WORD}(?!\[))"
    rf"|(?P<structured>(?:{spelling.WORD})?{spelling.BRACKETS})"
    r"|(?P<number>(?:\d++(?:\.\d*+)?|\.\d++)(?:[Ee][+-]?\d++)?(?![\w.]))"
    r"|(?P<operator><=|>=|<>|[-+*/^&=<>%@#:(){},;]))",
    re.DOTALL,
)
"""White space, and the token behind it: the one group that matches."""
_SPACE = re.compile(r"\s*+")

_EXPECTED_AT = {
    '"': "a text that ends in a quotation mark",
    "'": "a sheet name that ends in '!",
    "[": "a reference that ends in ]",
}
_EXPECTED_ELSE = "a number, a name, a reference or an operator"
_SHOWN_BEFORE, _SHOWN_AFTER, _SHOWN_FOUND = 60, 30, 20
"""Characters of a formula that an error shows: a line of a terminal."""


def tokenize(text: str) -> list[Token]:
    """The tokens of `text`, the last of kind "end"; one leading "=" is left out.

    Raises FormulaSyntaxError at a character that begins no token.
    """
    tokens: list[Token] = []
    position = 1 if text.startswith("=") else 0
    while match := _TOKEN.match(text, position):
        kind = _kind(match)
        start, end = match.span(kind)
        tokens.append(Token(kind, text[start:end], start, start > position))
        position = end
    start = _end_of_space(text, position)
    if start < len(text):
        raise syntax_error(text, start, _EXPECTED_AT.get(text[start], _EXPECTED_ELSE))
    tokens.append(Token("end", "", start, start > position))
    return tokens


def _end_of_space(text: str, position: int) -> int:
    match = _SPACE.match(text, position)
    return match.end() if match else position


def _kind(match: re.Match[str]) -> Kind:
    return match.lastgroup  # type: ignore[return-value]  # the groups are called as the kinds are


def syntax_error(text: str, position: int, expected: str) -> FormulaSyntaxError:
    """The error that shows `text` with a caret below `position`; "…" where it is cut off."""
    start, stop = max(0, position - _SHOWN_BEFORE), position + _SHOWN_AFTER
    shown = re.sub(r"\s", " ", text[start:stop])
    shown = f"…{shown[1:]}" if start else shown
    shown = f"{shown[:-1]}…" if stop < len(text) else shown
    caret = " " * (position - start) + "^"
    return FormulaSyntaxError(
        f"expected {expected}, found {_found(text, position)} at character {position + 1} "
        f"of the formula:\n  {shown}\n  {caret}"
    )


def _found(text: str, position: int) -> str:
    if position == len(text):
        return "the end"
    match = _TOKEN.match(text, position)
    return repr(match[_kind(match)][:_SHOWN_FOUND] if match else text[position])
