"""A net is kept in a model file, which predicts and recommends; a workbook shows it only."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tests.faces.shell import xlcollab
from tests.ratings_verbs.data import N_ITEMS, N_USERS, planted, ratings_csv
from xlcollab.api.ratings.kept.opening import open_model
from xlcollab.factor import predict

NET = ("--n-factors", 2, "--hidden", 4, "--optimizer", "adam", "--epochs", 60)


@pytest.fixture(scope="module")
def net(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A net whose ratings depend on the genre of the rating, too."""
    folder = tmp_path_factory.mktemp("net")
    frame = planted()
    liked = np.arange(len(frame)) % 2 == 0
    frame["genre"] = np.where(liked, "comedy", "drama")
    frame["rating"] = frame["rating"].clip(2, 4) + np.where(liked, 1, -1)
    source, target = ratings_csv(folder, frame), folder / "net.safetensors"
    found = xlcollab("fit", source, *NET, "--side-column", "genre", "-o", target)
    assert found.code == 0, found.err
    return target


def test_typed_pairs_and_a_crosstab(net: Path, tmp_path: Path) -> None:
    found = xlcollab("predict", net, "--user", 3, "--item", 10, "--item", 20, "--json").json
    wanted = predict(open_model(net), [3, 3], [10, 20])
    np.testing.assert_allclose([p["rating"] for p in found["predictions"]], wanted, atol=1e-6)
    assert xlcollab("predict", net, "--crosstab", "-o", tmp_path / "all.csv").code == 0
    assert pd.read_csv(tmp_path / "all.csv").shape == (N_USERS, N_ITEMS + 1)


def test_side_columns_of_the_pairs_count(net: Path, tmp_path: Path) -> None:
    def mean_of(name: str, **side: object) -> float:
        pairs = tmp_path / f"{name}.csv"
        planted()[["user", "item"]].assign(**side).to_csv(pairs, index=False)
        predicted = xlcollab("predict", net, "--pairs", pairs, "--json").json["predictions"]
        return float(np.mean([one["rating"] for one in predicted]))

    comedy, drama = mean_of("c", genre="comedy"), mean_of("d", genre="drama")
    assert comedy - drama > 1
    assert drama < mean_of("none") < comedy
    assert mean_of("new", genre="opera") == pytest.approx(mean_of("none"))


def test_recommendations_and_likes(net: Path, tmp_path: Path) -> None:
    found = xlcollab("recommend", net, "--user", 3, "-k", 4, "--json").json["items"]
    rated = set(planted().query("user == 3")["item"])
    assert found
    assert not rated & {one["item"] for one in found}
    alike = xlcollab("recommend", net, "--like", 10, "-k", 3, "--json").json["items"]
    assert len(alike) == 3
    target = tmp_path / "all.csv"
    assert xlcollab("recommend", net, "--all", "-k", 2, "-o", target).code == 0
    assert set(pd.read_csv(target)["user"]) <= set(range(1, N_USERS + 1))


def test_unknown_ids_take_what_is_usual(net: Path) -> None:
    ask = ("predict", net, "--user", "nobody", "--item", 10)
    assert "unknown user 'nobody'; 20 users are known" in xlcollab(*ask).sentence
    one = xlcollab(*ask, "--unknown-ids", "--json").json["predictions"][0]
    assert 1 <= one["rating"] <= 5
    unknown = xlcollab("recommend", net, "--user", "nobody", "-k", 3)
    assert (unknown.code, "unknown user 'nobody'" in unknown.sentence) == (3, True)


def test_a_workbook_keeps_a_net(tmp_path: Path) -> None:
    found = {}
    for name in ("net.xlsx", "net.safetensors"):
        fitted = xlcollab("fit", ratings_csv(tmp_path), *NET, "-o", tmp_path / name)
        assert fitted.code == 0, fitted.err
        found[name] = xlcollab("predict", tmp_path / name, "--user", 1, "--item", 10, "--json").json
    assert found["net.xlsx"] == found["net.safetensors"]


def test_files_that_hold_something_else(net: Path, tmp_path: Path) -> None:
    state = tmp_path / "state.safetensors"
    adam = ("fit", ratings_csv(tmp_path), "--optimizer", "adam", "--n-factors", 2)
    saved = (*adam, "--checkpoint", state, "-o", tmp_path / "m.safetensors")
    assert xlcollab(*saved).code == 0
    ask = ("--user", 1, "--item", 10)
    found = xlcollab("predict", state, *ask)
    assert "holds a checkpoint of xlcollab, expected a model of xlcollab" in found.sentence
    again = xlcollab(*adam, "--checkpoint", net, "--resume", "-o", tmp_path / "n.safetensors")
    assert "holds a model of xlcollab, expected a checkpoint of xlcollab" in again.err
    gone = xlcollab("predict", tmp_path / "none.safetensors", *ask)
    assert (gone.code, "there is no file" in gone.sentence) == (3, True)
