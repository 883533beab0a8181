"""Products of binaries, look-ups, surfaces, degenerate rows, indefinite squares, ratios, cones and
mixtures; judged by trying all, by closed forms, or by HiGHS (through scipy)."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.random import Generator
from scipy.optimize import linprog

from tests.solver.battery.case import Array, Case, Row, Text, Told, Truth, linear
from tests.solver.battery.units import measured


def _floats(values: Array) -> list[float]:
    return [float(v) for v in values]


def _least(
    text: Text, rows: Sequence[Row], points: Iterator[tuple[float, ...]], sign: float = 1.0
) -> Truth:
    """The best of all points that satisfy the rows, sign -1 for the largest."""
    values = [sign * text.at(p) for p in points if all(row.missed(p) <= 1e-12 for row in rows)]
    return Truth("optimum", sign * min(values)) if values else Truth("infeasible")


def binary_products(random: Generator) -> Case:
    """A quadratic of 0 and 1 under a knapsack, all corners tried."""
    n = int(random.integers(2, 9))
    weights = np.triu(random.integers(-9, 10, (n, n))) * (random.random((n, n)) < 0.7)
    parts = [f"{weights[i, j]}*x{i + 1}*x{j + 1}" for i in range(n) for j in range(i, n)]
    text = Text("+".join(parts).replace("+-", "-"))
    heavy = random.integers(1, 9, n).astype(float)
    rows = [Row(Text(linear(heavy)), "<=", float(random.integers(1, int(heavy.sum()) + 1)))]
    if random.random() < 0.5:
        rows.append(Row(Text("+".join(f"x{i + 1}" for i in range(n))), ">=", 1.0))
    sign = float(random.choice([-1.0, 1.0]))
    truth = _least(text, rows, itertools.product((0.0, 1.0), repeat=n), sign)
    start = _floats(random.integers(0, 2, n))
    sense = "minimize" if sign > 0 else "maximize"
    box = {"lower": [0.0] * n, "upper": [1.0] * n, "integer": list(range(n))}
    return measured(random, Case("0/1", text, sense, start, truth, rows, **box))  # type: ignore[arg-type]


def look_ups(random: Generator) -> Case:
    """A price by VLOOKUP, INDEX with MATCH, CHOOSE or LOOKUP; all whole amounts tried."""
    edges = np.sort(random.choice(np.arange(5, 40), 3, replace=False))
    prices = -np.sort(-random.integers(3, 30, 4)).astype(float)
    hold = float(random.integers(1, 30)) / 10
    need = float(random.integers(1, 45))
    table = [0.0, *_floats(edges)]

    def price(v: float) -> float:
        return float(prices[sum(v >= e for e in table) - 1])

    beside: dict[str, object] = {f"H{i + 1}": v for i, v in enumerate(table)}
    beside |= {f"I{i + 1}": float(v) for i, v in enumerate(prices)}
    form = (
        "VLOOKUP(x1,$H$1:$I$4,2,TRUE)",
        "INDEX($I$1:$I$4,MATCH(x1,$H$1:$H$4,1))",
        "LOOKUP(x1,$H$1:$H$4,$I$1:$I$4)",
        "CHOOSE(MATCH(x1,$H$1:$H$4,1),$I$1,$I$2,$I$3,$I$4)",
    )[int(random.integers(4))]
    text = Told(
        f"(x1+x2)*{form}+{hold!r}*x1+x2^2",
        lambda x: (x[0] + x[1]) * price(x[0]) + hold * x[0] + x[1] ** 2,
    )
    rows = [Row(Text("x1+x2"), ">=", need)]
    points = itertools.product(map(float, range(46)), map(float, range(11)))
    truth = _least(text, rows, points)
    start = [float(random.integers(0, 45)), float(random.integers(0, 10))]
    case = Case(
        "look-up",
        text,
        "minimize",
        start,
        truth,
        rows,
        [0.0, 0.0],
        [45.0, 10.0],
        [0, 1],
        smooth=False,
        beside=beside,
    )
    return measured(random, case)


def counted(random: Generator) -> Case:
    """COUNTIF, SUMIF and SUMPRODUCT over conditions of whole variables; all of them tried."""
    n, most = int(random.integers(2, 5)), 6
    at = int(random.integers(1, most + 1))
    cost = random.integers(1, 9, n).astype(float)
    fee = float(random.integers(2, 25))
    area = f"$A$1:$A${n}"
    counts = (
        f'COUNTIF({area},">={at}")',
        f'COUNTIFS({area},">={at}")',
        f"SUMPRODUCT(--({area}>={at}))",
    )
    text = Told(
        f"{linear(cost)}+{fee!r}*{counts[int(random.integers(3))]}",
        lambda x: float(np.dot(cost, x)) + fee * sum(v >= at for v in x),
    )
    rows = [Row(Text(linear(np.ones(n))), ">=", float(random.integers(1, n * most)))]
    truth = _least(text, rows, itertools.product(map(float, range(most + 1)), repeat=n))
    start = _floats(random.integers(0, most + 1, n))
    box = {"lower": [0.0] * n, "upper": [float(most)] * n, "integer": list(range(n))}
    case = Case("steps", text, "minimize", start, truth, rows, smooth=False, **box)  # type: ignore[arg-type]
    return measured(random, case)


def surface(random: Generator) -> Case:
    """A plane's extreme on an ellipsoid, the least sum under a product, the nearest point of a
    circle: equalities that are curved, in closed form."""
    n = int(random.integers(2, 5))
    start = _floats(random.uniform(0.5, 2.5, n))
    form = int(random.integers(3))
    if form == 0:
        axes, along = random.uniform(0.5, 3.0, n), random.uniform(-3, 3, n)
        round_it = "+".join(f"{float(a)!r}*x{i + 1}^2" for i, a in enumerate(axes))
        right = float(random.uniform(0.5, 9))
        text, rows = Text(linear(_floats(along))), [Row(Text(round_it), "=", right)]
        truth = Truth("optimum", -math.sqrt(right * float((along**2 / axes).sum())))
        return measured(random, Case("surface", text, "minimize", start, truth, rows))
    if form == 1:
        weights, right = random.uniform(0.5, 4.0, n), float(random.uniform(0.5, 9))
        product = "*".join(f"x{i + 1}" for i in range(n))
        truth = Truth("optimum", n * (right * float(weights.prod())) ** (1 / n))
        rows = [Row(Text(product), "=", right)]
        lower = [1e-3] * n
        text = Text(linear(_floats(weights)))
        return measured(random, Case("surface", text, "minimize", start, truth, rows, lower))
    away = random.uniform(2, 6, n)
    text = Text("+".join(f"(x{i + 1}-{float(v)!r})^2" for i, v in enumerate(away)))
    radius = float(random.uniform(0.3, 2.0))
    rows = [Row(Text("+".join(f"x{i + 1}^2" for i in range(n))), "=", radius**2)]
    truth = Truth("optimum", (float(np.linalg.norm(away)) - radius) ** 2)
    return measured(random, Case("surface", text, "minimize", start, truth, rows))


def degenerate(random: Generator) -> Case:
    """Rows through one corner, rows twice, equalities that follow from others, and transports with
    equal sums; judged by HiGHS."""
    if random.random() < 0.5:
        return _transport(random)
    n = int(random.integers(2, 6))
    corner = random.integers(0, 5, n).astype(float)
    weights = random.integers(0, 5, (n + 3, n)).astype(float)
    weights = np.vstack([weights, weights[:2], weights[:1] + weights[1:2]])
    right = weights @ corner
    cost = -random.integers(0, 6, n).astype(float)
    cost[0] -= not cost.any()
    bounds = [(0.0, 30.0)] * n
    found = linprog(cost, A_ub=weights, b_ub=right, bounds=bounds)
    rows = [Row(Text(linear(w)), "<=", float(b)) for w, b in zip(weights, right, strict=True)]
    case = Case(
        "degenerate",
        Text(linear(-cost)),
        "maximize",
        _floats(random.integers(0, 5, n)),
        Truth("optimum", -float(found.fun)),
        rows,
        [0.0] * n,
        [30.0] * n,
    )
    return measured(random, case)


def _transport(random: Generator) -> Case:
    m, n = int(random.integers(2, 4)), int(random.integers(2, 4))
    cost = random.integers(1, 12, m * n).astype(float)
    sent = random.integers(0, 9, (m, n)).astype(float)
    short = float(random.random() < 0.2)
    weights = np.vstack([np.kron(np.eye(m), np.ones(n)), np.kron(np.ones(m), np.eye(n))])
    right = np.concatenate([sent.sum(axis=1), sent.sum(axis=0)])
    right[0] += short
    found = linprog(cost, A_eq=weights, b_eq=right, bounds=[(0, None)] * (m * n))
    truth = Truth("infeasible") if short else Truth("optimum", float(found.fun))
    assert short or found.status == 0
    rows = [Row(Text(linear(w)), "=", float(b)) for w, b in zip(weights, right, strict=True)]
    start, lower = [0.0] * (m * n), [0.0] * (m * n)
    case = Case("transport", Text(linear(cost)), "minimize", start, truth, rows, lower)
    return measured(random, case)


def indefinite(random: Generator) -> Case:
    """A quadratic that is not convex within a box: the best stationary point of all faces."""
    n = int(random.integers(1, 4))
    square = random.integers(-4, 5, (n, n)).astype(float)
    square = square + square.T
    drift = random.integers(-5, 6, n).astype(float)
    parts = [
        f"{(square[i, j] if i != j else square[i, i] / 2)!r}*x{i + 1}*x{j + 1}"
        for i in range(n)
        for j in range(i, n)
    ]
    text = Text(("+".join(parts) + "+" + linear(drift)).replace("np.float64", ""))
    box = (-2.0, 3.0)
    values = [text.at(p) for p in _faces(square, drift, box)]
    case = Case(
        "not convex",
        text,
        "minimize",
        _floats(random.uniform(-2, 3, n)),
        Truth("optimum", min(values)),
        lower=[box[0]] * n,
        upper=[box[1]] * n,
    )
    return measured(random, case)


def _faces(square: Array, drift: Array, box: tuple[float, float]) -> Iterator[Array]:
    """The stationary point of x·square·x/2 + drift·x on each face of the box that holds one."""
    n = drift.size
    for held in itertools.product((*box, None), repeat=n):
        free = [i for i in range(n) if held[i] is None]
        x = np.array([0.0 if v is None else v for v in held])
        if free:
            inner = square[np.ix_(free, free)]
            x[free] = np.linalg.lstsq(inner, -(drift + square @ x)[free], rcond=None)[0]
        if np.all(x >= box[0]) and np.all(x <= box[1]):
            yield x


def ratio(random: Generator) -> Case:
    """A ratio of linear values within rows, by the linear program of Charnes and Cooper."""
    n = int(random.integers(2, 5))
    over, under = random.integers(-4, 9, n).astype(float), random.integers(0, 5, n).astype(float)
    more = float(random.integers(1, 6))
    weights = random.integers(0, 6, (3, n)).astype(float) + np.eye(3, n)
    right = random.integers(4, 30, 3).astype(float)
    found = linprog(
        -np.concatenate([over, [1.0]]),
        A_ub=np.block([[weights, -right[:, None]], [np.eye(n), -20 * np.ones((n, 1))]]),
        b_ub=np.zeros(3 + n),
        A_eq=np.concatenate([under, [more]])[None, :],
        b_eq=[1.0],
    )
    rows = [Row(Text(linear(w)), "<=", float(b)) for w, b in zip(weights, right, strict=True)]
    text = Text(f"({linear(over, 1.0)})/({linear(under, more)})")
    case = Case(
        "ratio",
        text,
        "maximize",
        _floats(random.integers(0, 3, n)),
        Truth("optimum", -float(found.fun)),
        rows,
        [0.0] * n,
        [20.0] * n,
    )
    return measured(random, case)


def cone(random: Generator) -> Case:
    """A mean less its deviation, or a plane under a length: second-order cones in closed form."""
    n = int(random.integers(2, 6))
    along, axes = random.uniform(-3, 3, n), random.uniform(0.3, 2.0, n)
    inner = "+".join(f"({float(a)!r}*x{i + 1})^2" for i, a in enumerate(axes))
    length = Text(f"SQRT({inner})")
    reach = float(random.uniform(0.5, 5))
    rows = [Row(length, "<=", reach)]
    best = reach * float(np.linalg.norm(along / axes))
    text = Text(linear(_floats(along)))
    if random.random() < 0.5:
        text = Text(f"{text.formula}-0.5*{length.formula}")
        slope = float(np.linalg.norm(along / axes)) - 0.5
        best = max(0.0, slope * reach)
    start = _floats(random.uniform(-1, 1, n))
    case = Case("cone", text, "maximize", start, Truth("optimum", best), rows)
    return measured(random, case)


def fixed_charge(random: Generator) -> Case:
    """Continuous amounts behind 0/1 decisions, a convex cost: every choice, its water level."""
    n = int(random.integers(2, 5))
    fee, curve = random.integers(1, 30, n).astype(float), random.uniform(0.2, 3.0, n)
    need = float(random.integers(2, 12))
    most = float(random.integers(4, 15))
    choices = itertools.product((0, 1), repeat=n)
    values = [v for pick in choices if (v := _level(np.array(pick), fee, curve, need, most))]
    truth = Truth("optimum", min(values)) if values else Truth("infeasible")
    parts = [f"{float(c)!r}*x{i + 1}^2" for i, c in enumerate(curve)]
    parts += [f"{float(f)!r}*x{n + i + 1}" for i, f in enumerate(fee)]
    rows = [Row(Text("+".join(f"x{i + 1}" for i in range(n))), ">=", need)]
    rows += [Row(Text(f"x{i + 1}-{most!r}*x{n + i + 1}"), "<=", 0.0) for i in range(n)]
    case = Case(
        "mixed",
        Text("+".join(parts)),
        "minimize",
        [1.0] * (2 * n),
        truth,
        rows,
        [0.0] * (2 * n),
        [most] * n + [1.0] * n,
        integer=list(range(n, 2 * n)),
    )
    return measured(random, case)


def _level(pick: Array, fee: Array, curve: Array, need: float, most: float) -> float | None:
    """The least cost with these plants open: equal marginal costs up to the limit."""
    if pick.sum() * most < need:
        return None
    low, high = 0.0, 2 * float(curve.max()) * most
    for _ in range(200):
        price = (low + high) / 2
        amounts = pick * np.minimum(most, price / (2 * curve))
        low, high = (price, high) if amounts.sum() < need else (low, price)
    return float((curve * amounts**2).sum() + (fee * pick).sum())


def epigraph(random: Generator) -> Case:
    """The objective is itself a variable, above every row; judged by its linear program."""
    n = int(random.integers(1, 4))
    m = int(random.integers(2, 6))
    weights = random.integers(-4, 5, (m, n)).astype(float)
    right = random.integers(-9, 10, m).astype(float)
    found = linprog(
        np.concatenate([np.zeros(n), [1.0]]),
        A_ub=np.column_stack([weights, -np.ones(m)]),
        b_ub=-right,
        bounds=[(-20, 20)] * n + [(None, None)],
    )
    rows = [
        Row(Text(f"{linear(w, float(b))}-x{n + 1}"), "<=", 0.0)
        for w, b in zip(weights, right, strict=True)
    ]
    case = Case(
        "epigraph",
        Text(f"x{n + 1}"),
        "minimize",
        [0.0] * (n + 1),
        Truth("optimum", float(found.fun)),
        rows,
        [-20.0] * n + [-math.inf],
        [20.0] * n + [math.inf],
    )
    return measured(random, case)


def whole_point(random: Generator) -> Case:
    """No objective, whole numbers under equations: in reach or not, all of them tried."""
    n, most = int(random.integers(2, 4)), 9
    weights = random.integers(1, 9, n).astype(float)
    if random.random() < 0.3:
        weights *= 2
    text = Text(linear(weights))
    if random.random() < 0.4:
        text = Text("+".join(f"{w!r}*x{i + 1}^2" for i, w in enumerate(_floats(weights))))
    rows = [Row(text, "=", float(random.integers(3, 60)))]
    points = itertools.product(map(float, range(most + 1)), repeat=n)
    found = any(all(row.missed(p) == 0.0 for row in rows) for p in points)
    case = Case(
        "whole point",
        None,
        "minimize",
        [0.0] * n,
        Truth("feasible" if found else "infeasible"),
        rows,
        [0.0] * n,
        [float(most)] * n,
        integer=list(range(n)),
    )
    return measured(random, case)


def equations(random: Generator) -> Case:
    """Two curved equations that meet at a known point, or a circle and a line that are apart."""
    at = random.uniform(0.5, 2.0, 2)
    pairs = (("x1^2+x2^2", "x1*x2"), ("EXP(x1)-x2", "x1+x2^3"), ("x1^3-x2", "x1*x2+x2"))
    if random.random() < 0.7:
        texts = [Text(t) for t in pairs[int(random.integers(3))]]
        rows = [Row(t, "=", t.at(_floats(at))) for t in texts]
        truth = Truth("feasible")
    else:
        radius = float(random.uniform(0.5, 2))
        rows = [
            Row(Text("x1^2+x2^2"), "=", radius**2),
            Row(Text("x1+x2"), "=", radius * math.sqrt(2) * float(random.uniform(1.05, 3))),
        ]
        truth = Truth("infeasible")
    start = _floats(random.uniform(-1, 3, 2))
    case = Case("equations", None, "minimize", start, truth, rows)
    return measured(random, case)


def posynomial(random: Generator) -> Case:
    """What grows and what falls with each variable: Σ a x + b / x, in closed form."""
    n = int(random.integers(1, 4))
    up, down = random.uniform(0.5, 9, n), random.uniform(0.5, 90, n)
    text = "+".join(
        f"{float(u)!r}*x{i + 1}+{float(d)!r}/x{i + 1}"
        for i, (u, d) in enumerate(zip(up, down, strict=True))
    )
    truth = Truth("optimum", float((2 * np.sqrt(up * down)).sum()))
    start = _floats(random.uniform(0.2, 20, n))
    case = Case("convex", Text(text), "minimize", start, truth, lower=[1e-6] * n)
    return measured(random, case)
