"""Random formulas and books: what a person might type, and worse.

A1:A4 are numbers, B1 is blank, B2 a text, B3 TRUE, B4 a number. C1, C2, … hold formulas of cells
before them.
"""

from __future__ import annotations

from hypothesis import strategies as st

BESIDE = {"B2": "text", "B3": True, "B4": 3.0}
EXACT_NUMBERS = st.sampled_from([0.0, 1.0, -1.0, 2.0, 0.5, 3.0, -2.5, 7.0, 40.0, 1024.0])
NUMBERS = st.one_of(
    EXACT_NUMBERS, st.sampled_from([0.1, 0.2, -0.3, 1e-3, 1e20, 123456789.125, 1e-20])
)
_COMPARED = st.sampled_from(["=", "<>", "<", "<=", ">", ">="])
_ADDED = st.sampled_from(["+", "-", "*", "/", "^"])
_ONE = st.sampled_from(
    ["SQRT", "LN", "EXP", "ABS", "SIGN", "INT", "SIN", "TANH", "ATAN", "LOG10", "COS"]
)
_AGGREGATE = st.sampled_from(
    ["SUM", "SUMSQ", "PRODUCT", "MIN", "MAX", "COUNT", "AVERAGE", "DEVSQ", "VAR.P", "STDEV.S"]
)
_ASKED = st.sampled_from(["ISNUMBER", "ISERROR"])
_PAIRED = st.sampled_from(["SUMPRODUCT", "SUMXMY2", "SUMX2MY2", "SUMX2PY2"])


def formulas(row: int) -> st.SearchStrategy[str]:
    """A formula for C`row`, without "=": of A1:B4 and of the formulas above."""
    cells = [f"A{i}" for i in range(1, 5)] + [f"B{i}" for i in range(1, 5)]
    above = [f"C{i}" for i in range(1, row)]
    areas = ["A1:A4", "B1:B4", "A1:B4"] + ([f"C1:C{row - 1}"] if row > 1 else [])
    pairs = ["A1:A4,B1:B4", "A1:A2,A3:A4"]
    leaf = st.one_of(
        st.sampled_from(["A1", "A2", "A3", "A4", *above]),
        st.sampled_from([*cells, *above]),
        NUMBERS.map(repr),
    )
    return st.recursive(leaf, lambda inner: _deeper(inner, areas, pairs), max_leaves=7)


def _deeper(
    inner: st.SearchStrategy[str], areas: list[str], pairs: list[str]
) -> st.SearchStrategy[str]:
    area = st.sampled_from(areas)
    several = st.lists(st.one_of(area, inner), min_size=1, max_size=3).map(",".join)
    condition = st.one_of(
        st.builds("{}{}{}".format, inner, _COMPARED, inner),
        st.builds("({}>{})={}".format, inner, inner, st.sampled_from(["1", "TRUE", "0", "A1"])),
        st.builds("AND({})".format, several),
        st.builds("OR({})".format, several),
        st.builds("{}({})".format, _ASKED, inner),
        st.builds("NOT({}>{})".format, inner, inner),
    )
    return st.one_of(
        st.builds("({}{}{})".format, inner, _ADDED, inner),
        st.builds("-{}".format, inner),
        st.builds("{}({})".format, _ONE, inner),
        st.builds("POWER({},{})".format, inner, inner),
        st.builds("{}({})".format, _AGGREGATE, several),
        st.builds("{}({})".format, _PAIRED, st.sampled_from(pairs)),
        st.builds("IF({},{},{})".format, condition, inner, inner),
        st.builds("({})*{}".format, condition, inner),
        st.builds("IFERROR({},{})".format, inner, inner),
        st.builds("SUM(IF({},{},{}),{})".format, condition, area, area, inner),
    )


@st.composite
def books(draw: st.DrawFn, rows: int = 6) -> dict[str, object]:
    """Cells of a sheet with formulas in C1 to C`rows`."""
    numbers = {f"A{i}": draw(NUMBERS) for i in range(1, 5)}
    found = {f"C{row}": "=" + draw(formulas(row)) for row in range(1, rows + 1)}
    return {**numbers, **BESIDE, **found}
