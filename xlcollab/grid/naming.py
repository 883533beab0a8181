"""Names of new sheets and tables: Excel's rules."""

from __future__ import annotations

import re
from collections.abc import Collection
from itertools import count

from xlcollab.errors import WriteRefusedError
from xlcollab.grid.changes import Changes
from xlcollab.ref import quote_sheet

_MAX_NAME = 31
"""Characters; Excel allows no more."""
_FORBIDDEN_IN_NAME = re.compile(r"[\[\]:*?/\\\x00-\x1f\ud800-\udfff\ufffe\uffff]")
_RESERVED_NAME = "history"
_NOT_IN_TABLE_NAME = re.compile(r"\W")


def table_name(sheet: str, taken: Collection[str]) -> str:
    """A name for the table of a new sheet, made of letters, digits and "_".

    `taken` are the names of tables and defined names, in lower case. The name never looks like a
    cell address.
    """
    wanted = "table_" + _NOT_IN_TABLE_NAME.sub("_", sheet)
    names = (wanted if number == 1 else f"{wanted}_{number}" for number in count(1))
    return next(name for name in names if name.casefold() not in taken)


def refuse_sheet_names(changes: Changes, existing: Collection[str]) -> None:
    """Raises WriteRefusedError for a new sheet whose name Excel would not take."""
    taken = {name.casefold() for name in existing}
    replaced = {name.casefold() for name in changes.replaces}
    for sheet in changes.sheets:
        _refuse_sheet_name(sheet.name)
        name = sheet.name.casefold()
        if name in taken and name not in replaced:
            raise WriteRefusedError(
                f"the workbook already has a sheet {quote_sheet(sheet.name)}, and it was not made "
                "by an earlier run; rename or delete it"
            )
        taken.add(name)
        replaced.discard(name)


def _refuse_sheet_name(name: str) -> None:
    problem = None
    length = len(name.encode("utf-16-le")) // 2  # Excel counts UTF-16 units
    if not 0 < length <= _MAX_NAME:
        problem = f"has {length} characters; 1 to {_MAX_NAME} are allowed"
    elif _FORBIDDEN_IN_NAME.search(name):
        problem = r"holds one of the characters [ ] : * ? / \ (or none) that no sheet name may hold"
    elif name[0] == "'" or name[-1] == "'":
        problem = "begins or ends with an apostrophe"
    elif name.casefold() == _RESERVED_NAME:
        problem = "is reserved by Excel"
    if problem:
        raise WriteRefusedError(f"the sheet name {name!r} {problem}")
