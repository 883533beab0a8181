"""Which cells are factors and which biases is told by the formulas, however products are spelt."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.build import build
from xlcollab.api.look.roles import Roles, roles_of
from xlcollab.files import FileBook
from xlcollab.grid import DefinedName
from xlcollab.plan import build_plan
from xlcollab.ref import parse_area

USERS, ITEMS = "B10:C12", "H2:K3"
"""Three users and four items with two factors each; the predictions stand at H10:K12."""
SPELT = {
    "MMULT": "MMULT($B{r}:$C{r},{c}$2:{c}$3)",
    "SUMPRODUCT": "SUMPRODUCT($B{r}:$C{r},TRANSPOSE({c}$2:{c}$3))",
    "typed": "$B{r}*{c}$2+$C{r}*{c}$3",
    "typed the other way": "{c}$2*$B{r}+{c}$3*$C{r}",
}
BIASED = {"none": "{}", "behind": "{}+{c}$5+$E{r}", "before": "$E{r}+{c}$5+{}"}


def _book(path: Path, product: str, around: str) -> Path:
    formula = f"={around.replace('{}', product)}"
    cells = {f"{c}{r}": formula.format(r=r, c=c) for r in (10, 11, 12) for c in "HIJK"}
    return build(path, {"S": cells})


@pytest.mark.parametrize("around", BIASED)
@pytest.mark.parametrize("product", SPELT)
def test_roles(product: str, around: str, tmp_path: Path) -> None:
    path = _book(tmp_path / "b.xlsx", SPELT[product], BIASED[around])
    found = roles_of(build_plan(FileBook(path).read()), "S")
    biased = around != "none"
    assert found == Roles(
        parse_area(f"S!{ITEMS}"),
        parse_area("S!H5:K5") if biased else None,
        parse_area(f"S!{USERS}"),
        parse_area("S!E10:E12") if biased else None,
    )


def test_names_used_twice_are_looked_at_once(tmp_path: Path) -> None:
    """30 names, each the sum of the last with itself: written out, 2^30 addends."""
    book = FileBook(_book(tmp_path / "b.xlsx", SPELT["MMULT"], "{}+{c}$5+$E{r}+N30_")).read()
    names = {"N1_": "S!$A$1*1"} | {f"N{i}_": f"N{i - 1}_+N{i - 1}_" for i in range(2, 31)}
    book.names = [DefinedName(name, text) for name, text in names.items()]
    assert roles_of(build_plan(book), "S").bias == parse_area("S!H5:K5")
