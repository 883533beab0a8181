"""The record of the run that made a workbook, as a hidden name of the workbook keeps it.

Excel keeps the last set-up of Solver in hidden names, too: they survive saving by any program, and
no part of the file but the workbook part, which every run changes, has to change for them.
"""

from __future__ import annotations

import re

RUN_NAME = "_xlcollab_run"
"""The hidden name; its formula is a text."""
_LONGEST_TEXT, _LONGEST_FORMULA = 250, 8000
"""Below Excel's limits of 255 for a text within a formula and 8,192 for a formula."""
_TEXT = re.compile(r'"((?:[^"]|"")*)"')


def as_formula(record: str) -> str | None:
    """The record as a formula of texts; None where it is longer than a name can hold."""
    ascii_only = record.encode("ascii", "backslashreplace").decode()
    pieces = [
        ascii_only[at : at + _LONGEST_TEXT].replace('"', '""')
        for at in range(0, len(ascii_only), _LONGEST_TEXT)
    ]
    formula = "&".join(f'"{piece}"' for piece in pieces)
    return formula if 0 < len(formula) <= _LONGEST_FORMULA else None


def record_of(formula: str) -> str:
    """The record that `as_formula` made a formula of."""
    return "".join(text.replace('""', '"') for text in _TEXT.findall(formula))
