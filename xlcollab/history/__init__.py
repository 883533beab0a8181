"""Rows of named numbers, and their layout as sheets with native tables and charts."""

from xlcollab.history.answer import Answer, AnswerConstraints, AnswerVariables, answer_sheet
from xlcollab.history.labels import cell_names
from xlcollab.history.layout import OBJECTIVE_CHART, ChartSpec, history_sheet
from xlcollab.history.names import added_name
from xlcollab.history.record import ITERATION_COLUMNS, Record

__all__ = [
    "ITERATION_COLUMNS",
    "OBJECTIVE_CHART",
    "Answer",
    "AnswerConstraints",
    "AnswerVariables",
    "ChartSpec",
    "Record",
    "added_name",
    "answer_sheet",
    "cell_names",
    "history_sheet",
]
