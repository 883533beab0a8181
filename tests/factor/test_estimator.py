"""scikit-learn's conventions."""

from __future__ import annotations

import pickle
from dataclasses import fields
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tests.factor.data import planted
from xlcollab.errors import DataError, UsageError
from xlcollab.factor import MatrixFactorization, ModelSettings, Status, TrainingSettings
from xlcollab.ratings import RatingsTable

FAST = {"n_factors": 3, "epochs": 60}


def frame() -> pd.DataFrame:
    return planted().to_frame().drop(columns="time")


def pairs() -> tuple[np.ndarray, np.ndarray]:
    data = frame()
    return data[["user", "item"]].to_numpy(), data["rating"].to_numpy()


def test_every_setting_is_a_parameter() -> None:
    names = {field.name for field in (*fields(ModelSettings), *fields(TrainingSettings))}
    assert names <= set(MatrixFactorization().get_params())


def test_frames_tables_and_pairs_train_the_same_model() -> None:
    x, y = pairs()
    models = [
        MatrixFactorization(**FAST).fit(frame()),
        MatrixFactorization(**FAST).fit(planted()),
        MatrixFactorization(**FAST).fit(x, y),
    ]
    predictions = [model.predict(frame()["user"], frame()["item"]) for model in models]
    np.testing.assert_array_equal(predictions[0], predictions[1])
    np.testing.assert_array_equal(predictions[0], predictions[2])
    np.testing.assert_array_equal(predictions[0], models[2].predict(x))


def test_score_is_scikit_learns_r2() -> None:
    metrics = pytest.importorskip("sklearn.metrics")
    x, y = pairs()
    model = MatrixFactorization(**FAST).fit(x, y)
    assert model.score(x, y) == pytest.approx(metrics.r2_score(y, model.predict(x)))
    assert model.score(x, y) > 0.7


def test_clone_and_search_of_scikit_learn_work() -> None:
    base = pytest.importorskip("sklearn.base")
    model = MatrixFactorization(n_factors=7, hidden_sizes=(3,), optimizer="adam", seed=5)
    copy = base.clone(model)
    assert copy.get_params() == model.get_params()
    assert not hasattr(copy, "model_")


def test_parameters_can_be_set_and_wrong_ones_are_named() -> None:
    model = MatrixFactorization().set_params(n_factors=9, seed=3)
    assert (model.n_factors, model.model_settings.n_factors) == (9, 9)
    with pytest.raises(UsageError, match="no parameter 'factors'"):
        model.set_params(factors=3)
    assert repr(model) == "MatrixFactorization(n_factors=9, seed=3)"


def test_quality_chooses_optimizer_and_size_unless_said() -> None:
    best = MatrixFactorization(quality="best")
    assert best.training_settings.optimizer == "gibbs"
    assert MatrixFactorization(30, quality="best").model_settings.n_factors == 30
    assert MatrixFactorization().model_settings.n_factors == 50
    with pytest.raises(UsageError, match="quality is 'good'"):
        MatrixFactorization(quality="good").fit(frame())  # type: ignore[arg-type]


def test_pickle_and_files_keep_the_predictions(tmp_path: Path) -> None:
    x, y = pairs()
    model = MatrixFactorization(**FAST).fit(x, y)
    model.save(tmp_path / "model.safetensors")
    for copy in (
        pickle.loads(pickle.dumps(model)),
        MatrixFactorization.load(tmp_path / "model.safetensors"),
    ):
        np.testing.assert_array_equal(copy.predict(x), model.predict(x))
        assert copy.recommend("u3").items == model.recommend("u3").items


def test_patience_sets_ratings_aside() -> None:
    options = {"optimizer": "adam", "learning_rate": 0.1, "patience": 3, "n_factors": 8}
    model = MatrixFactorization(**options, validation_fraction=0.2).fit(frame())
    assert model.result_.validation is not None
    assert model.result_.validation.n_ratings == 180
    assert model.result_.status is Status.EARLY_STOPPED


def test_test_ratings_are_measured() -> None:
    data = frame()
    model = MatrixFactorization(**FAST).fit(data, test=data.iloc[:100])
    assert model.result_.test is not None
    assert model.result_.test.n_ratings == 100
    assert not np.isnan(model.result_.column("test_rmse")).any()


def test_partial_fit_learns_new_ids_and_keeps_the_known() -> None:
    table = planted(noise=0.1)
    known = (table.users < 55) & (table.items < 36)
    old, new = table.take(known).to_frame(), table.take(~known).to_frame()
    model = MatrixFactorization(n_factors=3, epochs=60, l2_factors=0.02).fit(old)
    before = model.score(old)
    blind = model.score(new)
    model.partial_fit(new, epochs=30)
    assert model.score(new) > blind + 0.2
    assert model.score(old) > before - 0.15
    assert len(model.model_.user_ids) == 60
    assert model.model_.user_ids.index[:50].isin(old["user"]).all()
    assert set(model.recommend("u59").items).isdisjoint(new.loc[new["user"] == "u59", "item"])


def test_partial_fit_begins_like_fit_and_refuses_what_cannot_go_on() -> None:
    x, y = pairs()
    np.testing.assert_array_equal(
        MatrixFactorization(**FAST).partial_fit(x, y).predict(x),
        MatrixFactorization(**FAST).fit(x, y).predict(x),
    )
    bayes = MatrixFactorization(3, quality="best", epochs=3).fit(x, y)
    with pytest.raises(UsageError, match="partial_fit goes on with sgd or a gradient rule"):
        bayes.partial_fit(x, y)


def test_what_is_not_fitted_says_so() -> None:
    with pytest.raises(UsageError, match="not fitted yet; call fit first"):
        MatrixFactorization().predict([1], [2])


def test_unreadable_arguments_say_what_is_wanted() -> None:
    with pytest.raises(UsageError, match=r"ids \(n, 2\) with ratings y"):
        MatrixFactorization().fit([[1, 2]])
    with pytest.raises(UsageError, match=r"shape \(n, 2\), found \(1, 3\)"):
        MatrixFactorization().fit([[1, 2, 3]], [4])
    with pytest.raises(DataError, match="rated item 2 twice"):
        MatrixFactorization().fit([[1, 2], [1, 2]], [4, 5])


def test_duplicates_are_merged_as_asked() -> None:
    model = MatrixFactorization(0, duplicates="mean", epochs=1, optimizer="als")
    model.fit([[1, 2], [1, 2], [3, 4]], [4, 5, 1])
    assert model.result_.train.n_ratings == 2


def test_a_net_with_side_columns_through_the_estimator(tmp_path: Path) -> None:
    table = planted()
    data = frame().assign(genre=np.where(table.items % 2, "odd", "even"))
    model = MatrixFactorization(
        4, optimizer="adam", hidden_sizes=(8,), side_columns=("genre",), epochs=5
    ).fit(data)
    model.save(tmp_path / "net.safetensors")
    copy = MatrixFactorization.load(tmp_path / "net.safetensors")
    users, items = data["user"], data["item"]
    np.testing.assert_array_equal(copy.predict(users, items), model.predict(users, items))
    assert isinstance(copy.model_.user_ids.index[0], str)


def test_a_table_of_ratings_can_be_scored_with_unknown_ids() -> None:
    model = MatrixFactorization(**FAST).fit(frame())
    stranger = RatingsTable.of(["new", "u1"], [100, -5], [3.0, 4.0])
    assert np.isfinite(model.score(stranger))


def test_users_and_items_of_unlike_number_are_no_pairs() -> None:
    """A compiled pass would read beyond the shorter one."""
    x, y = pairs()
    model = MatrixFactorization(**FAST).fit(x, y)
    for n in (2, 5000):
        with pytest.raises(UsageError, match=f"{n:,} users and 1 item are no pairs"):
            model.predict(np.resize(x[:, 0], n), x[:1, 1])
    with pytest.raises(UsageError, match="a rating for each are needed; found the shape"):
        MatrixFactorization(**FAST).fit(x, y[:-1])


def test_one_id_stands_for_itself() -> None:
    x, y = pairs()
    texts = x.astype(str)
    model = MatrixFactorization(**FAST).fit(texts, y)
    assert model.predict("11", "12").shape == (1,)
    user, item = x[0].tolist()
    assert model.predict(user, item) == model.predict([user], [item])
    assert model.predict(str(user), str(item)) == model.predict([user], [item])
