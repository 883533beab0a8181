"""Each kind of sheet that a verb or a button writes, made from small books."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from tests.build import build
from tests.faces.shell import xlcollab
from tests.ratings_verbs.data import planted, ratings_csv
from xlcollab.api import OpenBook
from xlcollab.api.desk.control_actions import add_control
from xlcollab.api.desk.sheet_actions import check

LESSONS = Path(__file__).resolve().parents[2] / "workbooks"
Command = tuple[object, ...]


@dataclass(frozen=True)
class Exhibit:
    """What writes a workbook into a folder, the added sheets that are looked at, and how many
    charts each has."""

    make: Callable[[Path], Path]
    charts: dict[str, int]


HERE = object()
"""In a command: what the command before it wrote."""


def _by(*makers: Callable[[Path], Command]) -> Callable[[Path], Path]:
    """One command after the other."""

    def make(folder: Path) -> Path:
        written = folder
        for number, maker in enumerate(makers):
            words = [written if word is HERE else word for word in maker(folder)]
            target = folder / f"written {number}.xlsx"
            found = xlcollab(*words, "-o", target)
            assert found.code == 0, found.err
            written = target
        return written

    return make


def _csv(folder: Path) -> Path:
    titles = [f"The Film Number {n}" for n in range(1, 13)]
    frame = pd.DataFrame({"item": range(10, 130, 10), "title": titles})
    frame.to_csv(folder / "movies.csv", index=False)
    return ratings_csv(folder, planted())


def _pairs(folder: Path) -> Path:
    path = folder / "pairs.csv"
    path.write_text("user,item\n1,60\n17,40\n99,10\n")
    return path


def _lesson(name: str) -> Callable[[Path], Path]:
    return lambda folder: Path(shutil.copy(LESSONS / name, folder / name))


_collab, _tabs = _lesson("collab_filter.xlsx"), _lesson("graddesc.xlsx")
_blocks = _lesson("building_blocks.xlsx")


def _fit(folder: Path, *more: object) -> Command:
    return ("fit", _csv(folder), "--n-factors", 3, "--epochs", 8, *more)


def _fit_with_titles(folder: Path) -> Command:
    return (*_fit(folder), "--items", folder / "movies.csv")


def _gradient(of: str, by: str, *more: object) -> Callable[[Path], Command]:
    return lambda f: ("gradient", HERE, "--of", of, "--with-respect-to", by, *more)


def _sweep(*values: str) -> Callable[[Path], Command]:
    words = [word for one in values for word in ("--parameter", one)]
    return lambda f: ("sweep", _blocks(f), "--sheet", "penalty", *words)


def _plan(folder: Path) -> Path:
    """A linear plan in large and in tiny numbers, with long names and a demand that is random."""
    names = [
        f"Ball valve with flanges, nominal diameter {50 + n}, stainless steel" for n in range(9)
    ]
    cells: dict[str, object] = {"A1": "Product", "B1": "Made", "C1": "Margin", "D1": "Power (GWh)"}
    for row, name in enumerate(names, 2):
        cells |= {
            f"A{row}": name,
            f"B{row}": 0.0,
            f"C{row}": 1e6 + 3e4 * row,
            f"D{row}": 1e-9 * row,
        }
    cells |= {"A12": "Margin of all", "B12": ("=SUMPRODUCT(B2:B10,C2:C10)", 0.0)}
    cells |= {"A13": "Power of all", "D13": ("=SUMPRODUCT(B2:B10,D2:D10)", 0.0), "D14": 3e-7}
    cells |= {"A15": "Short of the demand", "B15": ("=MAX(0,NORM.INV(RAND(),140,20)-B2)", 40.0)}
    return build(folder / "plan.xlsx", {"Works north": cells})


def _solved_plan(folder: Path) -> Command:
    at = "'Works north'!"
    model = ("--maximize", f"{at}B12", "--by-changing", f"{at}B2:B10", "--non-negative")
    limits = ("--subject-to", f"{at}D13<={at}D14", "--report", "answer,sensitivity,limits")
    return ("solve", _plan(folder), *model, *limits)


def _drawn_plan(folder: Path) -> Command:
    model = ("--minimize", "'Works north'!B15", "--by-changing", "'Works north'!B2")
    return ("sweep", HERE, "--samples", 60, *model)


def _pressed(folder: Path) -> Path:
    """The sheets of the buttons Check and Settings, which no verb of the shell writes."""
    cells = {"A1": 2.0, "A2": "one half", "B1": ("=A1^2", 5.0), "B2": ("=A2", "a half")}
    book = OpenBook(build(folder / "book.xlsx", {"S": cells}))
    check(book)
    add_control(book)
    return book.save(folder / "pressed.xlsx")


EXHIBITS: dict[str, Exhibit] = {
    "solve": Exhibit(
        _by(lambda f: ("solve", _collab(f), "--sheet", "word_embeddings", "--iterations", 40)),
        {
            "word_embeddings history": 1,
            "word_embeddings weights": 0,
            "word_embeddings answer": 0,
        },
    ),
    "factors": Exhibit(
        _by(lambda f: ("factors", _collab(f), "--sheet", "bias")), {"bias factors": 2}
    ),
    "run": Exhibit(
        _by(lambda f: ("run", _tabs(f), "--sheet", "momentum", "--epochs", 20, "--every", "step")),
        {"momentum history": 2, "momentum steps": 0},
    ),
    "compare": Exhibit(
        _by(lambda f: ("compare", _tabs(f), "--epochs", 20)), {"optimizer comparison": 1}
    ),
    "derivatives": Exhibit(
        _by(
            lambda f: ("lr-find", _collab(f), "--sheet", "dotprod"),
            _gradient("dotprod!B4", "dotprod!B13:F27,dotprod!H6:V10"),
            _gradient("dotprod!H13:H17", "dotprod!B13:F27"),
            _gradient("dotprod!B4", "dotprod!B13:F14", "--second"),
        ),
        {
            "dotprod learning rates": 1,
            "dotprod gradient": 0,
            "dotprod jacobian": 0,
            "dotprod hessian": 0,
        },
    ),
    "sweep": Exhibit(_by(_sweep("penalty!A4=0,0.01,0.1,1")), {"penalty sweep": 1}),
    "sweep of factors": Exhibit(_by(_sweep("penalty!A4=0.001,0.01,0.1,1")), {"penalty sweep": 1}),
    "fit": Exhibit(
        _by(lambda f: (*_fit_with_titles(f), "--test-fraction", 0.2)),
        {
            "model": 1,
            "predict": 0,
            "training history": 1,
            "users": 0,
            "items": 0,
            "item features": 0,
            "recommendations": 0,
        },
    ),
    "reports": Exhibit(
        _by(_solved_plan, _drawn_plan),
        {
            "Works north history": 1,
            "Works north answer": 0,
            "Works north sensitivity": 0,
            "Works north limits": 0,
            "Works north simulation": 1,
        },
    ),
    "folds": Exhibit(_by(lambda f: _fit(f, "--folds", 3)), {"folds": 0}),
    "predict": Exhibit(
        _by(
            _fit_with_titles,
            lambda f: ("predict", HERE, "--pairs", _pairs(f), "--unknown-ids"),
        ),
        {"predictions": 0},
    ),
    "recommend": Exhibit(
        _by(_fit_with_titles, lambda f: ("recommend", HERE, "--all")), {"recommendations": 0}
    ),
    "tune": Exhibit(_by(lambda f: ("tune", _csv(f), "--trials", 4)), {"tune": 1}),
    "crosstab": Exhibit(_by(lambda f: ("crosstab", _csv(f))), {"ratings": 0}),
    "buttons": Exhibit(_pressed, {"recalculation check": 0, "control": 0}),
}
"""By verb."""


def make(verb: str, folder: Path) -> Path:
    """The workbook that the verb of an exhibit writes."""
    folder.mkdir()
    return EXHIBITS[verb].make(folder)
