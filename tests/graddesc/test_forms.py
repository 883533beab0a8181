"""Roots with a small number beside them, counts and decays: what a tab is called, and its reset."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

import xlcollab
from tests.graddesc.typed_tabs import Layout, data, sgd_cells, write
from xlcollab.api.tabs.tab import Tab
from xlcollab.errors import UsageError
from xlcollab.ref import cell_name, column_letters

LAYOUT = Layout(rate=0.05)
SHARE, EPSILON = 0.9, 1e-8
ROOTS = (
    "SQRT({v})+{eps}",
    "{eps}+SQRT({v})",
    "SQRT({v}+{eps}^2)",
    "SQRT({small}+{v})",
    "SQRT({v}+{small})",
    "({v}+{small})^0.5",
    "POWER({v},0.5)+1E-8",
    "SQRT({v})",
)
BASE = LAYOUT.left + 4 + 3 * LAYOUT.weights + 1
RHO, EPS, SMALL = (cell_name(0, BASE + i, absolute=True) for i in range(3))


def square_cells(divisor: str, memory: str, top: float = 0.0) -> dict[str, Any]:
    """A tab whose steps are divided by `divisor`, with the squares' `memory` right of the block."""
    cells = sgd_cells(LAYOUT)
    values = {RHO: SHARE, EPS: EPSILON, SMALL: EPSILON**2}
    cells |= {address.replace("$", ""): value for address, value in values.items()}
    for k in range(LAYOUT.weights):
        column = column_letters(BASE + k)
        cells[f"{column}{LAYOUT.top}"] = top
        for row in range(LAYOUT.top + 1, LAYOUT.bottom + 2):
            gradient, weight = (f"{LAYOUT.column(what, k)}{row}" for what in ("gradient", "weight"))
            above, here = f"{column}{row - 1}", f"{column}{row}"
            cells[here] = "=" + memory.format(above=above, g=gradient, rho=RHO)
            root = divisor.format(v=here, eps=EPS, small=SMALL)
            update = f"={weight}-{LAYOUT.rate_cell}*{gradient}/({root})"
            cells[f"{LAYOUT.column('update', k)}{row}"] = update
    return cells


MEAN = "{rho}*{above}+(1-{rho})*{g}^2"
SUM = "{above}+{g}^2"


def opened(path: Path, cells: dict[str, Any]) -> Tab:
    return xlcollab.open(write(path / "book.xlsx", {"lesson": cells})).tab("lesson")


def judged(optimizer: type[torch.optim.Optimizer], epochs: int, **options: Any) -> list[float]:
    """torch.optim, row by row, from weights of 1 and memories of 0."""
    weights = torch.ones(2, dtype=torch.float64, requires_grad=True)
    stepper = optimizer([weights], lr=LAYOUT.rate, **options)
    for _ in range(epochs):
        for x, y in zip(*data(LAYOUT.rows), strict=True):
            stepper.zero_grad()
            (weights[0] + weights[1] * x - y).square().backward()
            stepper.step()
    return weights.tolist()


@pytest.mark.parametrize("root", ROOTS)
def test_rmsprop_by_the_form_of_its_root(tmp_path: Path, root: str) -> None:
    tab = opened(tmp_path, square_cells(root, MEAN, top=5.0))
    assert tab.optimizer == "rmsprop"
    tab.reset()
    padded = root != "SQRT({v})"
    assert tab.found.as_lesson is not padded
    if padded:
        expected = judged(torch.optim.RMSprop, 4, alpha=SHARE, eps=EPSILON)
        assert list(tab.run(4).weights.values()) == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("root", ROOTS)
def test_adagrad_by_the_form_of_its_root(tmp_path: Path, root: str) -> None:
    tab = opened(tmp_path, square_cells(root, SUM, top=5.0))
    assert tab.optimizer == "adagrad"
    tab.reset()
    expected = judged(torch.optim.Adagrad, 4, eps=EPSILON)
    assert list(tab.run(4).weights.values()) == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("root", ["MAX(SQRT({v}),{eps})", "SQRT({v})*{v}", "SQRT({v})+{v}"])
def test_an_unknown_rule_starts_from_memories_of_zero(tmp_path: Path, root: str) -> None:
    tab = opened(tmp_path, square_cells(root, MEAN, top=5.0))
    assert tab.optimizer == "not recognised"
    tab.reset()
    sheet = tab._book.workbook.sheet("lesson")
    assert [sheet.value(LAYOUT.top - 1, BASE + k) for k in range(2)] == [0.0, 0.0]
    assert [sheet.value(k, LAYOUT.start_column) for k in range(2)] == [1.0, 1.0]
    assert sheet.value(0, LAYOUT.start_column + 2) == LAYOUT.rate


def test_a_root_of_the_row_above_is_not_started_at_zero(tmp_path: Path) -> None:
    """As the lesson types rmsprop, with a small number added: 0 would divide by that alone."""
    cells = square_cells("SQRT({v})+{eps}", MEAN)
    for k in range(LAYOUT.weights):
        memory, update = column_letters(BASE + k), LAYOUT.column("update", k)
        for row in range(LAYOUT.top + 1, LAYOUT.bottom + 2):
            cells[f"{update}{row}"] = cells[f"{update}{row}"].replace(
                f"({memory}{row})", f"({memory}{row - 1})"
            )
    tab = opened(tmp_path, cells)
    assert tab.found.late_root
    tab.reset()
    assert tab.run(3).status == "done"


def test_a_rule_of_another_form_is_not_replayed_by_the_engine(tmp_path: Path) -> None:
    tab = opened(tmp_path, square_cells("SQRT({v})+{eps}", MEAN, top=1.0))
    with pytest.raises(UsageError, match=r"lesson has another \(rmsprop\)"):
        tab.run(1, optimizer="tab")


def adam_cells(update: str, between: dict[str, str]) -> dict[str, Any]:
    """Adam with a column of steps, and columns `between` memories and updates."""
    cells = sgd_cells(LAYOUT)
    settings = {RHO: SHARE, EPS: EPSILON, SMALL: 0.99}
    cells |= {address.replace("$", ""): value for address, value in settings.items()}
    count = column_letters(BASE)
    cells[f"{count}{LAYOUT.top}"] = 7.0
    formulas = {
        "m": "{beta1}*{above}+(1-{beta1})*{g}",
        "v": "{beta2}*{above}+(1-{beta2})*{g}^2",
        **between,
    }
    for row in range(LAYOUT.top + 1, LAYOUT.bottom + 2):
        cells[f"{count}{row}"] = f"={count}{row - 1}+1"
    for k in range(LAYOUT.weights):
        letters = {
            name: column_letters(BASE + 1 + k * len(formulas) + place)
            for place, name in enumerate(formulas)
        }
        cells |= {f"{letters[name]}{LAYOUT.top}": 7.0 for name in "mv"}
        for row in range(LAYOUT.top + 1, LAYOUT.bottom + 2):
            words = {name: f"{column}{row}" for name, column in letters.items()}
            words |= {"t": f"{count}{row}", "beta1": RHO, "beta2": SMALL, "eps": EPS}
            words |= {what[0]: f"{LAYOUT.column(what, k)}{row}" for what in ("gradient", "weight")}
            words["rate"] = LAYOUT.rate_cell
            for name, formula in formulas.items():
                above = f"{letters[name]}{row - 1}"
                cells[words[name]] = "=" + formula.format(above=above, **words)
            cells[f"{LAYOUT.column('update', k)}{row}"] = "=" + update.format(**words)
    return cells


ADAMS = {
    "in one": ("{w}-{rate}*{m}/(1-{beta1}^{t})/(SQRT({v}/(1-{beta2}^{t}))+{eps})", {}),
    "in columns": (
        "{w}-{rate}*{mhat}/(SQRT({vhat})+{eps})",
        {"mhat": "{m}/(1-{beta1}^{t})", "vhat": "{v}/(1-{beta2}^{t})"},
    ),
    "step in a column": (
        "{w}-{step}",
        {
            "root": "{eps}+SQRT({v})/SQRT(1-{beta2}^{t})",
            "step": "{rate}*{m}/((1-{beta1}^{t})*{root})",
        },
    ),
}


@pytest.mark.parametrize("form", ADAMS)
def test_adam_by_the_columns_it_is_typed_in(tmp_path: Path, form: str) -> None:
    tab = opened(tmp_path, adam_cells(*ADAMS[form]))
    assert tab.optimizer == "adam"
    assert sorted(memory.role for memory in tab.found.memories) == [
        "count", "mean", "mean", "square", "square",
    ]  # fmt: skip
    gradients = [tab.found.area(weight.gradient or 0) for weight in tab.found.weights]
    assert [str(area)[len("lesson!") :][0] for area in gradients] == [
        LAYOUT.column("gradient", k) for k in range(2)
    ]
    tab.reset()
    expected = judged(torch.optim.Adam, 4, betas=(SHARE, 0.99), eps=EPSILON)
    assert list(tab.run(4).weights.values()) == pytest.approx(expected, rel=1e-9)


def test_the_engine_s_rule_of_the_same_name_takes_the_tab_s_learning_rate(tmp_path: Path) -> None:
    tab = opened(tmp_path, square_cells("SQRT({v})+{eps}", MEAN))
    tab.reset()
    run = tab.run(4, optimizer="rmsprop", batch_size=1, rho=SHARE)
    expected = judged(torch.optim.RMSprop, 4, alpha=SHARE, eps=EPSILON)
    assert list(run.weights.values()) == pytest.approx(expected, rel=1e-9)
