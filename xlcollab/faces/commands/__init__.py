"""The commands by name. A command's module loads nothing heavy until it runs."""

from collections.abc import Callable
from typing import Any

from xlcollab.faces.commands.compare import compare
from xlcollab.faces.commands.factors import factors
from xlcollab.faces.commands.gradient import gradient
from xlcollab.faces.commands.inspect import inspect
from xlcollab.faces.commands.new import new
from xlcollab.faces.commands.recalc import recalc
from xlcollab.faces.commands.run import run
from xlcollab.faces.commands.solve import solve

COMMANDS: dict[str, Callable[..., Any]] = {
    "inspect": inspect,
    "solve": solve,
    "recalc": recalc,
    "gradient": gradient,
    "run": run,
    "compare": compare,
    "new": new,
    "factors": factors,
}
