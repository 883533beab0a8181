"""How results show themselves in a notebook: a table in HTML, a line as an inline drawing."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

import numpy as np
from numpy.typing import ArrayLike

_WIDTH, _HEIGHT, _MARGIN = 320, 120, 4
"""Pixels: of a small picture in a notebook's output."""


def html_table(
    title: str, headings: Sequence[str], rows: Iterable[Sequence[object]], notes: Sequence[str] = ()
) -> str:
    """A captioned table with sentences below it; every text is escaped."""
    head = "".join(f"<th>{escape(one)}</th>" for one in headings)
    lines = "".join(
        f"<tr>{''.join(f'<td>{escape(_shown(cell))}</td>' for cell in row)}</tr>" for row in rows
    )
    below = "".join(f"<p>{escape(note)}</p>" for note in notes)
    table = f"<table><thead><tr>{head}</tr></thead><tbody>{lines}</tbody></table>"
    return f"<div><p><b>{escape(title)}</b></p>{table}{below}</div>"


def html_line(values: ArrayLike, label: str) -> str:
    """Numbers (n,) as a small line, what is not finite left out; "" for fewer than two."""
    numbers = np.asarray(values, np.float64)
    numbers = numbers[np.isfinite(numbers)]
    if len(numbers) < 2:
        return ""
    low, high = float(numbers.min()), float(numbers.max())
    across = np.linspace(_MARGIN, _WIDTH - _MARGIN, len(numbers))
    share = (numbers - low) / (high - low) if high > low else np.full(len(numbers), 0.5)
    down = _MARGIN + (1.0 - share) * (_HEIGHT - 2 * _MARGIN)
    points = " ".join(f"{x:.1f},{y:.1f}" for x, y in zip(across, down, strict=True))
    return (
        f'<svg role="img" width="{_WIDTH}" height="{_HEIGHT}"><title>{escape(label)}: '
        f"{numbers[0]:.4g} to {numbers[-1]:.4g}</title>"
        f'<polyline fill="none" stroke="#1f77b4" stroke-width="1.5" points="{points}"/></svg>'
    )


def _shown(cell: object) -> str:
    return f"{cell:.6g}" if isinstance(cell, float) else str(cell)
