"""Number formulas compiled to one flat program: for sheets that are recalculated many times."""

from xlcollab.kernels.scalar.build import build_program
from xlcollab.kernels.scalar.program import ScalarProgram

__all__ = ["ScalarProgram", "build_program"]
