"""`xlcollab predict`: ratings of pairs, or of a whole crosstab, by a trained model."""

from __future__ import annotations

from xlcollab.faces.request import command, limited
from xlcollab.faces.shell import Progress, print_json, print_table, rating, say
from xlcollab.settings.requests.ratings import PredictRequest

_SHOWN = 20
"""Columns of a crosstab that a terminal can show."""


@command
@limited
def predict(request: PredictRequest) -> None:
    """Predict ratings of user and item pairs, of a table of them, or of a whole crosstab.

    Example:  xlcollab predict model.xlsx --user 14 --item 417

    Example:  xlcollab predict model.xlsx --crosstab -o predictions.xlsx
    """
    with Progress(shown=not request.json):
        from xlcollab.api.ratings.predict import as_json, predictions_of  # a line stands already

        table = predictions_of(request)
    if request.json:
        print_json(as_json(table))
    elif request.output is None:
        rows = [[_short(cell) for cell in row[:_SHOWN]] for row in table.rows]
        print_table(str(request.model), table.columns[:_SHOWN], rows)
    else:
        say(f"written to {request.output}")


def _short(cell: object) -> object:
    return rating(cell) if isinstance(cell, float) else "" if cell is None else str(cell)
