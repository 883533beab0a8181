"""What was taken up, and how sure it is: weighted least squares of a row, and steps on pairs.

Hu, Koren and Volinsky 2008: every pair of user and item has a preference, 1 where the item was
taken up and 0 elsewhere, and a confidence, 1 elsewhere and c above 1 there. With the other side's
rows X fixed, a row w minimises Σ c (preference − w·x)² + λ |w|² over *all* others, which is

    (XᵀX + λ I + Σ (c − 1) x xᵀ) w = Σ c x     (sums over what was taken up; their equation 4)

so that nothing is ever summed over the pairs that are not there.

Rendle, Freudenthaler, Gantner and Schmidt-Thieme 2009 (BPR): for a user u, an item i that was taken
up and one j that was not, ascend log σ(w·(x_i − x_j)).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import prange

from xlcollab.factor.passes.compiled import inlined, parallel, serial
from xlcollab.factor.passes.kernels import Floats, Ints

_ENOUGH = 1e-20
"""A squared gradient that no step makes smaller: preferences are of size 1."""


@inlined
def _product(one: Floats, other: Floats) -> float:
    total = 0.0
    for f in range(len(one)):
        total += one[f] * other[f]
    return total


@inlined
def _squared(one: Floats) -> float:
    return _product(one, one)


@inlined
def _applied(
    others: Ints,
    more: Floats,
    begin: int,
    end: int,
    features: Floats,
    everyone: Floats,
    w: Floats,
    image: Floats,
) -> None:
    """image ← (XᵀX + λ I + Σ (c − 1) x xᵀ) w."""
    d = len(w)
    for f in range(d):
        image[f] = 0
    for g in range(d):
        for f in range(d):
            image[f] += everyone[g, f] * w[g]
    for at in range(begin, end):
        other = np.uint32(others[at])
        s = 0.0
        for f in range(d):
            s += features[other, f] * w[f]
        s *= more[at]
        for f in range(d):
            image[f] += s * features[other, f]


@parallel
def solve_confident(
    cuts: Ints,
    starts: Ints,
    others: Ints,
    more: Floats,
    features: Floats,
    everyone: Floats,
    n_steps: int,
    rows: Floats,
) -> None:
    """Improves every row of `rows` (n, d) of a side by conjugate gradients from where it is
    (Takács, Pilászy and Tikk 2011); after d steps it would be solved.

    The row's pairs lie at `starts` of `others`; `more` (n_taken,) is c − 1 of each, `features`
    (n_others, d) the other side, `everyone` (d, d) is XᵀX + λ I. A row that has taken up nothing
    becomes 0.
    """
    d = features.shape[1]
    for c in prange(len(cuts) - 1):
        left, way, image = np.empty(d, np.float64), np.empty(d, np.float64), np.empty(d, np.float64)
        for row in range(cuts[c], cuts[c + 1]):
            w, begin, end = rows[row], starts[row], starts[row + 1]
            if begin == end:
                w[:] = 0
                continue
            _applied(others, more, begin, end, features, everyone, w, image)
            for f in range(d):
                left[f] = -image[f]
            for at in range(begin, end):
                other = np.uint32(others[at])
                for f in range(d):
                    left[f] += (1 + more[at]) * features[other, f]
            way[:] = left
            square = _squared(left)
            for _ in range(n_steps):
                if square < _ENOUGH:
                    break
                _applied(others, more, begin, end, features, everyone, way, image)
                length = square / _product(way, image)
                for f in range(d):
                    w[f] += length * way[f]
                    left[f] -= length * image[f]
                before, square = square, _squared(left)
                for f in range(d):
                    way[f] = left[f] + square / before * way[f]


@parallel
def confident_loss(
    cuts: Ints,
    starts: Ints,
    others: Ints,
    more: Floats,
    rows: Floats,
    features: Floats,
    losses: Floats,
) -> None:
    """Σ c (1 − s)² − s² over what was taken up, s = w·x, of every part: what the loss over all
    pairs has beyond Σ s² of all."""
    for c in prange(len(cuts) - 1):
        total = 0.0
        for row in range(cuts[c], cuts[c + 1]):
            for at in range(starts[row], starts[row + 1]):
                other = np.uint32(others[at])
                s = 0.0
                for f in range(rows.shape[1]):
                    s += rows[row, f] * features[other, f]
                total += (1 + more[at]) * (1 - s) * (1 - s) - s * s
        losses[c] = total


@inlined
def has_taken(items: Ints, begin: int, end: int, item: int) -> bool:
    """Whether `item` is among items[begin:end], which rise."""
    while begin < end:
        middle = (begin + end) // 2
        if items[middle] < item:
            begin = middle + 1
        else:
            end = middle
    return begin < len(items) and items[begin] == item


@inlined
def _drawn(state: Ints, below: int) -> Any:
    """The next number from 0 to `below` − 1 (xorshift64*, Vigna 2016); state (1,) uint64."""
    x = state[0]
    x ^= x >> np.uint64(12)
    x ^= x << np.uint64(25)
    x ^= x >> np.uint64(27)
    state[0] = x
    return np.int64((x * np.uint64(2685821657736338717)) >> np.uint64(33)) % below


_TRIES = 100
"""Draws for an item that a user has not taken up: one who has nearly all of them is passed over."""


@serial
def pair_pass(
    state: Ints,
    users: Ints,
    starts: Ints,
    items: Ints,
    user_rows: Floats,
    item_rows: Floats,
    user_rate: Floats,
    item_rate: Floats,
    user_l2: Floats,
    item_l2: Floats,
) -> float:
    """As many steps of BPR as there are pairs that were taken up, each on one of them drawn at
    random; returns Σ −log σ as seen before each step.

    `users` (n_taken,) and `items` are sorted by user, `starts` says where each begins; rates
    (width,) are 0 in constant columns.
    """
    total, n, n_items = 0.0, len(items), len(item_rows)
    for _ in range(n):
        at = _drawn(state, n)
        user, item = users[at], items[at]
        begin, end = starts[user], starts[user + 1]
        other = _drawn(state, n_items)
        tries = 0
        while has_taken(items, begin, end, other) and tries < _TRIES:
            other = _drawn(state, n_items)
            tries += 1
        if tries == _TRIES:
            continue
        apart = 0.0
        for f in range(user_rows.shape[1]):
            apart += user_rows[user, f] * (item_rows[item, f] - item_rows[other, f])
        total += np.log1p(np.exp(-apart)) if apart > 0 else np.log1p(np.exp(apart)) - apart
        slope = user_rows.dtype.type(1 / (1 + np.exp(apart)))
        for f in range(user_rows.shape[1]):
            w, x, y = user_rows[user, f], item_rows[item, f], item_rows[other, f]
            user_rows[user, f] = w + user_rate[f] * (slope * (x - y) - user_l2[f] * w)
            item_rows[item, f] = x + item_rate[f] * (slope * w - item_l2[f] * x)
            item_rows[other, f] = y - item_rate[f] * (slope * w + item_l2[f] * y)
    return total
