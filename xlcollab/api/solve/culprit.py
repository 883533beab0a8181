"""Which function of a sheet an engine that takes formulas cannot take."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from xlcollab.errors import XlcollabError
from xlcollab.formula.nodes import Call, Node, walk
from xlcollab.kernels.program.formulas import formulas
from xlcollab.kernels.trace.compiler import Compiler
from xlcollab.kernels.trace.evaluation import reached_by
from xlcollab.optim.algebra.formulas import plain
from xlcollab.plan import Plan
from xlcollab.problems import SolverModel
from xlcollab.ref import AreaRef

_ELEMENTARY = frozenset(
    {
        *("ABS", "AND", "AVERAGE", "CHOOSE", "COS", "EXP", "IF", "INDEX", "INT", "LN", "LOG"),
        *("LOG10", "MAX", "MIN", "MMULT", "NOT", "OR", "PI", "POWER", "PRODUCT", "SIN", "SQRT"),
        *("SUM", "SUMPRODUCT", "SUMSQ", "SUMX2MY2", "SUMX2PY2", "SUMXMY2", "TAN", "TRANSPOSE"),
    }
)
"""Functions that others in the same formula are blamed before."""


def culprit(
    plan: Plan,
    model: SolverModel,
    compiler: Compiler,
    results: Sequence[AreaRef],
    forms: Collection[str],
) -> str:
    """The first formula between the variables and the results, in order of evaluation, that holds
    an operation that is none of `forms`, told by its functions and its cell; "" if none does."""
    reached = reached_by(plan, model.variables)
    for number in sorted(reached & _read_by(plan, results)):
        family = plan.families[number]
        if not _is_taken(compiler, family.first.area, forms):
            return f"{_functions(family.node)} in {family.first}"
    return ""


def _read_by(plan: Plan, areas: Sequence[AreaRef]) -> set[int]:
    pending = [n for area in areas for n in plan.index.overlapping(area.sheet, area.rect)]
    found: set[int] = set()
    while pending:
        number = pending.pop()
        if number not in found:
            found.add(number)
            pending += plan.needs[number]
    return found


def _is_taken(compiler: Compiler, cell: AreaRef, forms: Collection[str]) -> bool:
    try:
        function = compiler.function([compiler.cells(cell)])
        found = formulas(lambda x: function(x).reshape(-1), compiler.start)
    except XlcollabError:
        return False
    if found is None:
        return False
    return all(node.op in forms for node in plain(found.nodes, found.results).nodes)


def _functions(node: Node) -> str:
    names = list(dict.fromkeys(one.name for one in walk(node) if isinstance(one, Call)))
    blamed = [name for name in names if name not in _ELEMENTARY] or names
    return " or ".join(blamed) if blamed else "the formula"
