"""Files of every known form give the same table; bad ones name the row and the column."""

from __future__ import annotations

import bz2
import gzip
import lzma
import warnings
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from xlcollab.errors import DataError, UsageError, WorkbookError
from xlcollab.ratings import Columns, from_frame, read_ratings
from xlcollab.ratings.columns import REQUIRED
from xlcollab.ratings.typed import as_typed

ROWS = [(14, 417, 2.0, 100), (29, 27, 5.0, 200), (14, 27, 3.5, 300)]
HEADS = {
    "ratings.csv": ("userId,movieId,rating,timestamp", ","),
    "semicolons.csv": ("User ID;Item ID;Stars;Date", ";"),
    "ratings.tsv": ("user\titem\trating\ttimestamp", "\t"),
    "ml.inter": ("user_id:token\titem_id:token\trating:float\ttimestamp:float", "\t"),
    "u.data": ("", "\t"),
    "u1.base": ("", "\t"),
    "u1.test": ("", "\t"),
    "ratings.dat": ("", "::"),
    "headless.csv": ("", ","),
}


@pytest.mark.parametrize("name", HEADS)
def test_every_form_gives_the_same_table(tmp_path: Path, name: str) -> None:
    head, separator = HEADS[name]
    lines = [head] * bool(head) + [separator.join(map(str, row)) for row in ROWS]
    (tmp_path / name).write_text("\n".join(lines) + "\n")
    _check(tmp_path / name)


def test_parquet_gives_the_same_table(tmp_path: Path) -> None:
    frame = pd.DataFrame(ROWS, columns=["userId", "movieId", "rating", "timestamp"])
    frame.to_parquet(tmp_path / "ratings.parquet")
    _check(tmp_path / "ratings.parquet")


def _check(path: Path) -> None:
    table = read_ratings(path)
    assert table.user_ids.ids(table.users) == [14, 29, 14]
    assert table.item_ids.ids(table.items) == [417, 27, 27]
    assert table.ratings.tolist() == [2.0, 5.0, 3.5]
    assert table.time is not None
    assert table.time.tolist() == [100, 200, 300]


def test_said_columns_win_over_guesses(tmp_path: Path) -> None:
    frame = pd.DataFrame({"user": [1, 2], "who": ["a", "b"], "item": [3, 4], "rating": [1, 5]})
    table = from_frame(frame, Columns(user="who", extra=("user",)))
    assert table.user_ids.index.tolist() == ["a", "b"]
    assert table.extra["user"].vocabulary.index.tolist() == [1, 2]


def test_a_said_column_that_is_absent_lists_what_is_there() -> None:
    frame = pd.DataFrame({"user": [1], "item": [3], "rating": [1]})
    with pytest.raises(UsageError, match=r"no column 'wer'; its columns: 'user', 'item', 'rating'"):
        from_frame(frame, Columns(user="wer"))


def test_a_column_that_cannot_be_guessed_says_how_to_say_it() -> None:
    frame = pd.DataFrame({"a": [1], "item": [3], "rating": [1]})
    with pytest.raises(UsageError, match=r"no column looks like the user.*name the user column"):
        from_frame(frame)


BAD = {
    "text": ("userId,movieId,rating\n1,2,3\n1,3,good\n", "row 3, column 'rating': found 'good'"),
    "blank": ("userId,movieId,rating\n1,2,\n", "row 2, column 'rating': found a blank"),
    "infinite": ("userId,movieId,rating\n1,2,3\n2,2,inf\n", "row 3, column 'rating': found inf"),
    "two": ("userId,movieId,rating\n1,2,x\n2,2,y\n", r"found 'x'.*1 more like it"),
    "no user": ("userId,movieId,rating\n1,2,3\n,2,4\n", "row 3, column 'userId': found a blank"),
    "no item": ("userId,movieId,rating\n1,,3\n", "row 2, column 'movieId': found a blank"),
    "empty": ("userId,movieId,rating\n", "column 'rating' is empty"),
    "nothing": ("", "bad.csv is empty"),
    "ragged": ("userId,movieId,rating\n1,2,3\n1,2,3,4,5\n", "row 3 has more cells than"),
    "one more": ("userId,movieId,rating\n1,2,3,5\n4,5,6,5\n", "row 2 has more cells than"),
    "a comma in a number": ("user,item,rating\n1,2,3,5\n1,3,4\n", "needs quotes around it"),
    "twice": ("userId,movieId,rating\n1,2,3\n1,2,4\n", "user 1 rated item 2 twice"),
}


@pytest.mark.parametrize(("text", "message"), BAD.values(), ids=BAD.keys())
def test_bad_values_are_named_by_row_and_column(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "bad.csv").write_text(text)
    with pytest.raises(DataError, match=message):
        read_ratings(tmp_path / "bad.csv")


def test_a_rating_too_large_for_the_type_is_named() -> None:
    frame = pd.DataFrame({"user": [1, 2], "item": [3, 4], "rating": [1, 1e300]})
    with pytest.raises(
        DataError,
        match=r"row 2, column 'rating': found 1e\+300, expected a number of at most 3.4e\+38",
    ):
        from_frame(frame)
    assert from_frame(frame, dtype=np.float64).ratings[1] == 1e300


def test_negative_and_huge_ids_are_only_names() -> None:
    frame = pd.DataFrame({"user": [-1, 2**62], "item": [2**40, -9], "rating": [1, 2]})
    table = from_frame(frame)
    assert table.users.tolist() == [0, 1]
    assert table.user_ids.ids(table.users) == [-1, 2**62]
    assert table.n_items == 2


def test_unknown_endings_and_absent_files_are_said(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"no reader for \.doc; known are \.csv"):
        read_ratings(tmp_path / "a.doc")
    with pytest.raises(WorkbookError, match="there is no such file"):
        read_ratings(tmp_path / "a.csv")


TYPED = {
    "zeros in front": ["0017", "017", "17"],
    "powers of ten": ["1E5", "10E4", "100000"],
    "words for nothing": ["NA", "null", "nan", "None", "N/A"],
    "fractions": ["1.0", "1", "1.50"],
    "signs": ["+1", "1", "-0", "0"],
    "beyond 64 bits": [str(2**64 + 1), str(2**64), str(2**70)],
    "truth": ["True", "true", "TRUE"],
    "dates": ["2020-01-01", "2020-1-1"],
}


@pytest.mark.parametrize("ids", TYPED.values(), ids=TYPED.keys())
@pytest.mark.parametrize("column", ["user", "item"])
@pytest.mark.parametrize("ending", [".csv", ".inter", ".csv.gz"])
def test_ids_are_texts_as_typed(tmp_path: Path, ids: list[str], column: str, ending: str) -> None:
    other = {"user": "item", "item": "user"}[column]
    frame = pd.DataFrame({column: ids, other: range(1, len(ids) + 1), "rating": 3.0})
    separator = "\t" if ending == ".inter" else ","
    path = tmp_path / f"r{ending}"
    frame.to_csv(path, index=False, sep=separator, na_rep="blank")
    table = read_ratings(path)
    found = table.user_ids if column == "user" else table.item_ids
    numbers = table.users if column == "user" else table.items
    assert found.ids(numbers) == ids


@settings(derandomize=True, deadline=None, max_examples=60)
@given(st.lists(st.text("0123456789.eE+-aN ", min_size=1, max_size=6).map(str.strip), min_size=1))
def test_every_id_that_is_typed_apart_stays_apart(typed: list[str]) -> None:
    texts = [text for text in typed if text] or ["x"]
    found = as_typed(pd.Series(texts, dtype=object))
    assert found.astype(str).tolist() == texts


PACKED = {
    "r.csv.gz": lambda data: gzip.compress(data),
    "r.csv.bz2": lambda data: bz2.compress(data),
    "r.csv.xz": lambda data: lzma.compress(data),
    "r.csv": lambda data: data,
}
TEXTS = {
    "plain": "user,item,rating\n",
    "bars": "user|item|rating\n",
    "titles above": "Ratings of May\n\nuser;item;rating\n",
    "synonyms": "Customer ID,Product,Score\n",
    "German": "Kunde;Artikel;Bewertung\n",
    "Excel's own line": "sep=;\nuser;item;rating\n",
}
ENCODINGS = ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "latin-1"]


@pytest.mark.parametrize("name", PACKED)
@pytest.mark.parametrize("form", TEXTS)
@pytest.mark.parametrize("encoding", ENCODINGS)
def test_texts_of_any_packing_and_encoding(
    tmp_path: Path, name: str, form: str, encoding: str
) -> None:
    separator = next(one for one in ",;|" if one in TEXTS[form])
    lines = [separator.join(row) for row in (("Zoë", "07", "4.5"), ("bob", "7", "3"))]
    text = TEXTS[form] + "\n".join(lines) + "\n\n  \n"
    (tmp_path / name).write_bytes(PACKED[name](text.encode(encoding)))
    table = read_ratings(tmp_path / name)
    assert table.user_ids.ids(table.users) == ["Zoë", "bob"]
    assert table.item_ids.ids(table.items) == ["07", "7"]
    assert table.ratings.tolist() == [4.5, 3.0]


def test_a_zip_with_one_table_is_read(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "r.zip", "w") as archive:
        archive.writestr("folder/ratings.tsv", "user\titem\trating\n1\t2\t3\n")
        archive.writestr("__MACOSX/folder/._ratings.tsv", "\0")
        archive.writestr("folder/.DS_Store", "\0")
    assert len(read_ratings(tmp_path / "r.zip")) == 1
    with zipfile.ZipFile(tmp_path / "two.csv.zip", "w") as archive:
        archive.writestr("a.csv", "user,item,rating\n")
        archive.writestr("b.csv", "user,item,rating\n")
    with pytest.raises(DataError, match="holds 2 files"):
        read_ratings(tmp_path / "two.csv.zip")


def test_of_a_zip_of_several_files_the_one_called_ratings_is_read(tmp_path: Path) -> None:
    for names in (["ml/movies.csv", "ml/ratings.csv", "ml/README.txt"], ["ml/u.item", "ml/u.data"]):
        with zipfile.ZipFile(tmp_path / "ml.zip", "w") as archive:
            for name in names:
                is_table = name.endswith("ratings.csv")
                archive.writestr(
                    name, "userId,movieId,rating\n1,2,3\n" if is_table else "1\t2\t3\t4"
                )
        assert read_ratings(tmp_path / "ml.zip").ratings.tolist() == [3.0]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("r.txt", "user item rating\nann   Up 4.5\n  bob Up 3\n\n"),
        ("r.csv", 'made by hand\n\nuser   item  rating  \nann "Up" 4.5\nbob Up 3\n'),
        ("r.dat", "user::item::rating\nann::Up::4.5\nbob::Up::3\n"),
        ("r.data", "user|item|rating\nann|Up|4.5\nbob|Up|3\n"),
    ],
)
def test_blanks_separate_cells_where_nothing_else_does_and_headers_are_seen(
    name: str, text: str, tmp_path: Path
) -> None:
    (tmp_path / name).write_text(text)
    table = read_ratings(tmp_path / name)
    assert table.user_ids.ids(table.users) == ["ann", "bob"]
    assert table.item_ids.ids(table.items) == ["Up", "Up"]
    assert table.ratings.tolist() == [4.5, 3.0]


@pytest.mark.parametrize("text", ["1;2;4,5\n1;3;3\n", '1,2,"4,5"\n1,3,3\n'])
def test_decimal_commas(text: str, tmp_path: Path) -> None:
    head = ";".join(REQUIRED) if ";" in text else ",".join(REQUIRED)
    (tmp_path / "r.csv").write_text(f"{head}\n{text}")
    assert read_ratings(tmp_path / "r.csv").ratings.tolist() == [4.5, 3.0]


def test_feather_and_json_lines(tmp_path: Path) -> None:
    frame = pd.DataFrame({"user": ["07", "7"], "item": [1, 2], "rating": [2.5, 3.0]})
    frame.to_feather(tmp_path / "r.feather")
    frame.to_json(tmp_path / "r.jsonl", orient="records", lines=True)
    frame.to_json(tmp_path / "list.json", orient="records")
    (tmp_path / "wide.jsonl").write_text((tmp_path / "r.jsonl").read_text(), "utf-16")
    (tmp_path / "r.feather.gz").write_bytes(gzip.compress((tmp_path / "r.feather").read_bytes()))
    for name in ("r.feather", "r.jsonl", "list.json", "wide.jsonl", "r.feather.gz"):
        table = read_ratings(tmp_path / name)
        assert table.user_ids.ids(table.users) == ["07", "7"]
        assert table.ratings.tolist() == [2.5, 3.0]


def test_a_file_without_a_header_whose_ids_are_texts(tmp_path: Path) -> None:
    (tmp_path / "r.csv").write_text("anna,m1,4\nbob,m2,3\n")
    table = read_ratings(tmp_path / "r.csv", headless=True)
    assert table.user_ids.index.tolist() == ["anna", "bob"]


def test_what_is_wrong_far_down_is_still_told_by_its_row(tmp_path: Path) -> None:
    lines = [f"{n},{n},3" for n in range(200_000)] + ["x,y,z"]
    (tmp_path / "r.csv").write_text("user,item,rating\n" + "\n".join(lines))
    with pytest.raises(DataError, match="row 200002, column 'rating': found 'z'"):
        read_ratings(tmp_path / "r.csv")


def test_separators_with_nothing_behind_them_are_no_cells(tmp_path: Path) -> None:
    (tmp_path / "r.csv").write_text("user,item,rating\n1,2,4,,,\n1,3,3,\n2,3,1\n")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert read_ratings(tmp_path / "r.csv").ratings.tolist() == [4, 3, 1]


def test_columns_behind_those_that_are_known_are_passed_over(tmp_path: Path) -> None:
    (tmp_path / "r.csv").write_text("anna,m1,4,1,x,y\nbob,m2,3,2,x,y\n")
    assert read_ratings(tmp_path / "r.csv", headless=True).ratings.tolist() == [4, 3]


def test_quotes_and_dashes_of_windows(tmp_path: Path) -> None:
    text = "user,item,rating\nZoë,“M” – €,4\n"
    (tmp_path / "r.csv").write_bytes(text.encode("cp1252"))
    assert read_ratings(tmp_path / "r.csv").item_ids.index.tolist() == ["“M” – €"]
    (tmp_path / "late.csv").write_bytes(b"user,item,rating\n" + b"a,b,1\n" * 12_000 + b"a,\x93,2\n")
    found = read_ratings(tmp_path / "late.csv", duplicates="last")
    assert found.item_ids.index.tolist() == ["b", "“"]


def test_a_first_line_that_may_be_a_rating_leads_to_the_option(tmp_path: Path) -> None:
    (tmp_path / "r.csv").write_text("anna,m1,4\nbob,m2,3.5\n")
    with pytest.raises(UsageError, match="or say headless=True"):
        read_ratings(tmp_path / "r.csv")
