"""New users are folded in from a few ratings: what was known stays, they are predicted well."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from tests.factor.data import planted
from xlcollab.errors import XlcollabError
from xlcollab.factor import MatrixFactorization

MODELS: dict[str, dict[str, Any]] = {
    "sgd": {"n_factors": 4},
    "best": {"n_factors": 4, "quality": "best", "epochs": 40},
    "range": {"n_factors": 4, "optimizer": "adam", "range_margin": 0.2},
}


@pytest.mark.parametrize("name", MODELS)
def test_new_users_are_predicted_better_than_by_item_biases(name: str) -> None:
    data = planted(200, 60, 6000, noise=0.2).to_frame()
    numbers = data["user"].str[1:].astype(int)
    old, new = data[numbers < 170], data[numbers >= 170]
    few = new.groupby("user").head(15)
    rest = new.drop(few.index)
    model = MatrixFactorization(**MODELS[name]).fit(old)
    before = model.predict(old["user"], old["item"])
    cold = model.predict(rest["user"], rest["item"])
    model.fold_in(few)
    np.testing.assert_array_equal(model.predict(old["user"], old["item"]), before)
    warm = model.predict(rest["user"], rest["item"])

    def error(found: Any) -> float:
        return float(np.sqrt(np.mean((found - rest["rating"]) ** 2)))

    assert error(warm) < 0.7 * error(cold)
    user = few["user"].iloc[0]
    assert set(model.recommend(user).items).isdisjoint(few.loc[few["user"] == user, "item"])


def test_a_posterior_is_that_of_the_normal_equations() -> None:
    model = MatrixFactorization(3, dtype="float64").fit(planted(dtype="float64"))
    found = model.model_
    users = np.column_stack([found.user_bias, found.user_factors])
    mean, covariance = users.mean(axis=0), np.cov(users.T)
    items = found.item_ids.ids([1, 5, 9, 20])
    ratings = np.array([3.0, 5.0, 1.0, 4.0])
    x = np.column_stack([np.ones(4), found.item_factors[[1, 5, 9, 20]]])
    left = ratings - found.output.centre - found.item_bias[[1, 5, 9, 20]]
    noise = (0.8 * found.output.spread) ** 2
    inverse = np.linalg.inv(covariance)
    wanted = np.linalg.solve(x.T @ x / noise + inverse, x.T @ left / noise + inverse @ mean)
    model.fold_in(pd.DataFrame({"user": "new", "item": items, "rating": ratings}))
    row = model.model_.user_ids.number("new")
    got = [model.model_.user_bias[row], *model.model_.user_factors[row]]
    np.testing.assert_allclose(got, wanted, rtol=1e-8)


def test_who_cannot_be_folded_in_is_told() -> None:
    data = planted().to_frame()
    model = MatrixFactorization(2, epochs=3).fit(data)
    with pytest.raises(XlcollabError, match="all these users are known"):
        model.fold_in(data.head(3))
    with pytest.raises(XlcollabError, match="user 'new' has rated no item"):
        model.fold_in(pd.DataFrame({"user": ["new"], "item": [10**6], "rating": [3.0]}))
