"""From formulas to an ordered plan of families."""

from xlcollab.plan.families import BrokenFormula, Family
from xlcollab.plan.plan import Plan, build_plan
from xlcollab.plan.rectangles import cover, rectangles
from xlcollab.plan.regions import reads

__all__ = ["BrokenFormula", "Family", "Plan", "build_plan", "cover", "reads", "rectangles"]
