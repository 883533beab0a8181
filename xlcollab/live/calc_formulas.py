"""LibreOffice's way of writing formulas, as Excel's.

Through UNO a formula is "=SUM($S.A2:B2;$'my sheet'.A1)": a dot after the sheet, semicolons between
arguments, "|" between the rows of an array, some functions by LibreOffice's own name. Strings and
quoted sheet names are left as they are.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

_TOKENS = re.compile(
    r"""(?P<string>"(?:[^"]|"")*")
      | (?P<sheet>\$?(?:'(?:[^']|'')+'|[^\W\d][\w]*)\.(?=\$?[A-Za-z]{1,3}(?:\$?\d|:)|\$?\d+:))
      | (?P<quoted>'(?:[^']|'')+')
      | (?P<function>[^\W\d][\w.]*(?=\())
      | (?P<mark>[;|~!])""",
    re.VERBOSE,
)
_MARKS = {";": ",", "|": ";", "~": ",", "!": " "}
"""Argument separator, row separator of an array, union of areas, intersection of areas."""


def to_excel(text: str, functions: Mapping[str, str]) -> str:
    """A formula, or the content of a name, in Excel's words. `functions` maps names that differ."""

    def respelled(match: re.Match[str]) -> str:
        token = match.group()
        if match["sheet"]:
            return token.removeprefix("$").removesuffix(".") + "!"
        if match["function"]:
            return functions.get(token.upper(), token)
        return _MARKS.get(token, token)

    return _TOKENS.sub(respelled, text)


def of_array(text: str) -> str:
    """ "{=A1:B1*2}" → "=A1:B1*2"."""
    return text[1:-1] if text.startswith("{=") else text
