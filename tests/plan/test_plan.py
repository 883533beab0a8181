"""From typed sheets to families, order and cycles."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.build import build
from tests.shared_data import lesson
from xlcollab.files import FileBook
from xlcollab.formula.nodes import ErrorValue, Reference
from xlcollab.plan import Plan, build_plan
from xlcollab.ref import column_letters


def plan_of(path: Path, sheets: dict[str, dict[str, object]], **extra: object) -> Plan:
    return build_plan(FileBook(build(path / "book.xlsx", sheets, **extra)).read())  # type: ignore[arg-type]


def areas(plan: Plan) -> list[str]:
    return [str(family.area) for family in plan.families]


def test_a_copied_block_is_one_family(tmp_path: Path) -> None:
    cells: dict[str, object] = {"A1": 1, "H1": 2}
    for row in range(2, 12):
        for column in range(1, 9):
            here, above = column_letters(column), column_letters(column - 1)
            cells[f"{here}{row}"] = f"=SUMPRODUCT($A{row}:$A{row},{above}$1:{above}$1)"
    assert areas(plan_of(tmp_path, {"S": cells})) == ["S!B2:I11"]


def test_one_odd_formula_stands_alone(tmp_path: Path) -> None:
    cells = {f"B{row}": f"=A{row}*2" for row in range(1, 10)} | {"B5": "=A5*2+1"}
    assert sorted(areas(plan_of(tmp_path, {"S": cells}))) == ["S!B1:B4", "S!B5", "S!B6:B9"]


def test_families_come_after_what_they_read(tmp_path: Path) -> None:
    plan = plan_of(tmp_path, {"S": {"A1": "=B1+1", "B1": "=C1+1", "C1": "=Other!A1"}, "Other": {}})
    assert areas(plan) == ["S!C1", "S!B1", "S!A1"]
    assert plan.needs == [[], [0], [1]]


def test_a_filled_down_chain_is_cut_into_waves(tmp_path: Path) -> None:
    cells: dict[str, object] = {"A1": 1.0, "B1": 0.5}
    for row in range(2, 8):
        cells[f"A{row}"] = f"=A{row - 1}+B{row - 1}"
        cells[f"B{row}"] = f"=A{row}*0.5"
    plan = plan_of(tmp_path, {"S": cells})
    assert areas(plan) == [f"S!{column}{row}" for row in range(2, 8) for column in "AB"]
    assert not plan.circular


def test_a_true_cycle_is_named_and_the_rest_is_ordered(tmp_path: Path) -> None:
    plan = plan_of(tmp_path, {"S": {"A1": "=B1", "B1": "=C1+1", "C1": "=A1*2", "D1": "=E1"}})
    assert next(iter(plan.circular.values())) == ("circular reference: S!A1 → S!B1 → S!C1 → S!A1")
    assert len(plan.circular) == 3
    assert areas(plan)[0] == "S!D1"


def test_a_broken_formula_is_reported_by_cell(tmp_path: Path) -> None:
    plan = plan_of(tmp_path, {"S": {"A1": "=1+", "A2": "=1+1"}})
    assert [str(broken.cell) for broken in plan.broken] == ["S!A1"]
    assert areas(plan) == ["S!A2"]


@pytest.mark.parametrize(
    ("formula", "sheet", "address"),
    [
        ("=rate", "S", "A1"),
        ("=local", "S", "A2"),
        ("=T[y]", "S", "G2:G4"),
        ("=T[[#Headers],[x]]", "S", "F1"),
        ("=T[#All]", "S", "F1:G4"),
        ("=Other!B3", "Other", "B3"),
    ],
)
def test_names_and_tables_become_references(
    tmp_path: Path, formula: str, sheet: str, address: str
) -> None:
    names = [("rate", "S!$A$1", None, False), ("local", "S!$A$2", "S", False)]
    table = {f"{c}{r}": r for c in "FG" for r in (2, 3, 4)}
    plan = plan_of(
        tmp_path,
        {"S": {"D9": formula, **table}, "Other": {}},
        names=names,
        tables=[("S", "F1:G4", "T", ["x", "y"])],
    )
    (family,) = plan.families
    assert isinstance(family.node, Reference)
    assert family.node.sheet == sheet
    top, left = family.node.top.at(8), family.node.left.at(3)
    corner = f"{column_letters(left)}{top + 1}"
    assert address.startswith(corner)


def test_an_unknown_name_and_sheet_are_error_values(tmp_path: Path) -> None:
    plan = plan_of(tmp_path, {"S": {"A1": "=nowhere", "A2": "=Gone!A1"}})
    assert {family.node for family in plan.families} == {
        ErrorValue("#NAME?"),
        ErrorValue("#REF!"),
    }


def test_the_lesson_predictions_are_one_family() -> None:
    plan = build_plan(FileBook(lesson("collab_filter.xlsx")).read())
    on_dotprod = [str(family.area) for family in plan.families if family.sheet == "dotprod"]
    assert on_dotprod == ["dotprod!H25:V39", "dotprod!V41"]
    assert not plan.circular
    assert not plan.broken
