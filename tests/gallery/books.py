"""Each kind of sheet that a verb writes, made from small books."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from tests.faces.shell import xlcollab
from tests.ratings_verbs.data import planted, ratings_csv

LESSONS = Path(__file__).resolve().parents[2] / "workbooks"


@dataclass(frozen=True)
class Exhibit:
    """A command, the added sheets that are looked at, and how many charts each has."""

    arguments: Callable[[Path], tuple[object, ...]]
    charts: dict[str, int]


def _csv(folder: Path) -> Path:
    titles = [f"The Film Number {n}" for n in range(1, 13)]
    frame = pd.DataFrame({"item": range(10, 130, 10), "title": titles})
    frame.to_csv(folder / "movies.csv", index=False)
    return ratings_csv(folder, planted())


def _lesson(name: str) -> Callable[[Path], Path]:
    return lambda folder: Path(shutil.copy(LESSONS / name, folder / name))


_collab, _tabs = _lesson("collab_filter.xlsx"), _lesson("graddesc.xlsx")
_blocks = _lesson("building_blocks.xlsx")

EXHIBITS: dict[str, Exhibit] = {
    "solve": Exhibit(
        lambda f: ("solve", _collab(f), "--sheet", "word_embeddings", "--iterations", 40),
        {
            "word_embeddings history": 1,
            "word_embeddings weights": 0,
            "word_embeddings answer": 0,
        },
    ),
    "factors": Exhibit(lambda f: ("factors", _collab(f), "--sheet", "bias"), {"bias factors": 2}),
    "run": Exhibit(
        lambda f: ("run", _tabs(f), "--sheet", "momentum", "--epochs", 20, "--every", "step"),
        {"momentum history": 2, "momentum steps": 0},
    ),
    "compare": Exhibit(
        lambda f: ("compare", _tabs(f), "--epochs", 20), {"optimizer comparison": 1}
    ),
    "sweep": Exhibit(
        lambda f: (
            "sweep",
            _blocks(f),
            "--sheet",
            "penalty",
            "--parameter",
            "penalty!A4=0,0.01,0.1,1",
        ),
        {"penalty sweep": 1},
    ),
    "fit": Exhibit(
        lambda f: (
            "fit",
            _csv(f),
            "--items",
            f / "movies.csv",
            "--n-factors",
            3,
            "--epochs",
            8,
            "--test-fraction",
            0.2,
        ),
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
    "tune": Exhibit(lambda f: ("tune", _csv(f), "--trials", 4), {"tune": 1}),
    "crosstab": Exhibit(lambda f: ("crosstab", _csv(f)), {"ratings": 0}),
}
"""By verb."""


def make(verb: str, folder: Path) -> Path:
    """The workbook that the verb of an exhibit writes."""
    folder.mkdir()
    target = folder / f"{verb}.xlsx"
    found = xlcollab(*EXHIBITS[verb].arguments(folder), "-o", target)
    assert found.code == 0, found.err
    return target
