"""The sheet `word_embeddings`: words as points, learned from reviews."""

from __future__ import annotations

import numpy as np

from lessons.rating_rows import HEAD, draw, error_columns, measures
from xlcollab.lessons import Chart, Line, Page
from xlcollab.lessons.page import column_fixed, row_fixed
from xlcollab.ref import Rect, cell_name

_WORDS = {
    "superb": 2.0, "moving": 1.3, "clever": 1.0, "warm": 0.8, "lively": 0.6, "plain": -0.3,
    "slow": -0.8, "clumsy": -1.1, "dull": -1.5, "awful": -2.1, "plot": 0.1, "acting": 0.2,
    "music": -0.1, "ending": -0.2, "dialogue": 0.0,
}  # fmt: skip
"""What a word truly adds to a rating."""
_ADJECTIVES, _NOUNS = list(_WORDS)[:10], list(_WORDS)[10:]
_COUNT = 48
_SIZE = 2
_LEFT = 5
_INTRO = (
    "Words have embeddings as users and films have: here two numbers each. A review of four words "
    "is the mean of its words, and its stars are a weighted sum of that mean. Solving moves words "
    "that do the same to a rating to the same place, though nobody says what they mean: see the "
    "chart. Try: solve, and read the chart from one end to the other; then type a review of your "
    "own over one."
)


def word_embeddings_page() -> Page:
    """Reviews drawn with a seed, their words' look-ups, and the model."""
    rng = np.random.default_rng(77)
    page = Page("word_embeddings", freeze=(HEAD + 1, 1))
    page.heading("Word embeddings", _INTRO, _LEFT + 14, 4)
    page.heights[HEAD] = 32
    _embeddings(page, rng)
    _reviews(page, rng)
    _look_ups(page, _LEFT + 6)
    predicted = _LEFT + 12
    _predictions(page, predicted)
    error_columns(page, predicted + 1, _COUNT, _LEFT + 4, predicted)
    measures(page, _LEFT)
    page.minimise("rmse_train", ("word_table", "output_weights", "output_bias"))
    page.charts.append(_chart())
    page.widths = {0: 14, **dict.fromkeys(range(1, predicted + 3), 8.6), predicted: 9.5, 3: 3, 4: 3}
    return page


def _embeddings(page: Page, rng: np.random.Generator) -> None:
    top = HEAD + 1
    page.put(HEAD, 0, "word", "left head")
    page.row(HEAD, 1, ("e1", "e2"), "head")
    page.column(top, 0, list(_WORDS), "label")
    page.names["word_names"] = Rect(top, 0, len(_WORDS))
    draw(page, "word_table", Rect(top, 1, len(_WORDS), _SIZE), rng, 0.5)
    below = top + len(_WORDS) + 1
    page.column(below, 0, ("output weights", "output bias"), "label")
    draw(page, "output_weights", Rect(below, 1, 1, _SIZE), rng, 0.8)
    draw(page, "output_bias", Rect(below + 1, 1), rng, 0.1)


def _reviews(page: Page, rng: np.random.Generator) -> None:
    titles = ("word 1", "word 2", "word 3", "word 4", "stars", "split")
    page.row(HEAD, _LEFT, titles, "head")
    for row in range(HEAD + 1, HEAD + 1 + _COUNT):
        adjectives = rng.choice(_ADJECTIVES, 2, replace=False)
        nouns = rng.choice(_NOUNS, 2, replace=False)
        words = [str(adjectives[0]), str(nouns[0]), str(adjectives[1]), str(nouns[1])]
        liked = 3.0 + 0.8 * sum(_WORDS[word] for word in words) + rng.normal(0.0, 0.25)
        page.row(row, _LEFT, words, "data text")
        page.put(row, _LEFT + 4, float(np.clip(np.round(2 * liked) / 2, 0.5, 5.0)), "data")
        page.put(row, _LEFT + 5, "test" if rng.random() < 0.2 else "train", "data text")


def _look_ups(page: Page, left: int) -> None:
    """The words' row numbers, then the mean of their embeddings."""
    page.row(HEAD, left, [f"no. {number + 1}" for number in range(4)], "head")
    page.fill(
        Rect(HEAD + 1, left, _COUNT, 4),
        lambda row, column: f"=MATCH({cell_name(row, column - 6)},word_names,0)",
        "whole",
    )
    page.row(HEAD, left + 4, ("mean e1", "mean e2"), "head")
    page.row(HEAD - 1, left + 4, (1.0, 2.0), "metric head")

    def mean(row: int, column: int) -> str:
        numbers = [column_fixed(row, left + word) for word in range(4)]
        which = row_fixed(HEAD - 1, column)
        found = ",".join(f"INDEX(word_table,{number},{which})" for number in numbers)
        return f"=AVERAGE({found})"

    page.fill(Rect(HEAD + 1, left + 4, _COUNT, 2), mean, "number")


def _predictions(page: Page, column: int) -> None:
    page.put(HEAD, column, "predicted", "head")
    page.fill(
        Rect(HEAD + 1, column, _COUNT),
        lambda row, _: (
            f"=3+output_bias+SUMPRODUCT(output_weights,{cell_name(row, column - 2)}:"
            f"{cell_name(row, column - 1)})"
        ),
        "number",
    )


def _chart() -> Chart:
    top, count = HEAD + 1, len(_WORDS)
    words = Rect(top, 0, count)
    line = Line("words", words.shifted(0, 1), words.shifted(0, 2), labels=words, points=True)
    return Chart(
        "Words by their embeddings", "e1", "e2", (line,), at=(HEAD, _LEFT + 16), size=(700, 480)
    )
