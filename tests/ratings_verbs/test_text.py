"""A crosstab in a text file is read as one on a sheet; long tables are read as they were."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from tests.faces.shell import xlcollab
from tests.ratings_verbs.data import planted, ratings_csv
from xlcollab.api.ratings.source import Place, Source, read_source
from xlcollab.errors import XlcollabError
from xlcollab.files import FileBook
from xlcollab.history import HEAD_ROW

FEW = "{corner},10,20,30\nanna,5,,3\nbob,,4,4\ncleo,5,3,\n"


def read(path: Path, text: str, **place: object) -> Source:
    path.write_bytes(text.encode())
    return read_source(Place(source=path, **place))  # type: ignore[arg-type]


def as_table(source: Source) -> pd.DataFrame:
    return source.table.to_frame().sort_values(["user", "item"]).reset_index(drop=True)


@pytest.mark.parametrize("corner", ["", "user", '"my films"'])
@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("start", ["", "\ufeff"])
def test_a_crosstab(corner: str, separator: str, start: str, tmp_path: Path) -> None:
    text = start + FEW.format(corner=corner).replace(",", separator).replace("\n", "\r\n")
    source = read(tmp_path / "c.csv", text)
    assert source.said == "a crosstab of 6 ratings at c.csv!A1:D4"
    assert source.is_crosstab
    users = ["anna", "anna", "bob", "bob", "cleo", "cleo"]
    assert source.table.user_ids.index.tolist() == ["anna", "bob", "cleo"]
    assert source.table.item_ids.index.tolist() == [10, 20, 30]
    frame = as_table(source)
    assert frame["user"].tolist() == users
    assert frame["rating"].tolist() == [5, 3, 4, 4, 5, 3]


def test_to_a_crosstab_and_back_in_text(tmp_path: Path) -> None:
    long, wide, back = ratings_csv(tmp_path), tmp_path / "w.csv", tmp_path / "back.csv"
    assert xlcollab("crosstab", long, "-o", wide).code == 0
    assert xlcollab("crosstab", wide, "-o", back, "--json").json["form"] == "long table"
    columns = ["user", "item", "rating"]
    wanted = planted()[columns].sort_values(columns).reset_index(drop=True)
    pd.testing.assert_frame_equal(pd.read_csv(back), wanted, check_dtype=False)


def test_fitted_as_a_sheet_is_with_predictions_of_its_cells(tmp_path: Path) -> None:
    xlcollab("crosstab", ratings_csv(tmp_path), "-o", tmp_path / "w.csv")
    model = tmp_path / "m.xlsx"
    fitted = xlcollab("fit", tmp_path / "w.csv", "--n-factors", 2, "--json", "-o", model)
    assert fitted.code == 0, fitted.err
    assert "a crosstab of 150 ratings at w.csv!A1:M21" in fitted.err
    assert (fitted.json["users"], fitted.json["items"]) == (20, 12)
    assert FileBook(model).read().sheet("predictions").height == HEAD_ROW + 21


LONG = {
    "its names": "user,item,rating\n1,10,3\n1,20,4\n2,10,5\n",
    "other names": "userId;movieId;stars;note\n1;10;3;x\n1;20;4;\n2;10;5;y\n",
    "no header": "1\t10\t3\t881250949\n1\t20\t4\t881250950\n2\t10\t5\t881250951\n",
    "ids once each": "uid,title,score\n1,10,3\n2,20,4\n3,30,5\n",
}


@pytest.mark.parametrize("form", LONG)
def test_long_tables_stay_long(form: str, tmp_path: Path) -> None:
    source = read(tmp_path / "l.csv", LONG[form])
    assert not source.is_crosstab
    assert source.said == "3 ratings in l.csv"
    assert source.table.item_ids.index.tolist()[0] == 10


def test_columns_that_are_named_make_a_long_table(tmp_path: Path) -> None:
    columns = {"user_column": "who", "item_column": "film", "rating_column": "mark"}
    text = "who,film,mark\n1,10,3\n1,20,4\n2,10,5\n"
    assert read(tmp_path / "l.csv", text, **columns).said == "3 ratings in l.csv"
    with pytest.raises(XlcollabError, match=r"first line begins who, film, mark; name its columns"):
        read(tmp_path / "l.csv", text)


def test_an_area_is_read_where_more_than_one_may_be_meant(tmp_path: Path) -> None:
    small = FEW.format(corner="").splitlines()
    text = "\n".join(f"{line},,{line}" for line in small) + "\ndora,3,3,3,,,,,\n"
    source = read(tmp_path / "two.csv", text)
    assert source.said == (
        "a crosstab of 9 ratings at two.csv!A1:D5, the largest of 2 that may be ratings; "
        "--area names another"
    )
    other = read(tmp_path / "two.csv", text, area="F1:I4")
    assert other.said == "a crosstab of 6 ratings at two.csv!F1:I4"
    assert other.table.n_users == 3


REFUSED = {
    "a word": (FEW.format(corner="") + "dora,2,good,2\ned,1,2,3\n", "c.csv!C5 holds 'good'"),
    "infinite": (FEW.format(corner="") + "dora,2,inf,2\ned,1,2,3\n", "c.csv!C5 holds 'inf'"),
    "no ratings": (
        ",10,20,30\nanna,,,\nbob,,,\ncleo,,,\n",
        "c.csv!A1:D4: the crosstab (3 × 3) holds no",
    ),
    "an id twice": (",10,20\na,1,2\na,,1\n", "c.csv!A1:C3: user 'a' is listed twice"),
    "an id missing": (",10,20\na,1,2\n,,1\n", "c.csv!A3 is blank, expected a user id"),
    "words": (",10,20\na,1,good\nb,2,\n", "c.csv!C2 holds 'good', expected a number, or a bla"),
    "empty": ("", "c.csv is empty; a model needs ratings"),
    "a rating unnamed": ("user,item,mark\n1,2,3\n", "no column looks like the rating"),
    "no text": ("user,\x00\udcff", "cannot be read as a table"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_read_is_told_by_its_cell(case: str, tmp_path: Path) -> None:
    text, sentence = REFUSED[case]
    (tmp_path / "c.csv").write_bytes(text.encode(errors="surrogateescape"))
    found = xlcollab("fit", tmp_path / "c.csv", "-o", tmp_path / "m.xlsx")
    assert found.code in (2, 3)
    assert sentence in found.sentence
    assert [file.name for file in tmp_path.iterdir()] == ["c.csv"]


def test_an_empty_area_and_ids_listed_twice(tmp_path: Path) -> None:
    cases = {
        ",10,20,30\nanna,,,\nbob,,,\ncleo,,,\n": "holds no rating",
        ",10,20,10\nanna,1,,\nbob,,2,\n": "item 10 is listed twice",
    }
    for text, sentence in cases.items():
        with pytest.raises(XlcollabError, match=sentence):
            read(tmp_path / "c.csv", text, area="A1:D3")


def test_a_large_long_table_with_unknown_names_is_not_read_as_cells(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("xlcollab.api.ratings.reading.text.MAX_CELLS", 10)
    with pytest.raises(XlcollabError, match=r"more than 10 cells, too many.*name its columns"):
        read(tmp_path / "c.csv", "a,b,c\n" + 4 * "1,2,3\n")


@pytest.mark.parametrize(("name", "option"), [("r.csv", "--sheet"), ("r.parquet", "--area")])
def test_options_of_other_files_are_refused(name: str, option: str, tmp_path: Path) -> None:
    planted().to_csv(tmp_path / "r.csv", index=False)
    planted().to_parquet(tmp_path / "r.parquet")
    found = xlcollab("fit", tmp_path / name, option, "A1:B2")
    assert found.code == 2
    assert f"leave {option} out" in found.sentence
