"""The shared strings part (ECMA-376 Part 1, 18.4)."""

from __future__ import annotations

from xlcollab.files.package.markup import Attributes, local, parse, unescape_xstring

_DEEPEST = 4
"""How deep the texts lie: a part may nest elements without end, and none of those is looked at."""


def read_shared_strings(data: bytes, where: str) -> list[str]:
    """The texts in order: runs of rich text joined, phonetic runs (rPh) left out."""
    texts: list[str] = []
    pieces: list[str] = []
    path: list[str] = []
    in_text = False

    def start(name: str, _: Attributes, __: int) -> None:
        nonlocal in_text
        path.append(local(name))
        if len(path) == 2:
            pieces.clear()
        in_text = len(path) <= _DEEPEST and path[2:] in (["t"], ["r", "t"])

    def end(_: str, __: int) -> None:
        nonlocal in_text
        path.pop()
        in_text = False
        if len(path) == 1:
            texts.append(unescape_xstring("".join(pieces)))

    def text(characters: str) -> None:
        if in_text:
            pieces.append(characters)

    parse(data, where, start, end, text)
    return texts
