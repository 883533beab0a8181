"""The `control` sheet: one row per setting, its value, and what it does."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from xlcollab.lessons.page import Choice, Content, Page
from xlcollab.ref import Rect
from xlcollab.settings.control import CONTROL, choices, label, meaning
from xlcollab.settings.methods import METHODS

FIRST_ROW = 3
"""Below title, sentence and headings."""
_MOST = 1e9
"""Excel's validation of a cell wants a bound; settings without one stay far below it."""


@dataclass(frozen=True, slots=True)
class Setting:
    """One row. `name` becomes a name of the workbook when formulas need it. "" is left blank."""

    label: str
    value: Content
    meaning: str
    options: tuple[str, ...] = ()
    least: float = 0.0
    most: float = _MOST
    name: str | None = None


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


def setting(name: str, value: Content = "") -> Setting:
    """The row of a setting that xlcollab reads: its label, words, limits and meaning are those of
    the room of settings."""
    option = CONTROL[name].option
    least, most = (option.range.least, option.range.most) if option.range else (0.0, _MOST)
    return Setting(
        label(name), value, meaning(name), choices(name), max(least, -_MOST), min(most, _MOST)
    )


def factor_settings(
    n_factors: int, lowest: float, highest: float, test_fraction: float, l2: float
) -> list[Setting]:
    """The settings of the matrix factorisation sheets."""
    methods = tuple(name for name, method in METHODS.items() if not method.needs_linear)
    return [
        replace(setting("method", "adam"), options=methods),
        setting("learning_rate", 0.05),
        setting("momentum"),
        setting("beta1"),
        setting("beta2"),
        replace(setting("l2", l2), name="l2_penalty"),
        setting("weight_decay"),
        setting("schedule", "cosine"),
        setting("iterations", 300.0),
        setting("n_factors", float(n_factors)),
        replace(setting("output_min", lowest), name="rating_min"),
        replace(setting("output_max", highest), name="rating_max"),
        setting("seed", 0.0),
        setting("init_scale"),
        replace(setting("test_fraction", test_fraction), name="test_fraction"),
        setting("device", "auto"),
    ]
