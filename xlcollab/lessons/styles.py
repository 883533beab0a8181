"""How cells look: one table of styles, by what a cell is for."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

INK, ACCENT, PALE, LINE = "#1F2937", "#1F4E79", "#EAF1F8", "#BFC9D4"
RED, WHITE, BLUE, GREEN, YELLOW = "#F4A582", "#FFFFFF", "#92C5DE", "#A6D7B0", "#FFF6D6"

_BOX = {"border": 1, "border_color": LINE}
_HEAD = {"bold": True, "font_color": WHITE, "bg_color": ACCENT, "valign": "vcenter"}
_INPUT = {**_BOX, "bg_color": YELLOW, "font_color": "#1D4ED8"}
_RESULT = {**_BOX, "bold": True, "bg_color": PALE}

STYLES: Mapping[str, Mapping[str, object]] = MappingProxyType(
    {
        "plain": {},
        "title": {"bold": True, "font_size": 18, "font_color": ACCENT, "valign": "vcenter"},
        "intro": {"text_wrap": True, "valign": "top", "font_color": "#4B5563"},
        "text": {"indent": 1, "font_color": "#4B5563"},
        "label": {"bold": True, "font_color": INK},
        "right label": {"bold": True, "font_color": INK, "align": "right"},
        "section": {"bold": True, "font_size": 12, "font_color": ACCENT},
        "head": {**_HEAD, "align": "center", "text_wrap": True},
        "left head": {**_HEAD, "align": "left"},
        "turned head": {
            **_HEAD,
            "rotation": 90,
            "align": "center",
            "valign": "bottom",
            "font_size": 10,
        },
        "input": {**_INPUT, "num_format": "General", "align": "center"},
        "data": {**_BOX, "font_color": "#1D4ED8", "num_format": "0.0", "align": "center"},
        "data text": {**_BOX, "font_color": "#1D4ED8"},
        "draw": {**_BOX, "font_color": "#1D4ED8", "num_format": "0.000", "align": "center"},
        "weight": {**_BOX, "font_color": "#1D4ED8", "num_format": "0.00", "align": "center"},
        "fine weight": {**_BOX, "font_color": "#1D4ED8", "num_format": "0.0000"},
        "number": {**_BOX, "num_format": "0.00", "align": "center"},
        "fine number": {**_BOX, "num_format": "0.0000"},
        "large number": {**_BOX, "num_format": "#,##0.00"},
        "rating": {**_BOX, "num_format": "0.0", "align": "center"},
        "whole": {**_BOX, "num_format": "0", "align": "center"},
        "word": {**_BOX, "align": "center"},
        "result": {**_RESULT, "num_format": "0.0000", "align": "center"},
        "result tiny": {**_RESULT, "num_format": "0.0E+00", "align": "center"},
        "result whole": {**_RESULT, "num_format": "0", "align": "center"},
        "metric head": {"bold": True, "font_size": 9, "font_color": "#4B5563", "align": "center"},
    }
)

SCALES: Mapping[str, Mapping[str, object]] = MappingProxyType(
    {
        "weight": {
            "type": "3_color_scale",
            "min_type": "min",
            "mid_type": "num",
            "mid_value": 0,
            "max_type": "max",
            "min_color": RED,
            "mid_color": WHITE,
            "max_color": BLUE,
        },
        "error": {
            "type": "3_color_scale",
            "min_type": "num",
            "min_value": -2,
            "mid_type": "num",
            "mid_value": 0,
            "max_type": "num",
            "max_value": 2,
            "min_color": RED,
            "mid_color": WHITE,
            "max_color": BLUE,
        },
        "rating": {
            "type": "2_color_scale",
            "min_color": WHITE,
            "max_color": GREEN,
        },
    }
)
