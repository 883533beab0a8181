"""Make the lesson workbooks: `python workbooks/regenerate.py [--check]`.

Without an option all are written in place, with the same bytes each time. With --check nothing is
written, and the exit code is 1 if a committed workbook differs in content from what would be made.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from lessons import collab_filter, graddesc, gradient_descent
from lessons.content import differences

from xlcollab.api.evaluated import write_evaluated

HERE = Path(__file__).resolve().parent
LESSONS = {
    "collab_filter.xlsx": collab_filter,
    "gradient_descent_formulas.xlsx": gradient_descent,
    "graddesc.xlsx": graddesc,
}


def regenerate(folder: Path) -> None:
    """Write every workbook into `folder`."""
    for name, lesson in LESSONS.items():
        write_evaluated(folder / name, lesson.pages(), title=lesson.TITLE)
        print(f"{name} written")


def check() -> int:
    """Compare the committed workbooks with freshly made ones, by content."""
    with tempfile.TemporaryDirectory() as folder:
        regenerate(Path(folder))
        found = [
            f"{name}: {difference}"
            for name in LESSONS
            for difference in differences(HERE / name, Path(folder) / name)
        ]
    print("\n".join(found[:20]) or "all committed workbooks are up to date")
    return 1 if found else 0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="compare, write nothing")
    if parser.parse_args().check:
        return check()
    regenerate(HERE)
    return 0


if __name__ == "__main__":
    sys.exit(main())
