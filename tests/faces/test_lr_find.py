"""`lr-find` in the shell and in Python, one cycle, and what a notebook shows."""

from __future__ import annotations

import sys
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import openpyxl
import pandas as pd
import pytest

import xlcollab as xc
from tests.build import build
from tests.faces.shell import bowl, minimised, two_bowls, xlcollab
from xlcollab.errors import MissingPackageError, UsageError

matplotlib = pytest.importorskip("matplotlib")
matplotlib.use("Agg")


def frame() -> pd.DataFrame:
    rng = np.random.default_rng(4)
    pairs = [(user, item) for user in range(12) for item in range(10)]
    found = pd.DataFrame(pairs, columns=["user", "item"]).sample(90, random_state=1)
    found["rating"] = 3.0 + np.sin(found.user) * np.cos(found.item)
    return found.round(3).assign(rating=lambda one: one.rating + rng.normal(0, 0.1, len(one)))


def test_the_curve_is_a_sheet_with_its_chart(tmp_path: Path) -> None:
    done = xlcollab("lr-find", bowl(tmp_path / "book.xlsx"), "-o", tmp_path / "out.xlsx")
    assert done.code == 0, done.err
    assert "take" in done.out
    sheet = openpyxl.load_workbook(tmp_path / "out.xlsx")["S learning rates"]
    assert [cell.value for cell in sheet[4]] == ["learning rate", "objective"]
    (chart,) = sheet._charts
    assert chart.x_axis.scaling.logBase == 10
    rates = [row[0].value for row in sheet.iter_rows(min_row=5) if row[0].value is not None]
    assert rates == sorted(rates)
    stored = openpyxl.load_workbook(tmp_path / "out.xlsx")["S"]
    assert stored["A1"].value == 1.0


@pytest.mark.parametrize(
    ("options", "word"),
    [
        (("--method", "lbfgs"), "no learning rate"),
        (("--lowest", "1", "--highest", "0.1"), "lower"),
        (("--gap", "0.1"), "has no use for --gap; leave it out"),
        (("--lr", "1", "--restarts", "2"), "no use for --learning-rate, --restarts; leave them"),
        (("--tolerance", "1", "--scale"), "no use for --tolerance, --scale; leave them"),
        ((), "name the sheet"),
    ],
)
def test_what_cannot_be_looked_for_is_a_sentence(
    options: tuple[str, ...], word: str, tmp_path: Path
) -> None:
    make = bowl if options else two_bowls
    found = xlcollab("lr-find", make(tmp_path / "book.xlsx"), *options)
    assert found.code == 2
    assert word in found.sentence
    assert [one.name for one in tmp_path.iterdir()] == ["book.xlsx"]


def test_python_looks_for_a_rate_and_runs_one_cycle(tmp_path: Path) -> None:
    book = xc.open(bowl(tmp_path / "book.xlsx"))
    curve = book.lr_find(method="gd", steps=50)
    assert book.workbook.sheet("S").numbers[0, 0] == 1.0
    assert 0.0 < curve.suggestion <= curve.test.best
    assert list(curve.history.columns) == ["learning rate", "objective"]
    solved = book.fit_one_cycle(60, 0.1, method="gd")
    rates = solved.record.column("learning rate")
    assert np.nanmax(rates) == pytest.approx(0.1, rel=1e-2)
    assert rates[-1] < 1e-3
    assert solved.objective < 1e-3
    again = xc.open(tmp_path / "book.xlsx").fit_one_cycle(60, method="gd")
    assert again.objective < solved.solution.initial


def test_ratings_have_a_rate_and_one_cycle_too() -> None:
    model = xc.MatrixFactorization(n_factors=2, optimizer="adam", epochs=3)
    found = model.lr_find(frame())
    assert found.suggestion in found.sweep.learning_rates
    model.fit_one_cycle(frame(), 8, 0.1)
    rates = [row.learning_rate for row in model.result_.history]
    assert max(rates) == pytest.approx(0.1, rel=0.2)
    assert rates[-1] < 0.01
    with pytest.raises(UsageError):
        xc.MatrixFactorization(optimizer="als").fit_one_cycle(frame(), 3, 0.1)


def test_names_are_listed() -> None:
    names = dir(xc)
    assert {"open", "OpenBook", "MatrixFactorization", "XlcollabError"} <= set(names)
    assert "import_module" not in names


class Tags(HTMLParser):
    """Counts what is open; every text that is shown."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.texts: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: object) -> None:
        if tag != "polyline":
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag != "polyline":
            assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


def test_results_show_themselves_in_a_notebook(tmp_path: Path) -> None:
    cells = {"A1": 1.0, "B1": ("=(A1-3)^2", 4.0)}
    path = build(tmp_path / "b.xlsx", {"<b>": cells}, minimised("<b>", "'<b>'!$B$1", "'<b>'!$A$1"))
    book = xc.open(path)
    model = xc.MatrixFactorization(n_factors=2, epochs=2)
    unfitted = model._repr_html_()
    found = [
        book,
        book.solve(method="gd", learning_rate=0.1, iterations=5),
        book.lr_find(method="gd"),
        model.fit(frame()),
        model.lr_find(frame()),
    ]
    shown = [one._repr_html_() for one in found]
    for html in (*shown, unfitted):
        parsed = Tags(html)
        assert parsed.open == []
        assert parsed.texts
    assert all(len(repr(one)) < 250 for one in found)
    assert "<b>" in Tags(shown[0]).texts
    assert "minimize '<b>'!B1 by 1 cells" in Tags(shown[0]).texts


def test_plots_are_axes_that_can_be_given(tmp_path: Path) -> None:
    from matplotlib import pyplot

    book = xc.open(bowl(tmp_path / "book.xlsx"))
    solved = book.solve(method="gd", learning_rate=0.1, iterations=5)
    model = xc.MatrixFactorization(n_factors=2, epochs=3).fit(frame())
    curve = book.lr_find(method="gd")
    figure, ax = pyplot.subplots()
    assert solved.plot(ax) is ax
    assert len(ax.lines[0].get_xdata()) == 6
    assert curve.plot().get_xscale() == "log"
    losses = model.plot_losses()
    assert losses.lines[0].get_ydata()[-1] == pytest.approx(model.result_.history[-1].train_rmse)
    pyplot.close("all")
    assert figure is ax.figure


def test_without_matplotlib_there_is_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    solved = xc.open(bowl(tmp_path / "book.xlsx")).solve(method="gd", iterations=2)
    blocked: Any = None
    monkeypatch.setitem(sys.modules, "matplotlib", blocked)
    with pytest.raises(MissingPackageError, match=r"pip install 'xlcollab\[plot\]'"):
        solved.plot()


def test_losses_that_are_not_there_are_a_sentence() -> None:
    with pytest.raises(UsageError, match="call fit first"):
        xc.MatrixFactorization().plot_losses()


def test_a_typed_model_is_in_what_to_try_next(tmp_path: Path) -> None:
    book = build(tmp_path / "b.xlsx", {"S": {"A1": 3.0, "B1": ("=0-A1", -3.0)}})
    model = ("--minimize", "S!B1", "--by-changing", "S!A1")
    told = xlcollab("lr-find", book, *model, "--steps", 12)
    assert "--minimize 'S!B1' --by-changing 'S!A1' --method" in told.out + told.err
    sheet = openpyxl.load_workbook(tmp_path / "b.rates.xlsx")["S learning rates"]
    assert str(sheet["A2"].value).endswith("the highest rate that was tried")


def test_help_offers_what_is_taken_alone() -> None:
    offered = " ".join(xlcollab("lr-find", "--help").out.split())
    for flag in ("--gap", "--restarts", "--schedule", "--tolerance", "--learning-rate", "--init"):
        assert flag not in offered
    for flag in ("--method", "--momentum", "--l2", "--lowest", "--device"):
        assert flag in offered
