"""Small workbooks with a stored Solver model, as Excel stores it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tests.build import Cells, Name, build
from tests.faces.shell import Outcome, xlcollab

_RELATIONS = {"<=": "1", "=": "2", ">=": "3", "int": "4", "bin": "5", "dif": "6"}
_DOMAINS = {"int": "integer", "bin": "binary", "dif": "alldifferent"}


@dataclass(frozen=True)
class Model:
    """Cells of a sheet S and its model: `lines` are (left, relation, right) as Solver's dialog."""

    cells: Cells
    objective: str
    variables: str
    goal: str = "2"
    """1 maximise, 2 minimise, 3 the value of `more["val"]`."""
    lines: Sequence[tuple[str, str, str]] = ()
    free: bool = False
    """Variables without a bound may be negative."""
    more: dict[str, str] = field(default_factory=dict)

    def names(self) -> list[Name]:
        texts = {
            "opt": f"S!{self.objective}" if self.objective else "",
            "adj": self.variables,
            "typ": self.goal,
            "val": "0",
            "neg": "2" if self.free else "1",
            "num": str(len(self.lines)),
        }
        for number, (left, relation, right) in enumerate(self.lines, 1):
            texts[f"lhs{number}"] = left
            texts[f"rel{number}"] = _RELATIONS[relation]
            texts[f"rhs{number}"] = _DOMAINS.get(relation, right)
        texts |= self.more
        return [(f"solver_{key}", text, "S", True) for key, text in texts.items() if text]

    def build(self, path: Path) -> Path:
        return build(path, {"S": self.cells}, self.names())

    def solve(self, folder: Path, *options: str) -> Outcome:
        """`xlcollab solve --json` on it."""
        return xlcollab("solve", self.build(folder / "book.xlsx"), "--json", *options)
