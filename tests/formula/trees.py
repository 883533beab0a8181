"""Hypothesis strategies: trees of formula nodes that some formula text stands for."""

from __future__ import annotations

from hypothesis import strategies as st

from xlcollab.formula import (
    ArrayLiteral,
    Axis,
    Binary,
    Boolean,
    Call,
    ErrorValue,
    Missing,
    Name,
    Node,
    Number,
    Reference,
    Structured,
    Text,
    Unary,
)
from xlcollab.formula.lexer import tokenize
from xlcollab.formula.spelling import FUTURE_PREFIX, WORD
from xlcollab.formula.structured import ITEMS
from xlcollab.grid.values import ErrorCode
from xlcollab.ref import MAX_COLUMNS, MAX_ROWS

REACH = 8
"""Offsets lie within it, so every cell from (REACH, REACH) on can hold the formula."""

ALL_ROWS = (Axis(0, True), Axis(MAX_ROWS - 1, True))
ALL_COLUMNS = (Axis(0, True), Axis(MAX_COLUMNS - 1, True))


def _is_name(word: str) -> bool:
    tokens = tokenize(word)
    return tokens[0] == ("name", word, 0, False) and not FUTURE_PREFIX.match(word)


def _in_order(axes: tuple[Axis, Axis]) -> tuple[Axis, Axis]:
    first, last = axes
    swap = first.absolute == last.absolute and first.value > last.value
    return (last, first) if swap else axes


words = st.one_of(
    st.sampled_from(["x", "rate", "lr", "R1C1", "XFE1", "A1048577", "A0", "A1.x", "_A1", "año?"]),
    st.from_regex(rf"\A{WORD}\Z").filter(_is_name),
)
sheets = st.one_of(
    st.sampled_from(["Sheet1", "it's", "a b", "A1", "R", "TRUE", "2020", "Q1"]),
    st.text(st.characters(exclude_characters="[]:"), min_size=1, max_size=6),
)
books = st.sampled_from(["", "", "[1]", "[Book 1.xlsx]", "C:\\it's\\[b.xlsx]"])
axes = st.one_of(
    st.builds(Axis, st.integers(-REACH, REACH), st.just(False)),
    st.builds(Axis, st.integers(0, 40), st.just(True)),
)
edges = st.tuples(axes, axes).map(_in_order)


@st.composite
def references(draw: st.DrawFn) -> Reference:
    shape = draw(st.sampled_from(["cell", "cell", "area", "columns", "rows"]))
    rows, columns = draw(edges), draw(edges)
    if shape == "cell":
        rows, columns = (rows[0], rows[0]), (columns[0], columns[0])
    elif shape == "columns":
        rows = ALL_ROWS
    elif shape == "rows":
        columns = ALL_COLUMNS
    sheet = draw(st.none() | sheets)
    book = draw(books) if sheet else ""
    last_sheet = draw(st.none() | sheets) if sheet else None
    return Reference(rows[0], columns[0], rows[1], columns[1], sheet, last_sheet, book)


@st.composite
def structured(draw: st.DrawFn) -> Structured:
    columns = st.text(min_size=1, max_size=6)
    first = draw(st.none() | columns)
    last = draw(st.none() | columns) if first is not None else None
    items = draw(st.lists(st.sampled_from(sorted(ITEMS)), unique=True, max_size=2))
    return Structured(draw(st.just("") | words), tuple(items), first, last)


def of_15_digits(value: float) -> float:
    """A number as a formula can hold it."""
    return float(f"{value:.14e}")


numbers = st.one_of(
    st.integers(0, 10**20).map(float), st.floats(0, 1e308, allow_nan=False, allow_infinity=False)
).map(lambda value: Number(of_15_digits(value)))
texts = st.text(max_size=6).map(Text)
booleans = st.booleans().map(Boolean)
errors = st.sampled_from([c.text for c in ErrorCode if c is not ErrorCode.CIRCULAR]).map(ErrorValue)
elements = st.one_of(
    numbers,
    texts,
    booleans,
    errors,
    st.floats(-9, 9).map(lambda value: Number(of_15_digits(value) + 0.0)),
)
arrays = st.integers(1, 3).flatmap(
    lambda width: st.lists(
        st.lists(elements, min_size=width, max_size=width).map(tuple), min_size=1, max_size=3
    ).map(lambda rows: ArrayLiteral(tuple(rows)))
)
names = st.builds(Name, words, st.none() | sheets, books)
function_names = st.sampled_from(["SUM", "IF", "LOG10", "NORM.S.DIST", "ATAN2", "A1", "F"])


def _calls(nodes: st.SearchStrategy[Node]) -> st.SearchStrategy[Node]:
    # Mapped, not filtered: a filter that rejects makes hypothesis print the whole strategy.
    arguments = st.lists(nodes | st.just(Missing()), max_size=3).map(
        lambda found: [] if found == [Missing()] else found
    )
    return st.builds(lambda name, found: Call(name, tuple(found)), function_names, arguments)


def _no_literal(node: Node) -> Node:
    """The node, a literal inside a call: a reference operator takes no literals."""
    literal = isinstance(node, Number | Text | Boolean | ArrayLiteral)
    return Call("SUM", (node,)) if literal else node


def _larger(nodes: st.SearchStrategy[Node]) -> st.SearchStrategy[Node]:
    joined = nodes.map(_no_literal)
    return st.one_of(
        _calls(nodes),
        st.builds(Unary, st.sampled_from("-+%@"), nodes),
        st.builds(Unary, st.just("#"), joined),
        st.builds(Binary, st.sampled_from(["+", "-", "*", "/", "^", "&"]), nodes, nodes),
        st.builds(Binary, st.sampled_from(["=", "<>", "<", "<=", ">", ">="]), nodes, nodes),
        st.builds(Binary, st.sampled_from([":", " ", ","]), joined, joined),
    )


leaves = st.one_of(
    numbers, texts, booleans, errors, references(), references(), names, structured(), arrays
)
nodes = st.recursive(leaves, _larger, max_leaves=12)

arithmetic = st.recursive(
    st.integers(0, 99).map(lambda value: Number(float(value)))
    | references().filter(lambda found: found.sheet is None),
    lambda inner: st.one_of(
        st.builds(Unary, st.sampled_from("-+%"), inner),
        st.builds(
            Binary,
            st.sampled_from(["+", "-", "*", "/", "^", "&", "=", "<>", "<", "<=", ">", ">="]),
            inner,
            inner,
        ),
        _calls(inner),
    ),
    max_leaves=10,
)
"""What any other parser of spreadsheet formulas understands too."""
