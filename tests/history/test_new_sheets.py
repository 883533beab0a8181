"""What holds for every sheet that a command adds: looks, tables, charts and widths are where there
is something to look at."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.build import build
from tests.faces.shell import BOWL, LINE, minimised, xlcollab
from xlcollab.api.session.session import Session
from xlcollab.grid import Changes, NewSheet, Scalar
from xlcollab.history import HEAD_ROW
from xlcollab.ref import CellRef

WORKBOOKS = Path(__file__).resolve().parents[2] / "workbooks"
REPORTS = ("--report", "answer,sensitivity,limits,population")
COMMANDS: dict[str, tuple[str, tuple[object, ...]]] = {
    "linear": ("line", ("solve", *REPORTS)),
    "curved": ("bowl", ("solve", *REPORTS, "--method", "sqp")),
    "gradient descent": ("bowl", ("solve", "--method", "adam", "--iterations", 40)),
    "population": ("box", ("solve", *REPORTS, "--engine", "evolutionary", "--iterations", 8)),
    "contradiction": ("crossed", ("solve", "--report", "answer,feasibility")),
    "sweep": ("bowl", ("sweep", "--parameter", "S!C2=1:3:3")),
    "two sweeps": ("bowl", ("sweep", "--parameter", "S!C2=1:3:3", "--parameter", "S!C3=0,5")),
    "rates": ("bowl", ("lr-find",)),
    "slopes": ("bowl", ("gradient", "--of", "S!B1:B2", "--with-respect-to", "S!A1:A2")),
    "factors": ("lesson", ("factors", "--sheet", "bias")),
    "run": ("tabs", ("run", "--sheet", "sgd", "--epochs", 3)),
    "compared": ("tabs", ("compare", "--epochs", 2)),
    "second": ("bowl", ("gradient", "--of", "S!B1", "--with-respect-to", "S!A1:A2", "--second")),
}


def books(folder: Path) -> dict[str, Path]:
    bowl = {**BOWL, "C2": 0.0, "C3": 0.0, "B1": ("=(A1-3-C2)^2+(A2+1)^2+C3", 8.0)}
    limits = {"num": "2", "lhs1": "S!$C$1", "rel1": "3", "rhs1": "3"}
    limits |= {"lhs2": "S!$C$2", "rel2": "3", "rhs2": "4"}
    crossed = limits | {"lhs2": "S!$C$1", "rel2": "1", "rhs2": "2"}
    ends = {"num": "2", "lhs1": "S!$A$1:$A$2", "rel1": "3", "rhs1": "-9"}
    ends |= {"lhs2": "S!$A$1:$A$2", "rel2": "1", "rhs2": "9"}
    models = {"bowl": (bowl, {}), "box": (bowl, ends), "line": (LINE, {**limits, "neg": "1"})}
    models["crossed"] = (LINE, crossed)
    shipped = {"lesson": WORKBOOKS / "collab_filter.xlsx", "tabs": WORKBOOKS / "graddesc.xlsx"}
    return shipped | {
        name: build(
            folder / f"{name}.xlsx", {"S": cells}, minimised("S", "S!$B$1", "S!$A$1:$A$2", **more)
        )
        for name, (cells, more) in models.items()
    }


@pytest.fixture(scope="module")
def added(tmp_path_factory: pytest.TempPathFactory) -> dict[str, NewSheet]:
    """Every sheet that the commands make, by command and name."""
    folder = tmp_path_factory.mktemp("books")
    found: dict[str, NewSheet] = {}
    taking = ""
    apply = Session.apply

    def noted(self: Session, changes: Changes) -> None:
        found.update({f"{taking}: {sheet.name}": sheet for sheet in changes.sheets})
        apply(self, changes)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Session, "apply", noted)
        for command, (book, words) in COMMANDS.items():
            taking = command
            path = books(folder)[book]
            done = xlcollab(words[0], path, *words[1:], "-o", folder / f"{command}.xlsx")
            assert done.code in (0, 4), done.err
    return found


def test_each_command_adds_its_sheets(added: dict[str, NewSheet]) -> None:
    assert {name.partition(":")[0] for name in added} == COMMANDS.keys()


def test_looks_are_of_rows_that_say_something(added: dict[str, NewSheet]) -> None:
    for name, sheet in added.items():
        assert sheet.row_looks[0] == "title", name
        for row, look in sheet.row_looks.items():
            cells = filled(sheet, row)
            if look in ("title", "section", "note") and cells:
                assert list(cells) == [0], (name, row)
                assert isinstance(cells[0], str), (name, row)
            if look in ("title", "section", "head"):
                assert cells, (name, row)
            if look == "head":
                assert all(isinstance(value, str) for value in cells.values()), (name, row)
            if look == "section":
                assert not filled(sheet, row - 1), (name, row)
        for row, column in sheet.cell_looks:
            assert column in filled(sheet, row), (name, row, column)


def test_columns_with_a_look_have_numbers(added: dict[str, NewSheet]) -> None:
    for name, sheet in added.items():
        numbers = {
            column
            for row in range(len(sheet.rows))
            for column, value in filled(sheet, row).items()
            if not isinstance(value, str)
        }
        assert sheet.column_looks.keys() <= numbers, name


def test_a_table_is_its_header_and_what_lies_below(added: dict[str, NewSheet]) -> None:
    for name, sheet in added.items():
        table = sheet.table
        if table is None:
            continue
        header = [sheet.rows[table.top][column] for column in range(table.left, table.right)]
        assert all(isinstance(text, str) and text for text in header), name
        assert len(set(map(str.casefold, map(str, header)))) == len(header), name
        assert sheet.row_looks[table.top] == "head", name
        assert table.bottom > table.top + 1, name
        for row in range(table.top + 1, table.bottom):
            assert filled(sheet, row), (name, row)
        assert not filled(sheet, table.bottom), name
        assert table.right not in filled(sheet, table.top), name
        assert sheet.freeze[0] <= table.top + 1, name


def test_a_chart_draws_numbers_under_their_names(added: dict[str, NewSheet]) -> None:
    charts = 0
    for name, sheet in added.items():
        for chart in sheet.charts:
            charts += 1
            assert chart.title, name
            for line in chart.series:
                for area in (line.x, line.y):
                    if area.sheet == sheet.name:
                        values = [value_at(sheet, cell) for cell in area.cells()]
                        assert all(isinstance(v, float | int) or v is None for v in values), name
                        assert any(value is not None for value in values), name
                if line.x.sheet == line.y.sheet == sheet.name:
                    assert line.x.rect.size == line.y.rect.size, name
    assert charts > 4


def test_a_box_is_headings_and_what_lies_below(added: dict[str, NewSheet]) -> None:
    boxes = [(name, sheet, box) for name, sheet in added.items() for box in sheet.boxes]
    assert len(boxes) > 4
    for name, sheet, box in boxes:
        header = filled(sheet, box.top)
        assert set(header) == set(range(box.left, box.right)), name
        assert all(isinstance(text, str) for text in header.values()), name
        assert sheet.row_looks[box.top] == "head", name
        for row in range(box.top + 1, box.bottom):
            assert filled(sheet, row), (name, row)
        assert not filled(sheet, box.bottom), name


def test_what_is_coloured_by_size_are_numbers(added: dict[str, NewSheet]) -> None:
    hot = [(name, sheet, area) for name, sheet in added.items() for area in sheet.heat]
    assert hot
    for name, sheet, area in hot:
        values = [sheet.rows[row][column] for row, column in area.cells()]
        assert all(isinstance(value, float) for value in values), name
        beside = (filled(sheet, area.bottom), sheet.rows[area.top][area.right :])
        assert not any(isinstance(value, float) for value in (*beside[0].values(), *beside[1]))
        inside = [box for box in sheet.boxes if box.left <= area.left and area.right <= box.right]
        assert any(box.top < area.top and area.bottom <= box.bottom for box in inside), name


def test_columns_are_wide_enough_for_words_and_no_wider_than_a_page(
    added: dict[str, NewSheet],
) -> None:
    for name, sheet in added.items():
        for area in (*sheet.boxes, *([sheet.table] if sheet.table else [])):
            for column in range(area.left, area.right):
                width = sheet.widths[column]
                words = str(sheet.rows[area.top][column]).split()
                assert max(11, min(60, max(map(len, words)) + 2)) <= width <= 62, (name, column)


def test_headings_stay_in_sight(added: dict[str, NewSheet]) -> None:
    alone = 0
    for name, sheet in added.items():
        heads = [row for row, look in sheet.row_looks.items() if look == "head"]
        if heads == [HEAD_ROW]:  # a report, which has several tables, keeps its title in sight
            alone += 1
            assert sheet.freeze[0] == HEAD_ROW + 1, name
    assert alone > 4


def test_charts_lie_beside_the_table_and_not_on_one_another(added: dict[str, NewSheet]) -> None:
    for name, sheet in added.items():
        ends: dict[int, int] = {}
        for chart in sorted(sheet.charts, key=lambda one: one.at):
            row, column = chart.at
            if sheet.table is not None and row < sheet.table.bottom:
                assert column > sheet.table.right, name
            assert row >= ends.get(column, 0), name
            ends[column] = row + -(-chart.height // 20)


def filled(sheet: NewSheet, row: int) -> dict[int, Scalar]:
    """The cells of a row that hold something, by column."""
    if not 0 <= row < len(sheet.rows):
        return {}
    return {
        c: value for c, value in enumerate(sheet.rows[row]) if value is not None and value != ""
    }


def value_at(sheet: NewSheet, cell: CellRef) -> Scalar:
    return sheet.rows[cell.row][cell.column]
