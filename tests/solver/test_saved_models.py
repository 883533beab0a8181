"""Models that are stored with a workbook: in Solver's hidden names, and in cells by Save Model."""

from __future__ import annotations

import re
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import openpyxl
import pytest

import xlcollab as xc
from tests.build import build
from tests.faces.shell import solver_names, xlcollab
from xlcollab.files import FileBook
from xlcollab.problems import (
    Constraint,
    SolverModel,
    SolverOptions,
    find_saved,
    read_model,
    read_saved,
)
from xlcollab.ref import CellRef, parse_area

PORTFOLIO: dict[str, Any] = {
    "A10": "Stock A", "B10": 0.8, "C10": 0.04, "E10": 0.2,
    "A11": "Stock B", "B11": 1.0, "C11": 0.20, "E11": 0.2,
    "A12": "Stock C", "B12": 1.8, "C12": 0.12, "E12": 0.2,
    "A13": "Stock D", "B13": 2.2, "C13": 0.40, "E13": 0.2,
    "A14": "T-bills", "B14": 0.0, "C14": 0.0, "E14": 0.2,
    "B6": 0.06, "B7": 0.15, "B8": 0.03,
    "E16": "=SUM(E10:E14)",
    "F16": "=SUMPRODUCT(B10:B14,E10:E14)", "G16": "=SUMPRODUCT(C10:C14,E10:E14,E10:E14)",
    "E18": "=B6+(B7-B6)*F16", "G18": "=B8*F16^2+G16",
    "A21": "=MAX($E$18)", "D21": "=MIN($G$18)",
    "A22": "=COUNT($E$10:$E$14)", "D22": "=COUNT($E$10:$E$14)",
    "A28": "=$E$16=1", "D28": "=$E$16=1",
    "A29": "=$G$18<=0.071", "D29": "=$E$18>=0.164",
} | {f"{c}{22 + i}": f"=$E${9 + i}>=0" for c in "AD" for i in range(1, 6)}  # fmt: skip
"""As the portfolio sheet of the samples that come with Solver: two models saved on one sheet, a
constraint a cell, no options."""


def test_two_models_on_one_sheet(tmp_path: Path) -> None:
    path = build(tmp_path / "b.xlsx", {"S": PORTFOLIO})
    found = xlcollab("inspect", path, "--json").json["saved_models"]
    assert [one["cells"] for one in found] == ["S!A21:A29", "S!D21:D29"]
    assert [one["sense"] for one in found] == ["maximize", "minimize"]
    refused = xlcollab("solve", path)
    assert refused.code == 3
    assert "S!A21:A29, S!D21:D29" in refused.sentence
    assert "--load-model" in refused.sentence
    least = xlcollab(
        "solve", path, "--json", "--load-model", "S!D21:D29", "-o", tmp_path / "1.xlsx"
    )
    most = xlcollab("solve", path, "--json", "--load-model", "S!A21", "-o", tmp_path / "2.xlsx")
    assert least.code == most.code == 0, least.err + most.err
    risk, gain = (one.json["models"][0]["final"] for one in (least, most))
    # The two are each other's dual: at the least risk for 16.4 % nothing more is to be gained.
    assert risk < 0.0708
    bound = {"A29": f"=$G$18<={risk!r}"}
    again = build(tmp_path / "c.xlsx", {"S": PORTFOLIO | bound})
    back = xlcollab("solve", again, "--json", "--load-model", "S!A21")
    assert back.json["models"][0]["final"] == pytest.approx(0.164, rel=1e-4)
    assert gain > 0.164


def test_relative_references_count_from_their_own_cell(tmp_path: Path) -> None:
    """The objective and the variables stand in two rows; dollars make no difference."""
    relative = {
        cell: value.replace("$", "") if isinstance(value, str) else value
        for cell, value in PORTFOLIO.items()
    }
    books = [xc.open(build(tmp_path / "b.xlsx", {"S": one})) for one in (PORTFOLIO, relative)]
    fixed, moving = ([one.model for one in find_saved(book.workbook)] for book in books)
    assert moving == fixed
    assert len(fixed) == 2


def test_the_only_saved_model_is_solved(tmp_path: Path) -> None:
    cells = {cell: value for cell, value in PORTFOLIO.items() if not cell.startswith("A2")}
    path = build(tmp_path / "b.xlsx", {"S": cells})
    assert xlcollab("solve", path, "--json").json["models"][0]["sense"] == "minimize"


LINE: dict[str, Any] = {
    "A1": 1.0, "A2": 1.0, "A3": 0.0,
    "B1": "=3*A1+5*A2+2*A3", "C1": "=2*A1+3*A2+A3", "C2": "=A2-A1", "D1": 12.0, "D2": 2.5,
}  # fmt: skip
FULL = SolverModel(
    sheet="S",
    objective=CellRef("S", 0, 1),
    sense="maximize",
    target=0.0,
    variables=(parse_area("S!A1:A3"),),
    constraints=(
        Constraint(parse_area("S!C1:C2"), "<=", parse_area("S!D1:D2")),
        Constraint(parse_area("S!A1"), "<=", 4.25),
        Constraint(parse_area("S!C2"), ">=", "$D$2*-2"),
    ),
    integer=(parse_area("S!A1"),),
    binary=(parse_area("S!A3"),),
    non_negative=True,
    options=SolverOptions(engine="simplex", precision=1e-7, integer_tolerance=0.0, seconds=30),
)
OTHERS = {
    "minimize": replace(FULL, sense="minimize"),
    "value": replace(FULL, sense="value", target=-1 / 3),
    "satisfy": replace(FULL, objective=None, sense="satisfy"),
    "free": replace(FULL, non_negative=False),
    "tour": replace(FULL, integer=(), binary=(), alldifferent=(parse_area("S!A1:A3"),)),
    "evolutionary": replace(
        FULL,
        options=SolverOptions(engine="evolutionary", population=50, mutation=0.2, patience=7.0),
    ),
    "parts": replace(FULL, variables=(parse_area("S!A1:A2"), parse_area("S!A3"))),
}
MODELS = {"full": FULL} | OTHERS


def told(model: SolverModel) -> SolverModel:
    """With what both stores always write; a formula on the right is told with its sheet."""
    options = model.options
    chosen = {
        "population": options.population or 100,
        "mutation": 0.075 if options.mutation is None else options.mutation,
        "patience": 30.0 if options.patience is None else options.patience,
    }
    lines = (*model.constraints[:2], replace(model.constraints[2], right="S!$D$2*-2"))
    return replace(model, options=replace(options, **chosen), constraints=lines)


def in_formulas(model: SolverModel) -> SolverModel:
    """A number in a formula has 15 digits, as Excel reads it."""
    return replace(model, target=float(f"{model.target:.15g}"))


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("at", [None, "F2"])
def test_what_is_saved_is_read_back(name: str, at: str | None, tmp_path: Path) -> None:
    model = MODELS[name]
    book = xc.open(build(tmp_path / "b.xlsx", {"first": {"A1": 1.0}, "S": LINE}))
    book.save_model(model, at=at)
    book.save(tmp_path / "saved.xlsx")
    workbook = FileBook(tmp_path / "saved.xlsx").read()
    found = read_model(workbook, "S") if at is None else read_saved(workbook, at, "S")
    expected = told(model) if at is None else in_formulas(told(model))
    assert found == expected
    openpyxl.load_workbook(tmp_path / "saved.xlsx")
    if at is not None and model.objective is not None:
        (one,) = find_saved(workbook)
        assert one.model == expected


@pytest.mark.parametrize("at", [None, "F2"])
def test_saving_twice_is_as_saving_once(at: str | None, tmp_path: Path) -> None:
    book = xc.open(build(tmp_path / "b.xlsx", {"S": LINE}))
    book.save_model(OTHERS["tour"] if at is None else FULL, at=at)
    book.save(tmp_path / "1.xlsx")
    again = xc.open(tmp_path / "1.xlsx")
    again.save_model(FULL, at=at)
    again.save(tmp_path / "2.xlsx")
    workbook = FileBook(tmp_path / "2.xlsx").read()
    found = read_model(workbook, "S") if at is None else read_saved(workbook, at, "S")
    assert found == told(FULL)
    keys = [(name.name, name.sheet) for name in workbook.names]
    assert len(keys) == len(set(keys))
    assert not [key for key, _ in keys if key.startswith("solver_lhs") and int(key[10:]) > 5]


def test_other_parts_of_the_file_stay(tmp_path: Path) -> None:
    names = [("price", "S!$D$1", None, False), *solver_names("other", opt="other!$A$1", val="7")]
    path = build(tmp_path / "b.xlsx", {"S": LINE, "other": {"A1": 2.0}}, names)
    book = xc.open(path)
    book.save_model(FULL)
    book.save(tmp_path / "saved.xlsx")
    before, after = zipfile.ZipFile(path), zipfile.ZipFile(tmp_path / "saved.xlsx")
    assert before.namelist() == after.namelist()
    changed = [name for name in before.namelist() if before.read(name) != after.read(name)]
    assert changed == ["xl/workbook.xml"]
    workbook = FileBook(tmp_path / "saved.xlsx").read()
    kept = FileBook(path).read().names
    assert [name for name in workbook.names if name in kept] == kept
    assert read_model(workbook, "S") == told(FULL)
    stored = openpyxl.load_workbook(tmp_path / "saved.xlsx")["S"].defined_names
    assert stored["solver_adj"].attr_text == "S!$A$1:$A$3"
    assert stored["solver_adj"].hidden


def test_the_command_line_saves_what_was_typed(tmp_path: Path) -> None:
    path = build(tmp_path / "b.xlsx", {"S": LINE})
    asked = ("--maximize", "B1", "--by-changing", "A1:A3", "--non-negative", "--subject-to")
    more = ("C1<=D1", "--subject-to", "A1=integer", "--subject-to", "A3=binary")
    first = xlcollab("solve", path, "--json", *asked, *more, "--save-model", "--no-history")
    assert first.code == 0, first.err
    again = xlcollab("solve", first.json["output"], "--json", "--no-history")
    assert again.code == 0, again.err
    one, other = first.json["models"][0], again.json["models"][0]
    for key in ("objective", "sense", "variables", "constraints", "status"):
        assert one[key] == other[key]
    assert one["final"] == pytest.approx(other["final"])
    model = read_model(FileBook(Path(first.json["output"])).read(), "S")
    assert model.options.engine == "simplex"
    assert xlcollab("recalc", first.json["output"], "--check").code == 0


def test_a_saved_model_is_loaded_into_the_names(tmp_path: Path) -> None:
    """What Solver's own Load Model does."""
    path = build(tmp_path / "b.xlsx", {"S": PORTFOLIO})
    found = xlcollab("solve", path, "--json", "--load-model", "D21", "--save-model")
    assert found.code == 0, found.err
    model = read_model(FileBook(Path(found.json["output"])).read(), "S")
    assert (model.sense, model.objective) == ("minimize", CellRef("S", 17, 6))
    assert len(model.constraints) == 7


def test_cells_of_a_saved_model_hold_their_values(tmp_path: Path) -> None:
    path = build(tmp_path / "b.xlsx", {"S": LINE})
    asked = ("--maximize", "B1", "--by-changing", "A1:A3", "--subject-to", "C1:C2<=D1:D2")
    at = ("--non-negative", "--save-model-at", "F2", "--no-history")
    found = xlcollab("solve", path, "--json", *asked, *at)
    assert found.code == 0, found.err
    sheet = openpyxl.load_workbook(found.json["output"], data_only=True)["S"]
    final = found.json["models"][0]["final"]
    assert [sheet[f"F{row}"].value for row in (2, 3, 4)] == [pytest.approx(final), 3, True]
    assert xlcollab("recalc", found.json["output"], "--check").code == 0
    assert xlcollab("solve", found.json["output"], "--json").json["models"][0][
        "final"
    ] == pytest.approx(final)


def test_a_model_is_saved_though_it_has_no_solution(tmp_path: Path) -> None:
    path = build(tmp_path / "b.xlsx", {"S": LINE})
    asked = ("--maximize", "B1", "--by-changing", "A1", "--subject-to", "A1<=3")
    found = xlcollab("solve", path, "--json", *asked, "--subject-to", "B1<=-99", "--non-negative",
                     "--save-model")  # fmt: skip
    assert found.code == 4
    workbook = FileBook(Path(found.json["output"])).read()
    assert read_model(workbook, "S").sense == "maximize"
    assert workbook.sheet("S").value(0, 0) == 1.0


@pytest.mark.parametrize(
    ("options", "word"),
    [
        (("--save-model",), "--load-model"),
        (("--load-model", "S!B1"), "=COUNT(cells)"),
        (("--load-model", "S!A1"), "=COUNT(cells)"),
        (("--load-model", "D21", "--maximize", "B1", "--by-changing", "A1"), "exclude"),
        (("--load-model", "D21", "--save-model-at", "E15"), "S!E16 is in use"),
        (("--load-model", "D21", "--save-model-at", "S!A21"), "S!A30"),
    ],
)
def test_what_cannot_be_saved_is_told(options: tuple[str, ...], word: str, tmp_path: Path) -> None:
    path = build(tmp_path / "b.xlsx", {"S": PORTFOLIO | {"A30": "text"}})
    found = xlcollab("solve", path, *options)
    assert found.code in (2, 3)
    assert word in found.sentence
    assert list(tmp_path.iterdir()) == [path]


SPELLINGS = {
    "=$A$1:$A$2=integer": "integer",
    '=$A$1:$A$2="integer"': "integer",
    "=$A$1:$A$2=INT($A$1:$A$2)": "integer",
    "=INT($A$1:$A$2)=$A$1:$A$2": "integer",
    "=$A$1:$A$2=binary": "binary",
    '=$A$1:$A$2="bin"': "binary",
    "=$A$1:$A$2=alldifferent": "alldifferent",
}


@pytest.mark.parametrize("text", SPELLINGS)
@pytest.mark.parametrize("array", [False, True])
def test_domains_in_cells(text: str, array: bool, tmp_path: Path) -> None:
    line = (f"{{{text}}}", "F3") if array else text
    cells = LINE | {"F1": "=MAX($B$1)", "F2": "=COUNT($A$1:$A$2)", "F3": line}
    workbook = FileBook(build(tmp_path / "b.xlsx", {"S": cells})).read()
    model = read_saved(workbook, "F1", "S")
    assert getattr(model, SPELLINGS[text]) == (parse_area("S!A1:A2"),)
    assert model.constraints == ()


def test_options_in_cells(tmp_path: Path) -> None:
    """The array of twelve that Solver wrote before 2010."""
    old = "{={100,50,0.0001,0.05,TRUE,FALSE,FALSE,1,1,1,0.001,TRUE}}"
    cells = LINE | {
        "F1": "=$B$1=-7.5",
        "F2": "=COUNT($A$1,$A$3)",
        "F3": "=$C$1<=D1",
        "F4": (old, "F4"),
    }
    workbook = FileBook(build(tmp_path / "b.xlsx", {"S": cells})).read()
    model = read_saved(workbook, "S!F1:F4", "S")
    assert (model.sense, model.target, model.non_negative) == ("value", -7.5, True)
    assert model.variables == (parse_area("S!A1"), parse_area("S!A3"))
    assert model.options == SolverOptions(
        "simplex", 1e-4, 1e-3, iterations=50, seconds=100, integer_tolerance=0.05
    )


@pytest.mark.parametrize(
    "top", ["=MAX($B$1:$B$2)", "=MAX(1+2)", "=MIN(3)", "=5=3", "=B1=B2", "=MAX(B1,B2)", "=B1>=3"]
)
def test_what_stands_above_a_count_may_be_no_objective(top: str, tmp_path: Path) -> None:
    cells = {"B1": 1.0, "B2": 2.0, "A1": top, "A2": "=COUNT($B$1:$B$2)", "A3": "=$B$1>=0"}
    path = build(tmp_path / "b.xlsx", {"S": cells})
    found = xlcollab("inspect", path, "--json")
    assert found.code == 0, found.err
    assert found.json["saved_models"] == []


@pytest.mark.parametrize("at", ["S!H1", "T!H1"])
def test_cells_of_several_sheets_are_read_back_wherever_they_are_saved(
    tmp_path: Path, at: str
) -> None:
    """An area without a sheet was taken to stand on that of the area before it."""
    cells = {"A1": 1.0, "A2": 1.0, "B1": "=(A1-3)^2+(T!A2-2)^2+(A2-9)^2", "C1": "=A1+T!A2"}
    path = build(tmp_path / "b.xlsx", {"S": cells, "T": {"A2": 1.0, "C1": "=A2"}})
    words = ["--minimize", "S!B1", "--by-changing", "S!A1,T!A2"]
    words += ["--subject-to", "S!C1<=4.5", "--subject-to", "T!C1>=1.25"]
    first = xlcollab("solve", path, "--json", *words, "--save-model-at", at, "--save-model")
    assert first.code == 0, first.err
    saved = tmp_path / "b.solved.xlsx"
    for place, options in enumerate(([], ["--load-model", at])):
        again = xlcollab("solve", saved, "--json", *options, "-o", tmp_path / f"{place}.xlsx")
        assert again.code == 0, again.err
        assert again.json["models"][0]["final"] == pytest.approx(first.json["models"][0]["final"])
    book = xc.open(saved).workbook
    stored, loaded = read_model(book, "S"), read_saved(book, at, "S")
    assert stored.variables == loaded.variables
    assert stored.constraints == loaded.constraints
    assert [str(area) for area in stored.variables] == ["S!A1", "T!A2"]


def test_numbers_are_spelt_as_in_formulas(tmp_path: Path) -> None:
    path = build(tmp_path / "b.xlsx", {"S": {"A1": 1.0, "B1": "=(A1-3)^2"}})
    words = ("--minimize", "S!B1", "--by-changing", "S!A1", "--subject-to", "S!A1>=1e-7")
    found = xlcollab("solve", path, *words, "--save-model", "--save-model-at", "H1")
    assert found.code == 0
    with zipfile.ZipFile(tmp_path / "b.solved.xlsx") as archive:
        names = archive.read("xl/workbook.xml").decode()
        cells = archive.read("xl/worksheets/sheet1.xml").decode()
    texts = [*re.findall(r'"solver_\w+"[^>]*>([^<]+)<', names), *re.findall("<f[ >][^<]+<", cells)]
    assert any("1E-06" in text for text in texts)
    assert any("1E-07" in text for text in texts)
    assert not any("e-0" in text for text in texts)
