"""A page: one worksheet of a lesson as plain records, before any file is written."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from xlcollab.problems import SolverModel
from xlcollab.ref import AreaRef, CellRef, Rect, cell_name

Content = float | str | bool
"""A constant, or a formula: a text that begins with "="."""


@dataclass(frozen=True, slots=True)
class Cell:
    """What one cell holds and the name of its style."""

    content: Content
    style: str = "plain"

    @property
    def formula(self) -> bool:
        return isinstance(self.content, str) and self.content.startswith("=")


@dataclass(frozen=True, slots=True)
class Choice:
    """What may be typed into a cell: one of `options`, or a number between two limits."""

    rect: Rect
    options: tuple[str, ...] = ()
    least: float = 0.0
    most: float = 1e9


@dataclass(frozen=True, slots=True)
class Line:
    """One series of a chart; `labels` are the texts beside its points. All three areas are on
    `sheet`, or on the chart's own page."""

    name: str
    x: Rect
    y: Rect
    labels: Rect | None = None
    points: bool = False
    sheet: str | None = None


@dataclass(frozen=True, slots=True)
class Chart:
    """A native scatter chart with its top left corner at (row, column) `at`."""

    title: str
    x_title: str
    y_title: str
    lines: tuple[Line, ...]
    at: tuple[int, int]
    log_y: bool = False
    size: tuple[int, int] = (620, 340)


@dataclass(slots=True)
class Page:
    """One worksheet. Rows and columns are zero-based; `names` are seen on this sheet alone unless
    they stand in `book_names`. `model` is stored as the sheet's Solver model; `printed` is what
    goes on paper, if not all."""

    name: str
    cells: dict[tuple[int, int], Cell] = field(default_factory=dict)
    merged: list[Rect] = field(default_factory=list)
    names: dict[str, Rect] = field(default_factory=dict)
    book_names: dict[str, Rect] = field(default_factory=dict)
    widths: dict[int, float] = field(default_factory=dict)
    heights: dict[int, float] = field(default_factory=dict)
    scales: list[tuple[Rect, str]] = field(default_factory=list)
    choices: list[Choice] = field(default_factory=list)
    notes: dict[tuple[int, int], str] = field(default_factory=dict)
    charts: list[Chart] = field(default_factory=list)
    tables: dict[str, Rect] = field(default_factory=dict)
    freeze: tuple[int, int] = (0, 0)
    printed: Rect | None = None
    model: SolverModel | None = None

    def put(self, row: int, column: int, content: Content, style: str = "plain") -> None:
        self.cells[row, column] = Cell(content, style)

    def row(self, row: int, column: int, contents: Sequence[Content], style: str) -> None:
        """Contents side by side from (row, column) on."""
        for offset, content in enumerate(contents):
            self.put(row, column + offset, content, style)

    def column(self, row: int, column: int, contents: Sequence[Content], style: str) -> None:
        """Contents one below the other from (row, column) on."""
        for offset, content in enumerate(contents):
            self.put(row + offset, column, content, style)

    def fill(self, rect: Rect, content: Callable[[int, int], Content], style: str) -> None:
        """`content` of (row, column) into every cell of `rect`."""
        for row, column in rect.cells():
            self.put(row, column, content(row, column), style)

    def merge(self, rect: Rect, content: Content, style: str) -> None:
        """One content over several cells."""
        self.put(rect.top, rect.left, content, style)
        if rect.size > 1:
            self.merged.append(rect)

    def heading(self, title: str, intro: str, width: int, lines: int) -> None:
        """The title in row 1 and a paragraph of `lines` lines over `width` columns in row 2."""
        self.put(0, 0, title, "title")
        self.merge(Rect(1, 0, 1, width), intro, "intro")
        self.heights[0] = 28
        self.heights[1] = 15.0 * lines + 4

    def metric(
        self,
        row: int,
        column: int,
        width: int,
        name: str,
        title: str,
        content: Content,
        style: str = "result",
    ) -> None:
        """A titled number: the title in `row`, the number, named `name`, in the row below."""
        self.merge(Rect(row, column, 1, width), title, "metric head")
        self.merge(Rect(row + 1, column, 1, width), content, style)
        self.names[name] = Rect(row + 1, column)

    def area(self, name: str) -> AreaRef:
        """The area behind one of this page's names."""
        return AreaRef(self.name, self.names[name])

    def cell(self, name: str) -> CellRef:
        return self.area(name).first

    def minimise(self, objective: str, variables: Sequence[str]) -> None:
        """Store a Solver model in terms of this page's names."""
        self.model = SolverModel(
            sheet=self.name,
            objective=self.cell(objective),
            sense="minimize",
            target=0.0,
            variables=tuple(self.area(name) for name in variables),
        )


def fixed(row: int, column: int) -> str:
    """ "$B$3": an address that stays when copied."""
    return cell_name(row, column, absolute=True)


def row_fixed(row: int, column: int) -> str:
    """ "B$3": moves with the column only."""
    return cell_name(row, column).rstrip("0123456789") + f"${row + 1}"


def column_fixed(row: int, column: int) -> str:
    """ "$B3": moves with the row only."""
    return "$" + cell_name(row, column)


def turned_height(texts: Sequence[str]) -> float:
    """The height in points of a row that shows `texts` turned upright."""
    return min(12 + 5.8 * max(map(len, texts)), 220)
