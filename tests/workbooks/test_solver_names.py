"""Solver models that we write: our reader and openpyxl see the same."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.workbooks.made import FOLDER, MODELS, read
from xlcollab.files import FileBook
from xlcollab.lessons import Page, solver_names, write_pages
from xlcollab.problems import Constraint, SolverModel, SolverOptions, read_model, read_models
from xlcollab.ref import AreaRef, CellRef, Rect, absolute_name

SHEET = "a sheet"


def model(**changes: object) -> SolverModel:
    basic = {
        "sheet": SHEET,
        "objective": CellRef(SHEET, 0, 0),
        "sense": "minimize",
        "target": 0.0,
        "variables": (AreaRef(SHEET, Rect(2, 0, 2, 3)), AreaRef(SHEET, Rect(5, 1))),
    }
    return SolverModel(**(basic | changes))  # type: ignore[arg-type]


def stored(one: SolverModel, folder: Path) -> SolverModel:
    page = Page(SHEET, model=one)
    page.put(0, 0, "=SUM(A3:C4)")
    page.fill(Rect(2, 0, 4, 3), lambda row, column: 1.0, "weight")
    with (folder / "book.xlsx").open("wb") as file:
        write_pages(file, [page], {}, title="test")
    return read_model(FileBook(folder / "book.xlsx").read(), SHEET)


CONSTRAINTS = (
    Constraint(AreaRef(SHEET, Rect(2, 0, 2, 3)), "<=", 4.5),
    Constraint(AreaRef(SHEET, Rect(5, 1)), ">=", AreaRef(SHEET, Rect(5, 2))),
)


@pytest.mark.parametrize(
    "one",
    [
        model(),
        model(sense="maximize", non_negative=True),
        model(sense="value", target=2.5),
        model(constraints=CONSTRAINTS),
        model(options=SolverOptions(engine="simplex", iterations=50, seconds=9, precision=1e-8)),
    ],
)
def test_what_is_written_is_read(one: SolverModel, tmp_path: Path) -> None:
    """Where nothing was chosen for a population, Solver's own defaults are stored."""
    options = replace(one.options, population=100, mutation=0.075, patience=30.0)
    assert stored(one, tmp_path) == replace(one, options=options)


def test_a_population_that_was_chosen_is_written(tmp_path: Path) -> None:
    one = model(options=SolverOptions(population=40, mutation=0.2, patience=12.0))
    assert stored(one, tmp_path) == one


@given(st.sampled_from(["minimize", "maximize", "value"]), st.integers(0, 9), st.booleans())
def test_names_are_sorted_texts(sense: str, count: int, positive: bool) -> None:
    limits = tuple(Constraint(AreaRef(SHEET, Rect(2, 0)), "<=", float(i)) for i in range(count))
    names = solver_names(model(sense=sense, constraints=limits, non_negative=positive))
    assert list(names) == sorted(names)
    assert int(names["solver_num"]) == count
    assert all(isinstance(text, str) and text for text in names.values())


def test_every_model_of_the_lesson_is_found() -> None:
    assert tuple(one.sheet for one in read_models(read("collab_filter.xlsx"))) == MODELS


@pytest.mark.parametrize("sheet", MODELS)
def test_openpyxl_sees_the_same_names(sheet: str) -> None:
    names = openpyxl.load_workbook(FOLDER / "collab_filter.xlsx")[sheet].defined_names
    ours = read_model(read("collab_filter.xlsx"), sheet)
    assert names["solver_opt"].attr_text == absolute_name(ours.objective.area)
    adjusted = ",".join(absolute_name(area) for area in ours.variables)
    assert names["solver_adj"].attr_text == adjusted
    assert (names["solver_typ"].attr_text, names["solver_neg"].attr_text) == ("2", "2")
    hidden = {name for name, one in names.items() if one.hidden}
    assert hidden == {name for name in names if name.startswith("solver_")}
