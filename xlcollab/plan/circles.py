"""Families that need themselves through one another."""

from __future__ import annotations

from xlcollab.plan.components import components
from xlcollab.plan.plan import Plan


def circles(plan: Plan) -> dict[int, tuple[int, ...]]:
    """Family → all families of its circle, for those that are in one."""
    found: dict[int, tuple[int, ...]] = {}
    for component in components(plan.needs) if plan.circular else ():
        if len(component) > 1 or component[0] in plan.needs[component[0]]:
            found |= dict.fromkeys(component, tuple(component))
    return found
