"""The page of the sheet `control`, from the settings that it takes."""

from __future__ import annotations

from xlcollab.faces.docs.markdown_text import page, plain, table
from xlcollab.settings.control import CONTROL, label, meaning
from xlcollab.settings.explained import by_default

_INTRO = (
    "A workbook may hold a sheet `control`: a cell with the word `setting`, below it one label a "
    "row, and the value in the next column. A blank value says nothing. Capitals, spaces, hyphens "
    "and underscores in a label do not matter. What the command line or a call in Python says wins "
    "over the sheet. A label that names no setting is left alone: formulas may use it."
)


def control_page() -> str:
    """All labels with their meaning."""
    rows = [
        (f"`{label(name)}`", plain(f"{meaning(name, with_words=True)}."), by_default(setting))
        for name, setting in CONTROL.items()
    ]
    return page("The sheet control", _INTRO, table(("label", "what it does", "default"), rows))
