"""Refusals that few meet: a sentence with what to do, the right exit code, and nothing written."""

from __future__ import annotations

import os
from pathlib import Path

import pandas as pd
import pytest

from tests.build import build
from tests.faces.shell import BOWL, minimised, xlcollab
from xlcollab.errors import UsageError, WriteRefusedError
from xlcollab.factor import MatrixFactorization
from xlcollab.grid import Changes, NewSheet
from xlcollab.grid.naming import refuse_sheet_names

RATINGS = "user,item,rating,part\n" + "".join(
    f"{user},{item},{1 + (user * item) % 5},{'test' if item == 4 else 'train'}\n"
    for user in range(1, 7)
    for item in range(1, 7)
)


def _files(folder: Path) -> None:
    build(folder / "b.xlsx", {"S": BOWL}, minimised("S", "S!$B$1", "S!$A$1:$A$2"))
    hole = minimised("S", "S!$B$1", "S!$A$1:$A$2", num="2", lhs1="S!$A$1", rel1="3", rhs1="0")
    build(folder / "hole.xlsx", {"S": BOWL}, hole)
    build(
        folder / "words.xlsx", {"S": {**BOWL, "A1": "x"}}, minimised("S", "S!$B$1", "S!$A$1:$A$2")
    )
    build(folder / "error.xlsx", {"S": {"A1": 0.0, "B1": ("=1/A1", "#DIV/0!")}})
    (folder / "r.csv").write_text(RATINGS)
    (folder / "one.csv").write_text("rating\n3\n4\n")
    (folder / "new.csv").write_text("user,item,rating\n91,1,4\n92,2,3\n")
    (folder / "twice.csv").write_text("item,title\n1,A\n1,B\n")
    (folder / "r.csv.gz").write_bytes(b"no gzip at all")
    (folder / "r.csv.zip").write_bytes(b"no zip at all")
    os.mkfifo(folder / "pipe")
    (folder / "round.xlsx").symlink_to(folder / "round.xlsx")


MISTAKES = [
    ("solve hole.xlsx", 3, "constraint 2 of the Solver model of sheet S is not stored though 2"),
    ("solve words.xlsx", 3, "1 of 2 variable cells of sheet S are texts: S!A1"),
    ("solve b.xlsx -o pipe", 3, "no plain file; write to another file"),
    ("solve pipe", 3, "name a plain file (save its contents to one first)"),
    ("solve b.xlsx -o round.xlsx", 3, "leads nowhere"),
    ("solve round.xlsx", 3, "round.xlsx cannot be opened"),
    ("sweep b.xlsx --parameter S!C2=1,2 -o round.xlsx", 3, "leads nowhere"),
    ("lr-find b.xlsx -o round.xlsx", 3, "leads nowhere"),
    ("recalc b.xlsx -o round.xlsx", 3, "leads nowhere"),
    ("fit r.csv -o round.xlsx", 3, "leads nowhere"),
    (
        "gradient error.xlsx --of S!B1 --with-respect-to S!A1",
        3,
        "is no number at the present values",
    ),
    (
        "gradient error.xlsx --of S!B1 --with-respect-to S!A1 --second",
        3,
        "no number at the present",
    ),
    (
        "fit r.csv --optimizer als --alpha 2",
        2,
        "alpha weighs counts; it needs implicit, or leave it out",
    ),
    ("fit r.csv --optimizer bpr", 2, "bpr learns what is taken up, not ratings; it needs implicit"),
    ("fit r.csv --implicit --n-factors 0 --optimizer als", 2, "n_factors must be 1 or more"),
    ("fit one.csv", 3, "one.csv holds neither a ratings crosstab"),
    ("fit r.csv.gz", 3, "cannot be unpacked"),
    ("fit r.csv.zip", 3, "r.csv.zip is no zip file"),
    ("fit r.csv --items twice.csv", 3, "twice.csv lists item 1 twice; each item once, please"),
]


@pytest.mark.parametrize(("line", "code", "said"), MISTAKES)
def test_a_sentence_and_its_code(
    line: str, code: int, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _files(tmp_path)
    monkeypatch.chdir(tmp_path)
    before = sorted(os.listdir(tmp_path))
    found = xlcollab(*line.split())
    told = " ".join(found.err.replace(",", "").split())
    assert said.replace(",", "") in told
    assert found.code == code
    assert sorted(os.listdir(tmp_path)) == before


def test_several_new_users_are_named_one_by_one(tmp_path: Path) -> None:
    _files(tmp_path)
    model = tmp_path / "m.xlsx"
    assert xlcollab("fit", tmp_path / "r.csv", "--epochs", 2, "-o", model).code == 0
    found = xlcollab("recommend", model, "--ratings", tmp_path / "new.csv")
    assert found.code == 2
    assert "new.csv has 2 new users; name one with --user, or --all with -o" in found.err


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("", "has 0 characters"),
        ("x" * 32, "has 32 characters"),
        ("\N{GRINNING FACE}" * 16, "has 32 characters"),
        ("a/b", "that no sheet name may hold"),
        ("'a", "begins or ends with an apostrophe"),
        ("a'", "begins or ends with an apostrophe"),
        ("History", "is reserved by Excel"),
    ],
)
def test_names_that_no_sheet_can_have(name: str, problem: str) -> None:
    with pytest.raises(WriteRefusedError, match=problem):
        refuse_sheet_names(Changes(sheets=(NewSheet(name, ()),)), [])


@pytest.mark.parametrize("name", ["x" * 31, "\N{GRINNING FACE}" * 15, "it's", "History 2"])
def test_names_that_a_sheet_can_have(name: str) -> None:
    refuse_sheet_names(Changes(sheets=(NewSheet(name, ()),)), ["other"])


def test_an_estimator_names_what_it_does_not_know() -> None:
    with pytest.raises(UsageError, match="has no parameter 'factors'"):
        MatrixFactorization().set_params(factors=3)
    frame = pd.DataFrame(
        {"user": [1, 1, 2, 2], "item": [1, 2, 1, 2], "rating": [1.0, 2.0, 3.0, 4.0]}
    )
    net = MatrixFactorization(2, hidden_sizes=(3,), epochs=1).fit(frame)
    with pytest.raises(UsageError, match="fold_in needs factors"):
        net.fold_in(pd.DataFrame({"user": [9], "item": [1], "rating": [2.0]}))
