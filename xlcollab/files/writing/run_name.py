"""The record of a run as a hidden name of the workbook (ECMA-376 Part 1, 18.2.5)."""

from __future__ import annotations

import re
from xml.sax.saxutils import escape

from xlcollab.files.reading.workbook_part import WorkbookPart
from xlcollab.grid.run_record import RUN_NAME, as_formula

_BEFORE = ("sheets", "functionGroups", "externalReferences")


def with_run(main: WorkbookPart, workbook: bytes, record: str) -> bytes:
    """The workbook part with the name, in place of that of an earlier run; as it is without a
    record. Up to the end of the names `workbook` is what `main` was read from."""
    formula = as_formula(record)
    if formula is None:
        return workbook
    tag = f"{main.prefix}definedName"
    name = f'<{tag} name="{RUN_NAME}" hidden="1">{escape(formula)}</{tag}>'.encode()
    if "definedNames" not in main.tags:
        at = max(main.ends.get(one, 0) for one in _BEFORE)
        return workbook[:at] + _framed(main, name) + workbook[at:]
    (start, behind), end = main.tags["definedNames"], main.ends["definedNames"]
    if workbook[start:behind].endswith(b"/>"):
        return workbook[:start] + _framed(main, name) + workbook[end:]
    closing = workbook.rindex(b"</", 0, end)
    kept = _earlier(main.prefix).sub(b"", workbook[behind:closing])
    return workbook[:behind] + kept + name + workbook[closing:]


def _framed(main: WorkbookPart, name: bytes) -> bytes:
    frame = f"{main.prefix}definedNames".encode()
    return b"<" + frame + b">" + name + b"</" + frame + b">"


def _earlier(prefix: str) -> re.Pattern[bytes]:
    tag = re.escape(f"{prefix}definedName")
    quoted = f"[\"']{RUN_NAME}[\"']"
    return re.compile(rf"<{tag}\s[^>]*?name={quoted}[^>]*>[^<]*</{tag}>".encode())
