"""Models of textbooks, typed as their readers type them, with Solver's names; the truth of each by
another engine: scipy's linprog, milp and minimize, plain enumeration, or a formula."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import linear_regression

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, linprog, milp, minimize

from tests.build import Cells
from tests.solver.models import Model

Lines = Sequence[tuple[str, str, str]]


@dataclass(frozen=True)
class Textbook:
    """A model and what its objective comes to; `status` where more than a solution is known."""

    model: Model
    truth: Callable[[], float]
    status: str = ""
    rel: float = 1e-6


def _table(top: int, left: str, rows: Sequence[Sequence[object]]) -> dict[str, object]:
    """Rows of values from a cell on."""
    return {
        f"{chr(ord(left) + j)}{top + i}": value
        for i, row in enumerate(rows)
        for j, value in enumerate(row)
        if value is not None
    }


def _lp(
    cost: Sequence[float],
    rows: Sequence[Sequence[float]],
    limits: Sequence[tuple[float, float]],
    *,
    maximize: bool = False,
    whole: bool = False,
    upper: float = math.inf,
) -> float:
    sign = -1.0 if maximize else 1.0
    lows, highs = np.array(limits, float).T
    found = milp(
        sign * np.array(cost, float),
        constraints=LinearConstraint(np.array(rows, float), lows, highs),
        bounds=Bounds(0, upper),
        integrality=np.full(len(cost), int(whole)),
    )
    assert found.success
    return float(sign * found.fun)


INF = math.inf


def product_mix() -> Textbook:
    """Three products, three departments."""
    profit, hours, limit = [20, 30, 25], [[4, 2, 3], [2, 5, 1], [1, 3, 4]], [240, 300, 180]
    cells = _table(1, "A", [["", "chairs", "tables", "desks", "used", "limit"]])
    cells |= _table(2, "A", [["make", 0, 0, 0], ["profit", *profit]])
    cells |= _table(4, "A", [[f"hours {i}", *hours[i]] for i in range(3)])
    cells |= {f"E{4 + i}": f"=SUMPRODUCT(B{4 + i}:D{4 + i},$B$2:$D$2)" for i in range(3)}
    cells |= {f"F{4 + i}": limit[i] for i in range(3)}
    cells["E3"] = "=SUMPRODUCT(B3:D3,B2:D2)"
    model = Model(cells, "E3", "S!$B$2:$D$2", "1", [("S!$E$4:$E$6", "<=", "S!$F$4:$F$6")])
    limits = [(-INF, float(one)) for one in limit]
    return Textbook(model, lambda: _lp(profit, hours, limits, maximize=True), "optimal")


def whole_product_mix() -> Textbook:
    one = product_mix()
    lines = [*one.model.lines, ("S!$B$2:$D$2", "int", "")]
    model = Model(one.model.cells, "E3", "S!$B$2:$D$2", "1", lines)
    rows = [[4, 2, 3], [2, 5, 1], [1, 3, 4]]
    limits = [(-INF, 240.0), (-INF, 300.0), (-INF, 180.0)]
    truth = lambda: _lp([20, 30, 25], rows, limits, maximize=True, whole=True)  # noqa: E731
    return Textbook(model, truth, "optimal")


def diet() -> Textbook:
    """Least cost of foods that hold enough of each nutrient."""
    price = [0.6, 0.35, 1.1, 0.8]
    holds = [[400, 200, 500, 150], [6, 2, 12, 20], [30, 10, 5, 60]]
    need = [2000, 60, 80]
    cells = _table(2, "A", [["eat", 1, 1, 1, 1], ["price", *price]])
    cells |= _table(4, "B", holds) | {f"G{4 + i}": need[i] for i in range(3)}
    cells |= {f"F{4 + i}": f"=SUMPRODUCT(B{4 + i}:E{4 + i},B$2:E$2)" for i in range(3)}
    cells["F3"] = "=SUMPRODUCT(B3:E3,B2:E2)"
    lines = [("S!$F$4:$F$6", ">=", "S!$G$4:$G$6"), ("S!$B$2:$E$2", "<=", "6")]
    limits = [(float(one), INF) for one in need]
    model = Model(cells, "F3", "S!$B$2:$E$2", "2", lines)
    return Textbook(model, lambda: _lp(price, holds, limits, upper=6), "optimal")


SHIP = [[8.0, 6, 10, 9], [9, 12, 13, 7], [14, 9, 16, 5]]


def transport() -> Textbook:
    """Winston's power plants and cities: 1,020."""
    supply, demand = [35, 50, 40], [45, 20, 30, 30]
    cells = _table(2, "B", SHIP) | _table(7, "B", [[0] * 4] * 3)
    cells |= {f"F{7 + i}": f"=SUM(B{7 + i}:E{7 + i})" for i in range(3)}
    cells |= {f"G{7 + i}": supply[i] for i in range(3)}
    cells |= {f"{c}10": f"=SUM({c}7:{c}9)" for c in "BCDE"} | _table(11, "B", [demand])
    cells["B13"] = "=SUMPRODUCT(B2:E4,B7:E9)"
    lines = [("S!$F$7:$F$9", "<=", "S!$G$7:$G$9"), ("S!$B$10:$E$10", ">=", "S!$B$11:$E$11")]
    return Textbook(Model(cells, "B13", "S!$B$7:$E$9", "2", lines), lambda: 1020.0, "optimal")


def assignment() -> Textbook:
    """Winston's machines and jobs: 15."""
    hours = [[14, 5, 8, 7], [2, 12, 6, 5], [7, 8, 3, 9], [2, 4, 6, 10]]
    cells = _table(2, "B", hours) | _table(7, "B", [[None] * 4] * 4)
    cells |= {f"F{7 + i}": f"=SUM(B{7 + i}:E{7 + i})" for i in range(4)}
    cells |= {f"{c}11": f"=SUM({c}7:{c}10)" for c in "BCDE"}
    cells["B13"] = "=SUMPRODUCT(B2:E5,B7:E10)"
    lines = [("S!$F$7:$F$10", "=", "1"), ("S!$B$11:$E$11", "=", "1"), ("S!$B$7:$E$10", "bin", "")]
    truth = lambda: float(  # noqa: E731
        min(sum(hours[i][p[i]] for i in range(4)) for p in itertools.permutations(range(4)))
    )
    return Textbook(Model(cells, "B13", "S!$B$7:$E$10", "2", lines), truth, "optimal")


def blending() -> Textbook:
    """Two fuels of three crudes, octane as a share typed as a difference."""
    cost, octane, have = [45.0, 35, 25], [12.0, 6, 8], 5000.0
    need, price, demand = [10.0, 8], [70.0, 60], [3000.0, 2000]
    cells = _table(2, "B", [[1.0, 1.0]] * 3)
    cells |= {f"D{2 + i}": f"=SUM(B{2 + i}:C{2 + i})" for i in range(3)}
    cells |= {"B5": "=SUM(B2:B4)", "C5": "=SUM(C2:C4)"}
    cells |= {f"F{2 + i}": octane[i] for i in range(3)} | {f"G{2 + i}": cost[i] for i in range(3)}
    cells |= {f"{c}6": f"=SUMPRODUCT({c}2:{c}4,$F2:$F4)-{need[k]}*{c}5" for k, c in enumerate("BC")}
    cells["B8"] = "=70*B5+60*C5-SUMPRODUCT(D2:D4,G2:G4)"
    lines = [
        ("S!$D$2:$D$4", "<=", "5000"),
        ("S!$B$6:$C$6", ">=", "0"),
        ("S!$B$5", "=", "3000"),
        ("S!$C$5", "=", "2000"),
    ]
    gain = [price[k] - cost[i] for i in range(3) for k in range(2)]
    rows = [[float(i == j) for i in range(3) for _ in range(2)] for j in range(3)]
    rows += [
        [(octane[i] - need[k]) * (k == q) for i in range(3) for k in range(2)] for q in range(2)
    ]
    rows += [[float(k == q) for _ in range(3) for k in range(2)] for q in range(2)]
    limits = [(-INF, have)] * 3 + [(0.0, INF)] * 2 + [(d, d) for d in demand]
    truth = lambda: _lp(gain, rows, limits, maximize=True)  # noqa: E731
    return Textbook(Model(cells, "B8", "S!$B$2:$C$4", "1", lines), truth, "optimal")


def staffing() -> Textbook:
    """Winston's post office: 23 full-time employees where they are whole."""
    need = [17, 13, 15, 19, 14, 16, 11]
    cells = {f"A{i + 1}": 0 for i in range(7)} | {f"C{i + 1}": need[i] for i in range(7)}
    cells |= {
        f"B{i + 1}": "=" + "+".join(f"A{(i - back) % 7 + 1}" for back in range(5)) for i in range(7)
    }
    cells["D1"] = "=SUM(A1:A7)"
    lines = [("S!$B$1:$B$7", ">=", "S!$C$1:$C$7"), ("S!$A$1:$A$7", "int", "")]
    return Textbook(Model(cells, "D1", "S!$A$1:$A$7", "2", lines), lambda: 23.0, "optimal")


RETURNS = np.array([0.10, 0.07, 0.13])
COVARIANCE = np.array([[0.04, 0.006, 0.01], [0.006, 0.01, 0.004], [0.01, 0.004, 0.09]])


def portfolio() -> Textbook:
    """Markowitz by MMULT: least variance for a return of 10 %."""
    cells = _table(1, "A", [[1 / 3, 1 / 3, 1 / 3], RETURNS.tolist()])
    cells |= _table(4, "A", COVARIANCE.tolist())
    cells |= {
        "E1": "=SUM(A1:C1)",
        "E2": "=SUMPRODUCT(A1:C1,A2:C2)",
        "E4": ("{=MMULT(MMULT(A1:C1,A4:C6),TRANSPOSE(A1:C1))}", "E4"),
    }
    lines = [("S!$E$1", "=", "1"), ("S!$E$2", ">=", "0.1")]

    def truth() -> float:
        found = minimize(
            lambda w: 100 * w @ COVARIANCE @ w,
            np.full(3, 1 / 3),
            bounds=[(0, None)] * 3,
            constraints=[
                {"type": "eq", "fun": lambda w: w.sum() - 1},
                {"type": "ineq", "fun": lambda w: w @ RETURNS - 0.1},
            ],
            tol=1e-12,
        )
        return float(found.fun) / 100

    return Textbook(Model(cells, "E4", "S!$A$1:$C$1", "2", lines), truth, rel=1e-5)


def break_even() -> Textbook:
    """Goal seek: the units at which the profit is 0."""
    cells: dict[str, object] = {"A1": 100, "A2": 25, "A3": 15, "A4": 40000, "B1": "=A1*(A2-A3)-A4"}
    return Textbook(Model(cells, "B1", "S!$A$1", "3"), lambda: 0.0, "optimal")


def mortgage() -> Textbook:
    """Goal seek: the rate at which a payment is 1,000."""
    cells: dict[str, object] = {"A1": 0.04, "B1": "=-PMT(A1/12,360,180000)"}
    lines = [("S!$A$1", "<=", "0.2"), ("S!$A$1", ">=", "0.001")]
    model = Model(cells, "B1", "S!$A$1", "3", lines, more={"val": "1000"})
    return Textbook(model, lambda: 1000.0, "optimal")


X = [1.0, 2, 3, 4, 5, 6]
Y = [2.1, 3.9, 6.2, 7.8, 10.1, 11.7]


def _line_cells(formula: str) -> dict[str, object]:
    cells: dict[str, object] = {"D1": 0.0, "D2": 0.0}
    for i, (x, y) in enumerate(zip(X, Y, strict=True), 1):
        cells |= {f"A{i}": x, f"B{i}": y, f"C{i}": f"=$D$1+$D$2*A{i}"}
    return cells | {"D4": formula}


def regression() -> Textbook:
    """Least squares against the formula."""

    def truth() -> float:
        slope, cut = linear_regression(X, Y)
        return sum((y - cut - slope * x) ** 2 for x, y in zip(X, Y, strict=True))

    cells = _line_cells("=SUMXMY2(B1:B6,C1:C6)")
    return Textbook(Model(cells, "D4", "S!$D$1:$D$2", free=True), truth)


def absolute_regression() -> Textbook:
    """Least absolute deviations, typed with ABS."""
    cells = _line_cells("=SUM(E1:E6)") | {f"E{i}": f"=ABS(B{i}-C{i})" for i in range(1, 7)}

    def truth() -> float:
        pairs = itertools.combinations(range(6), 2)
        lines = [((Y[j] - Y[i]) / (X[j] - X[i]), i) for i, j in pairs]
        return min(
            sum(abs(y - Y[i] - slope * (x - X[i])) for x, y in zip(X, Y, strict=True))
            for slope, i in lines
        )

    return Textbook(Model(cells, "D4", "S!$D$1:$D$2", free=True), truth)


def chebyshev_fit() -> Textbook:
    """The line of least largest deviation, typed with MAX."""
    cells = _line_cells("=MAX(E1:E6)") | {f"E{i}": f"=ABS(B{i}-C{i})" for i in range(1, 7)}

    def truth() -> float:
        rows = [[s, s * x, -1.0] for x in X for s in (1.0, -1.0)]
        limits = [s * y for y in Y for s in (1.0, -1.0)]
        return float(linprog([0, 0, 1], rows, limits, bounds=(None, None)).fun)

    return Textbook(Model(cells, "D4", "S!$D$1:$D$2", free=True), truth)


def pricing() -> Textbook:
    """Demand 1000 * p^-2 and a cost of 6 a piece: p = 12."""
    cells: dict[str, object] = {"A1": 9.0, "B1": "=100000*A1^-2", "B2": "=(A1-6)*B1"}
    lines = [("S!$A$1", ">=", "1")]
    return Textbook(Model(cells, "B2", "S!$A$1", "1", lines), lambda: 6 * 100000 / 144)


def two_prices() -> Textbook:
    """Two products that take one another's buyers, capacity shared."""
    cells: dict[str, object] = {
        "A1": 50.0, "A2": 50.0, "B1": "=400-4*A1+A2", "B2": "=300+A1-3*A2", "B3": "=B1+B2",
        "B5": "=(A1-20)*B1+(A2-25)*B2",
    }  # fmt: skip
    lines = [("S!$B$3", "<=", "250"), ("S!$B$1:$B$2", ">=", "0")]

    def truth() -> float:
        def profit(p: np.ndarray) -> float:
            a, b = 400 - 4 * p[0] + p[1], 300 + p[0] - 3 * p[1]
            return -float((p[0] - 20) * a + (p[1] - 25) * b) / 1000

        limit = {"type": "ineq", "fun": lambda p: 250 - (700 - 3 * p[0] - 2 * p[1])}
        found = minimize(profit, [60, 60], bounds=[(0, None)] * 2, constraints=[limit], tol=1e-13)
        return -1000 * float(found.fun)

    return Textbook(Model(cells, "B5", "S!$A$1:$A$2", "1", lines), truth)


VALUES, WEIGHTS = [16, 22, 12, 8, 11, 19, 7, 13], [5, 7, 4, 3, 4, 6, 2, 5]


def knapsack() -> Textbook:
    cells = {f"A{i + 1}": 0 for i in range(8)} | {f"B{i + 1}": VALUES[i] for i in range(8)}
    cells |= {f"C{i + 1}": WEIGHTS[i] for i in range(8)}
    more = {"D1": "=SUMPRODUCT(A1:A8,B1:B8)", "D2": "=SUMPRODUCT(A1:A8,C1:C8)"}
    lines = [("S!$D$2", "<=", "17"), ("S!$A$1:$A$8", "bin", "")]

    def truth() -> float:
        picks = (np.array(p) for p in itertools.product((0, 1), repeat=8))
        return float(max(p @ VALUES for p in picks if p @ WEIGHTS <= 17))

    return Textbook(Model(cells | more, "D1", "S!$A$1:$A$8", "1", lines), truth, "optimal")


def capital_budgeting() -> Textbook:
    """Projects of which one needs another, and two exclude each other."""
    npv = [20, 35, 18, 40, 15]
    cells = {f"A{i + 1}": None for i in range(5)} | {f"B{i + 1}": npv[i] for i in range(5)}
    cost = [[10, 20, 8, 25, 6], [5, 10, 9, 12, 7]]
    cells |= {f"{c}{i + 1}": cost[k][i] for k, c in enumerate("CD") for i in range(5)}
    cells |= {
        "C7": "=SUMPRODUCT($A1:$A5,C1:C5)", "D7": "=SUMPRODUCT($A1:$A5,D1:D5)",
        "B7": "=SUMPRODUCT(A1:A5,B1:B5)", "E1": "=A3-A1", "E2": "=A2+A4",
    }  # fmt: skip
    lines = [
        ("S!$C$7", "<=", "40"), ("S!$D$7", "<=", "25"), ("S!$E$1", "<=", "0"),
        ("S!$E$2", "<=", "1"), ("S!$A$1:$A$5", "bin", ""),
    ]  # fmt: skip

    def truth() -> float:
        def fits(p: Sequence[int]) -> bool:
            spent = [sum(a * b for a, b in zip(p, row, strict=True)) for row in cost]
            return spent[0] <= 40 and spent[1] <= 25 and p[2] <= p[0] and p[1] + p[3] <= 1

        every = itertools.product((0, 1), repeat=5)
        return float(max(sum(a * b for a, b in zip(p, npv, strict=True)) for p in every if fits(p)))

    return Textbook(Model(cells, "B7", "S!$A$1:$A$5", "1", lines), truth, "optimal")


TIMES, DUE = [6, 4, 8, 3, 5, 7], [10, 8, 30, 14, 12, 25]


def scheduling() -> Textbook:
    """One machine: the order of least total tardiness, by INDEX and alldifferent."""
    cells: dict[str, object] = {f"A{i + 1}": i + 1 for i in range(6)}
    cells |= {f"F{i + 1}": TIMES[i] for i in range(6)} | {f"G{i + 1}": DUE[i] for i in range(6)}
    for i in range(1, 7):
        before = f"B{i - 1}+" if i > 1 else ""
        cells[f"B{i}"] = f"={before}INDEX($F$1:$F$6,A{i})"
        cells[f"C{i}"] = f"=MAX(0,B{i}-INDEX($G$1:$G$6,A{i}))"
    cells["D1"] = "=SUM(C1:C6)"

    def truth() -> float:
        def late(order: Sequence[int]) -> float:
            ends = np.cumsum([TIMES[j] for j in order])
            return float(sum(max(0, e - DUE[j]) for e, j in zip(ends, order, strict=True)))

        return min(map(late, itertools.permutations(range(6))))

    lines = [("S!$A$1:$A$6", "dif", "")]
    return Textbook(Model(cells, "D1", "S!$A$1:$A$6", "2", lines, more={"eng": "3"}), truth)


def cutting_stock() -> Textbook:
    """Patterns of 9, 7 and 5 out of rolls of 20: the fewest rolls."""
    every = itertools.product(range(3), range(3), range(5))
    patterns = [p for p in every if 16 <= 9 * p[0] + 7 * p[1] + 5 * p[2] <= 20]
    need = [51, 103, 69]
    cells = _table(1, "A", [[0, *p] for p in patterns])
    n = len(patterns)
    cells |= {f"F{k + 1}": f"=SUMPRODUCT($A1:$A{n},{c}1:{c}{n})" for k, c in enumerate("BCD")}
    cells |= {f"G{k + 1}": need[k] for k in range(3)} | {"H1": f"=SUM(A1:A{n})"}
    lines = [("S!$F$1:$F$3", ">=", "S!$G$1:$G$3"), (f"S!$A$1:$A${n}", "int", "")]
    rows = [[float(p[k]) for p in patterns] for k in range(3)]
    truth = lambda: _lp([1.0] * n, rows, [(float(d), INF) for d in need], whole=True)  # noqa: E731
    model = Model(cells, "H1", f"S!$A$1:$A${n}", "2", lines, more={"tol": "0"})
    return Textbook(model, truth, "optimal")


FIXED, SERVE = [120.0, 90, 150], [[10.0, 30, 25, 40], [28, 12, 30, 22], [35, 26, 11, 14]]


def facility_location() -> Textbook:
    """Which depots to open, each customer wholly from open ones."""
    cells: dict[str, object] = {f"A{i + 1}": 0 for i in range(3)}
    cells |= _table(1, "B", [[0.0] * 4] * 3) | _table(6, "B", SERVE)
    cells |= {f"A{6 + i}": FIXED[i] for i in range(3)}
    cells |= {f"{c}4": f"=SUM({c}1:{c}3)" for c in "BCDE"}
    cells |= {f"F{i + 1}": f"=SUM(B{i + 1}:E{i + 1})-4*A{i + 1}" for i in range(3)}
    cells["G1"] = "=SUMPRODUCT(A1:A3,A6:A8)+SUMPRODUCT(B1:E3,B6:E8)"
    lines = [("S!$B$4:$E$4", "=", "1"), ("S!$F$1:$F$3", "<=", "0"), ("S!$A$1:$A$3", "bin", "")]

    def truth() -> float:
        opens = (o for o in itertools.product((0, 1), repeat=3) if any(o))
        return min(
            sum(FIXED[i] for i in range(3) if o[i])
            + sum(min(SERVE[i][j] for i in range(3) if o[i]) for j in range(4))
            for o in opens
        )

    model = Model(cells, "G1", "S!$A$1:$A$3,S!$B$1:$E$3", "2", lines, more={"tol": "0"})
    return Textbook(model, truth, "optimal")


def weber() -> Textbook:
    """A warehouse of least weighted distance, with SQRT."""
    places = [(1.0, 2.0, 3.0), (6.0, 1.0, 2.0), (3.0, 7.0, 4.0), (8.0, 6.0, 1.0)]
    cells: dict[str, object] = {"F1": 0.0, "F2": 0.0}
    for i, (x, y, w) in enumerate(places, 1):
        cells |= {f"A{i}": x, f"B{i}": y, f"C{i}": w}
        cells[f"D{i}"] = f"=C{i}*SQRT((A{i}-$F$1)^2+(B{i}-$F$2)^2)"
    cells["F4"] = "=SUM(D1:D4)"

    def truth() -> float:
        def total(p: np.ndarray) -> float:
            return sum(w * math.hypot(x - p[0], y - p[1]) for x, y, w in places)

        return float(minimize(total, [4.0, 4.0], method="Nelder-Mead", tol=1e-12).fun)

    return Textbook(Model(cells, "F4", "S!$F$1:$F$2"), truth)


def economic_order() -> Textbook:
    """Wilson's lot: sqrt(2 D K / h)."""
    cells: dict[str, object] = {"A1": 10.0, "B1": "=1200/A1*30+A1/2*2"}
    lines = [("S!$A$1", ">=", "1")]
    return Textbook(Model(cells, "B1", "S!$A$1", "2", lines), lambda: math.sqrt(2 * 1200 * 30 * 2))


def make_or_buy() -> Textbook:
    """A fixed cost by IF: open the line only if it pays."""
    cells: dict[str, object] = {
        "A1": 0.0, "A2": 0.0, "B1": "=A1+A2", "B2": "=8*A1+IF(A1>0,300,0)+11*A2",
    }  # fmt: skip
    lines = [("S!$B$1", "=", "150"), ("S!$A$1", "<=", "120"), ("S!$A$1:$A$2", "int", "")]
    truth = lambda: float(  # noqa: E731
        min(8 * a + (300 if a else 0) + 11 * (150 - a) for a in range(121))
    )
    return Textbook(Model(cells, "B2", "S!$A$1:$A$2", "2", lines), truth)


def production_plan() -> Textbook:
    """Six months with stock: a recurrence."""
    need, cost = [100, 180, 220, 150, 100, 260], [10, 12, 14, 11, 10, 15]
    cells: dict[str, object] = {f"B{i + 1}": 0 for i in range(6)}
    cells |= {f"A{i + 1}": need[i] for i in range(6)} | {f"D{i + 1}": cost[i] for i in range(6)}
    cells |= {f"C{i}": (f"=C{i - 1}+" if i > 1 else "=50+") + f"B{i}-A{i}" for i in range(1, 7)}
    cells["F1"] = "=SUMPRODUCT(B1:B6,D1:D6)+1.5*SUM(C1:C6)"
    lines = [("S!$B$1:$B$6", "<=", "200"), ("S!$C$1:$C$6", ">=", "0")]

    def truth() -> float:
        rows = np.tril(np.ones((6, 6)))
        lows = np.cumsum(need) - 50.0
        stock = 1.5 * np.arange(6, 0, -1)
        found = milp(
            np.array(cost) + stock,
            constraints=LinearConstraint(rows, lows, INF),
            bounds=Bounds(0, 200),
        )
        return float(found.fun + 1.5 * (6 * 50 - np.cumsum(need).sum()))

    return Textbook(Model(cells, "F1", "S!$B$1:$B$6", "2", lines), truth, "optimal")


def shortest_path() -> Textbook:
    arcs = {(0, 1): 4, (0, 2): 3, (1, 3): 3, (1, 4): 2, (2, 4): 3, (3, 5): 2, (4, 5): 2}
    cells: dict[str, object] = {}
    for i, ((a, b), length) in enumerate(arcs.items(), 1):
        cells |= {f"A{i}": a, f"B{i}": b, f"C{i}": length, f"D{i}": 0}
    for node in range(6):
        flow = f"=SUMIF($A$1:$A$7,F{node + 1},$D$1:$D$7)-SUMIF($B$1:$B$7,F{node + 1},$D$1:$D$7)"
        cells |= {f"F{node + 1}": node, f"G{node + 1}": flow}
        cells[f"H{node + 1}"] = {0: 1, 5: -1}.get(node, 0)
    cells["J1"] = "=SUMPRODUCT(C1:C7,D1:D7)"
    lines = [("S!$G$1:$G$6", "=", "S!$H$1:$H$6")]
    return Textbook(Model(cells, "J1", "S!$D$1:$D$7", "2", lines), lambda: 8.0, "optimal")


def maximum_flow() -> Textbook:
    """From 1 to 4 over five pipes."""
    ends, limit = [(1, 2), (1, 3), (2, 3), (2, 4), (3, 4)], [10, 8, 5, 4, 12]
    cells: dict[str, object] = {}
    for i, (a, b) in enumerate(ends, 1):
        cells |= {f"A{i}": a, f"B{i}": b, f"C{i}": 0, f"D{i}": limit[i - 1]}
    for k, node in enumerate((2, 3), 1):
        cells[f"F{k}"] = f"=SUMIF(B1:B5,{node},C1:C5)-SUMIF(A1:A5,{node},C1:C5)"
    cells["H1"] = "=C1+C2"
    lines = [("S!$C$1:$C$5", "<=", "S!$D$1:$D$5"), ("S!$F$1:$F$2", "=", "0")]
    rows = [[1.0, 0, -1, -1, 0], [0, 1, 1, 0, -1], *np.eye(5).tolist()]
    limits = [(0.0, 0.0)] * 2 + [(0.0, float(one)) for one in limit]
    truth = lambda: _lp([1, 1, 0, 0, 0], rows, limits, maximize=True)  # noqa: E731
    return Textbook(Model(cells, "H1", "S!$C$1:$C$5", "1", lines), truth, "optimal")


def set_cover() -> Textbook:
    """Kilroy County's fire stations (Winston): 2."""
    near = ["110001", "110001", "001100", "001110", "000111", "110011"]
    cells: dict[str, object] = {f"A{i + 1}": 0 for i in range(6)}
    cells |= {
        f"B{i + 1}": "=" + "+".join(f"A{j + 1}" for j in range(6) if near[i][j] == "1")
        for i in range(6)
    }
    cells["C1"] = "=SUM(A1:A6)"
    lines = [("S!$B$1:$B$6", ">=", "1"), ("S!$A$1:$A$6", "bin", "")]
    rows = [[float(c) for c in row] for row in near]
    truth = lambda: _lp([1.0] * 6, rows, [(1.0, INF)] * 6, whole=True, upper=1)  # noqa: E731
    return Textbook(Model(cells, "C1", "S!$A$1:$A$6", "2", lines), truth, "optimal")


def advertising() -> Textbook:
    """Response that flattens: a budget split by equal slopes."""
    cells: dict[str, object] = {
        "A1": 10.0, "A2": 10.0, "A3": 10.0, "B1": "=400*(1-EXP(-0.02*A1))",
        "B2": "=300*LN(1+A2/20)", "B3": "=60*SQRT(A3)", "C1": "=SUM(A1:A3)", "C2": "=SUM(B1:B3)",
    }  # fmt: skip

    def truth() -> float:
        def gain(a: np.ndarray) -> float:
            b = 300 * math.log1p(a[1] / 20) + 60 * math.sqrt(a[2])
            return -(400 * (1 - math.exp(-0.02 * a[0])) + b) / 1000

        budget = {"type": "eq", "fun": lambda a: a.sum() - 100}
        found = minimize(
            gain, [30, 30, 40], bounds=[(1e-6, None)] * 3, constraints=[budget], tol=1e-13
        )
        return -1000 * float(found.fun)

    lines = [("S!$C$1", "<=", "100")]
    return Textbook(Model(cells, "C2", "S!$A$1:$A$3", "1", lines), truth, rel=1e-5)


def box() -> Textbook:
    """The box of largest volume from 96 of area: a cube of side 4."""
    cells: dict[str, object] = {f"A{i}": 1.0 for i in (1, 2, 3)}
    cells |= {"B1": "=2*(A1*A2+A2*A3+A1*A3)", "B2": "=A1*A2*A3"}
    return Textbook(Model(cells, "B2", "S!$A$1:$A$3", "1", [("S!$B$1", "<=", "96")]), lambda: 64.0)


def pension() -> Textbook:
    """Goal seek through FV: what to save a month for half a million."""
    cells: dict[str, object] = {"A1": 100.0, "B1": "=FV(0.05/12,360,-A1)"}
    model = Model(cells, "B1", "S!$A$1", "3", more={"val": "500000"})
    return Textbook(model, lambda: 500000.0, "optimal")


def tour() -> Textbook:
    """Seven towns by INDEX over alldifferent."""
    towns = [(0, 0), (3, 1), (6, 0), (7, 4), (4, 6), (1, 5), (3, 3)]
    cells: dict[str, object] = {f"A{i + 1}": i + 1 for i in range(7)}
    away = [[round(math.dist(a, b), 4) for b in towns] for a in towns]
    cells |= _table(1, "F", away)
    cells |= {f"B{i + 1}": f"=INDEX($F$1:$L$7,A{i + 1},A{(i + 1) % 7 + 1})" for i in range(7)}
    cells["C1"] = "=SUM(B1:B7)"

    def truth() -> float:
        orders = itertools.permutations(range(1, 7))
        ways = ((0, *one, 0) for one in orders)
        return min(sum(away[a][b] for a, b in itertools.pairwise(way)) for way in ways)

    lines = [("S!$A$1:$A$7", "dif", "")]
    return Textbook(Model(cells, "C1", "S!$A$1:$A$7", "2", lines, more={"eng": "3"}), truth)


def price_breaks() -> Textbook:
    """A lot by a discount table with VLOOKUP."""

    def cost(lot: int) -> float:
        price = 10.0 if lot < 100 else 9.5 if lot < 300 else 9.3
        return 1200 * price + 1200 / lot * 30 + lot / 2 * 0.2 * price

    cells = _table(1, "E", [[0.0, 10.0], [100.0, 9.5], [300.0, 9.3]]) | {
        "A1": 40.0,
        "B1": "=VLOOKUP(A1,E1:F3,2,TRUE)",
        "B2": "=1200*B1+1200/A1*30+A1/2*0.2*B1",
    }
    lines = [("S!$A$1", ">=", "1"), ("S!$A$1", "<=", "1000"), ("S!$A$1", "int", "")]
    model = Model(cells, "B2", "S!$A$1", "2", lines, more={"eng": "3"})
    return Textbook(model, lambda: min(map(cost, range(1, 1001))))


BOOKS: dict[str, Callable[[], Textbook]] = {
    make.__name__: make
    for make in (
        product_mix, whole_product_mix, diet, transport, assignment, blending, staffing, portfolio,
        break_even, mortgage, regression, absolute_regression, chebyshev_fit, pricing, two_prices,
        knapsack, capital_budgeting, scheduling, cutting_stock, facility_location, weber,
        economic_order, make_or_buy, production_plan, shortest_path, maximum_flow, set_cover,
        advertising, box, pension, tour, price_breaks,
    )
}  # fmt: skip
__all__ = ["BOOKS", "Cells", "Textbook"]
