"""A model as a folder of shards is the model that a file holds; for Spark it is an ALSModel."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.factor.data import planted
from xlcollab.errors import DataError, UsageError, WriteRefusedError
from xlcollab.factor import (
    FactorModel,
    ModelSettings,
    TrainingSettings,
    load_model,
    predict,
    save_model,
    train,
)
from xlcollab.factor.models.folder import (
    Shard,
    begin_folder,
    finish_folder,
    is_model_folder,
    manifest_of,
    refuse_folder,
    write_shard,
)
from xlcollab.factor.models.model import Rated
from xlcollab.factor.models.spark import features_of, note_on, refuse_for_spark, save_folder
from xlcollab.factor.passes.rows import Rows
from xlcollab.ratings import RatingsTable, Vocabulary


@pytest.fixture(scope="module")
def model() -> FactorModel:
    """A small one with titles and a weight of popularity."""
    table = planted()
    titles = {"item": tuple(f"Film {n}" for n in range(table.n_items))}
    found = train(replace(table, titles=titles), ModelSettings(n_factors=3, dtype="float64")).model
    assert isinstance(found, FactorModel)
    return replace(found, popularity=1.5)


def part(model: FactorModel, users: np.ndarray, items: np.ndarray) -> FactorModel:
    rows = Rows(model.rows.users[users], model.rows.items[items], model.rows.n_factors)
    lists = [model.rated.by(user) for user in users.tolist()]
    starts = np.concatenate([[0], np.cumsum([len(one) for one in lists])]).astype(np.int64)
    return replace(
        model,
        rows=rows,
        user_ids=Vocabulary(model.user_ids.index[users], "user"),
        item_ids=Vocabulary(model.item_ids.index[items], "item"),
        rated=Rated(starts, np.concatenate([*lists, np.empty(0, np.int32)]).astype(np.int32)),
        titles={"item": tuple(model.titles["item"][item] for item in items.tolist())},
    )


def write(model: FactorModel, target: Path, size: int) -> None:
    """In shards of users and items that lie all over the numbers."""
    new = begin_folder(target)
    n_users, n_items = len(model.user_ids), len(model.item_ids)
    for rank in range(size):
        users, items = np.arange(rank, n_users, size), np.arange(size - 1 - rank, n_items, size)
        shard = Shard(part(model, users, items), users, items, rank, size)
        write_shard(new, shard)
    finish_folder(new, target, shard, (n_users, n_items), {"provenance": "[]"})


def same(one: FactorModel, other: object) -> None:
    assert isinstance(other, FactorModel)
    for name in ("user_factors", "item_factors", "user_bias", "item_bias"):
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name))
    assert (one.user_ids, one.item_ids) == (other.user_ids, other.item_ids)
    assert (one.settings, one.output, one.titles) == (other.settings, other.output, other.titles)
    assert one.popularity == other.popularity
    np.testing.assert_array_equal(one.rated.starts, other.rated.starts)
    np.testing.assert_array_equal(one.rated.items, other.rated.items)


@pytest.mark.parametrize("size", [1, 2, 3, 45])
def test_shards_are_read_as_one_model(size: int, model: FactorModel, tmp_path: Path) -> None:
    """Of more shards than there are items some are empty."""
    write(model, tmp_path / "m", size)
    same(model, load_model(tmp_path / "m"))
    assert is_model_folder(tmp_path / "m")


@pytest.mark.parametrize("optimizer", ["sgd", "als", "gibbs", "adam"])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_folder_and_file_hold_the_same_model(optimizer: str, dtype: str, tmp_path: Path) -> None:
    settings = TrainingSettings(optimizer=optimizer, epochs=24 if optimizer == "gibbs" else 2)
    found = train(planted(), ModelSettings(n_factors=2, dtype=dtype), settings).model
    assert isinstance(found, FactorModel)
    save_model(found, tmp_path / "m.safetensors")
    save_folder(found, tmp_path / "m", {})
    one, other = load_model(tmp_path / "m.safetensors"), load_model(tmp_path / "m")
    assert isinstance(one, FactorModel)
    same(one, other)
    assert (one.draws is None) == (other.draws is None)  # type: ignore[attr-defined]
    if one.draws is not None:
        np.testing.assert_array_equal(one.draws.users, other.draws.users)  # type: ignore[attr-defined]


def test_an_earlier_model_is_replaced_and_nothing_else(model: FactorModel, tmp_path: Path) -> None:
    target = tmp_path / "m"
    write(model, target, 3)
    refuse_folder(target, overwrite=False)
    write(model, target, 2)
    assert len(list(target.iterdir())) == 5
    assert [one.name for one in tmp_path.iterdir()] == ["m"]
    other = tmp_path / "photos"
    other.mkdir()
    refuse_folder(other, overwrite=False)
    (other / "cat.png").touch()
    with pytest.raises(WriteRefusedError, match="no model that xlcollab wrote"):
        refuse_folder(other, overwrite=False)
    with pytest.raises(WriteRefusedError, match="is a file; name a folder"):
        refuse_folder(other / "cat.png", overwrite=True)


def _without_a_shard(folder: Path) -> None:
    (folder / "users-00001-of-00002.safetensors").unlink()


def _half_a_shard(folder: Path) -> None:
    shard = folder / "items-00000-of-00002.safetensors"
    shard.write_bytes(shard.read_bytes()[:40])


def _twice_the_same(folder: Path) -> None:
    first = (folder / "users-00000-of-00002.safetensors").read_bytes()
    (folder / "users-00001-of-00002.safetensors").write_bytes(first)


def _no_manifest(folder: Path) -> None:
    (folder / "model.json").unlink()


def _said(**more: int) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        said = json.loads((folder / "model.json").read_text())
        (folder / "model.json").write_text(json.dumps({**said, **more}))

    return change


@pytest.mark.parametrize(
    ("harm", "sentence"),
    [
        (_without_a_shard, "there is no file .*users-00001"),
        (_half_a_shard, "items-00000.* cannot be read as a model"),
        (_twice_the_same, "do not hold each of the 60 users once"),
        (_no_manifest, "is a folder without a model"),
        (_said(users=3), "do not hold each of the 3 users once"),
        (_said(shards=3), "there is no file .*users-00000-of-00003"),
        (_said(shards=0), "it has 0 shards, expected 1 or more"),
        (_said(shards=-2), "it has -2 shards, expected 1 or more"),
    ],
)
def test_a_damaged_folder_says_so(
    harm: Callable[[Path], None], sentence: str, model: FactorModel, tmp_path: Path
) -> None:
    write(model, tmp_path / "m", 2)
    harm(tmp_path / "m")
    with pytest.raises(DataError, match=sentence):
        load_model(tmp_path / "m")


def test_spark_finds_an_als_model(model: FactorModel, tmp_path: Path) -> None:
    """The layout of ALSModelWriter: metadata, userFactors and itemFactors of id and features."""
    parquet = pytest.importorskip("pyarrow.parquet")
    target = tmp_path / "m.parquet"
    save_folder(model, target, {}, for_spark=True)
    same(model, load_model(target))
    said = json.loads((target / "metadata" / "part-00000").read_text())
    assert said["class"] == "org.apache.spark.ml.recommendation.ALSModel"
    assert said["rank"] == 6
    for name, ids in (("userFactors", model.user_ids), ("itemFactors", model.item_ids)):
        assert (target / name / "_SUCCESS").is_file()
        schema = parquet.read_schema(next((target / name).glob("*.parquet")))
        assert str(schema.field("id").type) == ("string" if name == "userFactors" else "int32")
        assert str(schema.field("features").type) == "list<element: float not null>"
        assert schema.names == ["id", "features"]
        found = parquet.read_table(target / name).to_pandas()
        assert found["id"].tolist() == ids.index.tolist()
        assert {len(one) for one in found["features"]} == {6}


def test_the_dot_product_in_spark_is_the_prediction(model: FactorModel) -> None:
    of_users, of_items = features_of(model)
    users, items = model.rated.pairs()
    raw = model.raw_numbers(users, items)
    np.testing.assert_allclose((of_users[users] * of_items[items]).sum(1), raw, rtol=1e-5)


@pytest.mark.parametrize(("ids", "kind"), [(["a", "b"], "string"), ([1, 2**40], "int64")])
def test_ids_that_an_als_model_does_not_take_are_kept_and_told(
    ids: list[object], kind: str, tmp_path: Path
) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    table = RatingsTable.of(ids * 2, [1, 1, 2, 2], [1.0, 2.0, 3.0, 4.0])
    found = train(table, ModelSettings(n_factors=1)).model
    assert isinstance(found, FactorModel)
    save_folder(found, tmp_path / "m.parquet", {}, for_spark=True)
    users = parquet.read_table(tmp_path / "m.parquet" / "userFactors")
    assert str(users.schema.field("id").type) == kind
    assert users["id"].to_pylist() == ids
    assert "number the ids first" in note_on((kind, "int32"))[0]
    predict(load_model(tmp_path / "m.parquet"), [ids[0]], [1])


@pytest.mark.parametrize(
    "settings", [ModelSettings(output_range=(1, 5)), ModelSettings(hidden_sizes=(3,))]
)
def test_what_is_no_dot_product_is_refused_for_spark(settings: ModelSettings) -> None:
    with pytest.raises(UsageError, match="Spark predicts by a dot product alone"):
        refuse_for_spark(settings)


def test_the_manifest_says_what_made_it(model: FactorModel, tmp_path: Path) -> None:
    write(model, tmp_path / "m", 2)
    assert manifest_of(tmp_path / "m").metadata["provenance"] == "[]"
