"""The estimator among scikit-learn's tools, and tables of other packages."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import numpy as np
import pandas as pd
import pytest

from tests.factor.data import planted
from xlcollab.errors import XlcollabError
from xlcollab.factor import MatrixFactorization

base = pytest.importorskip("sklearn.base")
from sklearn.exceptions import NotFittedError  # noqa: E402
from sklearn.model_selection import GridSearchCV, cross_val_score  # noqa: E402
from sklearn.pipeline import Pipeline  # noqa: E402
from sklearn.preprocessing import FunctionTransformer  # noqa: E402
from sklearn.utils.validation import check_is_fitted  # noqa: E402

FAST: dict[str, Any] = {"n_factors": 3, "epochs": 20}


def pairs() -> tuple[pd.DataFrame, np.ndarray]:
    data = planted().to_frame()
    return data[["item", "user"]], data["rating"].to_numpy()


def test_cross_validation_grid_search_and_pipelines() -> None:
    x, y = pairs()
    scores = cross_val_score(MatrixFactorization(**FAST), x, y, cv=3)
    assert scores.mean() > 0
    grid = {"n_factors": np.arange(1, 4), "learning_rate": np.array([0.02, 0.05])}
    search = GridSearchCV(MatrixFactorization(epochs=10), grid, cv=2).fit(x, y)
    assert search.best_params_["n_factors"] in (1, 2, 3)
    line = Pipeline([("same", FunctionTransformer()), ("model", MatrixFactorization(**FAST))])
    np.testing.assert_array_equal(
        line.fit(x, y).predict(x), MatrixFactorization(**FAST).fit(x, y).predict(x)
    )
    line.set_params(model__n_factors=np.int64(2)).fit(x.to_numpy()[:, ::-1], y)


def test_it_is_a_regressor_with_tags_and_errors_of_scikit_learn() -> None:
    model = MatrixFactorization(hidden_sizes=[4], optimizer="adam")
    assert base.is_regressor(model)
    assert isinstance(model, base.BaseEstimator)
    assert model.__sklearn_tags__().estimator_type == "regressor"
    assert model.model_settings.hidden_sizes == (4,)
    of_array = MatrixFactorization(hidden_sizes=np.array([4, 2]))
    assert of_array.model_settings.hidden_sizes == (4, 2)
    assert base.clone(model).get_params() == model.get_params()
    with pytest.raises(NotFittedError):
        check_is_fitted(model)
    with pytest.raises(NotFittedError, match="call fit first"):
        model.predict([1], [2])
    for wrong in ({"n_factors": -1}, {"quality": "good"}, {"recipe": "own"}):
        with pytest.raises(ValueError, match=r"n_factors is|choose one of") as caught:
            MatrixFactorization(**wrong).fit(*pairs())
        assert isinstance(caught.value, XlcollabError)


def test_frames_are_read_by_name_whatever_their_order() -> None:
    data = planted().to_frame()
    model = MatrixFactorization(**FAST).fit(data)
    wanted = model.predict(data["user"], data["item"])
    for columns in (["user", "item"], ["item", "user"], ["item", "rating", "user"]):
        np.testing.assert_array_equal(model.predict(data[columns]), wanted)
    np.testing.assert_array_equal(model.predict(data[["user", "item"]].to_numpy()), wanted)
    with pytest.raises(XlcollabError, match=r"needs columns for user and item; it has 'user'"):
        model.predict(data[["user"]])


def test_tables_of_other_packages() -> None:
    data = planted().to_frame().drop(columns="time")
    wanted = MatrixFactorization(**FAST).fit(data).predict(data)
    polars, arrow = pytest.importorskip("polars"), pytest.importorskip("pyarrow")
    for table in (polars.from_pandas(data), arrow.Table.from_pandas(data)):
        model = MatrixFactorization(**FAST).fit(table)
        np.testing.assert_array_equal(model.predict(table), wanted)


def test_sparse_matrices_of_ratings() -> None:
    scipy = pytest.importorskip("scipy.sparse")
    table = planted()
    cells = scipy.coo_matrix((table.ratings, (table.users, table.items)))
    frame = table.to_frame()
    wanted = MatrixFactorization(**FAST).fit(frame).score(frame)
    for form in (cells, cells.tocsr(), scipy.coo_array(cells)):
        model = MatrixFactorization(**FAST).fit(form)
        assert model.score(form) == pytest.approx(wanted, abs=0.01)
        assert len(model.predict(form)) == len(table)
        assert model.model_.user_ids.index.tolist() == list(range(60))


_ALONE = """
import sys
import numpy as np
import xlcollab
model = xlcollab.MatrixFactorization(n_factors=2, epochs=2)
rng = np.random.default_rng(0)
pairs = np.column_stack([np.repeat(range(20), 5), np.tile(range(10), 10)])
model.fit(pairs, rng.normal(size=100)).predict([1], [2])
found = {name for name in ("sklearn", "torch") if name in sys.modules}
assert not found, found
import sklearn.base
from sklearn.exceptions import NotFittedError
assert sklearn.base.is_regressor(model) and isinstance(model, sklearn.base.BaseEstimator)
try:
    xlcollab.MatrixFactorization().predict([1], [2])
except NotFittedError:
    print("met")
"""


def test_a_fit_loads_neither_scikit_learn_nor_torch_and_meets_scikit_learn_later() -> None:
    done = subprocess.run([sys.executable, "-c", _ALONE], capture_output=True, text=True)
    assert done.stdout == "met\n", done.stderr
