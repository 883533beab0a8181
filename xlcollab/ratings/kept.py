"""What a Parquet file tells without its rows: the attributes of the frame that was written, and the
names of its columns.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from xlcollab.errors import DataError

if TYPE_CHECKING:
    from pyarrow import Schema

_KEY = b"PANDAS_ATTRS"
"""Under which pandas keeps them."""


def attributes_of(path: Path) -> dict[str, Any]:
    """The attributes by name. Raises DataError where the file is no Parquet file."""
    kept = (_schema(path).metadata or {}).get(_KEY, b"{}")
    try:
        found = json.loads(kept)
    except ValueError as error:
        raise _unreadable(path, error) from None
    return found if isinstance(found, dict) else {}


def columns_of(path: Path) -> list[str]:
    """The names of the columns. Raises DataError where the file is no Parquet file."""
    return list(_schema(path).names)


def _schema(path: Path) -> Schema:
    import pyarrow
    from pyarrow import parquet

    try:
        return parquet.read_schema(path)
    except (pyarrow.ArrowException, OSError, ValueError) as error:
        raise _unreadable(path, error) from None


def _unreadable(path: Path, error: Exception) -> DataError:
    return DataError(f"{path.name} cannot be read as a table: {error}")
