"""The one door for texts that go through XlsxWriter into parts: they come out as texts.

XlsxWriter takes a title, name or label that begins with "=" for a formula, and writes characters
that no XML can hold. It therefore never sees a text of the user: it gets a mark, and the mark is
replaced in the parts it has written. The marks hold ":", "*" and "?", which no sheet name can, so
nothing else in a part is taken for one; what is put in is not looked at again.
"""

from __future__ import annotations

import re

from xlcollab.files.package.markup import drawing_text, escape_xstring, xstring_attribute

_MARK = re.compile(rb"\*\?([svh]):(\d+)\*")
_DOORS = {b"s": drawing_text, b"v": escape_xstring, b"h": xstring_attribute}
"""What is shown in a drawing, values of cells that a chart keeps, heads of tables."""


class Texts:
    """Marks given out in place of texts, and the texts behind them."""

    def __init__(self) -> None:
        self._texts: list[str] = []

    def shown(self, text: str) -> str:
        """For titles, names and labels of charts."""
        return self._mark("s", text)

    def value(self, text: str) -> str:
        """For the text of a cell that a chart stores for viewers that read no cells."""
        return self._mark("v", text)

    def head(self, text: str) -> str:
        """For the name of a table's column."""
        return self._mark("h", text)

    def restored(self, part: bytes) -> bytes:
        """The part with its texts."""
        return _MARK.sub(self._text, part)

    def _mark(self, door: str, text: str) -> str:
        if not text:
            return ""  # no title at all
        self._texts.append(text)
        return f"*?{door}:{len(self._texts) - 1}*"

    def _text(self, match: re.Match[bytes]) -> bytes:
        return _DOORS[match[1]](self._texts[int(match[2])]).encode()
