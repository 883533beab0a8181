"""collab_filter.xlsx: collaborative filtering in cells, from a dot product to a small network."""

from __future__ import annotations

from lessons.embeddings import embeddings_page
from lessons.films import FILMS, VIEWERS, ratings
from lessons.mini_net import mini_net_page
from lessons.word_embeddings import word_embeddings_page
from xlcollab.lessons import BIAS, DOTPROD, SIGMOID, Page, Sizes, factorisation_pages
from xlcollab.lessons.ratings_pages import FIRST_RATING

TITLE = "Collaborative filtering in cells"


def pages() -> list[Page]:
    """The sheets in tab order, the control sheet last."""
    rows = ratings()
    *factors, control = factorisation_pages(
        rows, Sizes(l2=0.03), (DOTPROD, BIAS, SIGMOID), users=VIEWERS, items=tuple(FILMS)
    )
    tables = VIEWERS, tuple(FILMS), len(rows), FIRST_RATING
    return [
        *factors,
        embeddings_page(*tables),
        mini_net_page(*tables),
        word_embeddings_page(),
        control,
    ]
