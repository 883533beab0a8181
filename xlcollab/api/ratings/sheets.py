"""Tables of the factor engine as sheets, and tables of rows as files of the form that is asked."""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
import pandas as pd

from xlcollab.api.ratings.kept.sheet_ids import EXACT
from xlcollab.api.session.provenance import METADATA, Provenance, record_of, with_line
from xlcollab.disk import atomic_file, refuse_others, refuse_unwritable
from xlcollab.disk.regular import is_same_file
from xlcollab.errors import DataError, UsageError
from xlcollab.factor import Table
from xlcollab.files import is_result, write_new_workbook
from xlcollab.grid import Chart, Look, NewSheet, Scalar, Series
from xlcollab.history import HEAD_ROW, ChartSpec, Record, history_sheet, table_sheet
from xlcollab.history.axes import around, log_around, log_base, wants_log
from xlcollab.history.tables import looks_of_lines
from xlcollab.ratings.kept import columns_of
from xlcollab.ref import MAX_COLUMNS, MAX_ROWS, AreaRef, Rect

_log = logging.getLogger("xlcollab")

TABLE_FILES = (".csv", ".parquet", ".xlsx")
_SHEET_NAMES = {"history": "training history"}
"""Excel keeps the name "History" for itself."""

_WORDS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "model": ("The fitted model", "fit"),
        "history": ("Errors by epoch", "fit, the errors after each epoch"),
        "users": (
            "What was learned of the users",
            "fit, each user's bias and factors; the components are the factors' main directions",
        ),
        "items": (
            "What was learned of the items",
            "fit, each item's bias and factors; the components are the factors' main directions",
        ),
        "item features": ("What is known of the items", "fit, titles and features as given"),
        "user features": ("What is known of the users", "fit, features as given"),
        "predictions": (
            "Predicted ratings",
            "the prediction for every user (down) and item (across)",
        ),
        "recommendations": (
            "Recommendations",
            "the unrated items with the highest predicted ratings, for each user",
        ),
        "similar items": ("Items that are alike", "items by the cosine of their factors"),
        "ratings": ("Ratings", "crosstab, one line for each rating"),
        "folds": ("Cross-validation", "fit, the error on each fold by a model of the others"),
        "learning rates": (
            "Learning rates tried",
            "fit, the error that a short run reached with each rate",
        ),
        "tune": ("Settings tried", "tune, one line for each trial"),
        "layers": ("The layers of the net", "fit, the weights of each unit, its bias in front"),
        "rated": ("What was rated", "fit, the pairs that are not recommended again"),
        "saved": ("How the model is read back", "fit, settings that no other sheet holds"),
    }
)
"""Title and sentence of the sheet of a table by its name."""
_HIDDEN = frozenset({"rated", "saved"})
"""Sheets for the program, not for people."""
_OURS = frozenset({"model", "history", "folds", "learning rates", "tune"})
"""Tables whose names are all ours; those of others may be ids and columns of the ratings."""

_PRUNED = frozenset({"recommendations", "similar items", "folds", "tune"})
"""Tables that no verb reads back."""
_LONGEST_HEAD = 1 << 16
"""Bytes of a first line that are read: a file without line ends is not taken into memory for it."""


def sheet_of(table: Table, charts: Sequence[Chart] = ()) -> NewSheet:
    """A plain table as a sheet: title, sentence, a native table, a chart where one is asked for."""
    kind = table.name.removeprefix("fit ")
    if kind in _OURS:
        table = _humanised(table)
    if table.chart and table.rows:
        return _charted(table)
    shown = _for_people(table)
    title, sentence = _words(table)
    charts = [*charts, *_trials_chart(shown)] if kind == "tune" else charts
    charts = [*charts, *_interval_chart(shown)] if kind == "predictions" else charts
    sheet = table_sheet(
        sheet_name(table),
        title,
        sentence,
        _unique(shown.columns),
        [tuple(map(scalar, row)) for row in shown.rows],
        charts=tuple(charts),
        hidden=table.name in _HIDDEN,
    )
    return _by_cell(sheet) if kind == "model" else sheet


def _humanised(table: Table) -> Table:
    """Heads, and the names in the first column, as people write them."""
    rows = [
        (human(row[0]) if isinstance(row[0], str) else row[0], *map(_yes_or_no, row[1:]))
        for row in table.rows
    ]
    heads = tuple(map(human, table.columns))
    return replace(table, columns=heads, rows=list(rows), chart=tuple(map(human, table.chart)))


def _yes_or_no(value: Any) -> Any:
    return ("no", "yes")[value] if isinstance(value, bool) else value


def _by_cell(sheet: NewSheet) -> NewSheet:
    """Every number in the form that it wants itself, for the column mixes all kinds."""
    looks: dict[tuple[int, int], Look] = {}
    for row in range(HEAD_ROW + 1, len(sheet.rows)):
        for column, look in looks_of_lines([sheet.rows[row]]).items():
            looks[row, column] = look
    return replace(sheet, cell_looks=looks, widths={0: 30.0, 1: 26.0})


def kind_of(name: str) -> str:
    """By which the mark of a workbook tells one table from another."""
    return f"table of {name}"


def title_of(name: str) -> str:
    return _WORDS[name][0]


def sheet_name(table: Table) -> str:
    return _SHEET_NAMES.get(table.name, table.name)


def _words(table: Table) -> tuple[str, str]:
    name = table.name.removeprefix("fit ")
    title, sentence = _WORDS.get(name, (name.capitalize(), "fit"))
    return title, table.sentence or sentence


def _charted(table: Table) -> NewSheet:
    """A record of numbers with the chart of its errors beside it."""
    columns = {
        head: np.array([_number(row[i]) for row in table.rows])
        for i, head in enumerate(table.columns)
    }
    x = table.columns[0]
    title, sentence = _words(table)
    return history_sheet(
        Record.of(columns),
        name=sheet_name(table),
        title=title,
        sentence=sentence,
        charts=_charts(x, table.chart),
    )


def _charts(x: str, heads: Sequence[str]) -> tuple[ChartSpec, ...]:
    """A chart of each measure: errors, or loss and ranking of an implicit model."""
    found = []
    for measure in ("RMSE", "loss", "NDCG"):
        shown = tuple(head for head in heads if head.endswith(measure))
        if shown:
            found.append(ChartSpec(f"{measure} by {x}", x, shown, measure))
    return tuple(found)


def _trials_chart(table: Table) -> list[Chart]:
    """The error of each trial, those that diverged left out."""
    head, n = "validation RMSE", len(table.rows)
    if head not in table.columns or n < 2:
        return []
    place = table.columns.index(head)
    errors = np.array([_number(row[place]) for row in table.rows])
    x, y = (AreaRef(table.name, Rect(HEAD_ROW + 1, column, n)) for column in (0, place))
    series = Series(head, x, y, markers=True, line=False)
    return [
        Chart(
            "Error of each trial",
            "trial",
            head,
            (series,),
            (HEAD_ROW, len(table.columns) + 1),
            legend=False,
            log_y=wants_log(errors),
            log_base=log_base(errors),
            x_range=(1.0, float(n)),
            x_whole=n <= _FEW_TRIALS,
            y_range=log_around(errors) if wants_log(errors) else around(errors, 0.02),
        )
    ]


_FEW_TRIALS = 12
"""Numbers that find room beside one another below a chart."""
_WITH_ENDS = ("rating", "low", "high")
_BARS = "error bars"
_MOST_BARS = 100
"""Error bars that can be told apart."""


def _interval_chart(table: Table) -> list[Chart]:
    """Predicted ratings with error bars over where they will probably lie; none without ends."""
    n = min(len(table.rows), _MOST_BARS)
    if table.columns[-3:] != _WITH_ENDS or not n:
        return []
    place = len(table.columns) - 3
    found = np.array([[_number(one) for one in row[-3:]] for row in table.rows[:n]])
    middle, low, high = found.T
    area = AreaRef(table.name, Rect(HEAD_ROW + 1, place, n))
    bars = AreaRef(_BARS, Rect(1, 0, n)), AreaRef(_BARS, Rect(1, 1, n))
    series = Series("rating", area, area, markers=True, line=False, bars=bars)
    of_all = "" if n == len(table.rows) else f", the first {n}"
    return [
        Chart(
            f"Between which ratings one will lie{of_all}",
            "predicted rating",
            "rating",
            (series,),
            (HEAD_ROW, len(table.columns) + 1),
            legend=False,
            x_range=around(middle, 0.05),
            y_range=around(np.concatenate([low, high]), 0.02),
        )
    ]


def _bars_sheet(table: Table) -> list[NewSheet]:
    """A hidden sheet with how far the error bars of that chart reach."""
    if not _interval_chart(table):
        return []
    ends = ([_number(one) for one in row[-3:]] for row in table.rows[:_MOST_BARS])
    rows: list[list[Any]] = [["below", "above"]]
    rows += [[middle - low, high - middle] for middle, low, high in ends]
    return [NewSheet(_BARS, rows, hidden=True)]


def _number(value: Any) -> float:
    return np.nan if value is None else float(value)


def _for_people(table: Table) -> Table:
    """Without empty columns, a title beside its item; what is read back stays as it is."""
    order = list(range(len(table.columns)))
    if table.name.removeprefix("fit ") not in _PRUNED or not table.rows:
        return table
    if "title" in table.columns and "item" in table.columns:
        order.remove(table.columns.index("title"))
        order.insert(order.index(table.columns.index("item")) + 1, table.columns.index("title"))
    empty = {i for i in order if i and all(row[i] is None or row[i] == "" for row in table.rows)}
    kept = [i for i in order if i not in empty]
    rows = [tuple(row[i] for i in kept) for row in table.rows]
    return replace(table, columns=tuple(table.columns[i] for i in kept), rows=list(rows))


def write_table(table: Table, path: Path, run: Provenance | None = None) -> None:
    """Write one table as .csv, .parquet or .xlsx, wholly or not at all. A workbook and a Parquet
    file keep what made them; a CSV file has no place for it.

    Raises UsageError on another ending, DataError where a sheet is too small for it.
    """
    refuse_unwritable(path)
    if path.suffix == ".xlsx":
        refuse_larger_than_a_sheet(table.name, len(table.rows), len(table.columns))
        sheet = sheet_of(table)
        write_new_workbook(
            path,
            [sheet if run is None else with_line(sheet, run), *_bars_sheet(table)],
            record_of(run, path),
            kind_of(table.name),
        )
        return
    frame = pd.DataFrame([list(row) for row in table.rows], columns=list(table.columns))
    frame.attrs[METADATA] = record_of(run, path)  # pandas keeps it in a Parquet file
    with atomic_file(path) as file:
        if path.suffix == ".csv":
            frame.to_csv(file, index=False)
            _tell_formulas(frame, path)
        else:
            frame.to_parquet(file, index=False)


def _tell_formulas(frame: pd.DataFrame, path: Path) -> None:
    """A text file has no texts: who opens it in a spreadsheet program is told what happens then."""
    texts = {str(name) for name in frame.columns}
    for _, column in frame.items():
        if not pd.api.types.is_numeric_dtype(column):
            texts |= {one for one in column.unique() if isinstance(one, str)}
    found = sorted(one for one in texts if _FORMULA.match(one))
    if found:
        _log.warning(
            "xlcollab: %s holds texts such as %r, which a spreadsheet program takes for formulas "
            "when it opens the file; import it as text, or write an .xlsx file",
            path,
            found[0][:_SHOWN],
        )


_FORMULA = re.compile(r"[=+\-@\t\r](?![\d.,]*$)")
"""Texts that begin as a formula does; a number with its sign is none."""
_SHOWN = 40
"""Characters of an id in a sentence: enough to know it by."""


def check_table_file(
    path: Path,
    sheet: str,
    head: Sequence[str],
    *,
    inputs: Sequence[Path] = (),
    overwrite: bool = False,
) -> None:
    """Refuse, before any work is done, a file that `write_table` could not write, one of the
    `inputs`, and one that holds something else than a table of that sheet, whose first columns
    are `head`. Raises UsageError and WriteRefusedError."""
    if path.suffix not in TABLE_FILES:
        raise UsageError(f"{path.name}: write one of {', '.join(TABLE_FILES)}")
    if any(is_same_file(path, one) for one in inputs):
        raise UsageError(f"{path} is the source itself; write to another file")
    refuse_unwritable(path)

    def is_ours(found: Path) -> bool:
        if path.suffix == ".xlsx":
            return is_result(found, kind_of(sheet), [sheet])
        return tuple(_columns(found)[: len(head)]) == tuple(head)

    refuse_others(path, f"a table of {sheet}", is_ours, overwrite=overwrite)


def _columns(path: Path) -> list[str]:
    """The names of a table's columns; none where it is no table."""
    try:
        if path.suffix == ".csv":
            with path.open("rb") as file:
                return file.readline(_LONGEST_HEAD).decode().rstrip("\r\n").split(",")
        return columns_of(path)
    except (OSError, ValueError, DataError):
        return []


def scalar(value: Any) -> Scalar:
    """A value as a cell holds it: numbers are floats, what is no text or number its text."""
    if value is None or isinstance(value, str | bool):
        return value
    if isinstance(value, int) and abs(value) > EXACT:
        return str(value)
    return float(value) if isinstance(value, int | float | np.number) else str(value)


_TOP = HEAD_ROW + 1
"""Rows above the first line: title, sentence, a free one, headings."""


def refuse_larger_than_a_sheet(name: str, lines: int, columns: int) -> None:
    """Raises DataError for a table that no sheet has room for."""
    rows = lines + _TOP
    if rows > MAX_ROWS or columns > MAX_COLUMNS:
        raise DataError(
            f"the {name} have {rows:,} rows and {columns:,} columns; Excel has {MAX_ROWS:,} "
            f"and {MAX_COLUMNS:,}. Write a .csv or a .parquet file instead"
        )


def _unique(names: Sequence[str]) -> tuple[str, ...]:
    """Heads of a native table must differ, whatever the case."""
    seen: dict[str, int] = {}
    found = []
    for name in names:
        count = seen[name.casefold()] = seen.get(name.casefold(), 0) + 1
        found.append(name if count == 1 else f"{name} ({count})")
    return tuple(found)


_WRITTEN = {"rmse": "RMSE", "mae": "MAE", "ndcg": "NDCG", "l2": "L2", "sgd": "SGD", "als": "ALS"}
_COUNT_OF = "n_"


def human(name: str) -> str:
    """ "train_rmse" → "train RMSE", "n_factors" → "factors"; other names as they are."""
    words = name.removeprefix(_COUNT_OF).split("_") if _is_identifier(name) else [name]
    return " ".join(_WRITTEN.get(word, word) for word in words)


def _is_identifier(name: str) -> bool:
    return "_" in name and name.isidentifier() and name.islower()
