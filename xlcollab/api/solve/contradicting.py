"""An infeasible model's contradicting limits, by cell."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from xlcollab.optim import Solution
from xlcollab.ref import AreaRef

if TYPE_CHECKING:
    from xlcollab.api.solve.compiling import Compiled
    from xlcollab.optim.linear.contradiction import Contradiction, Limit

_TOLD = 12
"""Limits and cells that a sentence names; it has to be read."""


def explained(compiled: Compiled, solution: Solution) -> Solution:
    """The solution whose message names what contradicts itself, where that is known."""
    limits = contradicting(compiled, solution)
    if not limits:
        return solution
    more = f" and {len(limits) - _TOLD} more" if len(limits) > _TOLD else ""
    verb = "these contradict each other" if len(limits) > 1 else "this cannot be satisfied"
    where = f"{_where(solution)}{verb}"
    text = f" {where[0].upper()}{where[1:]}: {'; '.join(limits[:_TOLD])}{more}."
    if len(limits) > 1:
        text += f" {spared(solution)}"
    return replace(solution, message=solution.message + text)


def spared(solution: Solution) -> str:
    """Whether any of several limits could be spared."""
    found = None if solution.linear is None else solution.linear.contradiction
    if found is None or found.irreducible:
        return "Without any one of them the others can be satisfied."
    return "Whether some of them do so already is not known."


def contradicting(compiled: Compiled, solution: Solution) -> list[str]:
    """Each limit of an irreducible set, such as "S!C1 <= S!D1" or "S!A1 >= 0"."""
    found = None if solution.linear is None else solution.linear.contradiction
    if found is None:
        return []
    return [*_sentences(compiled, found), *_whole(compiled, found)]


def _where(solution: Solution) -> str:
    found = None if solution.linear is None else solution.linear.contradiction
    if found is None or not found.within:
        return ""
    whole = " as the whole numbers that they are," if found.whole else ""
    return f"within the bounds of the variables,{whole} "


def _sentences(compiled: Compiled, found: Contradiction) -> list[str]:
    texts = [
        _line(compiled, limit) if limit.of_row else _bound(compiled, limit)
        for limit in found.limits
    ]
    return list(dict.fromkeys(texts))


def _whole(compiled: Compiled, found: Contradiction) -> list[str]:
    if not found.whole or found.within:
        return []
    integer = compiled.limits.integer
    cells = [str(cell) for cell, whole in zip(compiled.cells, integer, strict=True) if whole]
    shown = ", ".join(cells[:_TOLD]) + (" …" if len(cells) > _TOLD else "")
    return [f"whole numbers in {shown}"]


def _line(compiled: Compiled, limit: Limit) -> str:
    assert compiled.constraints is not None
    constraint, cell = compiled.constraints.lines()[limit.place]
    right: object = constraint.right
    if isinstance(right, AreaRef):
        place = constraint.left.rect
        row, column = cell.row - place.top, cell.column - place.left
        cells = list(right.cells())
        right = cells[0] if len(cells) == 1 else cells[row * place.width + column]
    shown = f"{right:g}" if isinstance(right, float | int) else str(right)
    return f"{cell} {constraint.relation} {shown}"


def _bound(compiled: Compiled, limit: Limit) -> str:
    bounds = compiled.limits.upper if limit.upper else compiled.limits.lower
    sign = "<=" if limit.upper else ">="
    return f"{compiled.cells[limit.place]} {sign} {bounds[limit.place]:g}"
