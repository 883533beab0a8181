"""A generated model, typed into cells, with what is known of it."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

import xlcollab as xc
from tests.build import build

Array = NDArray[np.float64]
Sense = Literal["minimize", "maximize", "target"]


@dataclass(frozen=True)
class Text:
    """A function of the variables as a formula, x1 … xn standing for them, and as Python reads it.

    Both are one text: `^`, `=` of conditions and the functions are replaced for Python.
    """

    formula: str

    def at(self, x: Sequence[float]) -> float:
        """The value at x by Python's own arithmetic."""
        found = eval(self._python, _FUNCTIONS | {f"x{i}": v for i, v in enumerate(x, 1)})
        return float(found)

    @property
    def _python(self) -> str:
        return self.formula.replace("^", "**").replace("IF(", "_IF(").replace("INT(", "_INT(")

    def cells(self, scales: Sequence[float]) -> str:
        """The formula in cells A1 … An, whose unit is 1 / scale of the variable's."""

        def cell(found: re.Match[str]) -> str:
            place = int(found.group(1))
            scale = scales[place - 1]
            return f"A{place}" if scale == 1.0 else f"(A{place}*{_number(1.0 / scale)})"

        return re.sub(r"\bx(\d+)\b", cell, self.formula)


class Told(Text):
    """A formula that looks into cells; its value is told besides."""

    def __init__(self, formula: str, value: Callable[[Sequence[float]], float]) -> None:
        super().__init__(formula)
        object.__setattr__(self, "_value", value)

    def at(self, x: Sequence[float]) -> float:
        return float(self._value(x))  # type: ignore[attr-defined]


def _number(value: float) -> str:
    return repr(float(value)).replace("e", "E")


def _round(value: float, digits: int) -> float:
    scaled = abs(value) * 10**digits
    return math.copysign(math.floor(scaled + 0.5) / 10**digits, value)


_FUNCTIONS: dict[str, object] = {
    "__builtins__": {},
    "_IF": lambda condition, yes, no: yes if condition else no,
    "_INT": math.floor,
    "ROUND": _round,
    "ABS": abs,
    "MAX": max,
    "MIN": min,
    "EXP": math.exp,
    "LN": math.log,
    "SQRT": math.sqrt,
    "SIN": math.sin,
    "COS": math.cos,
    "CHOOSE": lambda which, *values: values[int(which) - 1],
}


def linear(weights: Sequence[float], constant: float = 0.0) -> str:
    """3*x1+-2*x2+5 as a person or a program types it."""
    parts = [f"{_number(w)}*x{i}" for i, w in enumerate(weights, 1) if w != 0.0]
    if constant or not parts:
        parts.append(_number(constant))
    return "+".join(parts).replace("+-", "-")


@dataclass(frozen=True)
class Row:
    """A constraint: text, sign, right side."""

    text: Text
    sign: str
    right: float
    size: float = 1.0
    """By what both sides are multiplied in the sheet."""

    def missed(self, x: Sequence[float]) -> float:
        """By how much, relative to max(1, |right side|)."""
        gap = self.text.at(x) - self.right
        over = {"<=": gap, ">=": -gap, "=": abs(gap)}[self.sign]
        return max(0.0, over) / max(1.0, abs(self.right))


Known = Literal["optimum", "infeasible", "unbounded", "feasible", "met", "not met"]


@dataclass(frozen=True)
class Truth:
    """What is known: an optimum with its value (global unless said otherwise), or another word."""

    known: Known
    value: float = math.nan
    is_global: bool = True
    """Whether nothing better exists; else the best that another engine saw."""


@dataclass(frozen=True)
class Case:
    """One model. Everything here is in the unit of the generator; `scales` (n,), `size` and the
    sizes of the rows only change what is typed."""

    kind: str
    objective: Text | None
    sense: Sense
    start: Sequence[float]
    truth: Truth
    rows: Sequence[Row] = ()
    lower: Sequence[float] = ()
    upper: Sequence[float] = ()
    integer: Sequence[int] = ()
    """Places, from 0, of whole variables."""
    permutation: bool = False
    target: float = 0.0
    size: float = 1.0
    scales: Sequence[float] = ()
    smooth: bool = True
    beside: dict[str, object] = field(default_factory=dict)
    """More cells."""

    @property
    def n(self) -> int:
        return len(self.start)

    def open(self, folder: Path) -> tuple[xc.OpenBook, xc.SolverModel]:
        """The workbook and the model in words, as a command line gives them."""
        scales = list(self.scales) or [1.0] * self.n
        cells: dict[str, object] = {
            f"A{i + 1}": value * scales[i] for i, value in enumerate(self.start)
        }
        cells |= self.beside
        words: dict[str, object] = {"by_changing": f"S!A1:A{self.n}", "non_negative": False}
        if self.objective is not None:
            cells["B1"] = f"={_times(self.size, self.objective.cells(scales))}"
            words[self.sense] = "S!B1"
            if self.sense == "target":
                words["target"] = f"S!B1={_number(self.target * self.size)}"
        limits = []
        for i, row in enumerate(self.rows, 1):
            cells[f"C{i}"] = f"={_times(row.size, row.text.cells(scales))}"
            limits.append(f"S!C{i}{row.sign}{_number(row.right * row.size)}")
        for sign, bounds in ((">=", self.lower), ("<=", self.upper)):
            for i, bound in enumerate(bounds):
                if math.isfinite(bound):
                    limits.append(f"S!A{i + 1}{sign}{_number(bound * scales[i])}")
        limits += [f"S!A{i + 1}=integer" for i in self.integer]
        if self.permutation:
            limits.append(f"S!A1:A{self.n}=alldifferent")
        words["subject_to"] = limits
        book = xc.open(build(folder / "book.xlsx", {"S": cells}))
        return book, book.model(**words)  # type: ignore[arg-type]

    def missed(self, x: Array) -> float:
        """The worst miss of a row, a bound, a whole number, or a permutation at x."""
        point = [float(v) for v in x]
        worst = max((row.missed(point) for row in self.rows), default=0.0)
        for i, bound in enumerate(self.lower):
            worst = max(worst, (bound - point[i]) / max(1.0, abs(bound)))
        for i, bound in enumerate(self.upper):
            worst = max(worst, (point[i] - bound) / max(1.0, abs(bound)))
        for i in self.integer:
            worst = max(worst, abs(point[i] - round(point[i])))
        if self.permutation and sorted(point) != list(range(1, self.n + 1)):
            return math.inf
        return worst


def _times(size: float, text: str) -> str:
    return text if size == 1.0 else f"{_number(size)}*({text})"
