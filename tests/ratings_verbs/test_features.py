"""Tables of items and users: what they say is kept by id and used wherever the model predicts."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import xlcollab as xc
from tests.faces.shell import xlcollab
from tests.ratings_verbs.data import planted, ratings_csv
from xlcollab.api.ratings.kept.opening import open_model
from xlcollab.ratings.features import read_about

NET = ("--hidden", 6, "--n-factors", 3, "--epochs", 4)


def movielens_items(folder: Path) -> Path:
    """As u.item: bars, Latin-1, no header, 19 genres."""
    lines = [
        f"{10 * (n + 1)}|Amélie {n} (2001)|01-Jan-2001||http://x|"
        + "|".join("01"[n % (genre + 2) == 0] for genre in range(19))
        for n in range(12)
    ]
    path = folder / "u.item"
    path.write_bytes("\n".join(lines).encode("latin-1"))
    return path


def users_csv(folder: Path) -> Path:
    frame = pd.DataFrame({"user_id": range(1, 21), "gender": ["F", "M"] * 10, "age": [20, 30] * 10})
    frame.to_csv(folder / "users.csv", index=False)
    return folder / "users.csv"


def test_movielens_items_are_read(tmp_path: Path) -> None:
    about = read_about(movielens_items(tmp_path), "item")
    assert about.ids == [10 * (n + 1) for n in range(12)]
    assert about.titles is not None
    assert about.titles[3] == "Amélie 3 (2001)"
    assert {"Action", "Film-Noir", "Western"} <= about.columns.keys()


def test_lists_become_a_column_for_each_part(tmp_path: Path) -> None:
    (tmp_path / "movies.csv").write_text("movieId,title,genres\n07,A,Drama|War\n7,B,War\n")
    about = read_about(tmp_path / "movies.csv", "item")
    assert about.ids == ["07", "7"]
    assert about.columns == {"genres Drama": ["yes", "no"], "genres War": ["yes", "yes"]}


@pytest.mark.parametrize(
    ("head", "ids"),
    [
        ("id,title", [1, 2]),
        ("title,id", ["A", "B"]),
        ("Key,Name", [1, 2]),
        ("sku,product", [1, 2]),
        ("isbn,title", [1, 2]),
        ("title,genre", [1, 2]),
        ("what,ever", [1, 2]),
        ("title,item_id", ["A", "B"]),
    ],
)
def test_titles_are_no_ids_where_a_column_of_ids_stands_beside_them(
    tmp_path: Path, head: str, ids: list[object]
) -> None:
    (tmp_path / "items.csv").write_text(f"{head}\n1,A\n2,B\n")
    assert read_about(tmp_path / "items.csv", "item").ids == ids


def test_a_table_of_other_items_is_refused(tmp_path: Path) -> None:
    """It was passed over without a word."""
    (tmp_path / "items.csv").write_text("id,title\n9001,A\n9002,B\n")
    options = ("--items", tmp_path / "items.csv", "-o", tmp_path / "m.xlsx")
    found = xlcollab("fit", ratings_csv(tmp_path), *options)
    assert found.code == 3
    assert "items.csv, column 'id', lists none of the items of the ratings" in found.sentence


def test_titles_of_a_table_headed_id_are_shown(tmp_path: Path) -> None:
    lines = [f"{10 * (n + 1)},Film {n}" for n in range(12) if n != 4]
    (tmp_path / "items.csv").write_text("id,title\n" + "\n".join(lines))
    target = tmp_path / "m.xlsx"
    options = ("--items", tmp_path / "items.csv", "-o", target, "--epochs", 4)
    assert xlcollab("fit", ratings_csv(tmp_path), *options).code == 0
    best = xlcollab("recommend", target, "--user", 3, "-k", 2, "--json").json["items"]
    assert all(one["title"].startswith("Film") for one in best)


@pytest.mark.parametrize("name", ["m.xlsx", "m.safetensors"])
@pytest.mark.parametrize("kind", ["dot", "net"])
def test_titles_and_features_go_with_the_model(name: str, kind: str, tmp_path: Path) -> None:
    options = (*(NET if kind == "net" else ("--epochs", 4)), "--items", movielens_items(tmp_path))
    source, target = ratings_csv(tmp_path), tmp_path / name
    found = xlcollab("fit", source, *options, "--users", users_csv(tmp_path), "-o", target)
    assert found.code == 0, found.err
    best = xlcollab("recommend", target, "--user", 3, "-k", 2, "--json").json["items"]
    assert all(one["title"].startswith("Amélie") for one in best)
    alike = xlcollab("recommend", target, "--like", 10, "-k", 2)
    assert "Amélie" in alike.out
    model = open_model(target)
    if kind == "net":
        assert {"gender", "age", "Action"} <= set(model.settings.side_columns)
        features = model.features  # type: ignore[attr-defined]
        assert features["gender"].side == "user"
        given = {name: one.of(*pairs()) for name, one in features.items()}
        np.testing.assert_array_equal(
            model.predict_numbers(*pairs()), model.predict_numbers(*pairs(), given)
        )


@pytest.mark.parametrize("given", [["a", "b", None], ["a", "b", "a"], [1, 2, None], [1, 2, 1]])
def test_features_are_the_same_in_every_file(given: list[object], tmp_path: Path) -> None:
    """Levels that are blank, and such that are numbers, are read back from sheets as they were."""
    about = pd.DataFrame({"user_id": range(1, 21), "kind": [given[n % 3] for n in range(20)]})
    about.to_csv(tmp_path / "users.csv", index=False)
    answers = []
    for name in ("m.xlsx", "m.safetensors"):
        target = tmp_path / name
        options = (*NET, "--users", tmp_path / "users.csv", "-o", target)
        found = xlcollab("fit", ratings_csv(tmp_path), *options)
        assert found.code == 0, found.err
        model = open_model(target)
        kinds = model.features["kind"]  # type: ignore[attr-defined]
        assert len(set(kinds.numbers[:3])) == len(set(map(str, given)))
        answers.append(model.predict_numbers(*pairs()))
    np.testing.assert_allclose(*answers, rtol=1e-6)


def pairs() -> tuple[np.ndarray, np.ndarray]:
    return np.arange(12, dtype=np.int32), np.arange(12, dtype=np.int32)


def test_named_features_alone_are_embedded(tmp_path: Path) -> None:
    options = (*NET, "--items", movielens_items(tmp_path), "--side-column", "Action")
    target = tmp_path / "m.safetensors"
    found = xlcollab("fit", ratings_csv(tmp_path), *options, "-o", target)
    assert found.code == 0, found.err
    assert open_model(target).settings.side_columns == ("Action",)


def test_columns_beside_the_ratings_that_belong_to_ids_are_known_for_them() -> None:
    frame = planted()
    frame["genre"] = np.where(frame["item"] % 20 == 0, "war", "love")
    model = xc.MatrixFactorization(3, hidden_sizes=[6], side_columns=["genre"], epochs=10).fit(
        frame
    )
    by_id = model.predict(frame["user"], frame["item"])
    np.testing.assert_array_equal(by_id, model.predict(frame))
    assert model.score(frame[["user", "item", "rating"]]) == model.score(frame)
    assert model.model_.features["genre"].side == "item"  # type: ignore[attr-defined]


def test_tables_that_cannot_be_used_are_told(tmp_path: Path) -> None:
    (tmp_path / "i.csv").write_text("item,title\n10,A\n10,B\n")
    found = xlcollab("fit", ratings_csv(tmp_path), "--items", tmp_path / "i.csv")
    assert (found.code, "lists item 10 twice" in found.sentence) == (3, True)
    found = xlcollab("fit", ratings_csv(tmp_path), "--items", tmp_path / "none.csv")
    assert (found.code, "there is no such file" in found.sentence) == (3, True)
