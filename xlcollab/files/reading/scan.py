"""Scan a sheet: fast where it is regular, thoroughly where it is not."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TypeVar

from xlcollab.files.reading.scan_any import scan_any
from xlcollab.files.reading.scan_regular import IrregularError, scan_regular
from xlcollab.files.reading.tokens import RowToken

Result = TypeVar("Result")


def scan(
    data: bytes,
    where: str,
    consume: Callable[[Iterator[RowToken]], Result],
    *,
    formulas: bool = True,
) -> Result:
    """`consume` the rows of a sheet's UTF-8 XML; without `formulas` the texts of these may be left
    out.

    `consume` must have no effect but its result: it runs again from the first row when the fast
    scanner gives up half way.
    """
    try:
        return consume(scan_regular(data, formulas=formulas))
    except IrregularError:
        return consume(scan_any(data, where))
