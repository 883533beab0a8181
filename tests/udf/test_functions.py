"""Functions in cells, called as Excel calls them: through xlwings' own wrapper and converters."""

from __future__ import annotations

import inspect
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
import xlwings as xw

from tests.build import build
from tests.live.memory_excel import open_in_excel
from tests.udf.windows import MODULE, call, udfs
from xlcollab.api import OpenBook
from xlcollab.factor import MatrixFactorization
from xlcollab.ratings import from_crosstab
from xlcollab.ref import cell_name

NA, VALUE, NUM = "#XLC!2042", "#XLC!2015", "#XLC!2036"
USERS, ITEMS = [14, 29, 72, 211], [27, 49, 57, 72, 79]
TRIPLES = [("user", "item", "rating"), (1, 10, 4.0), (1, 20, 3.0), (2, 10, 5.0), (3, 20, 1.0)]


def scores() -> np.ndarray[Any, Any]:
    """4 × 5 ratings with two blanks."""
    values = np.random.default_rng(7).integers(1, 11, (4, 5)) / 2
    values[1, 2] = values[3, 0] = np.nan
    return values


def crosstab_cells() -> dict[str, Any]:
    cells: dict[str, Any] = {cell_name(0, i + 1): float(item) for i, item in enumerate(ITEMS)}
    for row, (user, line) in enumerate(zip(USERS, scores().tolist(), strict=True), 1):
        cells[cell_name(row, 0)] = float(user)
        for column, value in enumerate(line, 1):
            cells[cell_name(row, column)] = None if np.isnan(value) else value
    return cells


@pytest.fixture(scope="module", autouse=True)
def _windows() -> None:
    udfs()


@pytest.fixture(scope="module")
def sheet(tmp_path_factory: pytest.TempPathFactory) -> xw.Sheet:
    cells = crosstab_cells()
    for row, line in enumerate(TRIPLES):
        cells |= {cell_name(row, 10 + column): value for column, value in enumerate(line)}
    cells |= {"R1": ("=NA()", "#N/A"), "R2": "3", "R3": "many", "T1": 1.0, "T2": 2.0}
    cells |= {"U1": ("=(T1-3)^2+(T2+1)^2", 13.0)}
    path = build(tmp_path_factory.mktemp("udf") / "book.xlsx", {"S": cells})
    return open_in_excel(path).sheets["S"]


@pytest.fixture
def ask(sheet: xw.Sheet) -> Any:
    """Call a function from the cell Z9; texts such as "@A1:F5" are ranges of the sheet."""

    def asked(function: str, *arguments: Any, cell: str = "Z9") -> Any:
        given = [sheet[a[1:]] if isinstance(a, str) and a.startswith("@") else a for a in arguments]
        return call(function, *given, caller=sheet[cell])

    return asked


@pytest.fixture(scope="module")
def python_fit() -> MatrixFactorization:
    frame = pd.DataFrame(scores(), index=USERS, columns=ITEMS)
    settings = {"n_factors": 2, "epochs": 5, "learning_rate": 0.05, "seed": 3}
    return MatrixFactorization(**settings).fit(from_crosstab(frame))


FIT = ("@A1:F5", 2.0, 5.0, 0.05)
SEED = (*FIT, -2147352572, -2147352572, -2147352572, -2147352572, -2147352572, 3.0)


@pytest.fixture
def handle(ask: Any) -> str:
    return str(ask("xlc_fit", *SEED))


def test_fit_gives_a_handle_by_content(ask: Any, handle: str) -> None:
    assert handle.startswith("xlc:fit:")
    assert ask("xlc_fit", *SEED) == handle
    assert ask("xlc_fit", *FIT) != handle


def test_predictions_equal_the_python_face(
    ask: Any, handle: str, python_fit: MatrixFactorization
) -> None:
    table = ask("xlc_predict", handle, "@A2:A5", "@B1:F1")
    users = np.repeat(USERS, len(ITEMS))
    wanted = python_fit.predict(users, np.tile(ITEMS, len(USERS))).reshape(4, 5)
    assert np.array_equal(np.array(table), wanted)


@pytest.mark.parametrize(
    ("user", "item", "shape"),
    [
        (14.0, 27.0, ()),
        ("@A2", 27.0, ()),
        ("@A2:A3", "@B1:B1", (2, 1)),
        (14.0, "@B1:D1", (3,)),
        ("@A2:A3", "@B1:D1", (2, 3)),
    ],
)
def test_predict_takes_every_shape(
    ask: Any, handle: str, user: Any, item: Any, shape: tuple[int, ...]
) -> None:
    assert np.shape(ask("xlc_predict", handle, user, item)) == shape


def test_blank_ids_give_blanks_and_texts_find_numbers(
    ask: Any, handle: str, python_fit: MatrixFactorization
) -> None:
    assert ask("xlc_predict", handle, "@A1:A2", 27.0)[0] == [""]
    assert ask("xlc_predict", handle, "14", "27") == python_fit.predict([14], [27])[0]


def test_predict_refuses_shapes_that_do_not_fit(ask: Any, handle: str) -> None:
    assert ask("xlc_predict", handle, "@A2:A4", "@B1:C2") == VALUE
    assert "3 × 1 and 2 × 2 cells" in ask("xlc_status", "@Z9", cell="Z1")


def test_other_answers_equal_the_python_face(
    ask: Any, handle: str, python_fit: MatrixFactorization
) -> None:
    best = python_fit.recommend(29, 2)
    assert ask("xlc_recommend", handle, 29.0, 2.0) == [best.items[0], best.ratings[0]]
    assert ask("xlc_similar", handle, 27.0, 2.0) == [
        list(p) for p in python_fit.similar_items(27, 2)
    ]
    factors = ask("xlc_factors", handle, "users")
    assert [row[0] for row in factors] == USERS
    assert np.array_equal([row[1:] for row in factors], python_fit.model_.user_factors)
    assert [row[1] for row in ask("xlc_biases", handle)] == python_fit.model_.item_bias.tolist()
    losses = ask("xlc_losses", handle)
    assert losses[0] == ["epoch", "train_rmse"]
    assert [row[1] for row in losses[1:]] == python_fit.result_.column("train_rmse").tolist()
    assert ask("xlc_rmse", handle) == python_fit.result_.train.rmse
    assert ask("xlc_rmse", handle, "@A1:F5") == pytest.approx(
        python_fit.result_.train.rmse, rel=1e-6
    )


def test_a_long_table_becomes_a_crosstab(ask: Any) -> None:
    assert ask("xlc_crosstab", "@K1:M5") == [
        ["user \\ item", 10, 20],
        [1, 4.0, 3.0],
        [2, 5.0, ""],
        [3, "", 1.0],
    ]


def test_a_long_table_and_its_crosstab_are_fitted_alike(ask: Any, sheet: xw.Sheet) -> None:
    sheet["K20"].impl.sheet.range((20, 11), (23, 13)).raw_value = [
        [None, 10.0, 20.0],
        [1.0, 4.0, 3.0],
        [2.0, 5.0, None],
        [3.0, None, 1.0],
    ]
    long, cross = (ask("xlc_fit", area, 2.0, 3.0) for area in ("@K1:M5", "@K20:M23"))
    assert long != cross
    pairs = ([[1.0], [2.0]], [[10.0, 20.0]])
    assert ask("xlc_predict", long, *pairs) == ask("xlc_predict", cross, *pairs)


def test_status_tells_of_a_fit_and_of_an_error(ask: Any, sheet: xw.Sheet, handle: str) -> None:
    sheet["Z5"].value = ask("xlc_fit", *SEED, cell="Z5")
    assert "All epochs were run. 5 epochs, training RMSE" in ask("xlc_status", "@Z5", cell="Z6")
    assert ask("xlc_fit", "@A1:F5", "@R3", cell="Z5") == VALUE
    sentence = ask("xlc_status", "@Z5", cell="Z6")
    assert sentence == "n_factors is 'many'; a number was expected"


def test_sentences_belong_to_one_cell_of_one_sheet(ask: Any, sheet: xw.Sheet) -> None:
    other = sheet.book.sheets.add("T", after=sheet)
    assert call("xlc_pca", "text", caller=other["C3"]) == VALUE
    assert ask("xlc_version", cell="C3")
    assert "holds 'text'" in call("xlc_status", other["C3"], caller=other["C4"])
    assert "holds 'text'" not in ask("xlc_status", "@C3", cell="C4")


@pytest.mark.parametrize(
    ("function", "arguments", "error", "sentence"),
    [
        ("xlc_fit", ("@R1",), NA, "An argument holds the error #N/A."),
        ("xlc_fit", ("@A1:F5", "@R1"), NA, "holds the error #N/A"),
        ("xlc_fit", ("@A1",), VALUE, "the ratings are 1 × 1 cells"),
        ("xlc_fit", ("@A1:F1",), VALUE, "the ratings are 1 × 6 cells"),
        ("xlc_fit", ("@R1:R3",), NA, "holds the error #N/A"),
        ("xlc_fit", ("@A1:F5", 2.5), VALUE, "n_factors is 2.5; a whole number"),
        ("xlc_fit", ("@A1:F5", "@A1:A2"), VALUE, "n_factors is a range of 2 cells"),
        ("xlc_predict", ("xlc:fit:000000000000", 1.0, 1.0), VALUE, "another session"),
        ("xlc_predict", ("@A1", 1.0, 1.0), VALUE, "the result of XLC_FIT was expected"),
        ("xlc_pca", ("@A1:F5",), VALUE, "row 1, column 1 of values holds a blank"),
        ("xlc_graddesc", ("@A2:A5", "@B2:B4"), VALUE, "x has 4 rows and y 3 cells"),
        ("xlc_graddesc", ("@A2:A5", "@C2:C5", "gd", 1e3), NUM, "Try a learning rate"),
        ("xlc_gradient", (1.0, "@T1:T2"), VALUE, "a reference to cells was expected"),
        ("xlc_jacobian", (1.0, "@T1:T2"), VALUE, "of is a value; a reference to cells"),
        ("xlc_hessian", ("@T1:T2", "@T1:T2"), VALUE, "is an area; the Hessian is that of one"),
        ("xlc_crosstab", ("@K1:M5", "median"), VALUE, "unknown aggregate 'median'"),
    ],
)
def test_errors_are_errors_of_excel_with_a_sentence(
    ask: Any, function: str, arguments: tuple[Any, ...], error: str, sentence: str
) -> None:
    assert ask(function, *arguments) == error
    assert sentence in ask("xlc_status", "@Z9", cell="Z1")


def test_text_numbers_count_as_numbers(ask: Any) -> None:
    assert ask("xlc_fit", "@A1:F5", "@R2") == ask("xlc_fit", "@A1:F5", 3.0)


def test_pca_equals_numpy(ask: Any) -> None:
    block = np.random.default_rng(1).normal(size=(6, 3))
    found = np.array(ask("xlc_pca", block.tolist(), 2.0))
    variances = np.linalg.eigvalsh(np.cov(block.T))[::-1]
    assert found.var(axis=0, ddof=1) == pytest.approx(variances[:2])


def test_graddesc_is_torch_optim(ask: Any) -> None:
    x, y = np.arange(6.0), 2 * np.arange(6.0) + 30
    found = ask("xlc_graddesc", x[:, None].tolist(), y[:, None].tolist(), "adam", 0.1, 20.0)
    weights = torch.zeros(2, dtype=torch.float64, requires_grad=True)
    optimizer = torch.optim.Adam([weights], lr=0.1)
    for _ in range(20):
        optimizer.zero_grad()
        loss = (torch.tensor(x) * weights[0] + weights[1] - torch.tensor(y)).square().mean()
        loss.backward()
        optimizer.step()
    assert found[0] == ["epoch", "slope", "intercept", "loss"]
    assert len(found) == 22
    assert found[-1][1:3] == pytest.approx(weights.tolist(), rel=1e-12)


def test_jacobian_and_hessian_are_matrices(ask: Any) -> None:
    """U1 is (T1-3)² + (T2+1)², seen as an area of one cell."""
    assert ask("xlc_jacobian", "@U1", "@T1:T2") == [-4.0, 6.0]
    assert ask("xlc_hessian", "@U1", "@T1:T2") == [
        [pytest.approx(2.0), pytest.approx(0.0, abs=1e-6)],
        [pytest.approx(0.0, abs=1e-6), pytest.approx(2.0)],
    ]


def test_gradient_and_minimum_leave_the_sheet_alone(ask: Any, sheet: xw.Sheet) -> None:
    assert ask("xlc_gradient", "@U1", "@T1:T2") == [[-4.0], [6.0]]
    assert ask("xlc_minimize", "@U1", "@T1:T2") == [[pytest.approx(3.0)], [pytest.approx(-1.0)]]
    assert sheet["T1:T2"].value == [1.0, 2.0]
    book = OpenBook.over(_excel_book(sheet))
    model = book.model(minimize="S!U1", by_changing="S!T1:T2")
    weights = book.solve(model, method="adam", iterations=7).weights.tolist()
    assert ask("xlc_minimize", "@U1", "@T1:T2", "adam", 7.0) == [[one] for one in weights]


def _excel_book(sheet: xw.Sheet) -> Any:
    from xlcollab.live.excel import ExcelBook

    return ExcelBook(sheet.book)


def test_a_call_on_15_by_15_answers_from_the_cache_within_5_ms(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    cells: dict[str, Any] = {}
    for i in range(15):
        cells |= {cell_name(0, i + 1): 100.0 + i, cell_name(i + 1, 0): 1.0 + i}
        cells |= {cell_name(i + 1, j + 1): float(rng.integers(1, 6)) for j in range(15)}
    sheet = open_in_excel(build(tmp_path / "b.xlsx", {"S": cells})).sheets["S"]
    first = call("xlc_fit", sheet["A1:P16"], caller=sheet["R1"])
    seconds = []
    for _ in range(9):
        began = time.perf_counter()
        assert call("xlc_fit", sheet["A1:P16"], caller=sheet["R1"]) == first
        seconds.append(time.perf_counter() - began)
    assert float(np.median(seconds)) < 0.005


def test_importing_the_functions_loads_no_torch() -> None:
    code = f"import sys, {MODULE}; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


FORBIDDEN_OPTIONS = {"expand", "async_mode", "volatile", "transpose"}
"""Options with which xlwings writes into the sheet again, or recalculates without end."""


def test_no_hint_or_option_would_crash_on_windows() -> None:
    module = sys.modules[MODULE]
    for function in module.FUNCTIONS:
        info = function.__xlfunc__
        assert function.__annotations__ == {}
        kinds = {parameter.kind for parameter in inspect.signature(function).parameters.values()}
        assert kinds == {inspect.Parameter.POSITIONAL_OR_KEYWORD}
        assert info["category"] == "xlcollab"
        assert info["call_in_wizard"] is True
        assert info["async_mode"] is None
        assert not info["volatile"]
        assert not info["ret"]["options"]
        assert info["args"][-1]["name"] == "caller"
        for argument in info["args"][:-1]:
            assert not FORBIDDEN_OPTIONS & argument["options"].keys()
            assert argument["doc"]
            assert len(argument["doc"]) <= 255
        assert len(info["ret"]["doc"]) <= 255


def test_every_function_is_offered() -> None:
    module = sys.modules[MODULE]
    decorated = {name for name in dir(module) if hasattr(getattr(module, name), "__xlfunc__")}
    assert {function.__name__ for function in module.FUNCTIONS} == decorated


def test_what_is_taken_up_is_learned_in_cells(ask: Any, sheet: xw.Sheet) -> None:
    """A table without ratings: each row counts as 1, and the same row again as one more."""
    draw = np.random.default_rng(3)
    pairs = [(float(u), float(i)) for u in range(12) for i in range(8) if draw.random() < 0.5]
    rows = [("user", "item"), *pairs, pairs[0]]
    where = sheet["K20"].impl.sheet.range((40, 11), (39 + len(rows), 12))
    where.raw_value = [list(row) for row in rows]
    area = f"@K40:L{39 + len(rows)}"
    skipped = (None,) * 6
    handle = ask("xlc_fit", area, 2.0, 4.0, *skipped, 1.0, True)
    assert handle.startswith("xlc:fit:"), ask("xlc_status", "@Z9", cell="Z1")
    frame = pd.DataFrame(rows[1:], columns=["user", "item"])
    wanted = MatrixFactorization(n_factors=2, epochs=4, seed=1, implicit=True).fit(frame)
    best = wanted.recommend(3.0, 2)
    found = ask("xlc_recommend", handle, 3.0, 2.0)
    assert [row[0] for row in found] == best.items[: len(found)]
    assert [row[1] for row in found] == best.ratings[: len(found)].tolist()
    sheet["Z5"].value = ask("xlc_fit", area, 2.0, 4.0, *skipped, 1.0, True, cell="Z5")
    told = ask("xlc_status", "@Z5", cell="Z6")
    assert "4 epochs" in told
    assert "nan" not in told
    assert ask("xlc_fit", area, 2.0, 4.0, cell="Z7") == VALUE


def test_averaging_in_cells(ask: Any) -> None:
    handle = ask("xlc_fit", "@A1:F5", 2.0, 12.0, *(None,) * 6, 1.0, None, "best")
    wanted = MatrixFactorization(n_factors=2, epochs=12, seed=1, quality="best")
    wanted.fit(from_crosstab(pd.DataFrame(scores(), index=USERS, columns=ITEMS)))
    assert ask("xlc_predict", handle, 29.0, 57.0) == wanted.predict(29, 57)[0]
