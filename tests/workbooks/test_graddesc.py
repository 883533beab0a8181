"""graddesc.xlsx: each tab's stored epoch against torch.optim, ride by ride."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from tests.workbooks.made import named, number, read
from xlcollab.api.tabs.epochs import Epochs
from xlcollab.plan import build_plan
from xlcollab.problems.tab.tab import GraddescTab, find_tabs
from xlcollab.ref import parse_area

BOOK = read("graddesc.xlsx")
PLAN = build_plan(BOOK)
TABS = dict(find_tabs(BOOK))
OPTIMISERS: dict[str, Callable[[list[torch.Tensor]], torch.optim.Optimizer]] = {
    "sgd": lambda w: torch.optim.SGD(w, lr=0.005),
    "momentum": lambda w: torch.optim.SGD(w, lr=0.001, momentum=0.9),
    "nesterov": lambda w: torch.optim.SGD(w, lr=0.001, momentum=0.9, nesterov=True),
    "adagrad": lambda w: torch.optim.Adagrad(w, lr=1.0, eps=1e-8),
    "rmsprop": lambda w: torch.optim.RMSprop(w, lr=0.1, alpha=0.9, eps=1e-8),
    "adam": lambda w: torch.optim.Adam(w, lr=0.2),
    "adamw": lambda w: torch.optim.AdamW(w, lr=0.2, weight_decay=0.01),
}


def column(sheet: str, name: str) -> NDArray[np.float64]:
    found = BOOK.name(name, sheet)
    assert found is not None
    return BOOK.sheet(sheet).block(parse_area(found.text, sheet).rect)[1].ravel()


@pytest.mark.parametrize("tab", OPTIMISERS)
def test_an_epoch_is_torch_s(tab: str) -> None:
    const, slope = (torch.ones(1, dtype=torch.float64, requires_grad=True) for _ in "ba")
    optimizer = OPTIMISERS[tab]([const, slope])
    for x, y in zip(column(tab, "x"), column(tab, "y"), strict=True):
        optimizer.zero_grad()
        (const + slope * x - y).square().sum().backward()
        optimizer.step()
    assert number(BOOK, tab, "lastconst") == pytest.approx(const.item(), abs=1e-9)
    assert number(BOOK, tab, "lastslope") == pytest.approx(slope.item(), abs=1e-9)


@pytest.mark.parametrize("tab", OPTIMISERS)
def test_epochs_after_a_reset_are_torch_s(tab: str) -> None:
    """As `compare` runs them: no memory and no learning rate but the tab's own."""
    const, slope = (torch.ones(1, dtype=torch.float64, requires_grad=True) for _ in "ba")
    optimizer = OPTIMISERS[tab]([const, slope])
    found = TABS[tab]
    assert isinstance(found, GraddescTab)
    epochs = Epochs(PLAN, found)
    epochs.reset()
    for done in range(20):
        if done:
            epochs.epoch()
        for x, y in zip(column(tab, "x"), column(tab, "y"), strict=True):
            optimizer.zero_grad()
            (const + slope * x - y).square().sum().backward()
            optimizer.step()
    last = epochs.columns([weight.update for weight in found.weights])[-1]
    assert last == pytest.approx([const.item(), slope.item()], rel=1e-9)


@pytest.mark.parametrize("tab", [*OPTIMISERS, "annealing"])
def test_the_runner_finds_every_pair_and_nothing_odd(tab: str) -> None:
    found = TABS[tab]
    assert isinstance(found, GraddescTab)
    assert found.oddities == ()
    assert found.optimizer == ("momentum, annealed by the step" if tab == "annealing" else tab)
    assert [weight.name for weight in found.weights] == ["b", "a"]
    fed = {str(pair.target.area.rect) for pair in found.pairs}
    assert {"C4", "D4"} <= fed
    assert len(fed) == 2 + len(found.memories)


def test_every_tab_holds_the_same_rides() -> None:
    for name, source in (("x", "distance"), ("y", "fare")):
        rides = column("data", source)
        assert all(np.array_equal(column(tab, name), rides) for tab in TABS)


def test_the_loss_column_is_the_error_over_all_rides() -> None:
    tab = TABS["adam"]
    assert isinstance(tab, GraddescTab)
    sheet, x, y = BOOK.sheet("adam"), column("data", "distance"), column("data", "fare")
    loss = next(c for c in range(sheet.width) if sheet.value(5, c) == "RMSE of all")
    for row in tab.rows:
        b, a = (sheet.value(row, c) for c in (2, 3))
        assert isinstance(a, float)
        assert isinstance(b, float)
        direct = float(np.sqrt(np.mean((b + a * x - y) ** 2)))
        assert sheet.value(row, loss) == pytest.approx(direct, abs=1e-12)


def test_the_best_line_is_least_squares() -> None:
    slope, const = np.polyfit(column("data", "distance"), column("data", "fare"), 1)
    assert named(BOOK, None, "least_a") == pytest.approx(slope, abs=1e-12)
    assert named(BOOK, None, "least_b") == pytest.approx(const, abs=1e-12)
