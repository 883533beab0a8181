"""Folders and patterns of ratings in the shell, models as folders, and what they take of memory."""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tests.faces.shell import xlcollab
from tests.ratings_verbs.data import planted, ratings_csv
from xlcollab.factor import load_model

ROOT = Path(__file__).resolve().parents[2]
FEW = ("--n-factors", 2, "--epochs", 3, "--json")


def spark_export(folder: Path) -> Path:
    """What Spark leaves of the ratings, with its names of columns."""
    pytest.importorskip("pyarrow")
    folder.mkdir()
    names = {"user": "userId", "item": "movieId"}
    data = planted().rename(columns=names).astype({"rating": np.float32})
    for part in range(3):
        name = f"part-0000{part}-c0.snappy.parquet"
        data[part::3].to_parquet(folder / name, index=False)
        (folder / f".{name}.crc").write_bytes(b"crc")
    (folder / "_SUCCESS").touch()
    return folder


def test_a_spark_export_is_fitted_and_goes_back_as_an_als_model(tmp_path: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    source, target = spark_export(tmp_path / "spark.parquet"), tmp_path / "model.parquet"
    found = xlcollab("fit", source, *FEW, "-o", target)
    assert found.code == 0, found.err
    assert found.json["ratings"] == 150
    assert "150 ratings in" in found.err
    users = parquet.read_table(target / "userFactors").to_pandas()
    assert sorted(users["id"]) == sorted(planted()["user"].unique())
    said = json.loads((target / "metadata" / "part-00000").read_text())
    assert said["rank"] == len(users["features"][0]) == 5
    asked = xlcollab("predict", target, "--user", 1, "--item", 10, "--json").json
    items = parquet.read_table(target / "itemFactors").to_pandas()
    user = users.set_index("id")["features"][1]
    item = items.set_index("id")["features"][10]
    rating = asked["predictions"][0]["rating"]
    assert np.clip(user @ item, 1, 5) == pytest.approx(rating, rel=1e-5)


def test_a_folder_of_shards_serves_every_verb(tmp_path: Path) -> None:
    source = ratings_csv(tmp_path)
    for name in ("m", "m.safetensors"):
        assert xlcollab("fit", source, *FEW, "-o", tmp_path / name).code == 0
    for ask in (
        ("predict", "--user", 1, "--item", 10),
        ("predict", "--pairs", source),
        ("recommend", "--user", 1, "-k", 3),
        ("recommend", "--like", 10, "-k", 3),
    ):
        verb, *options = ask
        one, other = (
            xlcollab(verb, tmp_path / name, *options, "--json").json
            for name in ("m", "m.safetensors")
        )
        assert one == other
    started = [
        xlcollab("fit", source, *FEW, "--start", tmp_path / name, "-o", tmp_path / f"{name}.xlsx")
        for name in ("m", "m.safetensors")
    ]
    assert started[0].json["train_rmse"] == started[1].json["train_rmse"]
    again = xlcollab("rerun", tmp_path / "m", "-o", tmp_path / "again")
    assert again.code == 0, again.err
    same = load_model(tmp_path / "m").user_factors == load_model(tmp_path / "again").user_factors
    assert same.all()


def test_results_of_several_files_lie_beside_their_folder(tmp_path: Path) -> None:
    spark_export(tmp_path / "ratings")
    for source in (tmp_path / "ratings", tmp_path / "ratings" / "*.parquet"):
        found = xlcollab("fit", source, *FEW)
        assert found.code == 0, found.err
        assert found.json["output"] == str(tmp_path / "ratings.model.xlsx")


@pytest.mark.parametrize(
    ("options", "code", "sentence"),
    [
        (("-o", "photos"), 3, "is a folder already and no model that xlcollab wrote"),
        (("-o", "r.csv"), 2, "write a workbook (.xlsx) or a model file"),
        (("--hidden", 3, "-o", "net"), 2, "write a net, or a learned padding, as one file"),
        (("--range", 0, 6, "-o", "m.parquet"), 2, "Spark predicts by a dot product alone"),
        (("--checkpoint", "photos"), 2, "is a folder that holds no checkpoint"),
    ],
)
def test_what_cannot_be_written_is_refused_before_the_work(
    options: tuple[object, ...], code: int, sentence: str, tmp_path: Path
) -> None:
    source = ratings_csv(tmp_path)
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "cat.png").touch()
    places = [
        tmp_path / one if one in ("photos", "r.csv", "net", "m.parquet") else one for one in options
    ]
    found = xlcollab("fit", source, *places)
    assert (found.code, sentence in found.err) == (code, True), found.err


def _peaks(*arguments: object) -> list[int]:
    """The most memory of each process of a fit, which its own processes tell."""
    environment = os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    command = [sys.executable, *map(str, arguments), "--json"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    peaks: list[int] = json.loads(done.stdout)["peak_bytes"]
    return peaks


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="the peak is what Linux tells of a process")
def test_two_processes_take_little_more_than_half_of_one_each(tmp_path: Path) -> None:
    """Of ratings so many that they, and not torch, are most of what is held."""
    pytest.importorskip("pyarrow")
    rng, n, source = np.random.default_rng(0), 1 << 22, tmp_path / "ratings"
    source.mkdir()
    for part in range(9):
        frame = pd.DataFrame(
            {
                "user": rng.integers(0, 100_000, n, dtype=np.int32),
                "item": np.arange(n, dtype=np.int32) % 5_000 + 5_000 * part,
                "rating": rng.integers(1, 6, n).astype(np.float32),
            }
        ).drop_duplicates(["user", "item"])
        frame.to_parquet(source / f"part-{part}.parquet", index=False)
    fit = ("-m", "xlcollab", "fit", source, "--n-factors", 8, "--epochs", 1)
    (one,) = _peaks(*fit, "-o", tmp_path / "one.safetensors")
    two = ("-m", "torch.distributed.run", "--standalone", "--nproc-per-node", 2)
    both = _peaks(*two, *fit, "-o", tmp_path / "two")
    assert max(both) <= 0.6 * one


def test_a_tampered_state_of_a_run_is_refused(tmp_path: Path) -> None:
    run = ("fit", ratings_csv(tmp_path), *FEW, "--checkpoint", tmp_path / "run")
    assert xlcollab(*run, "--checkpoint-every", 1, "-o", tmp_path / "m").code == 0
    state = tmp_path / "run" / "state.json"
    good = json.loads(state.read_text())
    for name in ("epoch", "processes", "best_epoch", "best_error", "run"):
        for value in (None, True, "x", math.nan):
            state.write_text(json.dumps({**good, name: value}))
            found = xlcollab(*run, "--resume", "-o", tmp_path / "n")
            assert found.code == (2 if name == "run" and value == "x" else 3), (name, value, found)
    state.write_text(json.dumps(good))
    assert xlcollab(*run, "--resume", "-o", tmp_path / "n").code == 0
