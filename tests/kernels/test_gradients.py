"""Gradients against finite differences, for every function there is.

The variables are A1:A4. Column B holds a number, a blank, a text and a boolean, which aggregates
must step over; C holds keys, D repeats the variables beside them, F1:I2 does so lying down.
"""

from __future__ import annotations

import math
import re
from functools import cache

import numpy as np
import pytest
import torch

from tests.kernels.engine import workbook
from tests.kernels.test_records import calls
from xlcollab.errors import ModelError, UnsupportedError
from xlcollab.grid import ErrorCode, Scalar
from xlcollab.kernels.table import RECORDS
from xlcollab.kernels.trace.compiler import Compiler, SheetFunction
from xlcollab.kernels.values.block import Context
from xlcollab.kernels.values.record import Slope
from xlcollab.plan import build_plan
from xlcollab.ref import parse_area

ORDINARY = (0.3, 1.7, 2.9, 4.2)
AWKWARD = {
    "zeros": (0.0, 0.0, 0.0, 0.0),
    "ties": (2.0, 2.0, 2.0, 2.0),
    "ones": (1.0, 1.0, 1.0, 1.0),
    "around zero": (-1.0, 0.0, 0.0, 1.0),
    "zero and ties": (0.0, 1.0, 0.0, 2.0),
    "tie in the middle": (0.5, 1.0, 1.0, 0.0),
}
BESIDE: dict[str, float | str | bool] = {
    "B1": 2.0,
    "B3": "text",
    "B4": True,
    "C1": 0.5,
    "C2": 1.5,
    "C3": 1.0,
    "C4": 2.5,
    **{f"D{row}": f"=A{row}" for row in range(1, 5)},
    **{f"{column}1": float(i) for i, column in enumerate("FGHI")},
    **{f"{column}2": f"=A{i + 1}" for i, column in enumerate("FGHI")},
}

_ONE = """
SQRT EXP LN LOG10 ABS SIN COS TAN ASIN ACOS ATAN SINH COSH TANH ASINH ATANH SEC CSC COT
SECH CSCH COTH ACOT RADIANS DEGREES SQRTPI GAMMALN GAMMALN.PRECISE GAMMA ERF.PRECISE
ERFC ERFC.PRECISE FISHER FISHERINV PHI GAUSS NORMSDIST NORM.S.INV NORMSINV N"""
_CELLS = """
SUM SUMSQ PRODUCT AVERAGE AVERAGEA MIN MAX MAXA GEOMEAN HARMEAN VAR.S VAR.P
STDEV.S STDEV.P VAR VARP STDEV STDEVP VARA VARPA STDEVA STDEVPA DEVSQ AVEDEV SKEW SKEW.P KURT"""
_PAIRS = """
SUMPRODUCT SUMXMY2 SUMX2MY2 SUMX2PY2 CORREL PEARSON COVARIANCE.S COVARIANCE.P COVAR RSQ
SLOPE INTERCEPT STEYX"""
_FLAGGED = "NORM.DIST NORMDIST LOGNORM.DIST WEIBULL.DIST WEIBULL"
_MULTIPLES = """
CEILING FLOOR CEILING.MATH FLOOR.MATH CEILING.PRECISE ISO.CEILING FLOOR.PRECISE
MROUND"""

_DATABASE = "DSUM DAVERAGE DMAX DMIN DPRODUCT DSTDEV DSTDEVP DVAR DVARP"

CASES: dict[str, str] = {
    **{name: f"{name}(A1)" for name in _ONE.split()},
    **{name: f"{name}(A1:B4)" for name in _CELLS.split()},
    **{name: f"{name}(A1:A4,C1:C4)" for name in _PAIRS.split()},
    **{name: f"{name}(A1,A2,A3,TRUE)+{name}(A1,A2,A3,FALSE)" for name in _FLAGGED.split()},
    **{name: f"{name}(A4,A2)" for name in _MULTIPLES.split()},
    "ACOSH": "ACOSH(A4)",
    "ACOTH": "ACOTH(A4)",
    "LOG": "LOG(A1)+LOG(A4,A2)",
    "POWER": "POWER(A2,A3)",
    "MOD": "MOD(A4,A2)",
    "ATAN2": "ATAN2(A1,A2)",
    "ERF": "ERF(A1)+ERF(A1,A2)",
    "STANDARDIZE": "STANDARDIZE(A1,A2,A3)",
    "SERIESSUM": "SERIESSUM(A2,A1,1,A1:A4)",
    "MINA": "MINA(A1:A4,B1)",
    "MEDIAN": "MEDIAN(A1:A4)",
    "LARGE": "LARGE(A1:B4,2)",
    "SMALL": "SMALL(A1:B4,2)",
    "PERCENTILE": "PERCENTILE(A1:B4,0.3)",
    "PERCENTILE.INC": "PERCENTILE.INC(A1:A4,A1)",
    "PERCENTILE.EXC": "PERCENTILE.EXC(A1:A4,0.3)",
    "QUARTILE": "QUARTILE(A1:B4,1)",
    "QUARTILE.INC": "QUARTILE.INC(A1:A4,3)",
    "QUARTILE.EXC": "QUARTILE.EXC(A1:A4,3)",
    "TRIMMEAN": "TRIMMEAN(A1:A4,0.5)",
    "PROB": "PROB(C1:C4,A1:A4/SUM(A1:A4),1,2)",
    "Z.TEST": "Z.TEST(A1:A4,2)+Z.TEST(A1:A4,A2,A3)",
    "ZTEST": "ZTEST(A1:A4,2)",
    "FORECAST": "FORECAST(A2,A1:A4,C1:C4)",
    "FORECAST.LINEAR": "FORECAST.LINEAR(2,C1:C4,A1:A4)",
    "LINEST": "SUM(LINEST(A1:A4,C1:C4,TRUE,TRUE))",
    "LOGEST": "SUM(LOGEST(A1:A4,C1:C4,TRUE,TRUE))",
    "TREND": "SUM(TREND(A1:A4,C1:C4,A2))",
    "GROWTH": "SUM(GROWTH(A1:A4,C1:C4,A2))",
    "SUBTOTAL": "SUBTOTAL(9,A1:B4)+SUBTOTAL(107,A1:B4)",
    "AGGREGATE": "AGGREGATE(1,6,A1:B4)+AGGREGATE(14,6,A1:A4/(C1:C4<>1),1)",
    "NORM.S.DIST": "NORM.S.DIST(A1,TRUE)+NORM.S.DIST(A2,FALSE)",
    "NORM.INV": "NORM.INV(A1,A2,A3)",
    "NORMINV": "NORMINV(A1,A2,A3)",
    "EXPON.DIST": "EXPON.DIST(A1,A2,TRUE)+EXPON.DIST(A3,A2,FALSE)",
    "EXPONDIST": "EXPONDIST(A1,A2,TRUE)",
    "LOGNORMDIST": "LOGNORMDIST(A1,A2,A3)",
    "LOGNORM.INV": "LOGNORM.INV(A1,A2,A3)",
    "LOGINV": "LOGINV(A1,A2,A3)",
    "GAMMA.DIST": "GAMMA.DIST(A1,A2,A3,FALSE)+GAMMA.DIST(A1,2,A3,TRUE)",
    "GAMMADIST": "GAMMADIST(A1,A2,A3,FALSE)+GAMMADIST(A1,2,A3,TRUE)",
    "BETA.DIST": "BETA.DIST(A1,A2,A3,FALSE)+BETA.DIST(A2,2,A4,FALSE,A1,A4)"
    "+BETA.DIST(A2,2,3,TRUE,A1,A4)",
    "T.DIST": "T.DIST(A2,5,FALSE)+T.DIST(A1,5,TRUE)",
    "CHISQ.DIST": "CHISQ.DIST(A2,3,FALSE)+CHISQ.DIST(A3,3,TRUE)",
    "F.DIST": "F.DIST(A2,5,7,FALSE)+F.DIST(A1,5,7,TRUE)",
    "BETADIST": "BETADIST(A1,2,3)",
    "BETA.INV": "BETA.INV(A1,2,3,A2,A4)",
    "BETAINV": "BETAINV(A1,2,3)",
    "GAMMA.INV": "GAMMA.INV(A1,2,A3)",
    "GAMMAINV": "GAMMAINV(A1,0.5,A3)",
    "T.DIST.2T": "T.DIST.2T(A1,5)",
    "T.DIST.RT": "T.DIST.RT(A1,5)",
    "TDIST": "TDIST(A1,5,2)",
    "T.INV": "T.INV(A1,5)",
    "T.INV.2T": "T.INV.2T(A1,5)",
    "TINV": "TINV(A1,5)",
    "F.DIST.RT": "F.DIST.RT(A1,5,7)",
    "FDIST": "FDIST(A1,5,7)",
    "F.INV": "F.INV(A1,5,7)",
    "F.INV.RT": "F.INV.RT(A1,5,7)",
    "FINV": "FINV(A1,5,7)",
    "CHISQ.DIST.RT": "CHISQ.DIST.RT(A1,5)",
    "CHIDIST": "CHIDIST(A1,5)",
    "CHISQ.INV": "CHISQ.INV(A1,5)",
    "CHISQ.INV.RT": "CHISQ.INV.RT(A1,5)",
    "CHIINV": "CHIINV(A1,5)",
    "CONFIDENCE.T": "CONFIDENCE.T(A1,A2,5)",
    "BINOM.DIST": "BINOM.DIST(2,5,A1,FALSE)+BINOM.DIST(2,5,A1^2,TRUE)",
    "BINOMDIST": "BINOMDIST(0,5,A1,FALSE)+BINOMDIST(5,5,A1,TRUE)+BINOMDIST(4,5,A1,TRUE)",
    "BINOM.DIST.RANGE": "BINOM.DIST.RANGE(5,A1,2)+BINOM.DIST.RANGE(5,A1,1,3)",
    "NEGBINOM.DIST": "NEGBINOM.DIST(3,2,A1,FALSE)+NEGBINOM.DIST(3,2,A1^2,TRUE)",
    "NEGBINOMDIST": "NEGBINOMDIST(3,2,A1)",
    "POISSON.DIST": "POISSON.DIST(3,A2,FALSE)+POISSON.DIST(3,A1,TRUE)",
    "POISSON": "POISSON(0,A2,FALSE)+POISSON(0,A1,TRUE)",
    "CONFIDENCE": "CONFIDENCE(A1,A2,10)",
    "CONFIDENCE.NORM": "CONFIDENCE.NORM(A1,A2,10)",
    "PMT": "PMT(A1,A2,A3,A4)",
    "FV": "FV(A1,A2,A3,A4)",
    "PV": "PV(A1,A2,A3,A4,1)",
    "NPER": "NPER(A1,A4,-A3,A2)",
    "NPV": "NPV(A1,A1:B4)",
    "IPMT": "IPMT(A1,2,A4,A3)",
    "PPMT": "PPMT(A1,2,A4,A3)",
    "ISPMT": "ISPMT(A1,A2,A3,A4)",
    "IRR": "IRR(HSTACK(-A4,A1:A1,A2:A2,A3:A3))",
    "XIRR": "XIRR(HSTACK(-A4,A1:A1,A2:A2,A3:A3),{45000,45100,45300,45700})",
    "XNPV": "XNPV(A1,A1:A4,{45000;45100;45300;45700})",
    "RATE": "RATE(A4*3,-A2,A3,A1)+RATE(12,-A1,A3,0,1)",
    "MIRR": "MIRR(HSTACK(-A4,A1:A1,A2:A2,A3:A3),A1,A2)",
    "FVSCHEDULE": "FVSCHEDULE(A4,A1:A3)",
    "CUMIPMT": "CUMIPMT(A1,12,A4,2,5,0)+CUMIPMT(A1,12,A4,1,5,1)",
    "CUMPRINC": "CUMPRINC(A1,12,A4,2,5,0)+CUMPRINC(A1,12,A4,1,5,1)",
    "PRICE": "PRICE(45000,46000,A1,A2,A3,2)+PRICE(45000,45050,A1,A2,A3,4,1)",
    "YIELD": "YIELD(45000,46000,A1/9,A4*20,A3*30,2)+YIELD(45000,45050,A1,A2,A3,4,1)",
    "DURATION": "DURATION(45000,46000,A1,A2,2)",
    "MDURATION": "MDURATION(45000,46000,A1,A2,2,1)",
    "DISC": "DISC(45000,45200,A1,A2)",
    "INTRATE": "INTRATE(45000,45200,A1,A2)",
    "RECEIVED": "RECEIVED(45000,45200,A2,A1)",
    "PRICEDISC": "PRICEDISC(45000,45200,A1,A2)",
    "YIELDDISC": "YIELDDISC(45000,45200,A1,A2)",
    "ACCRINTM": "ACCRINTM(45000,45200,A1,A2)",
    "ACCRINT": "ACCRINT(45000,45500,45200,A1,A2,2)",
    "PRICEMAT": "PRICEMAT(45000,45200,44900,A1,A2)",
    "YIELDMAT": "YIELDMAT(45000,45200,44900,A1,A4*20)",
    "ODDFPRICE": "ODDFPRICE(39763,44256,39736,39873,A1,A2/9,A4,2)",
    "ODDFYIELD": "ODDFYIELD(39763,44256,39736,39873,A1/9,A4*20,A3*30,2)",
    "ODDLPRICE": "ODDLPRICE(39485,39614,39370,A1,A2,A4,2)",
    "ODDLYIELD": "ODDLYIELD(39485,39614,39370,A1,A2,A4,4,1)",
    "AMORLINC": "AMORLINC(A4,39679,39813,A1,1,A1/3,1)+AMORLINC(A4,39679,39813,A1,0,A1/3,1)",
    "DOLLARDE": "DOLLARDE(A4,8)",
    "DOLLARFR": "DOLLARFR(A4,8)",
    "TBILLEQ": "TBILLEQ(45000,45200,A1)+TBILLEQ(45000,45100,A1)",
    "TBILLPRICE": "TBILLPRICE(45000,45200,A1)",
    "TBILLYIELD": "TBILLYIELD(45000,45200,A1)",
    "DB": "DB(A4,0,5,2,7)",
    "DDB": "DDB(A4,A1,5,2,A2)",
    "VDB": "VDB(A4,A1,5,A1,A3,A2)+VDB(A4,A1,5,1,A3,A2,TRUE)",
    **{name: f'{name}(VSTACK("x",A1:A4),1,VSTACK("x",">1"))' for name in _DATABASE.split()},
    "DGET": 'DGET(VSTACK("x",A1:A4),1,VSTACK("x",">3"))^2',
    "SLN": "SLN(A1,A2,A3)",
    "SYD": "SYD(A1,A2,A4,A3)",
    "EFFECT": "EFFECT(A1,4)",
    "NOMINAL": "NOMINAL(A1,4)",
    "RRI": "RRI(A2,A3,A4)",
    "PDURATION": "PDURATION(A1,A2,A3)",
    "CELL": 'CELL("contents",A1)^2',
    "PERCENTOF": "PERCENTOF(A1:A2,A1:A4)",
    "RANDARRAY": "SUM(RANDARRAY(2,2,A1,A4))",
    "MAP": "SUM(MAP(A1:A4,C1:C4,LAMBDA(a,c,a^2*c)))",
    "REDUCE": "REDUCE(1,A1:A4,LAMBDA(p,x,p*x))",
    "SCAN": "SUM(SCAN(0,A1:A4,LAMBDA(s,x,s+x^2)))",
    "BYROW": "SUM(BYROW(A1:B4,LAMBDA(r,SUM(r)^2)))",
    "BYCOL": "SUM(BYCOL(A1:A4,LAMBDA(c,PRODUCT(c))))",
    "GROUPBY": "SUM(DROP(GROUPBY({1;2;1;2},A1:A4,LAMBDA(x,SUM(x^2))),,1))",
    "PIVOTBY": "SUM(PIVOTBY({1;2;1;2},{3;3;3;4},A1:A4,LAMBDA(x,SUM(x)^2)))",
    "MAKEARRAY": "SUM(MAKEARRAY(2,2,LAMBDA(r,c,A1^r*A2^c)))",
    "CONVERT": 'CONVERT(A1,"C","F")+CONVERT(A2^2,"mi","km")',
    "BESSELJ": "BESSELJ(A1,0)+BESSELJ(A2,3)",
    "BESSELY": "BESSELY(A1,0)+BESSELY(A2,1)",
    "BESSELI": "BESSELI(A1,0)+BESSELI(A2,3)",
    "BESSELK": "BESSELK(A1,0)+BESSELK(A2,1)",
    "MMULT": "SUM(MMULT(A1:A4,TRANSPOSE(C1:C4)))",
    "TRANSPOSE": "SUM(TRANSPOSE(A1:A4)*{1,2,3,4})",
    "MINVERSE": "SUM(MINVERSE(HSTACK(A1:A2,A3:A4))*{1,2;3,4})",
    "MDETERM": "MDETERM(HSTACK(A1:A2,A3:A4))",
    "SEQUENCE": "SUM(SEQUENCE(3,1,A1,A2)^2)",
    "CHOOSECOLS": "SUM(CHOOSECOLS(HSTACK(A1:A2,A3:A4),2))",
    "CHOOSEROWS": "SUM(CHOOSEROWS(A1:A4,4,2,2))",
    "HSTACK": "SUM(HSTACK(A1:A4,C1:C4)*{1,2})",
    "VSTACK": "SUM(VSTACK(A1:A4,C1:C4)^2)",
    "TAKE": "SUM(TAKE(A1:A4,2))",
    "TRIMRANGE": "SUM(TRIMRANGE(A1:A9)*{1;2;3;4})",
    "DROP": "SUM(DROP(A1:A4,2))",
    "TOROW": "SUM(TOROW(A1:A4)*{1,2,3,4})",
    "TOCOL": "SUM(TOCOL(A1:A4)*{1;2;3;4})",
    "WRAPROWS": "SUM(WRAPROWS(A1:A4,2)*{1,2;3,4})",
    "WRAPCOLS": "SUM(WRAPCOLS(A1:A4,2)*{1,2;3,4})",
    "EXPAND": "SUM(EXPAND(A1:A4,5,1,0))",
    "SORT": "SUM(SORT(A1:A4,1,-1)*C1:C4)",
    "SORTBY": "SUM(SORTBY(A1:A4,C1:C4)*C1:C4)",
    "UNIQUE": "SUM(UNIQUE(A1:A4)^2)",
    "FILTER": "SUM(FILTER(A1:A4,C1:C4>=1)^2)",
    "SUMIF": 'SUMIF(C1:C4,">=1",A1:A4)',
    "SUMIFS": 'SUMIFS(A1:A4,C1:C4,">=1")',
    "AVERAGEIF": 'AVERAGEIF(C1:C4,">=1",A1:A4)',
    "AVERAGEIFS": 'AVERAGEIFS(A1:A4,C1:C4,">=1")',
    "MAXIFS": 'MAXIFS(A1:A4,C1:C4,">=1")',
    "MINIFS": 'MINIFS(A1:A4,C1:C4,">=1")',
    "IF": "IF(A1>1,A2^2,A3^3)",
    "IFS": "IFS(A1>1,A2^2,A3>1,A4^2)",
    "IFERROR": "IFERROR(A2/A1,A3)",
    "IFNA": "IFNA(A2*A3,A1)",
    "CHOOSE": "CHOOSE(2,A1,A2^2)",
    "SWITCH": "SWITCH(2,1,A1,2,A2^2)",
    "LET": "LET(x,A1*A2,x+x^2)",
    "INDEX": "INDEX(A1:A4,3)^2",
    "OFFSET": "SUM(OFFSET(A1,1,0,2,1))",
    "INDIRECT": 'INDIRECT("A2")^2',
    "VLOOKUP": "VLOOKUP(1,C1:D4,2,FALSE)",
    "HLOOKUP": "HLOOKUP(2,F1:I2,2,FALSE)",
    "LOOKUP": "LOOKUP(1,F1:I1,F2:I2)",
    "XLOOKUP": "XLOOKUP(1.5,C1:C4,A1:A4)",
}
"""A formula per function, smooth at the ordinary point."""

CHOSEN = {"MODE", "MODE.SNGL", "MODE.MULT"}
"""Jump wherever their arguments move."""
WITHOUT: dict[str, str] = {
    "T.TEST": "T.TEST(A1:A4,C1:C4,2,1)",
    "TTEST": "TTEST(A1:A4,C1:C4,1,3)",
    "F.TEST": "F.TEST(A1:A4,C1:C4)",
    "FTEST": "FTEST(A1:A4,C1:C4)",
    "CHISQ.TEST": "CHISQ.TEST(A1:A4,C1:C4)",
    "CHITEST": "CHITEST(A1:A4,C1:C4)",
}
"""Computed by scipy without a derivative: refused where one is needed."""
WITHOUT_IN_PART = {
    "GAMMA.DIST": "GAMMA.DIST(A1,A2,3,TRUE)",
    "GAMMADIST": "GAMMADIST(A1,A2,3,TRUE)",
    "GAMMA.INV": "GAMMA.INV(A1,A2,3)",
    "GAMMAINV": "GAMMAINV(A1,A2,3)",
    "BETA.DIST": "BETA.DIST(A1,A2,3,TRUE)",
    "BETADIST": "BETADIST(A1,A2,3)",
    "BETA.INV": "BETA.INV(A1,A2,3)",
    "BETAINV": "BETAINV(A1,2,A3)",
}
"""By their shapes."""


@cache
def compiled(formula: str) -> SheetFunction:
    """The formula in K1 as a function of A1:A4."""
    cells = {f"A{row}": x for row, x in enumerate(ORDINARY, 1)}
    plan = build_plan(workbook({**cells, **BESIDE}, {"K1": f"={formula}"}))
    compiler = Compiler(plan, [parse_area("Sheet1!A1:A4")], np.array(ORDINARY))
    return compiler.function([compiler.cells(parse_area("Sheet1!K1"))])


def exact_value(function: SheetFunction, point: tuple[float, ...]) -> Scalar:
    """The same program evaluated as a recalculation does."""
    context = Context(function.context.texts)
    (block,) = function.program.run(context, torch.tensor(point, dtype=torch.float64))
    return context.values(block)[0]


def value_and_gradient(
    function: SheetFunction, point: tuple[float, ...]
) -> tuple[float, list[float]]:
    x = torch.tensor(point, dtype=torch.float64, requires_grad=True)
    value = function.scalar(x)
    if not value.requires_grad:
        return value.item(), [0.0] * len(point)
    (gradient,) = torch.autograd.grad(value, x)
    return value.item(), gradient.tolist()


def differences(function: SheetFunction, point: tuple[float, ...], step: float) -> list[float]:
    """Central differences of fourth order."""
    slopes = []
    for i in range(len(point)):
        values = []
        for shift in (-2, -1, 1, 2):
            moved = torch.tensor(point, dtype=torch.float64)
            moved[i] += shift * step
            values.append(function.scalar(moved).item())
        far_below, below, above, far_above = values
        slopes.append((8 * (above - below) - (far_above - far_below)) / (12 * step))
    return slopes


def with_slope(*slopes: Slope) -> set[str]:
    return {name for name, record in RECORDS.items() if record.derivative.slope in slopes}


def test_every_function_has_a_case() -> None:
    assert set(CASES) | CHOSEN == with_slope(Slope.EXACT, Slope.IN_PART)
    assert set(WITHOUT) == with_slope(Slope.REFUSED)
    assert set(WITHOUT_IN_PART) == with_slope(Slope.IN_PART)
    assert all(RECORDS[name].derivative.why for name in {*WITHOUT, *WITHOUT_IN_PART})


def test_nothing_flows_through_what_has_no_slope() -> None:
    """Piecewise constant functions, texts and dates: 0, never an error."""
    wrong = []
    for name in sorted(with_slope(Slope.ZERO, Slope.CUT)):
        for call in calls(RECORDS[name]):
            try:
                function = compiled(call)
            except ModelError:
                continue
            _, gradient = value_and_gradient(function, ORDINARY)
            if any(gradient):
                wrong.append(f"{call}: {gradient}")
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("name", CASES)
def test_gradient_agrees_with_finite_differences(name: str) -> None:
    function = compiled(CASES[name])
    value, gradient = value_and_gradient(function, ORDINARY)
    assert math.isfinite(value)
    assert any(gradient)
    expected = differences(function, ORDINARY, 1e-3)
    np.testing.assert_allclose(gradient, expected, rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize("name", CASES)
def test_gradient_is_finite_where_the_value_is(name: str) -> None:
    for where, point in AWKWARD.items():
        value, gradient = value_and_gradient(compiled(CASES[name]), point)
        if math.isfinite(value):
            assert np.isfinite(gradient).all(), f"{where}: {value} with gradient {gradient}"


@pytest.mark.parametrize("name", [*CASES, *WITHOUT])
def test_fast_evaluation_agrees_with_exact(name: str) -> None:
    function = compiled(CASES.get(name) or WITHOUT[name])
    for where, point in {"ordinary": ORDINARY, **AWKWARD}.items():
        fast = function.scalar(torch.tensor(point, dtype=torch.float64)).item()
        exact = exact_value(function, point)
        if isinstance(exact, ErrorCode):
            assert not math.isfinite(fast), f"{where}: {fast} where Excel shows {exact.text}"
        else:
            assert fast == pytest.approx(exact, rel=1e-12, abs=1e-300), where


@pytest.mark.parametrize("formula", [*WITHOUT.values(), *WITHOUT_IN_PART.values()])
def test_without_a_derivative_values_are_given_and_gradients_refused(formula: str) -> None:
    function = compiled(formula)
    with torch.no_grad():
        value = function.scalar(torch.tensor(ORDINARY, dtype=torch.float64))
    assert math.isfinite(value.item())
    said = f"Sheet1!K1 uses {re.escape(formula.split('(')[0])}, which has no derivative here; put"
    with pytest.raises(UnsupportedError, match=said):
        value_and_gradient(function, ORDINARY)


@pytest.mark.parametrize(
    ("zero", "slope"),
    [
        ("1-A1", -1.0),
        ("A1-1", 1.0),
        ("(A1-1)*2", 2.0),
        ("(A1-1)/2", 0.5),
        ("SUM(A1,-1)", 1.0),
        ("SQRT(A1)-1", 0.5),
        ("LN(A1)", 1.0),
        ("A1^2-1", 2.0),
        ("SUMPRODUCT(A1:A2,A3:A4)-1", 1.0),
    ],
)
def test_a_true_zero_keeps_its_slope_where_errors_are_chosen_away(zero: str, slope: float) -> None:
    """Exact evaluation, which decides on errors, makes denormal results 0: not their slopes."""
    cells: dict[str, Scalar] = {"A1": 1.0, "A2": 0.0, "A3": 1.0, "A4": 0.0}
    cells["B1"] = f"={zero}"
    cells["C1"] = "=IFERROR(B1+1/A2,3*B1)"
    book = workbook(cells)
    area = parse_area("Sheet1!A1:A2")
    compiler = Compiler(build_plan(book), (area,), np.array([1.0, 0.0]))
    function = compiler.function([compiler.cells(parse_area("Sheet1!C1"))])
    x = compiler.start.clone().requires_grad_(True)
    value = function.scalar(x)
    (found,) = torch.autograd.grad(value, x)
    assert value.item() == 0.0
    assert float(found[0]) == pytest.approx(3.0 * slope)


@pytest.mark.parametrize(
    "formula",
    [
        "T.DIST(A1,5,TRUE)",
        "F.INV(A1,5,7)",
        "GAMMA.INV(A1,2,3)",
        "POISSON.DIST(3,A1,TRUE)",
        "IRR(HSTACK(-A4,A1:A1,A2:A2,A3:A3))",
        "RATE(12,-A1,A3,0,1)",
    ],
)
def test_second_derivatives_are_exact(formula: str) -> None:
    """Against the differences of first ones: slopes given by formula move as well."""
    function = compiled(formula)

    def slope(first: float) -> float:
        return value_and_gradient(function, (first, *ORDINARY[1:]))[1][0]

    x = torch.tensor(ORDINARY, dtype=torch.float64, requires_grad=True)
    (gradient,) = torch.autograd.grad(function.scalar(x), x, create_graph=True)
    (second,) = torch.autograd.grad(gradient[0], x)
    step = 1e-4
    expected = (slope(ORDINARY[0] + step) - slope(ORDINARY[0] - step)) / (2 * step)
    assert float(second[0]) == pytest.approx(expected, rel=1e-6)
