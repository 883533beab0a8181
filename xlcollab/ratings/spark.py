"""Factors as Parquet that Spark reads: in the layout in which its ALSModel is saved.

    model/metadata/part-00000            one line of JSON: class, parameters, rank
    model/userFactors/part-….parquet     id, features (array of float)
    model/itemFactors/part-….parquet     the same

as `ALSModelWriter` of org.apache.spark.ml.recommendation writes it (Spark 3.5). Spark takes ids as
whole numbers of 32 bits; tables with other ids are read as tables, not as an ALSModel.
"""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from xlcollab.errors import MissingPackageError

if TYPE_CHECKING:
    import pyarrow as pa

FOLDERS = {"user": "userFactors", "item": "itemFactors"}
_DONE = "_SUCCESS"
_AT_ONCE = 1 << 16
"""Rows of a row group."""


def id_type(ids: pd.Index) -> str:
    """ "int32" where Spark's ALSModel takes these ids, "int64" for larger ones, else "string"."""
    if ids.dtype != np.int64:
        return "string"
    low, high = (int(ids.min()), int(ids.max())) if len(ids) else (0, 0)
    return "int32" if low >= -(2**31) and high < 2**31 else "int64"


def widest_type(types: list[str]) -> str:
    """One type for the ids of all parts."""
    return next(kind for kind in ("string", "int64", "int32") if kind in types)


def write_factors(
    folder: Path, side: str, part: int, ids: pd.Index, features: NDArray[np.float32], kind: str
) -> None:
    """Part `part` of the factors (n, rank) of a side, "user" or "item", below a model's folder.

    Raises MissingPackageError without pyarrow.
    """
    try:
        import pyarrow as pa
        from pyarrow import parquet
    except ImportError:
        raise MissingPackageError("pyarrow") from None

    where = folder / FOLDERS[side]
    where.mkdir(exist_ok=True)
    element = pa.field("element", pa.float32(), nullable=False)
    schema = pa.schema(
        [
            pa.field("id", getattr(pa, kind)(), nullable=False),
            pa.field("features", pa.list_(element), nullable=False),
        ]
    )
    with parquet.ParquetWriter(where / f"part-{part:05d}.snappy.parquet", schema) as writer:
        for begin in range(0, len(ids), _AT_ONCE):
            rows = slice(begin, begin + _AT_ONCE)
            writer.write_table(_table(schema, ids[rows], features[rows]))


def _table(schema: pa.Schema, ids: pd.Index, features: NDArray[np.float32]) -> pa.Table:
    import pyarrow as pa

    n, rank = features.shape
    is_text = schema.field("id").type == pa.string()
    listed = [str(one) for one in ids.tolist()] if is_text else np.asarray(ids)
    ends = pa.array(np.arange(n + 1, dtype=np.int32) * np.int32(rank))
    values = pa.array(np.ascontiguousarray(features).ravel())
    lists = pa.ListArray.from_arrays(ends, values, type=schema.field("features").type)
    return pa.table([pa.array(listed, schema.field("id").type), lists], schema=schema)


def finish_factors(folder: Path, rank: int) -> None:
    """The metadata of an ALSModel of factors of this rank, and the marks of what is whole."""
    said = {
        "class": "org.apache.spark.ml.recommendation.ALSModel",
        "timestamp": int(time.time() * 1000),
        "sparkVersion": "3.5.0",
        "uid": "als_xlcollab",
        "paramMap": {},
        "defaultParamMap": {
            "userCol": "user",
            "itemCol": "item",
            "predictionCol": "prediction",
            "coldStartStrategy": "nan",
            "blockSize": 4096,
        },
        "rank": rank,
    }
    metadata = folder / "metadata"
    metadata.mkdir(exist_ok=True)
    (metadata / "part-00000").write_text(json.dumps(said) + "\n", encoding="utf-8")
    for where in (metadata, *(folder / name for name in FOLDERS.values())):
        (where / _DONE).touch()
