"""The fused passes over ratings, compiled by numba and cached on disk.

Symbols: a user's row is a, an item's b (see `rows`), z = centre + a·b, and the prediction is z,
or low + span · σ(z) where span > 0. With error = prediction − rating, the loss ½ Σ error² has the
gradients slope · b on a and slope · a on b, slope = error · d prediction / dz.

The length of a row stays a run-time value (LLVM unrolls short constant loops before it can
vectorise them), row numbers are unsigned (no test for negative indices), and a user's row is
copied to a local array: each is worth a factor of 1.5 to 5 in time. The pass over all ratings
walks rows by vectors of its own (see `vectors`); in the others, which wait for memory, that gained
nothing.
"""

from __future__ import annotations

import numpy as np
from numba import prange
from numpy.typing import NDArray

from xlcollab.factor.passes.compiled import inlined, parallel, serial
from xlcollab.factor.passes.prefetch import AHEAD, CACHED, prefetch
from xlcollab.factor.passes.rows import Float
from xlcollab.factor.passes.vectors import LANES, load, plus_product, spread, store, total

LINE = 16  # float32 numbers in a cache line
ROW, GRAD = 0, 1

Ints = NDArray[np.integer]
Floats = NDArray[np.floating]
Index = int | np.integer


@inlined
def residual(z: Float, rating: Float, low: Float, span: Float) -> tuple[Float, Float]:
    """The error of the prediction that z makes, and the slope: error · d prediction / dz."""
    if span > 0:
        one = span / span  # 1 in the type of span: a literal would make all float64
        share = one / (one + np.exp(-z))
        error = low + span * share - rating
        return error, error * span * share * (one - share)
    return z - rating, z - rating


@inlined
def middle(centre: Float, rows: Floats, row: Index, others: Floats, other: Index) -> Float:
    """z of a pair: centre + a · b."""
    z = centre
    for f in range(rows.shape[1]):
        z += rows[row, f] * others[other, f]
    return z


@inlined
def fetch_ahead(numbers: Ints, at: int, rows: Floats, others: Floats) -> None:
    """Ask for the rows of `rows` and `others` that the rating numbered `at` will need."""
    row = numbers[min(at, len(numbers) - 1)]
    for f in range(0, rows.shape[1], LINE):
        prefetch(rows, row, f)
        prefetch(others, row, f)


@parallel
def full_pass(
    cuts: Ints,
    starts: Ints,
    items: Ints,
    ratings: Floats,
    centre: Float,
    low: Float,
    span: Float,
    user_rows: Floats,
    item_rows: Floats,
    user_grad: Floats,
    item_grad: Floats,
    sse: Floats,
) -> None:
    """Gradients of ½ Σ error² over all ratings sorted by user.

    Part c walks users cuts[c] … cuts[c + 1] − 1, writes their gradients to `user_grad`, adds the
    items' into its own block `item_grad[c]` and its Σ error² into `sse[c]`. Ratings are taken two
    at a time, which saves a third of the loads; the last of an odd number stands in for its missing
    neighbour too, with no weight.
    """
    width = user_rows.shape[1]
    nothing = span - span  # 0 in the type of span
    far = item_rows.size > CACHED
    for c in prange(len(cuts) - 1):
        block = item_grad[c]
        block[:] = 0
        own = np.empty((2, width), user_rows.dtype)  # the user's row and its gradient
        squares = 0.0
        for user in range(cuts[c], cuts[c + 1]):
            for f in range(0, width, LANES):
                store(own, ROW, f, load(user_rows, user, f))
                store(own, GRAD, f, spread(nothing))
            for at in range(starts[user], starts[user + 1], 2):
                if far:
                    fetch_ahead(items, at + AHEAD, item_rows, block)
                    fetch_ahead(items, at + AHEAD + 1, item_rows, block)
                after = min(at + 1, starts[user + 1] - 1)
                one, two = np.uint32(items[at]), np.uint32(items[after])
                sum_one = sum_two = spread(nothing)
                for f in range(0, width, LANES):
                    a = load(own, ROW, f)
                    sum_one = plus_product(sum_one, a, load(item_rows, one, f))
                    sum_two = plus_product(sum_two, a, load(item_rows, two, f))
                error_one, slope_one = residual(centre + total(sum_one), ratings[at], low, span)
                error_two, slope_two = residual(centre + total(sum_two), ratings[after], low, span)
                if after == at:
                    error_two = slope_two = nothing
                squares += error_one * error_one + error_two * error_two
                by_one, by_two = spread(slope_one), spread(slope_two)
                for f in range(0, width, LANES):
                    a, grad = load(own, ROW, f), load(own, GRAD, f)
                    grad = plus_product(grad, by_one, load(item_rows, one, f))
                    store(own, GRAD, f, plus_product(grad, by_two, load(item_rows, two, f)))
                    store(block, one, f, plus_product(load(block, one, f), by_one, a))
                    store(block, two, f, plus_product(load(block, two, f), by_two, a))
            for f in range(0, width, LANES):
                store(user_grad, user, f, load(own, GRAD, f))
        sse[c] = squares


@parallel
def batch_pass(
    cuts: Ints,
    chosen: Ints,
    users: Ints,
    items: Ints,
    ratings: Floats,
    centre: Float,
    low: Float,
    span: Float,
    user_rows: Floats,
    item_rows: Floats,
    user_grad: Floats,
    item_grad: Floats,
    sse: Floats,
) -> None:
    """As `full_pass`, over the ratings numbered `chosen`; both sides' gradients in blocks."""
    width = user_rows.shape[1]
    for c in prange(len(cuts) - 1):
        user_grad[c] = 0
        item_grad[c] = 0
        total = 0.0
        for place in range(cuts[c], cuts[c + 1]):
            at = np.uint32(chosen[place])
            user, item = np.uint32(users[at]), np.uint32(items[at])
            z = middle(centre, user_rows, user, item_rows, item)
            error, slope = residual(z, ratings[at], low, span)
            total += error * error
            for f in range(width):
                user_grad[c, user, f] += slope * item_rows[item, f]
            for f in range(width):
                item_grad[c, item, f] += slope * user_rows[user, f]
        sse[c] = total


@parallel
def rating_pass(
    starts: Ints,
    users: Ints,
    items: Ints,
    ratings: Floats,
    centre: Float,
    low: Float,
    span: Float,
    user_rows: Floats,
    item_rows: Floats,
    user_rate: Floats,
    item_rate: Floats,
    user_l2: Floats,
    item_l2: Floats,
    user_weights: Floats,
    item_weights: Floats,
    sse: Floats,
) -> None:
    """One step of SGD after every rating, on blocks that share no row.

    a ← a − rate · (slope · b + weight · l2 · a), and b likewise with the a from before; rates
    (width,) are 0 in constant columns, the weights are those of the rows. `sse[c]` gains each
    Σ error² as seen before its step.
    """
    width = user_rows.shape[1]
    for c in prange(len(starts) - 1):
        total = 0.0
        for at in range(starts[c], starts[c + 1]):
            user, item = np.uint32(users[at]), np.uint32(items[at])
            z = middle(centre, user_rows, user, item_rows, item)
            error, slope = residual(z, ratings[at], low, span)
            total += error * error
            of_user, of_item = user_weights[user], item_weights[item]
            for f in range(width):
                a, b = user_rows[user, f], item_rows[item, f]
                user_rows[user, f] = a - user_rate[f] * (slope * b + of_user * user_l2[f] * a)
                item_rows[item, f] = b - item_rate[f] * (slope * a + of_item * item_l2[f] * b)
        sse[c] += total


@parallel
def error_pass(
    cuts: Ints,
    starts: Ints,
    items: Ints,
    ratings: Floats,
    centre: Float,
    low: Float,
    span: Float,
    user_rows: Floats,
    item_rows: Floats,
    sse: Floats,
) -> None:
    """Σ error² of every part of the ratings sorted by user; nothing is trained."""
    for c in prange(len(cuts) - 1):
        total = 0.0
        for user in range(cuts[c], cuts[c + 1]):
            for at in range(starts[user], starts[user + 1]):
                item = np.uint32(items[at])
                z = middle(centre, user_rows, user, item_rows, item)
                error, _ = residual(z, ratings[at], low, span)
                total += error * error
        sse[c] = total


@parallel
def predict_pairs(
    users: Ints,
    items: Ints,
    centre: Float,
    low: Float,
    span: Float,
    user_rows: Floats,
    item_rows: Floats,
    predictions: Floats,
) -> None:
    """The prediction for every pair; number −1 takes the last row."""
    for at in prange(len(users)):
        z = middle(centre, user_rows, users[at], item_rows, items[at])
        if span > 0:
            z = low + span / (span / span + np.exp(-z))
        predictions[at] = z


@serial
def sort_by_row(
    rows: Ints,
    others: Ints,
    ratings: Floats,
    starts: Ints,
    sorted_others: Ints,
    sorted_ratings: Floats,
) -> None:
    """Stable counting sort; on entry starts[r] is where row r begins, on return where it ends."""
    for at in range(len(rows)):
        place = starts[rows[at]]
        sorted_others[place] = others[at]
        sorted_ratings[place] = ratings[at]
        starts[rows[at]] = place + 1
