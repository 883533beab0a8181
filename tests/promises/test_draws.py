"""What is random has a generator and a seed of its own: nobody else's draws are taken."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from tests.faces.shell import bowl, xlcollab
from tests.solver.models import Model

_RATINGS = "user,item,rating\n" + "".join(
    f"{user},{item},{1 + (user * item) % 5}\n" for user in range(1, 9) for item in range(1, 9)
)
_TWO = {"A1": 1.0, "A2": 1.0}
_LIMITS = [("$A$1:$A$2", "<=", "9"), ("$A$1:$A$2", ">=", "-9")]


def _model(formula: str, *options: str, whole: bool = False) -> Callable[[Path], None]:
    lines = [*_LIMITS, *([("$A$1", "int", "")] if whole else [])]

    def use(folder: Path) -> None:
        model = Model({**_TWO, "B1": formula}, "$B$1", "S!$A$1:$A$2", lines=lines, free=True)
        found = model.solve(folder, *options)
        assert found.code == 0, found.out + found.err

    return use


def _fit(*options: object) -> Callable[[Path], None]:
    def use(folder: Path) -> None:
        (folder / "r.csv").write_text(_RATINGS)
        found = xlcollab("fit", folder / "r.csv", "-o", folder / "model.xlsx", *options)
        assert found.code == 0, found.err

    return use


def _rates(folder: Path) -> None:
    book = bowl(folder / "book.xlsx")
    assert xlcollab("lr-find", book, "-o", folder / "out.xlsx").code == 0


USES = {
    "a linear model": _model("=3*A1+2*A2"),
    "a linear model with kinks": _model("=MAX(A1,A2)+ABS(A1-3)"),
    "whole numbers": _model("=3*A1+MAX(A1,2*A2)", whole=True),
    "a quadratic model": _model("=(A1-3)^2+(A2+1)^2+A1*A2"),
    "a curved model": _model("=EXP(A1)+EXP(A2)-A1-A2"),
    "a population": _model("=INT(A1)+INT(A2)", "--iterations", "5"),
    "a population as asked": _model("=COS(A1)+A2^2", "--engine", "evolutionary"),
    "restarts": _model("=COS(A1)+A2^2", "--restarts", "3", "--method", "lbfgs"),
    "a drawn start": _model("=COS(A1)+A2^2", "--init", "normal", "--method", "adam"),
    "a fit": _fit("--epochs", 2),
    "a fit by draws": _fit("--optimizer", "gibbs", "--epochs", 3),
    "a fit by gradients": _fit("--optimizer", "adam", "--epochs", 2, "--test-fraction", 0.2),
    "a net": _fit("--hidden", 4, "--hidden-dropout", 0.2, "--epochs", 2),
    "an implicit fit": _fit("--implicit", "--epochs", 2),
    "pairs": _fit("--implicit", "--optimizer", "bpr", "--epochs", 2),
    "a range of rates": _rates,
}


@pytest.mark.parametrize("name", USES)
def test_the_draws_of_others_are_left_alone(name: str, tmp_path: Path) -> None:
    np.random.seed(1)
    torch.manual_seed(1)
    before = _states()
    USES[name](tmp_path)
    assert _states() == before


def _states() -> tuple[object, ...]:
    kind, key, *rest = np.random.get_state()
    return kind, key.tolist(), rest, torch.random.get_rng_state().tolist()
