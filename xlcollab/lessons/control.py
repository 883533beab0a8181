"""The `control` sheet: one row per setting, its value, and what it does."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from xlcollab.lessons.page import Choice, Content, Page
from xlcollab.ref import Rect

FIRST_ROW = 3


@dataclass(frozen=True, slots=True)
class Setting:
    """One row. `name` becomes a name of the workbook when formulas need it. "" is left blank."""

    label: str
    value: Content
    meaning: str
    options: tuple[str, ...] = ()
    least: float = 0.0
    most: float = 1e9
    name: str | None = None


METHODS = (
    "auto", "gd", "momentum", "nesterov", "adagrad", "rmsprop", "adam", "adamw", "lbfgs", "lm",
)  # fmt: skip
SCHEDULES = ("constant", "cosine", "one-cycle", "step", "exponential")
DEVICES = ("auto", "cpu", "cuda")

INTRO = (
    "xlcollab reads these cells as the settings of a run: `xlcollab solve` takes them unless the "
    "command line says otherwise. Yellow cells are yours to change; drop-downs offer what is "
    "known. A blank means: the method's own default. A setting that the chosen optimiser does "
    "not use is left aside."
)


def control_page(settings: Sequence[Setting], intro: str = INTRO) -> Page:
    """The sheet `control` with one row per setting."""
    page = Page("control", widths={0: 20, 1: 14, 2: 78}, freeze=(FIRST_ROW, 0))
    page.heading("Control", intro, 3, 3)
    page.row(FIRST_ROW - 1, 0, ("setting", "value", "what it does"), "left head")
    for row, setting in enumerate(settings, FIRST_ROW):
        page.put(row, 0, setting.label, "label")
        page.put(row, 1, setting.value, "input")
        page.put(row, 2, setting.meaning, "text")
        limits = (setting.options, setting.least, setting.most)
        page.choices.append(Choice(Rect(row, 1), *limits))
        if setting.name:
            page.book_names[setting.name] = Rect(row, 1)
    return page


def factor_settings(
    n_factors: int, lowest: float, highest: float, test_fraction: float, l2: float
) -> list[Setting]:
    """The settings of the matrix factorisation sheets."""
    return [
        Setting("optimiser", "adam", "how weights are improved; auto picks what fits", METHODS),
        Setting("learning rate", 0.05, "size of a step of gd, momentum, … adamw", most=100),
        Setting("momentum", "", "momentum, nesterov: share of the last step kept", most=0.9999),
        Setting("beta1", "", "adam, adamw: decay of the mean of gradients", most=0.9999),
        Setting("beta2", "", "adam, adamw: decay of the mean of squared gradients", most=0.999999),
        Setting(
            "L2", l2, "penalty L2 / 2 · sum of squared weights, added to the objective while "
            "solving", most=100, name="l2_penalty",
        ),
        Setting("weight decay", "", "shrinks the weights, apart from the gradient", most=10),
        Setting("schedule", "constant", "how the learning rate changes over the run", SCHEDULES),
        Setting("epochs", 300.0, "the most steps to take", least=1, most=1e7),
        Setting(
            "n_factors", float(n_factors), "factors per user and item of models that xlcollab lays "
            "out itself", least=1, most=1000,
        ),
        Setting(
            "output minimum", lowest, "lowest rating: where the sigmoid's range begins",
            least=-1e6, most=1e6, name="rating_min",
        ),
        Setting(
            "output maximum", highest, "highest rating: where the sigmoid's range ends",
            least=-1e6, most=1e6, name="rating_max",
        ),
        Setting("seed", 0.0, "start of the random numbers, so that runs repeat", most=1e9),
        Setting("init scale", "", "width of the draw when weights are drawn anew", most=100),
        Setting(
            "test fraction", test_fraction, "ratings whose draw is below it are kept for the test",
            most=0.9, name="test_fraction",
        ),
        Setting("device", "auto", "where to compute", DEVICES),
    ]  # fmt: skip
