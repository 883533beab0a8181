"""Make the lesson workbooks: `python workbooks/regenerate.py [--check]`.

Without an option all are written in place, with the same bytes each time on one machine. With
--check nothing is written, and the exit code is 1 if a committed workbook differs in content from
what would be made here.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

import torch
from lessons import building_blocks, collab_filter, graddesc, gradient_descent
from lessons.content import differences
from lessons.trained import TRAINED

from xlcollab.api.lessons.evaluated import write_evaluated

HERE = Path(__file__).resolve().parent
LESSONS = {
    "collab_filter.xlsx": collab_filter,
    "gradient_descent_formulas.xlsx": gradient_descent,
    "graddesc.xlsx": graddesc,
    "building_blocks.xlsx": building_blocks,
}
EXACT, LEARNED = 1e-9, 1e-3
"""How far numbers may differ on another machine, as shares of their column's size: hundreds of
steps carry rounding along, and the last digit that is shown may turn."""


def regenerate(folder: Path) -> None:
    """Write every workbook into `folder`."""
    torch.set_num_threads(1)  # sums in one order, whatever the machine
    for name, lesson in LESSONS.items():
        write_evaluated(folder / name, lesson.pages(), title=lesson.TITLE)
        print(f"{name} written")
    (folder / "trained").mkdir(exist_ok=True)
    for name, train in TRAINED.items():
        train(folder).save(folder / "trained" / name)
        print(f"trained/{name} written")


def check() -> int:
    """Compare the committed workbooks with freshly made ones, by content."""
    wanted = dict.fromkeys(LESSONS, EXACT) | {f"trained/{name}": LEARNED for name in TRAINED}
    with tempfile.TemporaryDirectory() as folder:
        regenerate(Path(folder))
        found = [
            f"{name}: {difference}"
            for name, tolerance in wanted.items()
            for difference in differences(HERE / name, Path(folder) / name, tolerance)
        ]
    print("\n".join(found[:20]) or "all committed workbooks are up to date")
    return 1 if found else 0


def main() -> int:
    """What the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="compare, write nothing")
    if parser.parse_args().check:
        return check()
    regenerate(HERE)
    return 0


if __name__ == "__main__":
    sys.exit(main())
