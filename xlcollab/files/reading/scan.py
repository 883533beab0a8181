"""Scan a sheet: fast where it is regular, thoroughly where it is not."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Set
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
    patched: Set[int] | None = None,
) -> Result:
    """`consume` the rows of a sheet's UTF-8 XML. Who only writes into the rows `patched` may get no
    text of a formula, and of other rows cells only where one has a formula for an area.

    `consume` must have no effect but its result: it runs again from the first row when the fast
    scanner gives up half way.
    """
    try:
        return consume(scan_regular(data, patched=patched))
    except IrregularError:
        return consume(scan_any(data, where))
