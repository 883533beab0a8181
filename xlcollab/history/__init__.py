"""Rows of named numbers, and their layout as sheets with native tables and charts."""

from xlcollab.history.answer import Answer, AnswerConstraints, AnswerVariables, answer_sheet
from xlcollab.history.labels import cell_names
from xlcollab.history.layout import OBJECTIVE_CHART, ChartSpec, history_sheet, weights_sheet
from xlcollab.history.names import added_name
from xlcollab.history.page import (
    HEAD_ROW,
    free_of_ours,
    head_row_of,
    look_of,
    looks_of,
    top,
    top_looks,
    widths_of,
    wrapped_texts,
)
from xlcollab.history.record import ITERATION_COLUMNS, Record
from xlcollab.history.tables import table_sheet
from xlcollab.history.variables import variable_names

__all__ = [
    "HEAD_ROW",
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
    "free_of_ours",
    "head_row_of",
    "history_sheet",
    "look_of",
    "looks_of",
    "table_sheet",
    "top",
    "top_looks",
    "variable_names",
    "weights_sheet",
    "widths_of",
    "wrapped_texts",
]
