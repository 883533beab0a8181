"""What a Parquet file keeps besides its rows: the attributes of the frame that was written."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from xlcollab.errors import DataError

_KEY = b"PANDAS_ATTRS"
"""Under which pandas keeps them."""


def attributes_of(path: Path) -> dict[str, Any]:
    """The attributes by name. Raises DataError where the file is no Parquet file."""
    import pyarrow
    from pyarrow import parquet

    try:
        found = json.loads((parquet.read_schema(path).metadata or {}).get(_KEY, b"{}"))
    except (pyarrow.ArrowException, OSError, ValueError) as error:
        raise DataError(f"{path.name} cannot be read as a table: {error}") from None
    return found if isinstance(found, dict) else {}
