"""Hidden names → models: the codes, the defaults, and what real workbooks do to readers."""

from __future__ import annotations

import pytest

from tests.problems.memory import solver_names, workbook
from xlcollab.errors import ModelError, WorkbookError
from xlcollab.grid import DefinedName, Table, Workbook
from xlcollab.problems import (
    Constraint,
    SolverModel,
    SolverOptions,
    find_models,
    read_model,
    read_models,
    start,
    variable_cells,
)
from xlcollab.ref import AreaRef, CellRef, Rect, parse_area

CELLS = {
    "A1": 1.0, "A2": 2.0, "A3": 3.0,
    "B1": 4.0, "B2": 5.0, "B3": 6.0,
    "C1": 7.0, "D1": 8.0, "E1": 9.0,
    "F1": ("SUM(A1:A3)", 6.0),
}  # fmt: skip


def book(sheet: str = "S", **texts: str) -> Workbook:
    return workbook({"first": {"A1": 1.0}, sheet: CELLS}, names=solver_names(sheet, **texts))


def model(**texts: str) -> SolverModel:
    return read_model(book(**{"opt": "S!$F$1", "adj": "S!$A$1:$A$3", "typ": "2"} | texts), "S")


def area(text: str) -> AreaRef:
    return parse_area(text, "S")


def test_a_plain_model_is_read() -> None:
    found = model(val="0", num="0", neg="2")
    assert found.sheet == "S"
    assert found.objective == CellRef("S", 0, 5)
    assert found.variables == (area("A1:A3"),)
    assert (found.sense, found.target, found.non_negative) == ("minimize", 0.0, False)
    assert found.warnings == ()


@pytest.mark.parametrize(("code", "sense"), [("1", "maximize"), ("2", "minimize"), ("3", "value")])
def test_sense_codes(code: str, sense: str) -> None:
    assert model(typ=code, val="3.5").sense == sense
    assert model(typ=code, val="3.5").target == 3.5


def test_an_unknown_sense_is_refused() -> None:
    with pytest.raises(ModelError, match="solver_typ is 7; 1"):
        model(typ="7")


def test_a_missing_sense_is_solvers_default_and_said() -> None:
    found = read_model(book(opt="S!$F$1", adj="S!$A$1"), "S")
    assert found.sense == "maximize"
    assert "does not say minimise or maximise" in found.warnings[0]


def test_names_match_in_any_case() -> None:
    names = [
        DefinedName("SOLVER_OPT", "s!$F$1", "s", hidden=True),
        DefinedName("Solver_Adj", "S!$A$1", "S", hidden=True),
        DefinedName("solver_TYP", "2", "S", hidden=True),
    ]
    found = read_model(workbook({"S": CELLS}, names=names), "s")
    assert found.objective == CellRef("S", 0, 5)
    assert found.sense == "minimize"


def test_names_of_other_sheets_do_not_leak() -> None:
    names = [
        *solver_names("S", opt="S!$F$1", adj="S!$A$1", typ="1"),
        *solver_names("T", opt="T!$F$1", adj="T!$B$1:$B$3", typ="2", neg="2"),
    ]
    models = read_models(workbook({"T": CELLS, "S": CELLS}, names=names))
    assert [(m.sheet, m.sense, m.size, m.non_negative) for m in models] == [
        ("T", "minimize", 3, False),
        ("S", "maximize", 1, True),
    ]


def test_the_stored_count_is_authoritative() -> None:
    stale = {"lhs2": "S!#REF!", "rel2": "9", "rhs2": "S!#REF!"}
    found = model(num="1", lhs1="S!$C$1", rel1="1", rhs1="5", **stale)
    assert found.constraints == (Constraint(area("C1"), "<=", 5.0),)
    assert model(num="0", lhs1="S!$C$1", rel1="1", rhs1="5").constraints == ()


def test_uncounted_constraints_are_mentioned() -> None:
    found = model(lhs1="S!$C$1", rel1="1", rhs1="5")
    assert found.constraints == ()
    assert "does not count its constraints" in found.warnings[0]


def test_a_counted_constraint_must_be_stored() -> None:
    with pytest.raises(ModelError, match="constraint 2 of the Solver model of sheet S is not stor"):
        model(num="2", lhs1="S!$C$1", rel1="1", rhs1="5")


@pytest.mark.parametrize(
    ("code", "right", "expected"),
    [
        ("1", "5", Constraint(area("C1:E1"), "<=", 5.0)),
        ("2", "=5%", Constraint(area("C1:E1"), "=", 0.05)),
        ("3", "-1E-3", Constraint(area("C1:E1"), ">=", -1e-3)),
        ("1", "S!$B$1", Constraint(area("C1:E1"), "<=", area("B1"))),
        ("1", "2+2", Constraint(area("C1:E1"), "<=", "2+2")),
        ("1", "=SUM(first!$A$1:$A$2)", Constraint(area("C1:E1"), "<=", "SUM(first!$A$1:$A$2)")),
        ("1", "first!$A$1", Constraint(area("C1:E1"), "<=", parse_area("first!A1"))),
    ],
)
def test_right_sides(code: str, right: str, expected: Constraint) -> None:
    assert model(num="1", lhs1="S!$C$1:$E$1", rel1=code, rhs1=right).constraints == (expected,)


def test_row_constraints_keep_their_shape() -> None:
    found = model(num="1", lhs1="S!$A$1:$A$3", rel1="1", rhs1="S!$B$1:$B$3")
    assert found.constraints == (Constraint(area("A1:A3"), "<=", area("B1:B3")),)


def test_a_column_meets_a_row_cell_by_cell() -> None:
    found = model(num="1", lhs1="S!$A$1:$A$3", rel1="1", rhs1="S!$C$1:$E$1")
    assert found.constraints == (
        Constraint(area("A1"), "<=", area("C1")),
        Constraint(area("A2"), "<=", area("D1")),
        Constraint(area("A3"), "<=", area("E1")),
    )


def test_counts_that_differ_are_refused() -> None:
    with pytest.raises(ModelError, match=r"3 cells on the left \(S!A1:A3\) meet 2 on the right"):
        model(num="1", lhs1="S!$A$1:$A$3", rel1="1", rhs1="S!$B$1:$B$2")


def test_overlapping_left_sides_are_counted_once() -> None:
    found = model(num="1", lhs1="S!$A$1:$A$2,S!$A$2:$A$3", rel1="3", rhs1="1")
    assert [c.left for c in found.constraints] == [area("A1:A2"), area("A3")]


def test_domains() -> None:
    found = model(
        num="3",
        lhs1="S!$A$1", rel1="4", rhs1="integer",
        lhs2="S!$A$2", rel2="5", rhs2='"binary"',
        lhs3="S!$A$3", rel3="6", rhs3="alldifferent",
    )  # fmt: skip
    assert (found.integer, found.binary, found.alldifferent) == (
        (area("A1"),), (area("A2"),), (area("A3"),)
    )  # fmt: skip
    assert found.constraints == ()


def test_an_unknown_relation_is_refused() -> None:
    with pytest.raises(ModelError, match="relation code 8; 1 to 6"):
        model(num="1", lhs1="S!$A$1", rel1="8", rhs1="5")


def test_excels_options() -> None:
    found = model(
        eng="3", pre="0.00001", cvg="0.001", itr="100", tim="2147483647", tol="0.05", rlx="1"
    )
    assert found.options == SolverOptions("evolutionary", 1e-5, 1e-3, 100, None, 0.05, True)
    assert model().options == SolverOptions()


def test_the_old_linear_switch_counts_only_without_an_engine() -> None:
    assert model(lin="1").options.engine == "simplex"
    assert model(lin="2").options.engine == "grg"
    assert model(lin="1", eng="1").options.engine == "grg"


@pytest.mark.parametrize(("neg", "expected"), [("1", True), ("2", False), ("0", False)])
def test_non_negative(neg: str, expected: bool) -> None:
    assert model(neg=neg).non_negative is expected


def test_a_missing_neg_means_non_negative() -> None:
    assert model().non_negative is True


def test_a_number_that_is_none_is_refused() -> None:
    with pytest.raises(ModelError, match="solver_val is '#REF!' and should be a number"):
        model(typ="3", val="#REF!")


@pytest.mark.parametrize(
    ("texts", "message"),
    [
        ({"opt": "S!#REF!"}, r"objective of the Solver model of sheet S is S!#REF!.* deleted"),
        ({"adj": "S!$A$1,S!#REF!"}, r"a variable of .* is S!#REF!"),
        ({"opt": "S!$A$1:$A$2"}, "a single cell is needed"),
        ({"opt": "3.5"}, "neither an address"),
        ({"opt": "Gone!$A$1"}, "no such sheet; the sheets are first, S"),
        ({"opt": "[1]S!$A$1"}, "no such sheet"),
        ({"opt": "A1#"}, "neither an address"),
        ({"adj": ""}, "has no variable cells; name them in Solver or with by_changing"),
        ({"adj": ","}, "names no cells"),
        ({"num": "1", "lhs1": "S!#REF!", "rel1": "1", "rhs1": "1"}, "constraint 1 .*deleted"),
        ({"num": "1", "lhs1": "S!$A$1", "rel1": "1", "rhs1": "S!#REF!"}, "right side is S!#REF!"),
        ({"num": "1", "lhs1": "S!$A$1", "rel1": "1"}, "right side is empty"),
    ],
)
def test_broken_texts_say_what_and_where(texts: dict[str, str], message: str) -> None:
    with pytest.raises(ModelError, match=message):
        model(**texts)


def test_a_model_without_objective_says_so() -> None:
    with pytest.raises(ModelError, match="sheet S has no objective"):
        read_model(book(adj="S!$A$1", typ="2", num="0"), "S")


def test_options_alone_are_no_model() -> None:
    options_only = book(typ="1", num="0", eng="1", neg="1")
    assert find_models(options_only) == []
    with pytest.raises(ModelError, match=r"test.xlsx holds no Solver model; give one with minim"):
        read_models(options_only)
    with pytest.raises(ModelError, match="sheet S holds no Solver model; give one"):
        read_model(options_only, "S")


def test_the_sheets_that_do_hold_a_model_are_named() -> None:
    with pytest.raises(
        ModelError, match="sheet first holds no Solver model; sheets with a model: S"
    ):
        read_model(book(opt="S!$F$1", adj="S!$A$1"), "first")


def test_an_unknown_sheet_is_named() -> None:
    with pytest.raises(WorkbookError, match="no sheet 'X'"):
        read_model(book(), "X")


def test_inspection_goes_on_past_a_broken_model() -> None:
    names = [
        *solver_names("S", opt="S!#REF!", adj="S!$A$1"),
        *solver_names("T", opt="T!$F$1", adj="T!$B$1"),
    ]
    (broken, error), (whole, found) = find_models(workbook({"S": CELLS, "T": CELLS}, names=names))
    assert (broken, whole) == ("S", "T")
    assert isinstance(error, ModelError)
    assert isinstance(found, SolverModel)


def test_variables_may_overlap_and_repeat() -> None:
    found = model(adj="S!$A$1:$B$2,S!$B$2:$B$3,S!$A$1")
    assert found.variables == (area("A1:B2"), area("B3"))
    assert start(found, book()).tolist() == [1, 4, 2, 5, 6]
    assert variable_cells(found)[-1] == CellRef("S", 2, 1)


def test_addresses_without_sheet_mean_the_models_own() -> None:
    assert model(adj="$A$1,$B$1:$B$2").variables == (area("A1"), area("B1:B2"))


def test_quoted_and_foreign_sheet_names() -> None:
    sheet = "Übung, 'zwei'"
    quoted = "'Übung, ''zwei'''!"
    found = read_model(book(sheet, opt=f"{quoted}$F$1", adj=f"{quoted}$A$1,{quoted}$B$1"), sheet)
    assert [a.sheet for a in found.variables] == [sheet, sheet]
    assert found.size == 2


def test_variables_through_defined_names() -> None:
    names = [
        DefinedName("weights", "S!$A$1:$A$2,S!$B$1"),
        DefinedName("weights", "first!$A$1", "first"),
        DefinedName("all_weights", "weights,S!$C$1"),
        DefinedName("most", "42"),
        *solver_names(
            "S", opt="goal", adj="all_weights", num="1", lhs1="WEIGHTS", rel1="1", rhs1="most"
        ),
        DefinedName("goal", "S!$F$1", "S"),
    ]
    found = read_model(workbook({"first": CELLS, "S": CELLS}, names=names), "S")
    assert found.variables == (area("A1:A2"), area("B1"), area("C1"))
    assert found.objective == CellRef("S", 0, 5)
    assert found.constraints == (
        Constraint(area("A1:A2"), "<=", 42.0),
        Constraint(area("B1"), "<=", 42.0),
    )


@pytest.mark.parametrize("text", ["OFFSET(S!$A$1,0,0,3,1)", "loop", "S!#REF!"])
def test_a_name_that_stands_for_no_cells_is_refused(text: str) -> None:
    names = [DefinedName("loop", text), *solver_names("S", opt="S!$F$1", adj="loop")]
    with pytest.raises(ModelError, match=r"through the name loop|a variable of"):
        read_model(workbook({"S": CELLS}, names=names), "S")


def test_variables_through_a_table_column() -> None:
    table = Table("Parts", "S", Rect(0, 0, 3, 2), ("make", "Buy"))
    names = solver_names("S", opt="S!$F$1", adj="parts[buy]")
    found = read_model(workbook({"S": CELLS}, names=names, tables=[table]), "S")
    assert found.variables == (area("B2:B3"),)


def test_whole_columns_end_with_the_used_part() -> None:
    assert model(adj="S!$A:$B").variables == (area("A1:B3"),)
    with pytest.raises(ModelError, match="are all blank"):
        model(adj="S!$Z:$Z")


def test_a_constraint_reads_well() -> None:
    assert str(Constraint(area("A1:A3"), "<=", 5.0)) == "S!A1:A3 <= 5"
    assert str(Constraint(area("A1"), "=", area("B1"))) == "S!A1 = S!B1"
