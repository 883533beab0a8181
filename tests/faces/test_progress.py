"""The live line of a command: there before anything large is loaded, with a bar where it can."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.build import build
from xlcollab.api.solve.running import planned_steps
from xlcollab.faces.commands import COMMANDS
from xlcollab.faces.shell import bar
from xlcollab.settings.solving import Settings

FIRST = """
import sys
from xlcollab.faces import shell
sys.stderr.isatty = lambda: True
def enter(self):
    print("loaded" if {"torch", "pandas", "numba", "scipy"} & sys.modules.keys() else "at once")
    raise SystemExit
shell.Progress.__enter__ = enter
from xlcollab.faces.cli import main
main()
"""


@pytest.mark.parametrize(
    ("done", "total", "seconds", "wanted"),
    [
        (0, 300, 0.2, "[--------------------] 0 of 300, ? s left"),
        (75, 300, 2.0, "[#####---------------] 75 of 300, 6 s left"),
        (75, 300, 60.0, "[#####---------------] 75 of 300, 3 min left"),
        (1, 301, 60.0, "[--------------------] 1 of 301, 5 h left"),
        (1, 10**8, 1.0, "[--------------------] 1 of 100000000, 1157 days left"),
        (300, 300, 8.0, "[####################] 300 of 300, 0 s left"),
        (301, 300, 8.0, "[####################] 301 of 300, 0 s left"),
    ],
)
def test_a_bar_with_the_time_that_is_left(
    done: int, total: int, seconds: float, wanted: str
) -> None:
    assert bar(done, total, seconds) == wanted


@pytest.mark.parametrize(
    ("settings", "wanted"),
    [
        (Settings(method="adam", iterations=70), 70),
        (Settings(method="adam", iterations=0), 0),
        (Settings(method="adam", iterations=70, tolerance=1e-6), None),
        (Settings(method="lbfgs", iterations=70), None),
        (Settings(), None),
    ],
)
def test_the_steps_are_known_where_no_run_ends_before(
    settings: Settings, wanted: int | None
) -> None:
    assert planned_steps(settings) == wanted
    assert planned_steps(Settings(method="momentum")) is not None


LONG = {
    "solve": ["BOOK"],
    "sweep": ["BOOK", "--samples", "9"],
    "lr-find": ["BOOK"],
    "recalc": ["BOOK", "--check"],
    "gradient": ["BOOK", "--of", "S!B1", "--with-respect-to", "S!A1"],
    "run": ["BOOK"],
    "compare": ["BOOK"],
    "new": ["matrix-factorisation", "RATINGS"],
    "factors": ["BOOK"],
    "crosstab": ["RATINGS"],
    "fit": ["RATINGS"],
    "predict": ["MODEL", "--user", "1", "--item", "1"],
    "recommend": ["MODEL", "--user", "1"],
    "fold-in": ["MODEL", "RATINGS", "-o", "out.xlsx"],
    "tune": ["RATINGS", "--search", "n_factors=5..9"],
    "warm": [],
}
"""What loads or computes for seconds, by a call of it."""
SHORT = {"inspect", "rerun", "watch", "addin", "live", "docs"}
"""What loads nothing heavy itself: `rerun` and `watch` go on as commands of the others."""


def test_every_command_is_long_or_short() -> None:
    assert {*LONG, *SHORT} == set(COMMANDS)
    assert not SHORT & LONG.keys()


@pytest.mark.parametrize("name", [*LONG, "recalc-folder", "recommend-all"])
def test_a_line_stands_before_what_computes_is_loaded(name: str, tmp_path: Path) -> None:
    book = build(tmp_path / "book.xlsx", {"S": {"A1": 1.0, "B1": ("=(A1-3)^2", 4.0)}})
    (tmp_path / "ratings.csv").write_text("user,item,rating\n1,1,3\n")
    places = {"BOOK": book, "RATINGS": tmp_path / "ratings.csv", "MODEL": book, "HERE": tmp_path}
    more = {
        "recalc-folder": ["recalc", "HERE", "--check"],
        "recommend-all": ["recommend", "MODEL", "--all", "-o", "all.csv"],
    }
    words = more.get(name) or [name, *LONG[name]]
    asked = [str(places.get(word, word)) for word in words]
    code = [sys.executable, "-c", FIRST, *asked]
    found = subprocess.run(code, capture_output=True, text=True, check=False, timeout=300)
    assert found.stdout == "at once\n", found.stderr
