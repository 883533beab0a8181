"""Plain types for workbooks: values, sheets, changes, and the `Book` border."""

from xlcollab.grid.book import Book
from xlcollab.grid.changes import (
    LOOKS,
    PLOT,
    CellEdit,
    Changes,
    Chart,
    FormulaEdit,
    Look,
    NewSheet,
    Place,
    Series,
)
from xlcollab.grid.values import ErrorCode, Kind, Scalar, TextPool, decode, encode, storable
from xlcollab.grid.workbook import (
    ArrayFormula,
    DefinedName,
    Formulas,
    Iteration,
    RowMark,
    Sheet,
    Table,
    Workbook,
    describe_cell,
    formula_texts,
)

__all__ = [
    "LOOKS",
    "PLOT",
    "ArrayFormula",
    "Book",
    "CellEdit",
    "Changes",
    "Chart",
    "DefinedName",
    "ErrorCode",
    "FormulaEdit",
    "Formulas",
    "Iteration",
    "Kind",
    "Look",
    "NewSheet",
    "Place",
    "RowMark",
    "Scalar",
    "Series",
    "Sheet",
    "Table",
    "TextPool",
    "Workbook",
    "decode",
    "describe_cell",
    "encode",
    "formula_texts",
    "storable",
]
