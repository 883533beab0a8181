"""How the cells of a new sheet look, wherever it is written: colours, letters, number formats."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from xlcollab.grid.changes import Look

INK, ACCENT, GREY, WHITE = 0x1F2937, 0x1F4E79, 0x4B5563, 0xFFFFFF
"""Colours, 0xRRGGBB."""


@dataclass(frozen=True, slots=True)
class TextLook:
    """Letters of `size` points; with a `fill` the text is wrapped."""

    size: float
    color: int
    bold: bool = False
    fill: int | None = None


MOST_ODD = 200
"""Numbers of an open sheet that get a look of their own, each by a call to the program."""

TEXT_LOOKS: Mapping[Look, TextLook] = {
    "title": TextLook(16, ACCENT, True),
    "note": TextLook(11, GREY),
    "section": TextLook(12, ACCENT, True),
    "label": TextLook(11, INK, True),
    "head": TextLook(11, WHITE, True, ACCENT),
}
NUMBER_FORMATS: Mapping[Look, str] = {
    "number": "0.0000",
    "large": "[>=100000]#,##0;[<=-100000]-#,##0;#,##0.00",
    "tiny": "0.000E+00;-0.000E+00;0",
    "wide": "[=0]0.0000;[<0.001]0.000E+00;0.0000",
    "fine": "0.000000",
    "whole": "0",
    "tenths": "0.0",
    "share": "0.0%",
    "seconds": "0.00",
}
