"""Results of Excel 365 for single formulas, and how the engine does on them.

The data lie in the folder shared/suites/formula-goldens beside the repository: one file per subject
with cases of (formula, cells, expected value or error, tolerance). Each formula is typed as a
dynamic array formula into Z1. `python -m tests.kernels.goldens [file]` prints the tally, with a
file name also every case that is not matched.
"""

from __future__ import annotations

import json
import math
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any

from tests.kernels.engine import RefusedError, plain_value, value
from tests.shared_data import SHARED
from xlcollab.grid import ErrorCode, Scalar

FOLDER = SHARED / "suites" / "formula-goldens"


class Verdict(Enum):
    MATCHED = "matched"
    UNSUPPORTED = "unsupported"
    WRONG = "wrong"


@dataclass(frozen=True, slots=True)
class Case:
    """One formula, the cells it stands among and what Excel shows."""

    suite: str
    name: str
    formula: str
    cells: dict[str, Scalar]
    expected: Scalar
    absolute: float
    relative: float


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a case; `found` is our value, or the sentence of a refusal."""

    case: Case
    verdict: Verdict
    found: str

    def __str__(self) -> str:
        case = self.case
        cells = ", ".join(f"{address}={content!r}" for address, content in case.cells.items())
        return (
            f"{case.suite}/{case.name}: {case.formula} expects {_shown(case.expected)}, "
            f"{self.verdict.value}: {self.found}  [{cells}]"
        )


def suites(folder: Path = FOLDER) -> list[str]:
    """The names of the files, without their endings."""
    return sorted(path.name.partition(".")[0] for path in folder.glob("*.golden.json"))


def cases(suite: str, folder: Path = FOLDER) -> Iterator[Case]:
    """The cases of a file; those that its authors skipped are left out."""
    text = (folder / f"{suite}.golden.json").read_text(encoding="utf-8")
    content = json.loads(text)
    for raw in content["cases"]:
        if "skipped" in raw:
            continue
        tolerance = raw.get("tolerance", content["tolerance"])
        cells = {address: _typed(_scalar(cell)) for address, cell in raw["setup"].items()}
        yield Case(
            suite,
            raw["id"],
            raw["formula"],
            cells,
            _scalar(raw["expect"]),
            float(tolerance["abs"]),
            float(tolerance["rel"]),
        )


def _typed(content: Scalar) -> Scalar:
    """What a cell holds into which this was typed: the word TRUE becomes a truth value."""
    if isinstance(content, str) and content.upper() in ("TRUE", "FALSE"):
        return content.upper() == "TRUE"
    return content


def _scalar(raw: dict[str, Any]) -> Scalar:
    if raw["kind"] == "error":
        return ErrorCode.from_text(raw["code"])
    if raw["kind"] == "formula":
        return str(raw["formula"])
    found: Scalar = raw.get("value")
    return float(found) if isinstance(found, int) and not isinstance(found, bool) else found


def judge(case: Case, *, plain: bool = False) -> Outcome:
    """Evaluate one case, its formula stored as a dynamic array formula or as a plain one."""
    try:
        found = (plain_value if plain else value)(case.formula, case.cells)
    except RefusedError as refusal:
        return Outcome(case, Verdict.UNSUPPORTED, str(refusal))
    except Exception as error:
        return Outcome(case, Verdict.WRONG, f"raised {error!r}")
    same = _same(found, case.expected, case.absolute, case.relative)
    return Outcome(case, Verdict.MATCHED if same else Verdict.WRONG, _shown(found))


def _same(found: Scalar, expected: Scalar, absolute: float, relative: float) -> bool:
    if type(found) is not type(expected):
        return False
    if isinstance(found, float) and isinstance(expected, float):
        close = max(relative, 1e-12)
        return math.isclose(found, expected, rel_tol=close, abs_tol=max(absolute, 1e-300))
    return found == expected


def _shown(found: Scalar) -> str:
    return found.text if isinstance(found, ErrorCode) else repr(found)


def run(suite: str, *, plain: bool = False) -> list[Outcome]:
    return [judge(case, plain=plain) for case in cases(suite)]


def tally(outcomes: list[Outcome]) -> Counter[Verdict]:
    return Counter(outcome.verdict for outcome in outcomes)


def _main(names: list[str]) -> None:
    everything: list[Outcome] = []
    for suite in names or suites():
        outcomes = run(suite)
        everything += outcomes
        counts = tally(outcomes)
        print(f"{suite:35}", *(f"{v.value} {counts[v]:4}" for v in Verdict))
        if names:
            print(*(f"  {o}" for o in outcomes if o.verdict is not Verdict.MATCHED), sep="\n")
    counts = tally(everything)
    print(f"{'all':35}", *(f"{v.value} {counts[v]:4}" for v in Verdict))


if __name__ == "__main__":
    _main(sys.argv[1:])
