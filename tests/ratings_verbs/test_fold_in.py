"""`xlcollab fold-in`: a new model that knows new users, and is otherwise the old one."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import xlcollab as xc
from tests.faces.shell import xlcollab
from tests.ratings_verbs.data import planted, ratings_csv
from xlcollab.api.ratings.kept.opening import open_model
from xlcollab.factor import predict

FEW = pd.DataFrame({"user": ["new", "new", "zed"], "item": [10, 20, 30], "rating": [5, 1, 4]})


def model_file(folder: Path, ending: str, **settings: object) -> Path:
    model = xc.MatrixFactorization(n_factors=3, epochs=3, **settings).fit(planted())
    path = folder / f"m{ending}"
    model.to_workbook(path) if ending == ".xlsx" else model.save(path)
    return path


@pytest.mark.parametrize("ending", [".xlsx", ".safetensors"])
@pytest.mark.parametrize("implicit", [False, True])
def test_new_users_join_a_new_model(ending: str, implicit: bool, tmp_path: Path) -> None:
    old, few = (
        model_file(tmp_path, ending, implicit=implicit),
        ratings_csv(tmp_path, FEW, "few.csv"),
    )
    found = xlcollab("fold-in", old, few, "--json")
    assert found.code == 0, found.err
    said = json.loads(found.out)
    assert (said["users"], said["known"]) == (["new", "zed"], 20)
    before, after = open_model(old), open_model(Path(said["output"]))
    users, items = [1, 2, 20], [10, 40, 120]
    np.testing.assert_array_equal(predict(after, users, items), predict(before, users, items))
    both = xlcollab("predict", old, "--ratings", few, "--user", "new", "--item", 40, "--json")
    alone = xlcollab("predict", said["output"], "--user", "new", "--item", 40, "--json")
    assert json.loads(both.out) == json.loads(alone.out)
    liked = xlcollab("recommend", said["output"], "--user", "new", "--json")
    assert {10, 20}.isdisjoint(one["item"] for one in json.loads(liked.out)["items"])


@pytest.mark.parametrize("folder", ["m", "m.parquet"])
def test_beside_a_folder_of_shards_lies_a_file_of_another_name(
    folder: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    few = ratings_csv(tmp_path, FEW, "few.csv")
    fitted = xlcollab("fit", ratings_csv(tmp_path), "--epochs", 2, "-o", tmp_path / folder)
    assert fitted.code == 0, fitted.err
    other = model_file(tmp_path, ".safetensors").read_bytes()
    monkeypatch.chdir(tmp_path)
    for name, place in ((folder, tmp_path), (".", tmp_path / folder)):
        monkeypatch.chdir(place)
        found = xlcollab("fold-in", name, few, "--json")
        assert found.code == 0, found.err
        output = Path(json.loads(found.out)["output"]).absolute()
        assert output == tmp_path / "m.folded.safetensors"
    assert (tmp_path / "m.safetensors").read_bytes() == other


def test_it_is_made_again_and_nothing_is_overwritten(tmp_path: Path) -> None:
    old, few = model_file(tmp_path, ".xlsx"), ratings_csv(tmp_path, FEW, "few.csv")
    assert xlcollab("fold-in", old, few, "-o", tmp_path / "n.xlsx").code == 0
    shown = xlcollab("rerun", tmp_path / "n.xlsx", "--show")
    assert "fold-in m.xlsx few.csv" in shown.out
    again = xlcollab("rerun", tmp_path / "n.xlsx", "-o", tmp_path / "again.xlsx")
    assert again.code == 0, again.err
    for wrong in (old, few):
        assert xlcollab("fold-in", old, few, "-o", wrong).code == 2
    (tmp_path / "mine.xlsx").write_bytes(b"PK mine")
    assert xlcollab("fold-in", old, few, "-o", tmp_path / "mine.xlsx").code in (2, 3)
    assert (tmp_path / "mine.xlsx").read_bytes() == b"PK mine"


def test_what_cannot_be_folded_in_is_said(tmp_path: Path) -> None:
    few = ratings_csv(tmp_path, FEW, "few.csv")
    net = model_file(tmp_path, ".safetensors", hidden_sizes=(3,))
    assert "a net" in xlcollab("fold-in", net, few).err
    old = model_file(tmp_path, ".xlsx")
    known = xlcollab("fold-in", old, ratings_csv(tmp_path))
    assert known.code == 2
    assert "all users of r.csv are known" in known.err
    strange = ratings_csv(tmp_path, FEW.assign(item=[7, 8, 9]), "strange.csv")
    assert "has rated no item that the model knows" in xlcollab("fold-in", old, strange).err
