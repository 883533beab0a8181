"""The sheets of the speed table, as workbooks of formulas, in torch by hand and in numba by hand.

A crosstab with factors (dot product, with biases, through a sigmoid), rows that look their factors
up, logistic regression and a net whose weights are cells.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import xlsxwriter
from numba import njit
from numpy.typing import NDArray
from torch import Tensor
from xlsxwriter.utility import xl_col_to_name as letters
from xlsxwriter.utility import xl_rowcol_to_cell as cell

Numbers = NDArray[np.float64]
Numba = Callable[[Numbers], tuple[float, Numbers]]


@dataclass(frozen=True)
class Made:
    """A workbook with its objective and its variables, where they start, and the same by hand."""

    path: Path
    objective: str
    variables: str
    start: Numbers
    torch: Callable[[Tensor], Tensor]
    numba: Numba | None = None


def crosstab(folder: Path, side: int, k: int, kind: str) -> Made:
    """side × side ratings, seven tenths of them there, of k factors."""
    draw = np.random.default_rng(side + k)
    ratings = np.round(1 + 4 * draw.random((side, side)))
    there = draw.random((side, side)) < 0.7
    users, items = draw.normal(0, 0.3, (side, k)), draw.normal(0, 0.3, (k, side))
    by_user, by_item = draw.normal(0, 0.3, side), draw.normal(0, 0.3, side)
    biased = kind != "dot"
    path = folder / f"{kind}_{side}_{k}.xlsx"
    book = xlsxwriter.Workbook(path)
    sheet = book.add_worksheet("S")
    left, top, first = k + 1, side + 1, side + k + 2
    for i, j in np.argwhere(there).tolist():
        sheet.write_number(i, left + j, ratings[i, j])
    for a in range(k):
        sheet.write_row(top + a, left, items[a].tolist())
    if biased:
        sheet.write_row(top + k, left, by_item.tolist())
    for i in range(side):
        row = first + i
        sheet.write_row(row, 0, users[i].tolist())
        if biased:
            sheet.write_number(row, k, by_user[i])
        for j in range(side):
            c = letters(left + j)
            text = f"MMULT($A{row + 1}:${letters(k - 1)}{row + 1},{c}${top + 1}:{c}${top + k})"
            if biased:
                text += f"+${letters(k)}{row + 1}+{c}${top + k + 1}"
            if kind == "sigmoid":
                text = f"0.5+5/(1+EXP(-({text})))"
            sheet.write_formula(row, left + j, f'=IF({cell(i, left + j)}="",0,{text})')
    known = f"{cell(0, left)}:{cell(side - 1, left + side - 1)}"
    found = f"{cell(first, left)}:{cell(first + side - 1, left + side - 1)}"
    objective = cell(first + side + 1, left)
    sheet.write_formula(objective, f"=SQRT(SUMXMY2({known},{found})/COUNT({known}))")
    book.close()
    last = letters(left + side - 1)
    areas = [
        f"S!{letters(left)}{top + 1}:{last}{top + k}",
        f"S!A{first + 1}:{letters(k - 1)}{first + side}",
    ]
    start = [items.ravel(), users.ravel()]
    if biased:
        areas += [
            f"S!{letters(left)}{top + k + 1}:{last}{top + k + 1}",
            f"S!{letters(k)}{first + 1}:{letters(k)}{first + side}",
        ]
        start += [by_item, by_user]
    mask = there.astype(float)
    return Made(
        path,
        f"S!{objective}",
        ",".join(areas),
        np.concatenate(start),
        _crosstab_torch(ratings * mask, mask, k, kind),
        _crosstab_numba(ratings * mask, mask, k, kind),
    )


def _crosstab_torch(
    ratings: Numbers, mask: Numbers, k: int, kind: str
) -> Callable[[Tensor], Tensor]:
    side, known, there = len(ratings), torch.from_numpy(ratings), torch.from_numpy(mask)
    count, cut = float(mask.sum()), k * len(ratings)

    def by_hand(x: Tensor) -> Tensor:
        found = x[cut : 2 * cut].view(side, k) @ x[:cut].view(k, side)
        if kind != "dot":
            found = found + x[2 * cut : 2 * cut + side] + x[2 * cut + side :].view(side, 1)
        if kind == "sigmoid":
            found = 0.5 + 5 * torch.sigmoid(found)
        return (((found - known) * there).square().sum() / count).sqrt()

    return by_hand


def _crosstab_numba(ratings: Numbers, mask: Numbers, k: int, kind: str) -> Numba:
    biased, sigmoid, count = kind != "dot", kind == "sigmoid", float(mask.sum())

    def by_hand(x: Numbers) -> tuple[float, Numbers]:
        slope = np.zeros_like(x)
        return _crosstab_loop(x, slope, ratings, mask, k, biased, sigmoid, count), slope

    return by_hand


@njit(fastmath=True, error_model="numpy")
def _crosstab_loop(
    x: Numbers,
    g: Numbers,
    ratings: Numbers,
    mask: Numbers,
    k: int,
    biased: bool,
    sigmoid: bool,
    count: float,
) -> float:
    n, total = len(ratings), 0.0
    p, users, items, own = np.empty(n), n * k, 2 * n * k, 2 * n * k + n
    for i in range(n):
        for c in range(n):
            p[c] = x[items + c] + x[own + i] if biased else 0.0
        for a in range(k):
            u = x[users + i * k + a]
            for c in range(n):
                p[c] += u * x[a * n + c]
        for c in range(n):
            q = 1.0 / (1.0 + math.exp(-p[c])) if sigmoid else 0.0
            e = ((0.5 + 5.0 * q if sigmoid else p[c]) - ratings[i, c]) * mask[i, c]
            total += e * e
            p[c] = e * 5.0 * q * (1.0 - q) if sigmoid else e
        for a in range(k):
            u, own_slope = x[users + i * k + a], 0.0
            for c in range(n):
                own_slope += p[c] * x[a * n + c]
                g[a * n + c] += u * p[c]
            g[users + i * k + a] = own_slope
        if biased:
            for c in range(n):
                g[items + c] += p[c]
                g[own + i] += p[c]
    value = math.sqrt(total / count)
    for c in range(len(g)):
        g[c] /= count * value
    return value


def lookup(folder: Path, rows: int, things: int, k: int, how: str) -> Made:
    """Ratings by rows, whose users' and items' k factors are found by `how`."""
    draw = np.random.default_rng(rows)
    u, i = draw.integers(0, things, rows), draw.integers(0, things, rows)
    ratings = np.round(1 + 4 * draw.random(rows))
    users, items = draw.normal(0, 0.3, (things, k)), draw.normal(0, 0.3, (things, k))
    path = folder / f"{how}_{rows}_{k}.xlsx"
    book = xlsxwriter.Workbook(path)
    sheet, factors = book.add_worksheet("S"), book.add_worksheet("F")
    for a in range(things):
        factors.write_row(a, 0, [a + 1, *users[a].tolist()])
        factors.write_row(a, k + 2, [a + 1, *items[a].tolist()])
    user_last, item_id, item_first, item_last = (letters(c) for c in (k, k + 2, k + 3, 2 * k + 2))
    of_user = (f"F!$A$1:$A${things}", f"F!$B$1:${user_last}${things}", "F!$B$1")
    ids = f"F!${item_id}$1:${item_id}${things}"
    of_item = (ids, f"F!${item_first}$1:${item_last}${things}", f"F!${item_first}$1")
    for t in range(rows):
        sheet.write_row(t, 0, [int(u[t]) + 1, int(i[t]) + 1, float(ratings[t])])
        found = []
        for name, (ids, table, corner) in zip("AB", (of_user, of_item), strict=True):
            place = f"MATCH({name}{t + 1},{ids},0)"
            text = f"INDEX({table},{place},0)"
            found.append(text if how == "index" else f"OFFSET({corner},{place}-1,0,1,{k})")
        formula = f"=SUMPRODUCT({','.join(found)})"
        if how == "vlookup":
            left, right = f"F!$A$1:${user_last}${things}", f"F!${item_id}$1:${item_last}${things}"
            formula = "=" + "+".join(
                f"VLOOKUP($A{t + 1},{left},{a + 2},0)*VLOOKUP($B{t + 1},{right},{a + 2},0)"
                for a in range(k)
            )
        sheet.write_formula(t, 3, formula)
        sheet.write_formula(t, 4, f"=(D{t + 1}-C{t + 1})^2")
    sheet.write_formula("G1", f"=SQRT(SUM(E1:E{rows})/{rows})")
    book.close()
    variables = f"{of_user[1]},{of_item[1]}"
    start = np.concatenate([users.ravel(), items.ravel()])
    by_torch = _lookup_torch(u, i, ratings, things, k)
    return Made(path, "S!G1", variables, start, by_torch, _lookup_numba(u, i, ratings, things, k))


def _lookup_torch(
    u: NDArray[np.int64], i: NDArray[np.int64], ratings: Numbers, things: int, k: int
) -> Callable[[Tensor], Tensor]:
    of_user, of_item, known = (torch.from_numpy(one) for one in (u, i, ratings))

    def by_hand(x: Tensor) -> Tensor:
        users, items = x[: things * k].view(things, k), x[things * k :].view(things, k)
        return ((users[of_user] * items[of_item]).sum(1) - known).square().mean().sqrt()

    return by_hand


def _lookup_numba(
    u: NDArray[np.int64], i: NDArray[np.int64], ratings: Numbers, things: int, k: int
) -> Numba:
    def by_hand(x: Numbers) -> tuple[float, Numbers]:
        slope = np.zeros_like(x)
        return _lookup_loop(x, slope, u, i, ratings, things * k, k), slope

    return by_hand


@njit(fastmath=True, error_model="numpy")
def _lookup_loop(
    x: Numbers,
    g: Numbers,
    u: NDArray[np.int64],
    i: NDArray[np.int64],
    ratings: Numbers,
    cut: int,
    k: int,
) -> float:
    total = 0.0
    for t in range(len(ratings)):
        a, b, p = u[t] * k, cut + i[t] * k, -ratings[t]
        for f in range(k):
            p += x[a + f] * x[b + f]
        total += p * p
        for f in range(k):
            g[a + f] += p * x[b + f]
            g[b + f] += p * x[a + f]
    value = math.sqrt(total / len(ratings))
    for c in range(len(g)):
        g[c] /= len(ratings) * value
    return value


def logistic(folder: Path, rows: int, d: int) -> Made:
    """Logistic regression: the negative log likelihood of `rows` rows of d numbers."""
    draw = np.random.default_rng(rows + d)
    inputs, truth = draw.normal(size=(rows, d)), (draw.random(rows) < 0.5).astype(float)
    start = draw.normal(0, 0.1, d)
    path = folder / f"logistic_{rows}_{d}.xlsx"
    book = xlsxwriter.Workbook(path)
    sheet = book.add_worksheet("S")
    sheet.write_row(0, 0, start.tolist())
    last, known, chance, loss = (letters(c) for c in (d - 1, d, d + 1, d + 2))
    for t in range(rows):
        row = t + 3
        sheet.write_row(t + 2, 0, [*inputs[t].tolist(), truth[t]])
        score = f"SUMPRODUCT(A{row}:{last}{row},$A$1:${last}$1)"
        sheet.write_formula(f"{chance}{row}", f"=1/(1+EXP(-{score}))")
        branches = f"LN({chance}{row}),LN(1-{chance}{row})"
        sheet.write_formula(f"{loss}{row}", f"=IF({known}{row}=1,{branches})")
    sheet.write_formula(0, d + 4, f"=-SUM({loss}3:{loss}{rows + 2})")
    book.close()
    x_torch, y_torch = torch.from_numpy(inputs), torch.from_numpy(truth)

    def by_hand(x: Tensor) -> Tensor:
        q = torch.sigmoid(x_torch @ x)
        return -torch.where(y_torch == 1, q.log(), (1 - q).log()).sum()

    def by_numba(x: Numbers) -> tuple[float, Numbers]:
        slope = np.zeros_like(x)
        return _logistic_loop(x, slope, inputs, truth), slope

    return Made(path, f"S!{cell(0, d + 4)}", f"S!A1:{last}1", start, by_hand, by_numba)


@njit(fastmath=True, error_model="numpy")
def _logistic_loop(x: Numbers, g: Numbers, inputs: Numbers, truth: Numbers) -> float:
    total = 0.0
    for i in range(inputs.shape[0]):
        z = 0.0
        for a in range(inputs.shape[1]):
            z += inputs[i, a] * x[a]
        q = 1.0 / (1.0 + math.exp(-z))
        total -= math.log(q if truth[i] == 1.0 else 1.0 - q)
        for a in range(inputs.shape[1]):
            g[a] += (q - truth[i]) * inputs[i, a]
    return total


def net(folder: Path, rows: int, d: int, hidden: int) -> Made:
    """`rows` rows of d inputs, a hidden layer through MAX(0, …), one output, squared errors."""
    draw = np.random.default_rng(rows)
    inputs, truth = draw.normal(size=(rows, d)), draw.normal(size=rows)
    weights, bias = draw.normal(0, 0.5, (d, hidden)), draw.normal(0, 0.1, hidden)
    out = draw.normal(0, 0.5, hidden)
    path = folder / f"net_{rows}_{hidden}.xlsx"
    book = xlsxwriter.Workbook(path)
    sheet = book.add_worksheet("S")
    for a in range(d):
        sheet.write_row(a, 0, weights[a].tolist())
    sheet.write_row(d, 0, bias.tolist())
    sheet.write_row(d + 1, 0, out.tolist())
    first, left, last = d + 3, d + 2, letters(hidden - 1)
    for t in range(rows):
        row = first + t
        sheet.write_row(row, 0, [*inputs[t].tolist(), truth[t]])
        for j in range(hidden):
            c = letters(j)
            terms = [f"${letters(a)}{row + 1}*{c}${a + 1}" for a in range(d)]
            sheet.write_formula(row, left + j, f"=MAX(0,{'+'.join(terms)}+{c}${d + 1})")
        layer = f"{cell(row, left)}:{cell(row, left + hidden - 1)}"
        found, error = cell(row, left + hidden), cell(row, left + hidden + 1)
        sheet.write_formula(found, f"=SUMPRODUCT({layer},$A${d + 2}:${last}${d + 2})")
        sheet.write_formula(error, f"=({found}-{cell(row, d)})^2")
    c, objective = letters(left + hidden + 1), cell(0, left + hidden + 3)
    sheet.write_formula(objective, f"=SUM({c}{first + 1}:{c}{first + rows})/{rows}")
    book.close()
    x_torch, y_torch = torch.from_numpy(inputs), torch.from_numpy(truth)

    def by_hand(x: Tensor) -> Tensor:
        w, b, v = x[: d * hidden].view(d, hidden), x[d * hidden : -hidden], x[-hidden:]
        return ((torch.relu(x_torch @ w + b) @ v) - y_torch).square().mean()

    def by_numba(x: Numbers) -> tuple[float, Numbers]:
        slope = np.zeros_like(x)
        return _net_loop(x, slope, inputs, truth, hidden), slope

    start = np.concatenate([weights.ravel(), bias, out])
    return Made(path, f"S!{objective}", f"S!A1:{last}{d + 2}", start, by_hand, by_numba)


@njit(fastmath=True, error_model="numpy")
def _net_loop(x: Numbers, g: Numbers, inputs: Numbers, truth: Numbers, hidden: int) -> float:
    rows, d = inputs.shape
    h, bias, out, total = np.empty(hidden), d * hidden, d * hidden + hidden, 0.0
    for i in range(rows):
        for j in range(hidden):
            h[j] = x[bias + j]
        for a in range(d):
            for j in range(hidden):
                h[j] += inputs[i, a] * x[a * hidden + j]
        e = -truth[i]
        for j in range(hidden):
            h[j] = max(0.0, h[j])
            e += h[j] * x[out + j]
        total += e * e
        for j in range(hidden):
            g[out + j] += e * h[j]
            h[j] = e * x[out + j] if h[j] > 0.0 else 0.0
            g[bias + j] += h[j]
        for a in range(d):
            for j in range(hidden):
                g[a * hidden + j] += inputs[i, a] * h[j]
    for c in range(len(g)):
        g[c] *= 2.0 / rows
    return total / rows
