"""Going on with new ratings: who is known keeps their number, and all that was rated is known."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from xlcollab.factor import FactorModel, ModelSettings, Tables, TrainingSettings, train
from xlcollab.factor.training.extend import extended, with_new_ids
from xlcollab.ratings import RatingsTable

MODEL = ModelSettings(n_factors=3, dtype="float64")
TRAINING = TrainingSettings(optimizer="adam", epochs=3, learning_rate=0.02)


def table(users: list[str], items: list[int], ratings: list[float]) -> RatingsTable:
    return RatingsTable.of(np.array(users), np.array(items), np.array(ratings), dtype="float64")


OLD = table(["ann", "ann", "bob", "eve"], [7, 9, 7, 11], [4.0, 2.0, 5.0, 3.0])
NEW = table(["eve", "zoe", "ann", "abe"], [9, 13, 7, 5], [1.0, 4.5, 4.0, 6.0])


@pytest.fixture(scope="module")
def first() -> FactorModel:
    found = train(Tables(OLD), MODEL, TRAINING).model
    assert isinstance(found, FactorModel)
    titles = {"item": tuple(f"film {one}" for one in found.item_ids.index)}
    return replace(found, popularity=2.5, titles=titles)


@pytest.fixture(scope="module")
def second(first: FactorModel) -> FactorModel:
    found = extended(first, NEW, TRAINING).model
    assert isinstance(found, FactorModel)
    return found


def pairs_of(model: FactorModel) -> set[tuple[str, int]]:
    users, items = model.rated.pairs()
    return set(zip(model.user_ids.ids(users), model.item_ids.ids(items), strict=True))


def asked(one: RatingsTable) -> set[tuple[str, int]]:
    return set(zip(one.user_ids.ids(one.users), one.item_ids.ids(one.items), strict=True))


def test_all_that_was_rated_is_known_once(first: FactorModel, second: FactorModel) -> None:
    assert pairs_of(first) == asked(OLD)
    assert pairs_of(second) == asked(OLD) | asked(NEW)
    users, items = second.rated.pairs()
    assert len(users) == 7
    order = np.lexsort((items, users))
    np.testing.assert_array_equal(order, np.arange(7))


def test_known_ids_keep_their_numbers(first: FactorModel, second: FactorModel) -> None:
    for before, after in ((first.user_ids, second.user_ids), (first.item_ids, second.item_ids)):
        assert after.index[: len(before)].tolist() == before.index.tolist()
    assert set(second.user_ids.index) == {"ann", "bob", "eve", "zoe", "abe"}
    assert set(second.item_ids.index) == {7, 9, 11, 13, 5}


def test_what_is_not_learned_stays(first: FactorModel, second: FactorModel) -> None:
    assert second.popularity == 2.5
    assert second.titles["item"][:3] == first.titles["item"]
    assert second.titles["item"][3:] == (None, None)
    assert first.output.seen == (2.0, 5.0)
    assert second.output.seen == (1.0, 6.0)
    assert second.output.centre == first.output.centre


def test_who_has_no_new_rating_stays_where_they_were(
    first: FactorModel, second: FactorModel
) -> None:
    bob = first.user_ids.index.get_loc("bob")
    np.testing.assert_allclose(second.user_factors[bob], first.user_factors[bob], atol=1e-12)
    ann = first.user_ids.index.get_loc("ann")
    assert np.abs(second.user_factors[ann] - first.user_factors[ann]).max() > 1e-6


def test_ids_that_are_all_known_are_the_same_vocabulary() -> None:
    assert with_new_ids(OLD.user_ids, OLD.user_ids) is OLD.user_ids
    longer = with_new_ids(OLD.user_ids, NEW.user_ids)
    assert longer.index.tolist() == [*OLD.user_ids.index, "abe", "zoe"]
