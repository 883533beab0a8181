"""CPU seconds of commands that start from nothing, beside those of loading torch alone.

    python -m tests.benchmarks.cold [--book BOOK] [--repeats 3]

BOOK is solved besides (the lesson's workbook, say). Every command runs as often as `--repeats`
says, in turns with the others, and the least is printed; the ratio to loading torch hardly depends
on the machine and on what else it does.
"""

from __future__ import annotations

import argparse
import os
import random
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.build import build
from xlcollab.grid import Scalar
from xlcollab.ref import cell_name

TEACHING = Path(__file__).parents[2] / "workbooks" / "collab_filter.xlsx"
ROWS, SHEETS = 740, 10
LINES = 500
_FORMS = (
    "=inputs!{a}+inputs!{b}*{c}",
    "=SUM(inputs!{a}:{a2})-{c}",
    "=ROUND(inputs!{a}*inputs!{b}/{c},2)",
    "=IF(inputs!{a}>inputs!{b},inputs!{d},{c})",
    "=MAX(inputs!{a},inputs!{b},{c})",
    "={u}+{v}-{w}*{c}",
    "=SUM({u}:{last})/{c}",
    "=IF({u}=0,0,inputs!{a}/{u}+{c})",
    "=AVERAGE({v}:{last})+inputs!{b}*{c}",
    '=VLOOKUP("item {row}",inputs!$A$1:$G$500,2,FALSE)+{c}',
    '=SUMIF(inputs!{a}:{a2},">{c}")+{u}',
    "=MIN({u},{v})-ABS({w})+{c}",
    "=SQRT(ABS({u}))*{c}+EXP(-ABS(inputs!{b})/{c})",
)
"""Templates; the first five read no formula."""


def many_formulas(path: Path, seed: int = 1) -> Path:
    """7,400 different formulas of three or four copies each, on ten sheets."""
    draw = random.Random(seed)
    inputs: dict[str, Scalar] = {f"A{row + 1}": f"item {row}" for row in range(LINES)}
    for row in range(LINES):
        inputs |= {cell_name(row, c): round(draw.uniform(-50, 100), 2) for c in range(1, 7)}
    book: dict[str, dict[str, Scalar]] = {"inputs": inputs}
    for sheet in range(SHEETS):
        cells: dict[str, Scalar] = {}
        for row in range(ROWS):
            cells |= _line(row, draw)
        book[f"part {sheet + 1}"] = cells
    return build(path, book)


def _line(row: int, draw: random.Random) -> dict[str, Scalar]:
    form = draw.choice(_FORMS if row > 4 else _FORMS[:5])
    rows = draw.sample(range(LINES - 10), 3)
    above = [max(0, row - draw.randint(1, 40)) for _ in range(3)]
    known = {"c": draw.randint(10, 900) / 10, "row": draw.randrange(LINES)}
    cells: dict[str, Scalar] = {}
    for column in range(1, 1 + draw.choice((3, 4))):
        places = dict(zip("abd", (cell_name(one, column) for one in rows), strict=True))
        places |= dict(zip("uvw", (cell_name(one, column) for one in above), strict=True))
        places |= {"a2": cell_name(rows[0] + 9, column), "last": cell_name(row - 1, column)}
        cells[cell_name(row, column)] = form.format(**places, **known)
    return cells


def commands(folder: Path, book: Path | None) -> Mapping[str, Sequence[str]]:
    """What is run, by name; the first is what the others are measured by."""
    xlcollab = [sys.executable, "-c", "from xlcollab.faces.cli import main; main()"]
    ratings = folder / "ratings.csv"
    draw = random.Random(0)
    pairs = sorted({(draw.randint(1, 943), draw.randint(1, 1682)) for _ in range(100_000)})
    lines = [f"{user},{item},{draw.randint(1, 5)}" for user, item in pairs]
    ratings.write_text("user,item,rating\n" + "\n".join(lines))
    fit = [*xlcollab, "fit", str(ratings), "--overwrite", "-o"]
    models = [str(folder / f"model.{ending}") for ending in ("xlsx", "safetensors")]
    for model in models:
        _seconds([*fit, model])
    pair = ["--user", "14", "--item", "417"]
    many = str(many_formulas(folder / "many.xlsx"))
    found = {
        "import torch": [sys.executable, "-c", "import torch"],
        "--help": [*xlcollab, "--help"],
        "inspect, the teaching workbook": [*xlcollab, "inspect", str(TEACHING)],
        "solve, the teaching workbook": _solving(xlcollab, TEACHING, folder),
        "recalc, 7,400 formulas": [*xlcollab, "recalc", many, "--check", "--json"],
        "predict a pair, workbook": [*xlcollab, "predict", models[0], *pair],
        "predict a pair, safetensors": [*xlcollab, "predict", models[1], *pair],
        "fit, 100,000 ratings, safetensors": [*fit, models[1]],
    }
    return (
        found if book is None else found | {f"solve {book.name}": _solving(xlcollab, book, folder)}
    )


def _solving(xlcollab: Sequence[str], book: Path, folder: Path) -> list[str]:
    return [*xlcollab, "solve", str(book), "-o", str(folder / f"{book.stem}.xlsx"), "--overwrite"]


def _seconds(command: Sequence[str]) -> float:
    """CPU seconds of a command, its children included."""
    before = os.times()
    subprocess.run(command, capture_output=True, check=False)
    after = os.times()
    return after[2] + after[3] - before[2] - before[3]


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--book", type=Path)
    parser.add_argument("--repeats", type=int, default=3)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        run = commands(Path(folder), asked.book)
        taken = {name: float("inf") for name in run}
        for _ in range(asked.repeats):
            for name, command in run.items():
                taken[name] = min(taken[name], _seconds(command))
    unit = taken["import torch"]
    for name, seconds in taken.items():
        print(f"{name:<36} {seconds:6.2f} s {seconds / unit:6.2f} times import torch")


if __name__ == "__main__":
    main()
