"""Kinks and steps: judged by HiGHS where they are linear, else by every breakpoint, a fine grid, or
by construction."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable

import numpy as np
from numpy.random import Generator
from scipy.optimize import linprog, minimize_scalar

from tests.solver.battery.case import Case, Row, Text, Told, Truth, linear
from tests.solver.battery.units import measured


def least_deviations(random: Generator) -> Case:
    """min Σ w |a·x − b|, the truth by its linear program."""
    n, m = int(random.integers(1, 4)), int(random.integers(3, 8))
    a = random.integers(-4, 5, (m, n)).astype(float)
    b = random.integers(-9, 10, m).astype(float)
    w = random.integers(1, 5, m).astype(float)
    text = "+".join(f"{float(w[i])!r}*ABS({linear(a[i], -b[i])})" for i in range(m))
    cost = np.concatenate([np.zeros(n), w])
    eye = np.eye(m)
    found = linprog(
        cost,
        A_ub=np.block([[a, -eye], [-a, -eye]]),
        b_ub=np.concatenate([b, -b]),
        bounds=[(-20, 20)] * n + [(0, None)] * m,
    )
    return _kinked(random, text, n, float(found.fun))


def worst_case(random: Generator) -> Case:
    """min max(a·x + b), the truth by its linear program."""
    n, m = int(random.integers(1, 4)), int(random.integers(2, 7))
    a = random.integers(-4, 5, (m, n)).astype(float)
    a[0, 0] += not a[:, 0].any()  # an objective without a variable is refused by name
    b = random.integers(-9, 10, m).astype(float)
    text = "MAX(" + ",".join(linear(a[i], b[i]) for i in range(m)) + ")"
    found = linprog(
        np.concatenate([np.zeros(n), [1.0]]),
        A_ub=np.column_stack([a, -np.ones(m)]),
        b_ub=-b,
        bounds=[(-20, 20)] * n + [(None, None)],
    )
    return _kinked(random, text, n, float(found.fun))


def _kinked(random: Generator, text: str, n: int, least: float) -> Case:
    start = [float(v) for v in random.integers(-9, 10, n)]
    box = {"lower": [-20.0] * n, "upper": [20.0] * n}
    truth = Truth("optimum", least)
    case = Case("kinks", Text(text), "minimize", start, truth, smooth=False, **box)  # type: ignore[arg-type]
    return measured(random, case)


def curved_kinks(random: Generator) -> Case:
    """The largest of convex parabolas, or a sum of absolute curved values with a known root."""
    start = [float(v) for v in random.uniform(-4, 4, 2)]
    box = {"lower": [-5.0, -5.0], "upper": [5.0, 5.0], "smooth": False}
    if random.random() < 0.5:
        root = random.uniform(-3, 3, 2)
        parts = [Text("x1^2+x2"), Text("x1*x2+x1"), Text("x1-x2^2")]
        text = "+".join(f"ABS({p.formula}-({p.at(root)!r}))" for p in parts)
        truth = Truth("optimum", 0.0)
    else:
        centres = random.uniform(-4, 4, (3, 2))
        text = "MAX({})".format(
            ",".join(f"(x1-({float(p)!r}))^2+(x2-({float(q)!r}))^2" for p, q in centres)
        )
        truth = Truth("optimum", _smallest_circle(centres))
    case = Case("curved kinks", Text(text), "minimize", start, truth, **box)  # type: ignore[arg-type]
    return measured(random, case)


def _smallest_circle(points: np.ndarray) -> float:
    """The squared radius of the smallest circle around three points."""
    pairs = [
        ((p + q) / 2, float(((p - q) ** 2).sum()) / 4) for p, q in itertools.combinations(points, 2)
    ]
    for centre, square in sorted(pairs, key=lambda one: one[1]):
        if all(((r - centre) ** 2).sum() <= square + 1e-12 for r in points):
            return square
    matrix = 2 * (points[1:] - points[0])
    right = (points[1:] ** 2).sum(axis=1) - (points[0] ** 2).sum()
    centre = np.linalg.solve(matrix, right)
    return float(((points[0] - centre) ** 2).sum())


def discount(random: Generator) -> Case:
    """Cost of an order with a price by quantity and a fixed cost, all breakpoints tried."""
    first, second = sorted(int(v) for v in random.choice(np.arange(10, 90), 2, replace=False))
    price = sorted((float(v) for v in random.integers(2, 20, 3)), reverse=True)
    need = float(random.integers(5, 95))
    hold = float(random.integers(1, 8)) / 10
    paid = f"x1*IF(x1<{first},{price[0]!r},IF(x1<{second},{price[1]!r},{price[2]!r}))"
    text = Text(f"{paid}+{hold!r}*x1")
    rows = [Row(Text("x1"), ">=", need)]
    best = min(text.at([v]) for v in (need, float(first), float(second)) if v >= need)
    start = [float(random.integers(1, 99))]
    case = Case(
        "steps",
        text,
        "minimize",
        start,
        Truth("optimum", best),
        rows,
        [0.0],
        [100.0],
        smooth=False,
    )
    return measured(random, case)


def staircase(random: Generator) -> Case:
    """ROUND, INT and IF of one or two variables; the least of every step."""
    at = [float(v) for v in random.integers(5, 40, 2)]
    width = [float(v) for v in random.integers(2, 6, 2)]
    n = int(random.integers(1, 3))
    parts = []
    for i in range(n):
        form = int(random.integers(3))
        inner = f"ABS(x{i + 1}-{at[i]!r})"
        parts.append(
            (
                f"INT({inner}/{width[i]!r})",
                f"ROUND({inner}/{width[i]!r},0)",
                f"IF(x{i + 1}<{at[i]!r},3,IF(x{i + 1}<{at[i] + width[i]!r},1,4))",
            )[form]
        )
    text = Text("+".join(parts))
    points = [i / 4 for i in range(4 * 60 + 1)]
    best = sum(min(Text(p).at([v] * 2) for v in points) for p in parts)
    start = [float(v) for v in random.integers(0, 50, n)]
    truth = Truth("optimum", best)
    bounds = ([0.0] * n, [60.0] * n)
    case = Case("steps", text, "minimize", start, truth, (), *bounds, smooth=False)
    return measured(random, case)


def brackets(random: Generator) -> Case:
    """What is left after a tax by brackets: continuous pieces under a limit, maximised."""
    edge = float(random.integers(20, 60)) * 1000
    rate = float(random.integers(2, 12))
    first, second = (float(v) for v in random.integers(1, 10, 2))
    most = edge * float(random.integers(2, 6))
    tax = f"IF(x1<={edge!r},x1,{edge!r}+(x1-{edge!r})*{rate!r})"
    text = Text(f"{first!r}*x1+{second!r}*x2-{tax}")
    rows = [Row(Text("x1+x2"), "<=", most)]
    corners = [(0.0, 0.0), (most, 0.0), (0.0, most), (edge, 0.0), (edge, most - edge)]
    truth = Truth("optimum", max(text.at(c) for c in corners))
    start = [float(v) for v in random.integers(0, 9, 2)]
    case = Case("kinks", text, "maximize", start, truth, rows, lower=[0.0, 0.0], smooth=False)
    return measured(random, case)


def orders(random: Generator) -> Case:
    """A tour, a sequence of jobs or an assignment by `alldifferent`, all orders tried."""
    n = int(random.integers(3, 9))
    table = random.integers(1, 50, (n, n))
    beside: dict[str, object] = {
        f"{chr(ord('F') + j)}{i + 1}": int(table[i, j]) for i in range(n) for j in range(n)
    }
    last = chr(ord("F") + n - 1)
    area = f"$F$1:${last}${n}"
    tour = bool(random.random() < 0.5)

    def looked(i: int, j: int) -> str:
        return f"INDEX({area},x{i},x{j})" if tour else f"INDEX({area},{i},x{i})"

    text = "+".join(looked(i, i % n + 1) for i in range(1, n + 1))
    maximize = bool(random.random() < 0.3)
    value = _tour if tour else _assigned
    every = (value(table, order) for order in itertools.permutations(range(n)))
    best = max(every) if maximize else min(every)
    case = Case(
        "orders",
        Told(text, lambda x: value(table, [round(v) - 1 for v in x])),
        "maximize" if maximize else "minimize",
        [float(i) for i in range(1, n + 1)],
        Truth("optimum", float(best)),
        permutation=True,
        smooth=False,
        beside=beside,
    )
    return measured(random, case)


def _tour(table: np.ndarray, order: Iterable[int]) -> float:
    places = list(order)
    return float(sum(table[a, b] for a, b in zip(places, places[1:] + places[:1], strict=True)))


def _assigned(table: np.ndarray, order: Iterable[int]) -> float:
    return float(sum(table[i, j] for i, j in enumerate(order)))


def goals(random: Generator) -> Case:
    """A value to reach: one variable or two, in reach or out of it by construction."""
    forms: list[tuple[str, float]] = [
        ("x1^2+x2^2+1", 1.0),
        ("EXP(x1)+x2^2", 0.0),
        ("x1^2-2*x1+ABS(x2)", -1.0),
        ("SQRT(1+x1^2)+EXP(x2)", 1.0),
    ]
    text, least = forms[int(random.integers(len(forms)))]
    start = [float(v) for v in random.uniform(-2, 2, 2)]
    reach = random.random() < 0.6
    beyond = float(random.uniform(0.5, 6.0))
    target = least + beyond if reach else least - beyond
    case = Case(
        "goal",
        Text(text),
        "target",
        start,
        Truth("met" if reach else "not met"),
        target=target,
        smooth="ABS" not in text,
    )
    return measured(random, case)


def whole_goals(random: Generator) -> Case:
    """A linear value of whole numbers: in reach where the greatest common divisor divides it."""
    first, second = (int(v) for v in random.integers(2, 15, 2))
    target = int(random.integers(1, 120))
    met = any(
        (target - first * i) % second == 0 and 0 <= (target - first * i) // second <= 30
        for i in range(31)
    )
    case = Case(
        "goal",
        Text(f"{first}*x1+{second}*x2"),
        "target",
        [0.0, 0.0],
        Truth("met" if met else "not met"),
        lower=[0.0, 0.0],
        upper=[30.0, 30.0],
        integer=[0, 1],
        target=float(target),
    )
    return measured(random, case)


def whole_curved(random: Generator) -> Case:
    """Whole numbers in a curved model, every combination tried."""
    n = int(random.integers(1, 4))
    most = int(random.integers(2, 13 if n == 3 else 60))
    form = int(random.integers(3))
    at = random.uniform(0, most, n)
    if form == 0:
        parts = [f"(x{i + 1}-({float(at[i])!r}))^2" for i in range(n)]
        text = Text("+".join(parts) + ("+x1*x2" if n > 1 else ""))
    elif form == 1:
        parts = [f"{float(at[i])!r}*SQRT(x{i + 1}+1)" for i in range(n)]
        text = Text("0-(" + "+".join(parts) + ")")
    else:
        parts = [f"EXP(0.1*x{i + 1})-{float(at[i]) / most:.3f}*x{i + 1}" for i in range(n)]
        text = Text("+".join(parts))
    a = random.integers(1, 6, n).astype(float)
    rows = [Row(Text(linear(a)), "<=", float(random.integers(0, int(a.sum()) * most)))]
    if random.random() < 0.3:
        rows.append(Row(Text("x1^2"), ">=", float(random.integers(1, 2 * most * most))))
    every = [
        text.at(point)
        for point in itertools.product(range(most + 1), repeat=n)
        if all(row.missed(point) == 0.0 for row in rows)
    ]
    truth = Truth("optimum", min(every)) if every else Truth("infeasible")
    case = Case(
        "whole, curved",
        text,
        "minimize",
        [float(v) for v in random.integers(0, most + 1, n)],
        truth,
        rows,
        [0.0] * n,
        [float(most)] * n,
        integer=list(range(n)),
    )
    return measured(random, case)


def valley(random: Generator) -> Case:
    """One variable with many dips, within bounds: the least of a fine grid, polished."""
    a, b = float(random.integers(1, 5)), float(random.integers(2, 6))
    text = Text(f"{a!r}*SIN({b!r}*x1)+0.1*(x1-1)^2")
    grid = np.linspace(-6, 6, 4001)
    start = float(grid[np.argmin([text.at([v]) for v in grid])])
    found = minimize_scalar(
        lambda v: text.at([v]),
        bounds=(max(-6, start - 0.01), min(6, start + 0.01)),
        method="bounded",
        options={"xatol": 1e-12},
    )
    assert math.isfinite(found.fun)
    truth = Truth("optimum", float(found.fun), is_global=False)
    where = [float(random.uniform(-6, 6))]
    case = Case("not convex", text, "minimize", where, truth, lower=[-6.0], upper=[6.0])
    return measured(random, case)
