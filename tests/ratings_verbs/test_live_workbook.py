"""The sheets that predict by formulas: values as ours, and LibreOffice's for another choice."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import openpyxl
import pytest

import xlcollab as xc
from tests.faces.shell import xlcollab
from tests.ratings_verbs.data import planted

MODELS: dict[str, dict[str, Any]] = {
    "dot": {"n_factors": 3},
    "best": {"quality": "best", "n_factors": 2, "epochs": 24},
    "range": {"n_factors": 3, "optimizer": "adam", "output_range": (0.5, 5.5)},
    "no biases": {"n_factors": 2, "bias": False},
    "biases alone": {"n_factors": 0},
}


def fitted(settings: dict[str, Any], text_ids: bool = False) -> xc.MatrixFactorization:
    frame = planted()
    if text_ids:
        frame["user"] = [f"{'0' * (n % 3)}{n}" for n in frame["user"]]
    return xc.MatrixFactorization(**{"epochs": 6, **settings}).fit(frame)


def shown(path: Path) -> tuple[Any, Any, float, list[tuple[Any, float]]]:
    sheet = openpyxl.load_workbook(path, data_only=True)["predict"]
    best = [
        (row[1].value, row[2].value) for row in sheet["A9:C18"] if row[1].value not in (None, "")
    ]
    return sheet["B4"].value, sheet["B5"].value, sheet["B6"].value, best


def check(path: Path, model: xc.MatrixFactorization) -> None:
    user, item, prediction, best = shown(path)
    assert prediction == pytest.approx(float(model.predict([user], [item])[0]), abs=1e-5)
    wanted = model.recommend(user)
    assert [one for one, _ in best] == wanted.items
    np.testing.assert_allclose([value for _, value in best], wanted.ratings, atol=1e-5)
    if getattr(model.model_, "draws", None) is not None:
        check_intervals(path, model, user, [item, *wanted.items])


def check_intervals(
    path: Path, model: xc.MatrixFactorization, user: Any, items: list[Any], share: float = 0.9
) -> None:
    """The ends for the chosen pair and for the recommendations, and how far error bars reach."""
    book = openpyxl.load_workbook(path, data_only=True)
    sheet, bars = book["predict"], book["error bars"]
    wanted = model.predict_interval([user] * len(items), items, share)
    pairs = [(sheet["E5"], sheet["E6"]), *sheet["D9:E18"]][: len(items)]
    found = np.array([[end.value for end in pair] for pair in pairs])
    np.testing.assert_allclose(found.T, wanted, atol=1e-5)
    reach = [[cell.value for cell in row] for row in bars["D2:E12"]][: len(items)]
    np.testing.assert_allclose(np.sum(reach, axis=1), found[:, 1] - found[:, 0], atol=1e-9)


@pytest.mark.parametrize("name", MODELS)
def test_stored_values_are_the_models_and_what_a_recalculation_gives(
    name: str, tmp_path: Path
) -> None:
    model = fitted(MODELS[name])
    model.to_workbook(tmp_path / "m.xlsx")
    check(tmp_path / "m.xlsx", model)
    found = xlcollab("recalc", tmp_path / "m.xlsx", "--check")
    assert found.code == 0, found.out + found.err


@pytest.mark.parametrize(
    ("scale", "shown"), [(1e-7, "0.000E+00"), (1e6, "[>=100000]#,##0;[<=-100000]-#,##0;#,##0.00")]
)
def test_predictions_of_any_size_can_be_read(scale: float, shown: str, tmp_path: Path) -> None:
    frame = planted()
    frame["rating"] = scale * (frame["rating"] + 0.25)
    model = xc.MatrixFactorization(n_factors=2, epochs=2).fit(frame)
    model.to_workbook(tmp_path / "m.xlsx")
    sheet = openpyxl.load_workbook(tmp_path / "m.xlsx")["predict"]
    assert {sheet["B6"].number_format, sheet["C9"].number_format} <= {shown, f"{shown};-{shown};0"}


@pytest.mark.parametrize(("name", "text_ids"), [("dot", True), ("best", False)])
def test_another_user_and_item_in_libreoffice(name: str, text_ids: bool, tmp_path: Path) -> None:
    office = shutil.which("soffice")
    if office is None:
        pytest.skip("needs LibreOffice")
    model = fitted(MODELS[name], text_ids)
    model.to_workbook(tmp_path / "m.xlsx")
    book = openpyxl.load_workbook(tmp_path / "m.xlsx")
    ids = model.model_.user_ids.index.tolist()
    book["predict"]["B4"], book["predict"]["B5"] = ids[7], 40
    book.save(tmp_path / "other.xlsx")
    (tmp_path / "out").mkdir()
    profile = f"-env:UserInstallation=file://{tmp_path}/profile"
    command = [
        office,
        profile,
        "--headless",
        "--convert-to",
        "xlsx",
        "--outdir",
        "out",
        "other.xlsx",
    ]
    subprocess.run(command, cwd=tmp_path, check=True, capture_output=True, timeout=120)
    check(tmp_path / "out/other.xlsx", model)


def test_the_choices_are_the_known_ids(tmp_path: Path) -> None:
    fitted(MODELS["dot"]).to_workbook(tmp_path / "m.xlsx")
    sheet = openpyxl.load_workbook(tmp_path / "m.xlsx")["predict"]
    lists = {str(one.sqref): one.formula1 for one in sheet.data_validations.dataValidation}
    assert lists == {"B4": "users!$A$5:$A$24", "B5": "items!$A$5:$A$16"}
