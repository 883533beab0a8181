"""Smooth models: convex ones known by construction, others by many starts of scipy's SLSQP; and
those without a point, or without an end."""

from __future__ import annotations

import math
import warnings

import numpy as np
from numpy.random import Generator
from scipy.optimize import minimize

from tests.solver.battery.case import Array, Case, Row, Text, Truth, linear
from tests.solver.battery.units import measured


def _sum(parts: list[str]) -> str:
    return "+".join(parts)


def exponential(random: Generator) -> Case:
    """min Σ w e^(−x) under a·x ≤ b: w is made so that the conditions hold at a point."""
    n = int(random.integers(1, 6))
    a = random.uniform(0.2, 3.0, n)
    best = random.uniform(-2.0, 2.0, n)
    weight = a * np.exp(best)
    rows = [Row(Text(linear(a)), "<=", float(a @ best))]
    text = _sum([f"{float(weight[i])!r}*EXP(0-x{i + 1})" for i in range(n)])
    if random.random() < 0.25:
        beyond = Row(Text(linear(a)), ">=", float(a @ best) + 1.0)
        truth, rows = Truth("infeasible"), [*rows, beyond]
    else:
        truth = Truth("optimum", float(a.sum()))
    start = [float(v) for v in random.uniform(-1.0, 1.0, n)]
    return measured(random, Case("convex", Text(text), "minimize", start, truth, rows))


def barrier(random: Generator) -> Case:
    """max Σ w ln(x) with Σ x = c, or the quickest way to waste: x = c w / Σ w."""
    n = int(random.integers(2, 7))
    weight = random.integers(1, 9, n).astype(float)
    total = float(random.integers(2, 30))
    best = total * weight / weight.sum()
    text = _sum([f"{weight[i]!r}*LN(x{i + 1})".replace("np.float64", "") for i in range(n)])
    rows = [Row(Text(linear(np.ones(n))), "<=", total)]
    truth = Truth("optimum", float(weight @ np.log(best)))
    start = [float(v) for v in random.uniform(0.5, 2.0, n)]
    case = Case("convex", Text(text), "maximize", start, truth, rows, lower=[1e-6] * n)
    return measured(random, case)


def projection(random: Generator) -> Case:
    """The point of a ball that is nearest to another point; two balls apart hold none."""
    n = int(random.integers(2, 5))
    centre, other = random.uniform(-3, 3, n), random.uniform(-9, 9, n)
    apart = float(np.linalg.norm(other - centre))
    radius = float(random.uniform(0.3, 0.9) * apart)
    ball = _sum([f"(x{i + 1}-({float(v)!r}))^2" for i, v in enumerate(centre)])
    away = _sum([f"(x{i + 1}-({float(v)!r}))^2" for i, v in enumerate(other)])
    rows = [Row(Text(ball), "<=", radius**2)]
    if random.random() < 0.3:
        rows.append(Row(Text(away), "<=", (0.8 * (apart - radius)) ** 2))
        truth = Truth("infeasible")
    else:
        truth = Truth("optimum", (apart - radius) ** 2)
    start = [float(v) for v in random.uniform(-5, 5, n)]
    return measured(random, Case("convex", Text(away), "minimize", start, truth, rows))


def wavy(random: Generator) -> Case:
    """Products, powers and waves within a box and under rows; judged by 60 starts of SLSQP."""
    n = int(random.integers(2, 4))
    weights = random.integers(-4, 5, (n, n))
    parts = [
        f"{weights[i, j]}*x{i + 1}*x{j + 1}"
        for i in range(n)
        for j in range(i, n)
        if weights[i, j] != 0
    ]
    parts += [f"{random.integers(-3, 4)}*SIN({random.integers(1, 4)}*x{i + 1})" for i in range(n)]
    text = Text(_sum(parts).replace("+-", "-"))
    around = random.uniform(-1, 1, n)
    ball = Text(_sum([f"(x{i + 1}-({float(v)!r}))^2" for i, v in enumerate(around)]))
    rows = [Row(ball, "<=", float(random.uniform(1, 6)))]
    if random.random() < 0.5:
        a = random.integers(-3, 4, n).astype(float)
        rows.append(Row(Text(linear(a)), "<=", float(a @ around) + float(random.uniform(0, 1))))
    maximize = bool(random.random() < 0.5)
    box = [(-3.0, 3.0)] * n
    best = _many_starts(random, text, rows, box, -1.0 if maximize else 1.0)
    return measured(
        random,
        Case(
            "not convex",
            text,
            "maximize" if maximize else "minimize",
            [float(v) for v in random.uniform(-2, 2, n)],
            Truth("optimum", best, is_global=False),
            rows,
            lower=[-3.0] * n,
            upper=[3.0] * n,
        ),
    )


def _many_starts(
    random: Generator, text: Text, rows: list[Row], box: list[tuple[float, float]], sign: float
) -> float:
    limits = [
        {"type": "ineq", "fun": lambda x, row=row: row.right - row.text.at(x)} for row in rows
    ]
    best = math.inf
    for _ in range(60):
        start = np.array([random.uniform(*one) for one in box])
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            found = minimize(
                lambda x: sign * text.at(x),
                start,
                method="SLSQP",
                bounds=box,
                constraints=limits,
                options={"ftol": 1e-12, "maxiter": 200},
            )
        if all(row.missed(found.x) < 1e-8 for row in rows):
            best = min(best, float(found.fun))
    assert math.isfinite(best)
    return sign * best


_ENDLESS = (
    ("{s}*LN(x1)", "maximize"),
    ("x1^3", "minimize"),
    ("EXP(x1)-2*EXP(2*x1)", "minimize"),
    ("x1*x2", "minimize"),
    ("x1^2-3*x2^2", "minimize"),
    ("SQRT(x1)+x2", "maximize"),
    ("(x1+x2)^3", "maximize"),
    ("x1^4+x2^4", "maximize"),
    ("LN(x1)+LN(x2)", "maximize"),
    ("x1*SQRT(x1)", "maximize"),
    ("0-x1^2+x1*x2^3", "maximize"),
)


def endless(random: Generator) -> Case:
    """Objectives that improve without end, alone or beside a row that does not hold them."""
    text, sense = _ENDLESS[int(random.integers(len(_ENDLESS)))]
    text = text.replace("{s}", str(random.integers(1, 9)))
    n = 2 if "x2" in text else 1
    start = [float(v) for v in random.uniform(0.5, 3.0, n)]
    rows = []
    if random.random() < 0.5 and text != "x1*x2":
        rows = [Row(Text("x1^2" if "EXP" not in text else "x1"), ">=", 0.01)]
    if "x1^2-3" in text:
        rows = []
    case = Case("endless", Text(text), sense, start, Truth("unbounded"), rows)  # type: ignore[arg-type]
    return measured(random, case)


def disjoint(random: Generator) -> Case:
    """Rows that nothing satisfies: a plane that misses a ball, a sum of squares below zero, an
    exponential that is negative."""
    n = int(random.integers(2, 5))
    centre: Array = random.uniform(-3, 3, n)
    ball = _sum([f"(x{i + 1}-({float(v)!r}))^2" for i, v in enumerate(centre)])
    which = int(random.integers(3))
    if which == 0:
        a = random.uniform(0.5, 2.0, n)
        far = float(a @ centre + 1.3 * np.linalg.norm(a))
        rows = [Row(Text(ball), "<=", 1.0), Row(Text(linear(a)), ">=", far)]
    elif which == 1:
        rows = [Row(Text(f"{ball}+0.5"), "<=", 0.25)]
    else:
        rows = [Row(Text("EXP(x1)+x2^2"), "=", -0.5)]
    objective = Text(_sum([f"x{i + 1}^2" for i in range(n)]))
    start = [float(v) for v in random.uniform(-3, 3, n)]
    plain = random.random() < 0.3
    case = Case(
        "no point", None if plain else objective, "minimize", start, Truth("infeasible"), rows
    )
    return measured(random, case)


def some_point(random: Generator) -> Case:
    """No objective: rows that a known point satisfies."""
    n = int(random.integers(1, 5))
    inside = random.uniform(-3, 3, n)
    rows = []
    for _ in range(int(random.integers(1, 4))):
        kind = int(random.integers(3))
        if kind == 0:
            text = Text(linear(random.integers(-4, 5, n).astype(float)))
        elif kind == 1:
            text = Text(_sum([f"{random.integers(1, 4)}*x{i + 1}^2" for i in range(n)]))
        else:
            text = Text(_sum([f"EXP(0.5*x{i + 1})" for i in range(n)]))
        sign = ("<=", ">=")[int(random.integers(2))]
        room = float(random.uniform(0, 1)) * (1 if sign == "<=" else -1)
        rows.append(Row(text, sign, text.at(inside) + room))
    first = rows[0]
    rows[0] = Row(first.text, "=", first.text.at(inside))
    start = [float(v) for v in random.uniform(-3, 3, n)]
    return measured(random, Case("some point", None, "minimize", start, Truth("feasible"), rows))
