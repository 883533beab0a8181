"""Every function of the table on both machines: the native one agrees with the tape to 1e-12.

Value and gradient, at an ordinary point and at those where derivatives are awkward.
"""

from __future__ import annotations

import numpy as np
import pytest
import torch

from tests.kernels.test_gradients import AWKWARD, CASES, ORDINARY, compiled, value_and_gradient
from xlcollab.kernels.program.core.graph import NotLoweredError
from xlcollab.kernels.program.machine.native import NativeProgram, native
from xlcollab.kernels.program.recording.record import record

POINTS = {"ordinary": ORDINARY, **AWKWARD}
_ON_THE_TAPE = """
    GAMMA NORM.S.INV NORMSINV LINEST LOGEST TREND GROWTH NORM.INV NORMINV LOGNORM.INV LOGINV
    F.DIST BINOM.DIST BINOMDIST BINOM.DIST.RANGE NEGBINOM.DIST POISSON.DIST POISSON
    CONFIDENCE CONFIDENCE.NORM MINVERSE MDETERM UNIQUE BESSELI BESSELJ BESSELK BESSELY BETA.DIST
    BETA.INV BETADIST BETAINV CHIDIST CHIINV CHISQ.DIST CHISQ.DIST.RT CHISQ.INV CHISQ.INV.RT
    CONFIDENCE.T DAVERAGE DB DGET DMAX DMIN DPRODUCT DSTDEV DSTDEVP DSUM DVAR DVARP F.DIST.RT
    F.INV F.INV.RT FDIST FINV GAMMA.DIST GAMMA.INV GAMMADIST GAMMAINV T.DIST T.DIST.2T T.DIST.RT
    T.INV T.INV.2T TDIST TINV VDB
"""
ON_THE_TAPE = set(_ON_THE_TAPE.split())
"""Functions that have no form in the core program: linear algebra, scipy's own, lists."""
_SEARCHING = {"RATE", "YIELD", "ODDFYIELD"}
"""Functions that are roots, at some points of none."""


def lowered_at(name: str, point: tuple[float, ...]) -> NativeProgram | None:
    """The function's formula as a program recorded at a point, if it is one."""
    return program_of(CASES[name], point)


def program_of(formula: str, point: tuple[float, ...]) -> NativeProgram | None:
    function = compiled(formula)
    try:
        x = torch.tensor(point, dtype=torch.float64)
        return native(record(lambda x: [function.scalar(x)], x))
    except NotLoweredError:
        return None


def _agree(name: str, where: str) -> None:
    point = POINTS[where]
    program = lowered_at(name, point)
    assert program is not None, where
    value, gradient = value_and_gradient(compiled(CASES[name]), point)
    found = program.value_and_gradient(np.array(point))
    if found is None:
        assert not np.isfinite([value, *gradient]).all(), where
        return
    np.testing.assert_allclose(found[0], value, rtol=1e-12, err_msg=where)
    size = max(1.0, float(np.abs(gradient).max()))
    np.testing.assert_allclose(found[1], gradient, atol=1e-12 * size, err_msg=where)


def _in_vain(name: str) -> set[str]:
    """The points at which a root is searched for and there is none: a program of 300 steps."""
    if name not in _SEARCHING:
        return set()
    function = compiled(CASES[name])
    points = {where: torch.tensor(x, dtype=torch.float64) for where, x in POINTS.items()}
    return {where for where, x in points.items() if not np.isfinite(function.scalar(x).item())}


@pytest.mark.parametrize("name", sorted(set(CASES) - ON_THE_TAPE))
def test_native_agrees_with_the_tape(name: str) -> None:
    in_vain = _in_vain(name)
    for where in POINTS:
        if where not in in_vain:
            _agree(name, where)


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(_SEARCHING))
def test_native_agrees_where_there_is_no_root(name: str) -> None:
    for where in sorted(_in_vain(name)):
        _agree(name, where)


@pytest.mark.parametrize(
    "formula",
    [
        "POISSON.DIST(3,A2,FALSE)",
        "BINOM.DIST(2,5,A1,FALSE)",
        "NEGBINOM.DIST(3,2,A1,FALSE)",
        "F.DIST(A2,5,7,FALSE)",
    ],
)
def test_a_density_whose_counts_are_given_is_lowered(formula: str) -> None:
    program = program_of(formula, ORDINARY)
    assert program is not None
    value, gradient = value_and_gradient(compiled(formula), ORDINARY)
    found = program.value_and_gradient(np.array(ORDINARY))
    assert found is not None
    np.testing.assert_allclose(found[0], value, rtol=1e-12)
    np.testing.assert_allclose(found[1], gradient, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("name", sorted(ON_THE_TAPE))
def test_what_is_not_lowered_is_known(name: str) -> None:
    """Whoever lowers one of them takes it off the list."""
    assert lowered_at(name, ORDINARY) is None
