"""What people type wrong: each answer is short, says what was typed, and leads on."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.build import build
from tests.faces.shell import BOWL, listing, minimised, xlcollab
from tests.graddesc.typed_tabs import Layout, sgd_cells

FRESH = [
    ("solve three.xlsx --sheet plam", 3, "did you mean plan?"),
    ("solve three.xlsx --sheet data-202", 3, "did you mean data-2024 or data-2023?"),
    ("solve b.xlsx --minimize Bowls!B1 --by-changing Bowls!A1..A2", 3, "are written Bowls!A1:A2"),
    ("solve b.xlsx --minimize B1 --by-changing A1-A2", 3, "from A1 to A2 are written A1:A2"),
    ("solve b.xlsx --target Bowls!B1==x --by-changing Bowls!A1", 2, "such as 'V41=3'"),
    ("solve b.xlsx --verbose", 2, "-h lists the options there are"),
    ("fit r.csv --hidden 10,20", 2, "an option that takes several is given again for each"),
    ("fit r.csv --range 5", 2, "with a blank between them, such as 1 5"),
    ("crosstab r.csv --corner 5x5", 2, "with a blank between them"),
    ("fit r.csv --device gpu", 2, "did you mean cuda?"),
    ("solve b.xlsx --method sgd", 2, "did you mean gd?"),
    ("fit r.csv --user-column user --item-column user", 2,
     "the column 'user' is named as the user and as the item"),
    ("recommend b.xlsx --user 1 --top 5", 2, "did you mean -k?"),
    ("recommend b.xlsx --user 1 --k 5", 2, "did you mean -k?"),
    ("tune r.csv --search wd=1..2", 2, "'wd' cannot be searched"),
    ("sweep b.xlsx --samples 0", 2, "samples is 0; expected a whole number, 1 or more"),
    ("solve b.xlsx -o ''", 2, "--output / -o is given as '', which is empty"),
    ("solve b.xlsx --minimize= --sheet Bowls", 2, "--minimize is given as '', which is empty"),
    ("inspect ''", 2, "BOOK is given as '', which is empty"),
    ("solve b.xlsx --method ADDAM", 2, "did you mean adam?"),
]  # fmt: skip
"""Answers that were clumsy when somebody new typed such lines."""
DRESSED = [
    ("solve b.xlsx --time-limit 5s", "'5s' is no number; write 5"),
    ("solve b.xlsx --gap 5%", "'5%' is no number; write 0.05"),
    ("fit r.csv --test-fraction 20%", "write 0.2"),
    ("run g.xlsx --epochs 1e3", "'1e3' is no whole number; write 1000"),
    ("fit r.csv --n-factors 0.5", "'0.5' is no whole number."),
    ("solve b.xlsx two.xlsx", "only BOOK stands without an option"),
    ("solve b.xlsx --report sensitivity limits", "are joined by commas"),
    ("warm b.xlsx", "this command takes options alone"),
    ("solve b.xlsx --minimize Bowls!B1 --maximize Bowls!B1 --by-changing Bowls!A1",
     "2 goals are given"),
]  # fmt: skip
"""Numbers in another dress, and words where none stand."""
UNCLEAR = [
    ("A1<=1,5", "the right side is '1,5': no number; write 1.5"),
    ("A1<=-1,5", "write -1.5"),
    ("A1<=1;5", "write 1.5"),
    ("A1=whole", "no number, no cells and no name of this workbook; did you mean integer?"),
    ("A1=boolean", "did you mean binary?"),
    ("A1=integr", "did you mean integer?"),
    ("A1<=nothing", "the words for kinds of cells are integer, binary, alldifferent"),
    ("A1<5", "leaves out the border: write <="),
    ("A1>5", "write >="),
    ("A1!=3", "!= is no sign of a constraint; those are <=, = and >="),
    ("A1<>3", "<> is no sign of a constraint"),
    ("A1≤3", "≤ is typed <="),
    ("A1<=5,A2>=1", "write one --subject-to for each constraint"),
    ("A1>=0;A2>=0", "write one --subject-to for each constraint"),
    ("A1<=5<=6", "write one --subject-to for each constraint"),
    ("A1<=5*", "no number, no cells and no formula"),
    ("A1<=1.000,5", "no number; write 1000.5"),
    ("A1<=1,250,000", "no number; write 1250000"),
    ("A1<=€5", "no number; write 5"),
]
"""What is typed for a constraint, and what is answered."""
AT = "--by-changing Bowls!A1"
MORE: list[tuple[str, int, str]] = [
    ("solve b.xlsx --minimize R1C2 --by-changing R1C1", 3, "row 1, column 2 is written B1"),
    (f"solve b.xlsx --minimize Bowls.B1 {AT}", 3, "an exclamation mark: Bowls!B1"),
    (f"solve b.xlsx --minimize [b.xlsx]Bowls!B1 {AT}", 3, "cells of another workbook cannot"),
    ("solve b.xlsx --subject-to 5>=A1", 3, "write A1<=5"),
    (
        f"solve b.xlsx --minimize Bowls!B1 --minimize Bowls!B2 {AT}",
        2,
        "is given 2 times: Bowls!B1,",
    ),
    ("gradient b.xlsx --of Bowls!B1 --of Bowls!B2 --with-respect-to Bowls!A1", 2, "say one"),
    ("solve b.xlsx --method gd --lr 0.1 --learning-rate 0.2", 2, "--lr is given 2 times: 0.1, 0.2"),
    ("solve b.xlsx -minimize Bowls!B1", 2, "No such option: -minimize; did you mean --minimize?"),
    ("solve b.xlsx -lr 0.1", 2, "No such option: -lr; did you mean --lr?"),
    ("gradient b.xlsx --of Bowls!B1 --wrt Bowls!A1", 2, "did you mean --with-respect-to?"),
    ("fit r.csv --test-size 0.2", 2, "did you mean --test-fraction?"),
    ("fit r.csv --lr 1,5e-2", 2, "write 1.5e-2"),
    ("fit old.xls", 3, "open it and save it as .xlsx or .csv"),
    ("fit r.csv --device cuda", 2, "sgd does not use device; leave it out, or choose"),
    ("help solve", 2, "xlcollab solve -h explains one"),
    ("version", 2, "xlcollab --version shows it"),
    ("solve ~$b.xlsx", 3, "says who has b.xlsx open"),
    ("solve https://example.com/b.xlsx", 3, "download the file"),
    ("solve b.xlsx -o out.xlsm", 2, "of another kind than b.xlsx"),
    ("sweep b.xlsx --parameter Bowls!A1=1,2", 3, "is a variable of the model"),
]
"""Of people who know other programs, in the order in which they were tried."""

MISTAKES: list[tuple[str, int, str]] = [
    ("solv b.xlsx", 2, "Did you mean 'solve'"),
    ("solve", 2, "Missing argument 'book'"),
    ("solve nosuch.xlsx", 3, "there is no file nosuch.xlsx"),
    ("solve junk.xlsx", 3, "junk.xlsx is no workbook"),
    ("solve old.xls", 3, "old binary workbook"),
    ("solve r.csv", 3, "xlcollab fit takes them"),
    ("solve .", 3, "is a folder"),
    ("solve b.xlsx --sheet Bowels", 3, "did you mean Bowls?"),
    ("solve b.xlsx --method addam", 2, "did you mean adam?"),
    ("solve b.xlsx --value-of Bowls!B1=0", 2, "did you mean --target?"),
    ("solve b.xlsx --objective Bowls!B1", 2, "did you mean --minimize or --maximize?"),
    ("fit r.csv --lambda 0.1", 2, "did you mean --l2?"),
    ("solve b.xlsx --learning_rate 0.1", 2, "--learning-rate"),
    ("solve b.xlsx --learnrate 0.1", 2, "--learning-rate"),
    ("solve b.xlsx --lr fast", 2, "'fast' is no number"),
    ("solve b.xlsx --lr 0,05", 2, "write 0.05"),
    ("solve b.xlsx --lr -1", 2, "learning_rate is -1.0; expected a number, 0 or more"),
    ("solve b.xlsx --iterations 1.5", 2, "'1.5' is no whole number"),
    ("solve b.xlsx --method lbfgs --lr 0.1", 2, "no effect with method lbfgs"),
    ("solve b.xlsx --minimize Bowls!B1", 2, "--by-changing"),
    ("solve b.xlsx --minimize Bowls!B1 --by-changing Bowls!ZZZZ1", 3, "neither an address"),
    ("solve b.xlsx --minimize Bowl!B1 --by-changing Bowls!A1", 3, "did you mean Bowls?"),
    ("solve b.xlsx --minimize Bowls!C1 --by-changing Bowls!A1", 3, "C1 holds 'left alone'"),
    ("solve b.xlsx --subject-to A1>>1", 2, "such as 'A1:A9<=B1:B9'"),
    ("solve b.xlsx -o b.xlsx", 2, "--in-place"),
    ("solve b.xlsx -o out.csv", 2, "is no name of a workbook; let it end in .xlsx"),
    ("solve b.xlsx -o nodir/out.xlsx", 3, "there is no folder"),
    ("solve b.xlsx --watch Bowls!B1:B2", 2, "is no single cell"),
    ("solve b.xlsx --report everything", 2, "choose among answer"),
    ("run b.xlsx", 3, "no chain of gradient descent"),
    ("run g.xlsx --sheet leson", 3, "did you mean lesson?"),
    ("run g.xlsx --epochs -3", 2, "epochs is -3; expected a whole number"),
    ("run g.xlsx --sheet lesson --lr 0.1", 2, "needs an optimizer, such as adam"),
    ("fit r.csv --test-fraction 20", 2, "20 % is 0.2"),
    ("fit nosuch.csv", 3, "there is no such file"),
    ("fit empty.csv", 3, "is empty"),
    ("fit two.csv", 2, "name the item column"),
    ("fit words.csv", 3, "row 2, column 'rating': found 'good'"),
    ("fit r.csv --user-column usr", 2, "did you mean user?"),
    ("fit r.csv -o out.txt", 2, "write a workbook"),
    ("fit r.csv --range 5 0.5", 2, "5 to 0.5, must rise from low to high"),
    ("fit r.csv --epochs ten", 2, "'ten' is no whole number"),
    ("predict b.xlsx --user 1 --item 1", 3, "holds no factor model"),
    ("predict r.csv --user 1 --item 1", 2, "is no model"),
    ("predict b.xlsx", 2, "give --user and --item"),
    ("recommend b.xlsx", 2, "give one of --user, --like and --all"),
    ("gradient two.xlsx --of B1 --with-respect-to A1", 2, "names no sheet"),
    ("gradient b.xlsx --of Bowls!B1", 2, "Missing option '--with-respect-to'"),
    ("gradient b.xlsx --of Bowls!B1 --with-respect-to Bowls!C1", 3, "Bowls!C1"),
    ("crosstab r.csv --corner 15", 2, "requires 2 arguments"),
    ("new r.csv matrix-factorisation", 2, "the kind comes first"),
    ("new matrix-factorisation r.csv --n-factors many", 2, "'many' is no whole number"),
    ("sweep b.xlsx --parameter B3", 2, "such as 'S!B3=1:10:10'"),
    ("live solv", 2, "did you mean solve?"),
    ("live solve --app calc", 2, "'calc' is not one of"),
    ("addin instal", 2, "did you mean install?"),
    ("tune r.csv --search n_factor=1..3", 2, "did you mean n_factors?"),
    ("tune r.csv --search n_factors=5", 2, "write it as n_factors=5..100"),
    ("lr-find b.xlsx --method lbfgs", 2, "has no learning rate"),
    ("rerun b.xlsx", 3, "does not say what made it"),
    ("warm b.xlsx", 2, "unexpected extra argument"),
    ("solve b", 3, "did you mean b.xlsx?"),
    ("solve bb.xlsx", 3, "did you mean b.xlsx?"),
    ("fit rr.csv", 3, "did you mean r.csv?"),
    ("fit r.csv --items movie.csv", 3, "movie.csv: there is no such file"),
    ("solve b.xlsx --batch-size 3", 2, "it is an option of run, compare, fit"),
    ("run g.xlsx --epoch 3", 2, "did you mean --epochs?"),
    ("fit r.csv --optimiser adam", 2, "No such option: --optimiser; did you mean --optimizer?"),
    ("fit r.csv --user item", 2, "did you mean --user-column or --users?"),
    ("solve b.xlsx --frobnicate", 2, "-h lists the options there are"),
    ("solve g.xlsx", 3, "It holds tabs of gradient descent (lesson): xlcollab run g.xlsx"),
    ("lr-find g.xlsx", 3, "xlcollab run g.xlsx"),
    ("compare b.xlsx", 3, "It holds Solver models (Bowls): xlcollab solve b.xlsx"),
    ("solve b.xlsx --subject-to A1:A2=>0", 2, "=> is no sign; write >="),
    ("factors g.xlsx", 3, "name them with --sheet and --items"),
    ("factors b.xlsx --sheet Bowls", 3, "say it with --items"),
    ("fit bin.csv", 3, "it is no text"),
    ("fit r.csv --test-fraction 1.0", 2, "lies between 0 and 1, such as 0.2; found 1.0"),
    ("predict b.xlsx --pairs pairs.csv", 3, "make one with `xlcollab fit RATINGS"),
    ("recommend b.xlsx --user 1", 3, "make one with `xlcollab fit RATINGS -o model.xlsx`"),
    ("gradient b.xlsx --of Bowls!B1 --with-respect-to Bowls!XFE1", 3, "neither an address"),
    ("lr-find b.xlsx --lowest 1 --highest 0.1", 2, "the rates go from 1 to 0.1"),
    ("rerun b.xlsy", 3, "did you mean b.xlsx?"),
    ("fit r.csv --n-factors 0,5", 2, "'0,5' is no whole number."),
    ("solve b.xlsx --minimize Bowls!B1 --by-changing Bowls!A1;Bowls!A2", 3, "stand commas"),
    ("solve b.xlsx --minimize Bowls!B1 --by-changing Bowls!B1", 3, "is itself a variable cell"),
    ("solve b.xlsx --target Bowls!B1=0,5 --by-changing Bowls!A1", 2, "such as 'V41=3'"),
    ("solve b.xlsx --lr nan", 2, "learning_rate is nan; expected a number"),
    ("solve b.xlsx --watch Nope!C1", 3, "there is no such sheet; the sheets are Bowls"),
    ("fit r.csv --range 0,5 5,5", 2, "'0,5' is no number; write 0.5"),
    ("fit r.csv --folds 1", 2, "folds must be 2 to"),
    ("lr-find b.xlsx --gap 0.1", 2, "no use for --gap; leave it out"),
    ("crosstab r.csv --corner 0 5", 2, "at least 1 × 1 cells"),
    ("sweep b.xlsx --parameter Bowls!B1=1,2", 3, "a parameter must be a constant"),
    ("live solve --explain --lr", 2, "requires an argument"),
    *((line, 2, told) for line, told in DRESSED),
    ("fold-in b.xlsx r.csv", 3, "holds no factor model"),
    *((f"solve b.xlsx --subject-to {typed}", 2, told) for typed, told in UNCLEAR),
    *MORE,
    *FRESH,
    ("solve b.xlsx --subject-to 0<=A1<=5", 3, "cells stand on the left, a number on the right"),
    ("solve b.xlsx --subject-to SUM(A1:A2)<=5", 3, "put the formula into a cell"),
]


BOX = str.maketrans("│─╭╮╰╯", " " * 6)
"""The frame that rich draws around an answer of typer's."""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    names = minimised("Bowls", "Bowls!$B$1", "Bowls!$A$1:$A$2")
    build(tmp_path / "b.xlsx", {"Bowls": BOWL}, names)
    build(tmp_path / "two.xlsx", {"Bowls": BOWL, "More": BOWL})
    build(tmp_path / "three.xlsx", {"data-2023": BOWL, "data-2024": BOWL, "plan": BOWL})
    build(tmp_path / "g.xlsx", {"lesson": sgd_cells(Layout())})
    (tmp_path / "junk.xlsx").write_text("hello")
    (tmp_path / "old.xls").write_bytes(bytes.fromhex("D0CF11E0A1B11AE1") + bytes(600))
    (tmp_path / "~$b.xlsx").write_bytes(b"\x05owner")
    (tmp_path / "r.csv").write_text("user,item,rating\n1,2,3\n1,3,4\n2,2,5\n2,3,1\n")
    (tmp_path / "empty.csv").write_text("")
    (tmp_path / "bin.csv").write_bytes(bytes(range(255, 127, -1)) * 9)
    (tmp_path / "two.csv").write_text("user,rating\n1,2\n")
    (tmp_path / "words.csv").write_text("user,item,rating\n1,2,good\n")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("text", "told"),
    [("item,rating\n2,5\n3,4\n", "head it 'user'; a table of new users has columns user, item and"),
     ("2,5\n3,4\n", "begin it with a line of heads: user,item,rating")],
)  # fmt: skip
def test_ratings_of_somebody_new_without_a_user(text: str, told: str, folder: Path) -> None:
    assert xlcollab("fit", "r.csv", "--epochs", 1, "-o", "m.xlsx").code == 0
    (folder / "mine.csv").write_text(text)
    found = xlcollab("recommend", "m.xlsx", "--ratings", "mine.csv")
    assert found.code in (2, 3)
    assert told in found.sentence
    assert "--user-column" not in found.sentence


@pytest.mark.parametrize(("line", "code", "told"), MISTAKES, ids=lambda one: str(one)[:40])
def test_a_mistake_is_answered(
    line: str, code: int, told: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TERMINAL_WIDTH", "300")
    before = listing(folder)
    found = xlcollab(*(word.replace("''", "") for word in line.split()))
    answer = " ".join(found.err.translate(BOX).split())
    assert found.code == code, answer
    assert told in answer
    assert "Traceback" not in answer
    assert "Value error" not in answer
    assert "internal error" not in answer
    assert len(answer) < 700
    assert listing(folder) == before
