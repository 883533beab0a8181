"""The commands by name. A command's module loads nothing heavy until it runs."""

from collections.abc import Callable

from xlcollab.faces.commands.addin import addin
from xlcollab.faces.commands.compare import compare
from xlcollab.faces.commands.crosstab import crosstab
from xlcollab.faces.commands.docs import docs
from xlcollab.faces.commands.factors import factors
from xlcollab.faces.commands.fit import fit
from xlcollab.faces.commands.gradient import gradient
from xlcollab.faces.commands.inspect import inspect
from xlcollab.faces.commands.live import live
from xlcollab.faces.commands.lr_find import lr_find
from xlcollab.faces.commands.new import new
from xlcollab.faces.commands.predict import predict
from xlcollab.faces.commands.recalc import recalc
from xlcollab.faces.commands.recommend import recommend
from xlcollab.faces.commands.rerun import rerun
from xlcollab.faces.commands.run import run
from xlcollab.faces.commands.solve import solve
from xlcollab.faces.commands.sweep import sweep
from xlcollab.faces.commands.tune import tune
from xlcollab.faces.commands.warm import warm

COMMANDS: dict[str, Callable[..., int | None]] = {
    "inspect": inspect,
    "solve": solve,
    "sweep": sweep,
    "lr-find": lr_find,
    "recalc": recalc,
    "gradient": gradient,
    "run": run,
    "compare": compare,
    "new": new,
    "factors": factors,
    "crosstab": crosstab,
    "fit": fit,
    "predict": predict,
    "recommend": recommend,
    "tune": tune,
    "rerun": rerun,
    "addin": addin,
    "live": live,
    "docs": docs,
    "warm": warm,
}
