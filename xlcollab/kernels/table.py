"""Every worksheet function by name.

How to add one:

1. Write what computes it, `(context, *blocks) -> block`, in the file of its kin below
   `kernels.functions` (helpers such as `numeric` and `aggregate` make that a line), and a row in
   the table at the end of that file: name, parameters, implementation, and what may be concluded
   of it (`values.record.function`; leave out what you are not sure of, it then claims nothing).
2. Only if it must see its arguments before they are evaluated, write a form in `kernels.forms`
   instead, and the row there.
3. A file that is new joins `_MODULES` below.
4. Give it its cases: `CASES` in `tests.kernels.test_gradients`, values beside its kin's.
5. Run `pytest tests/kernels/test_table.py`: it tries every claim of the row, and copies name and
   parameters into `formula.listing`, which those read who must not load torch.
"""

from __future__ import annotations

from itertools import chain

from xlcollab.kernels.forms import (
    choices,
    draws,
    lambdas,
    nested,
    places,
    ranges,
    references,
    sheets,
)
from xlcollab.kernels.forms.summary import grouping
from xlcollab.kernels.functions import (
    bytewise,
    dates,
    information,
    logic,
    splitting,
    textual,
    widths,
    workdays,
)
from xlcollab.kernels.functions.conditional import databases
from xlcollab.kernels.functions.engineering import bases, bessel, imaginary, units
from xlcollab.kernels.functions.lookup import addresses, arranging, shaping, xlookup
from xlcollab.kernels.functions.maths import elementwise, integers, multiples, notation, products
from xlcollab.kernels.functions.money import (
    accrued,
    depreciation,
    french,
    odd,
    payments,
    quotes,
    rates,
    securities,
)
from xlcollab.kernels.functions.statistics import (
    counts,
    distributions,
    moments,
    ordering,
    pairs,
    reduce,
    regression,
    significance,
    tails,
)
from xlcollab.kernels.values.record import Record, by_name
from xlcollab.kernels.values.tape import Function

_MODULES = (
    accrued,
    addresses,
    arranging,
    bases,
    bessel,
    bytewise,
    choices,
    counts,
    databases,
    dates,
    depreciation,
    distributions,
    draws,
    elementwise,
    french,
    grouping,
    imaginary,
    information,
    integers,
    lambdas,
    logic,
    moments,
    multiples,
    nested,
    notation,
    odd,
    ordering,
    pairs,
    payments,
    places,
    products,
    quotes,
    ranges,
    rates,
    reduce,
    references,
    regression,
    securities,
    shaping,
    sheets,
    significance,
    splitting,
    tails,
    textual,
    widths,
    workdays,
    units,
    xlookup,
)

RECORDS: dict[str, Record] = by_name(chain.from_iterable(m.FUNCTIONS for m in _MODULES))
"""name → all that is known of the function"""

FUNCTIONS: dict[str, Function] = {
    name: record.run for name, record in RECORDS.items() if record.run is not None
}
"""name → (context, *blocks) → block"""

_CUBES = "KPIMEMBER MEMBER MEMBERPROPERTY RANKEDMEMBER SET SETCOUNT VALUE"
_SERVICES = """
COPILOT DETECTLANGUAGE FIELDVALUE IMAGE IMPORTCSV IMPORTTEXT STOCKHISTORY TRANSLATE WEBSERVICE"""
_PROGRAMS = "CALL EUROCONVERT PY REGISTER.ID RTD SQL.REQUEST"
KEPT: dict[str, str] = {
    **{name: f"{name} asks a service; its stored value is kept" for name in _SERVICES.split()},
    **{
        name: f"{name} runs another program; its stored value is kept" for name in _PROGRAMS.split()
    },
    **{
        f"FORECAST.ETS{name}": f"FORECAST.ETS{name} searches in a way that Excel keeps to itself; "
        "its stored value is kept"
        for name in ("", ".CONFINT", ".SEASONALITY", ".STAT")
    },
    "PHONETIC": "PHONETIC reads what was typed, not what the cell holds; its stored value is kept",
    "GETPIVOTDATA": "GETPIVOTDATA reads a pivot table; its stored value is kept",
    "INFO": "INFO asks about the program that opens the file; its stored value is kept",
    **{
        f"CUBE{name}": f"CUBE{name} asks a data server; its stored value is kept"
        for name in _CUBES.split()
    },
}
"""Functions that no program can compute from the cells alone, and what is said of them."""
