"""The Solver models that Excel saved in the real lesson workbooks."""

from __future__ import annotations

import numpy as np
import pytest

from tests.shared_data import lesson
from xlcollab.errors import ModelError
from xlcollab.files import FileBook
from xlcollab.grid import Workbook
from xlcollab.problems import bounds, check, read_models, start, variable_cells


@pytest.fixture(scope="module")
def book() -> Workbook:
    return FileBook(lesson("collab_filter.xlsx")).read()


def test_the_three_models(book: Workbook) -> None:
    models = read_models(book)
    assert [(str(m.objective), list(map(str, m.variables))) for m in models] == [
        ("dotprod!V41", ["dotprod!H19:V23", "dotprod!B25:F39"]),
        ("movielens_emb!AA3", ["movielens_emb!C4:G18", "movielens_emb!C22:G36"]),
        ("bias!V42", ["bias!H19:V24", "bias!A26:F40"]),
    ]
    for model in models:
        assert (model.sense, model.target, model.non_negative) == ("minimize", 0.0, False)
        assert (model.constraints, model.warnings) == ((), ())
        assert model.options.engine == "grg"
        assert (model.options.iterations, model.options.convergence) == (None, 1e-4)


def test_they_can_be_optimised(book: Workbook) -> None:
    for model in read_models(book):
        check(model, book)
        assert np.isinf(bounds(model, book).lower).all()


def test_starts_are_the_stored_weights(book: Workbook) -> None:
    for model in read_models(book):
        cells = variable_cells(model)
        assert len(cells) == len(set(cells)) == model.size
        assert start(model, book).tolist() == [book.value(cell) for cell in cells]


def test_a_workbook_without_solver_says_how_to_give_a_model() -> None:
    with pytest.raises(ModelError, match="holds no Solver model; give one with minimize"):
        read_models(FileBook(lesson("graddesc.xlsx")).read())
