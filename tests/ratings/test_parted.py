"""Ratings in several files: folders as Spark writes them, patterns, and shares of all sizes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from xlcollab.errors import DataError, UsageError, WorkbookError, XlcollabError
from xlcollab.ratings import Columns, RatingsTable, read_ratings
from xlcollab.ratings.delimited import Wanted
from xlcollab.ratings.parted.parts import stem_of
from xlcollab.ratings.parted.shares import read_pieces, shares_of

pytest.importorskip("pyarrow")
WANTED = Wanted(Columns())


def frame(n: int = 60, seed: int = 0) -> pd.DataFrame:
    """Different pairs with a time, in the names that Spark's examples have."""
    rng = np.random.default_rng(seed)
    pairs = rng.permutation(20 * 15)[:n]
    return pd.DataFrame(
        {
            "userId": pairs // 15 + 1,
            "movieId": pairs % 15 + 100,
            "rating": rng.integers(1, 6, n).astype(np.float32),
            "timestamp": np.arange(n) + 1_000_000_000,
        }
    )


def spark_export(folder: Path, data: pd.DataFrame, n_parts: int = 4) -> Path:
    """What `frame.write.parquet(folder)` leaves there."""
    folder.mkdir()
    for part, rows in enumerate(np.array_split(np.arange(len(data)), n_parts)):
        name = f"part-{part:05d}-1c7b-c000.snappy.parquet"
        data.iloc[rows].to_parquet(folder / name, index=False, row_group_size=7)
        (folder / f".{name}.crc").write_bytes(b"crc\0")
    (folder / "_SUCCESS").touch()
    (folder / "._SUCCESS.crc").write_bytes(b"crc\0")
    return folder


def csv_folder(folder: Path, data: pd.DataFrame, n_parts: int = 3) -> Path:
    folder.mkdir()
    for part, rows in enumerate(np.array_split(np.arange(len(data)), n_parts)):
        data.iloc[rows].to_csv(folder / f"part-{part}.csv", index=False)
    return folder


def same(one: RatingsTable, other: RatingsTable) -> None:
    pd.testing.assert_frame_equal(one.to_frame(), other.to_frame())
    assert one.user_ids == other.user_ids
    assert one.item_ids == other.item_ids


@pytest.mark.parametrize("write", [spark_export, csv_folder])
@pytest.mark.parametrize("pattern", ["", "*", "part-*"])
def test_files_are_read_as_one_table(
    write: Callable[[Path, pd.DataFrame], Path], pattern: str, tmp_path: Path
) -> None:
    data = frame()
    data.to_csv(tmp_path / "whole.csv", index=False)
    folder = write(tmp_path / "spark.parquet", data)
    found = read_ratings(folder / pattern if pattern else folder)
    same(read_ratings(tmp_path / "whole.csv"), found)


def test_folders_below_are_read_and_those_aside_are_not(tmp_path: Path) -> None:
    data = frame()
    spark_export(tmp_path / "year=2023", data[:30])
    spark_export(tmp_path / "year=2024", data[30:])
    spark_export(tmp_path / "_temporary", data[:5])
    assert len(read_ratings(tmp_path)) == len(data)
    assert len(read_ratings(tmp_path / "year=202*")) == len(data)


def test_a_file_whose_name_looks_like_a_pattern_is_that_file(tmp_path: Path) -> None:
    frame(20).to_csv(tmp_path / "r[1].csv", index=False)
    frame(30).to_csv(tmp_path / "r1.csv", index=False)
    assert len(read_ratings(tmp_path / "r[1].csv")) == 20


def test_parts_of_one_kind_of_ids_each_have_ids_in_common(tmp_path: Path) -> None:
    """7 is a number in one file and a text in another: the same user, as it is written."""
    columns = ["user", "item", "rating"]
    numbers = pd.DataFrame([[7, 1, 3.0], [8, 2, 4.0]], columns=columns)
    numbers.astype({"user": np.int32}).to_parquet(tmp_path / "a.parquet")
    numbers.assign(item=[3, 4]).to_parquet(tmp_path / "b.parquet")
    texts = pd.DataFrame([["7", 5, 1.0], ["007", 5, 2.0]], columns=columns)
    texts.to_parquet(tmp_path / "c.parquet")
    found = read_ratings(tmp_path)
    assert found.user_ids.index.tolist() == ["007", "7", "8"]
    assert found.item_ids.index.tolist() == [1, 2, 3, 4, 5]
    assert np.bincount(found.users).tolist() == [1, 3, 2]


def test_texts_stay_as_typed_where_one_file_has_numbers_alone(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("user,item,rating\n7,1,3\n")
    (tmp_path / "b.csv").write_text("user,item,rating\n007,1,4\n")
    assert read_ratings(tmp_path).user_ids.index.tolist() == ["007", "7"]


def _dates(folder: Path) -> None:
    frame(5).to_parquet(folder / "a.parquet")
    moments = pd.date_range("2024-01-01", periods=5)
    frame(5).assign(userId=moments).to_parquet(folder / "b.parquet")


def _mixed(folder: Path) -> None:
    frame(5).to_parquet(folder / "a.parquet")
    frame(5).to_csv(folder / "b.csv", index=False)


def _damaged(folder: Path) -> None:
    frame(5).to_parquet(folder / "a.parquet")
    whole = (folder / "a.parquet").read_bytes()
    (folder / "b.parquet").write_bytes(whole[: len(whole) // 2])


def _other_columns(folder: Path) -> None:
    frame(5).to_parquet(folder / "a.parquet")
    frame(5).rename(columns={"rating": "weight"}).to_parquet(folder / "b.parquet")


def _bad_cell(folder: Path) -> None:
    (folder / "a.csv").write_text("user,item,rating\n1,1,3\n")
    (folder / "b.csv").write_text("user,item,rating\n1,2,3\n2,2,good\n")


def _twice(folder: Path) -> None:
    (folder / "a.csv").write_text("user,item,rating\n1,1,3\n")
    (folder / "b.csv").write_text("user,item,rating\n1,2,3\n1,1,4\n")


def _nothing(folder: Path) -> None:
    (folder / "_SUCCESS").touch()


def _empty(folder: Path) -> None:
    (folder / "part-0.csv").touch()


def _headers(folder: Path) -> None:
    (folder / "part-0.csv").write_text("user,item,rating\n")


@pytest.mark.parametrize(
    ("write", "error", "sentence"),
    [
        (_dates, DataError, "users of its parts are of different kinds, times and whole numbers"),
        (_mixed, DataError, "files of several forms, '.csv', '.parquet'; name those of one with"),
        (_damaged, DataError, "b.parquet cannot be read as a Parquet file"),
        (_other_columns, UsageError, "b.parquet: no column looks like the rating"),
        (_bad_cell, DataError, "b.csv, row 3, column 'rating': found 'good'"),
        (_twice, DataError, r"\(2 files\), user 1 rated item 1 twice \(rows 1 and 3\)"),
        (_nothing, WorkbookError, "holds no file; known are files ending in .csv"),
        (_empty, DataError, "all 1 files are empty"),
        (_headers, DataError, "holds no rating"),
    ],
)
def test_what_cannot_be_read_ends_in_a_sentence(
    write: Callable[[Path], None], error: type[XlcollabError], sentence: str, tmp_path: Path
) -> None:
    write(tmp_path)
    with pytest.raises(error, match=sentence):
        read_ratings(tmp_path)


def test_a_pattern_without_a_match_says_so(tmp_path: Path) -> None:
    with pytest.raises(WorkbookError, match="matches no file"):
        read_ratings(tmp_path / "*.parquet")


def test_results_are_named_after_the_folder() -> None:
    assert stem_of(Path("data/ratings/*.parquet")) == Path("data/ratings")
    assert stem_of(Path("*.csv")).name == "ratings"


def together(tables: Sequence[Sequence[RatingsTable]]) -> pd.DataFrame:
    return pd.concat([table.to_frame() for share in tables for table in share], ignore_index=True)


@settings(max_examples=25, deadline=None, derandomize=True)
@given(
    n=st.integers(1, 40),
    size=st.integers(1, 60),
    end=st.sampled_from(["\n", "\r\n"]),
    last=st.booleans(),
    header=st.booleans(),
)
def test_every_line_is_in_one_share(
    n: int, size: int, end: str, last: bool, header: bool, tmp_path_factory: pytest.TempPathFactory
) -> None:
    data = frame(n)
    path = tmp_path_factory.mktemp("shares") / "r.csv"
    text = data.to_csv(index=False, header=header, lineterminator=end)
    path.write_bytes((text if last else text.removesuffix(end)).encode())
    shares = shares_of(path, WANTED, size)
    found = together([read_pieces(share, WANTED) for share in shares])
    pd.testing.assert_frame_equal(found, read_ratings(path).to_frame(), check_dtype=False)


@settings(max_examples=15, deadline=None, derandomize=True)
@given(size=st.integers(1, 30), n_parts=st.integers(1, 6))
def test_every_row_group_is_in_one_share(
    size: int, n_parts: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """More processes than row groups leave some without any."""
    folder = spark_export(tmp_path_factory.mktemp("shares") / "p", frame(), n_parts)
    tables = [read_pieces(share, WANTED) for share in shares_of(folder, WANTED, size)]
    pd.testing.assert_frame_equal(together(tables), read_ratings(folder).to_frame())


@pytest.mark.parametrize("size", [1, 2, 5, 9])
def test_a_bad_cell_is_told_by_its_row_of_the_whole_file(size: int, tmp_path: Path) -> None:
    lines = [f"{row % 9},{row},3" for row in range(200)]
    lines[150] = "3,4,good"
    (tmp_path / "r.csv").write_text("\n".join(["user,item,rating", *lines]))
    shares = shares_of(tmp_path / "r.csv", WANTED, size)
    with pytest.raises(DataError, match=r"r.csv, row 152, column 'rating': found 'good'"):
        read_pieces([piece for share in shares for piece in share], WANTED)
