"""Intervals of an averaged model hold the share that they say, and come back from every file."""

from __future__ import annotations

import zipfile
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import openpyxl
import pytest

import xlcollab as xc
from tests.faces.shell import xlcollab
from tests.factor.data import planted
from xlcollab.factor import Tables, train
from xlcollab.factor.models.interval import interval
from xlcollab.ratings import random_split
from xlcollab.settings.fitting import ModelSettings, TrainingSettings


@pytest.mark.parametrize("noise", [0.3, 1.0])
@pytest.mark.parametrize("level", [0.5, 0.9])
def test_the_share_that_lies_within_is_what_was_said(noise: float, level: float) -> None:
    table = planted(150, 80, 5000, noise=noise, seed=3)
    rest, test = random_split(table, 0.3, np.random.default_rng(0))
    settings = ModelSettings(n_factors=4, clip_output=False)
    model = train(Tables(rest), settings, TrainingSettings(optimizer="gibbs", epochs=60)).model
    low, high = interval(model, test.users, test.items, level)
    within = float(np.mean((low <= test.ratings) & (test.ratings <= high)))
    assert within == pytest.approx(level, abs=0.05)


@pytest.fixture(scope="module")
def best() -> xc.MatrixFactorization:
    settings = {"n_factors": 2, "quality": "best", "epochs": 30}
    return xc.MatrixFactorization(**settings).fit(planted())


@pytest.mark.parametrize("name", ["m.safetensors", "m.xlsx"])
def test_an_interval_is_the_same_from_a_file(
    name: str, best: xc.MatrixFactorization, tmp_path: Path
) -> None:
    write = best.save if name.endswith("s") else best.to_workbook
    write(tmp_path / name)
    low, high = best.predict_interval(["u1", "u2"], [103, 104], 0.8)
    back = xc.MatrixFactorization.load(tmp_path / name)
    np.testing.assert_allclose(back.predict_interval(["u1", "u2"], [103, 104], 0.8), [low, high])
    typed = ("--user", "u1", "--item", 103, "--interval", 0.8, "--json")
    (found,) = xlcollab("predict", tmp_path / name, *typed).json["predictions"]
    assert (found["low"], found["high"]) == pytest.approx((low[0], high[0]))
    assert found["low"] < found["rating"] < found["high"]


def test_wider_where_less_is_known_and_for_a_larger_share(best: xc.MatrixFactorization) -> None:
    def width(user: str, level: float) -> float:
        low, high = interval(best.model_, *numbers(user), level)
        return float(high[0] - low[0])

    def numbers(user: str) -> tuple[np.ndarray, np.ndarray]:
        ids = best.model_
        return ids.user_ids.numbers([user], "negative"), ids.item_ids.numbers([105], "negative")

    assert width("u1", 0.5) < width("u1", 0.9)
    assert width("u1", 0.5) < width("a stranger", 0.5)


@pytest.mark.parametrize("quality", ["fast", "best"])
def test_what_has_no_draws_says_so(quality: str, tmp_path: Path) -> None:
    xc.MatrixFactorization(2, quality=quality, epochs=3).fit(planted()).save(
        tmp_path / "m.safetensors"
    )
    typed = ("predict", tmp_path / "m.safetensors", "--user", "u1", "--item", 103)
    found = xlcollab(*typed, "--interval", 0.9)
    assert found.code == 2
    assert "fit it with --quality best and its own number of epochs" in found.sentence
    assert xlcollab(*typed, "--interval", 1.5).code == 2
    whole = xlcollab("predict", tmp_path / "m.safetensors", "--crosstab", "--interval", 0.9)
    assert (whole.code, "use --pairs" in whole.sentence) == (2, True)


def test_a_workbook_shows_intervals_as_error_bars(
    best: xc.MatrixFactorization, tmp_path: Path
) -> None:
    best.save(tmp_path / "m.safetensors")
    pairs = [f"u{number},{item}" for number in range(1, 6) for item in (101, 102)]
    (tmp_path / "p.csv").write_text("user,item\n" + "\n".join(pairs) + "\n")
    out = tmp_path / "out.xlsx"
    asked = ("predict", tmp_path / "m.safetensors", "--pairs", tmp_path / "p.csv", "-o", out)
    assert xlcollab(*asked, "--interval", 0.9).code == 0
    with zipfile.ZipFile(out) as package:
        root = ElementTree.fromstring(package.read("xl/charts/chart1.xml"))
    users = [one.split(",")[0] for one in pairs]
    items = [int(one.split(",")[1]) for one in pairs]
    low, high = best.predict_interval(users, items, 0.9)
    middle = best.predict(users, items)
    reach = openpyxl.load_workbook(out)["error bars"]
    for name, column, wanted in (("minus", "A", middle - low), ("plus", "B", high - middle)):
        place = root.findtext(f".//{_C}errBars/{_C}{name}//{_C}f")
        assert place == f"'error bars'!${column}$2:${column}$11"
        drawn = [cell.value for cell in reach[column][1:]]
        np.testing.assert_allclose(drawn, wanted, atol=1e-6)
    assert xlcollab(*asked, "--overwrite").code == 0
    with zipfile.ZipFile(out) as package:
        assert not [name for name in package.namelist() if "chart" in name]


_C = "{http://schemas.openxmlformats.org/drawingml/2006/chart}"
