"""CONVERT: measurements from one unit to another, with Excel's units and prefixes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from xlcollab.grid import ErrorCode, Scalar
from xlcollab.kernels.functions.maths.elementwise import without_booleans
from xlcollab.kernels.numbers.later import Tensor, torch
from xlcollab.kernels.values.arguments import given
from xlcollab.kernels.values.block import Block, Context, first_code
from xlcollab.kernels.values.facts import Shape
from xlcollab.kernels.values.record import Record, function
from xlcollab.kernels.values.shapes import aligned
from xlcollab.kernels.values.valuewise import refuse, text, valuewise

_FOOT, _POUND = 0.3048, 453.59237
"""Metres and grams, by the agreement of 1959."""
_INCH, _YARD, _MILE, _SEA_MILE = _FOOT / 12, _FOOT * 3, _FOOT * 5280, 1852.0
_SURVEY_MILE = 6336000 / 3937
"""Metres: 5280 survey feet of 1200/3937 m, by the Mendenhall Order."""
_YEAR = 365.25 * 86400
"""Seconds of a Julian year."""
_LIGHT_YEAR = 299792458 * _YEAR
_PICA_POINT = _INCH / 72
_GRAVITY = 9.80665
"""Standard acceleration, m/s², by the CGPM of 1901."""
_HORSE = 550 * _FOOT * _POUND / 1000 * _GRAVITY
_GALLON, _IMPERIAL_GALLON = 231 * _INCH**3 * 1000, 4.54609
"""Litres."""
_CALORIE, _STEAM_CALORIE, _BTU = 4.184, 4.1868, 1055.05585262
"""Joules: thermochemical, International Table, and the BTU of the latter."""
_PASCAL_ATMOSPHERE = 101325.0
"""Pascals of a standard atmosphere, by the CGPM of 1954."""
_PSI = _POUND / 1000 * _GRAVITY / _INCH**2

_LENGTHS = {
    "m": 1.0,
    "mi": _MILE,
    "Nmi": _SEA_MILE,
    "in": _INCH,
    "ft": _FOOT,
    "yd": _YARD,
    "ang": 1e-10,
    "ell": 45 * _INCH,
    "ly": _LIGHT_YEAR,
    "parsec pc": 3.08567758128155e16,
    "Picapt Pica": _PICA_POINT,
    "pica": _INCH / 6,
    "survey_mi": _SURVEY_MILE,
}
_CUBED = {
    name: size**3 * 1000
    for names, size in _LENGTHS.items()
    for name in names.split()
    if name not in ("ell", "parsec", "pc", "pica", "survey_mi")
}
_SQUARED = {
    name: size**2
    for names, size in _LENGTHS.items()
    for name in names.split()
    if name not in ("ell", "parsec", "pc", "pica", "survey_mi")
}

_UNITS: tuple[tuple[str, Mapping[str, float]], ...] = (
    (
        "mass",
        {
            "g": 1.0,
            "sg": _POUND * _GRAVITY / _FOOT,
            "lbm": _POUND,
            "u": 1.660538782e-24,
            "ozm": _POUND / 16,
            "grain": _POUND / 7000,
            "cwt shweight": _POUND * 100,
            "uk_cwt lcwt hweight": _POUND * 112,
            "stone": _POUND * 14,
            "ton": _POUND * 2000,
            "uk_ton LTON brton": _POUND * 2240,
        },
    ),
    ("length", _LENGTHS),
    (
        "time",
        {"yr": _YEAR, "day d": 86400.0, "hr": 3600.0, "mn min": 60.0, "sec s": 1.0},
    ),
    (
        "pressure",
        {
            "Pa p": 1.0,
            "atm at": _PASCAL_ATMOSPHERE,
            "mmHg": 133.322,
            "psi": _PSI,
            "Torr": _PASCAL_ATMOSPHERE / 760,
        },
    ),
    (
        "force",
        {"N": 1.0, "dyn dy": 1e-5, "lbf": _POUND / 1000 * _GRAVITY, "pond": _GRAVITY / 1000},
    ),
    (
        "energy",
        {
            "J": 1.0,
            "e": 1e-7,
            "c": _CALORIE,
            "cal": _STEAM_CALORIE,
            "eV ev": 1.602176487e-19,
            "HPh hh": _HORSE * 3600,
            "Wh wh": 3600.0,
            "flb": _FOOT * _POUND / 1000 * _GRAVITY,
            "BTU btu": _BTU,
        },
    ),
    ("power", {"HP h": _HORSE, "PS": 75 * _GRAVITY, "W w": 1.0}),
    ("magnetism", {"T": 1.0, "ga": 1e-4}),
    ("temperature", {"C cel": 1.0, "F fah": 5 / 9, "K kel": 1.0, "Rank": 5 / 9, "Reau": 1.25}),
    (
        "volume",
        {
            "tsp": _GALLON / 768,
            "tspm": 0.005,
            "tbs": _GALLON / 256,
            "oz": _GALLON / 128,
            "cup": _GALLON / 16,
            "pt us_pt": _GALLON / 8,
            "uk_pt": _IMPERIAL_GALLON / 8,
            "qt": _GALLON / 4,
            "uk_qt": _IMPERIAL_GALLON / 4,
            "gal": _GALLON,
            "uk_gal": _IMPERIAL_GALLON,
            "l L lt": 1.0,
            "barrel": _GALLON * 42,
            "bushel": 2150.42 * _INCH**3 * 1000,
            "GRT regton": 100 * _FOOT**3 * 1000,
            "MTON": 40 * _FOOT**3 * 1000,
            **{f"{name}3 {name}^3": size for name, size in _CUBED.items()},
        },
    ),
    (
        "area",
        {
            "uk_acre": 4046.8564224,
            "us_acre": _SURVEY_MILE**2 / 640,
            "ha": 10000.0,
            "Morgen": 2500.0,
            "ar": 100.0,
            **{f"{name}2 {name}^2": size for name, size in _SQUARED.items()},
        },
    ),
    ("information", {"bit": 1.0, "byte": 8.0}),
    (
        "speed",
        {
            "m/s m/sec": 1.0,
            "m/h m/hr": 1 / 3600,
            "mph": _MILE / 3600,
            "kn": _SEA_MILE / 3600,
            "admkn": 6080 * _FOOT / 3600,
        },
    ),
)
"""Quantity, and its units in a unit of that quantity; a blank parts several names of one."""

_METRIC = """
g u m ang ly parsec pc sec s Pa p atm at mmHg N dyn dy J e c cal eV ev Wh wh W w T ga K kel
l L lt uk_pt m3 m^3 ang3 ang^3 ar m2 m^2 ang2 ang^2 bit byte m/s m/sec m/h m/hr mph pond
"""
_CARRIES = frozenset(_METRIC.split())
"""Units that take prefixes."""
_PREFIXES = {
    "Y": 24, "Z": 21, "E": 18, "P": 15, "T": 12, "G": 9, "M": 6, "k": 3, "h": 2, "da": 1, "e": 1,
    "d": -1, "c": -2, "m": -3, "u": -6, "n": -9, "p": -12, "f": -15, "a": -18, "z": -21, "y": -24,
}  # fmt: skip
_BINARY = {
    name: 1024.0**n for n, name in enumerate(("ki", "Mi", "Gi", "Ti", "Pi", "Ei", "Zi", "Yi"), 1)
}
_ZEROS = {
    "C": 273.15, "cel": 273.15, "F": 459.67 * 5 / 9, "fah": 459.67 * 5 / 9, "Reau": 273.15
}  # fmt: skip
"""Kelvin at the zero of a temperature."""


@dataclass(frozen=True, slots=True)
class Unit:
    """A unit: what it measures, how large it is, where its zero lies."""

    quantity: str
    size: float
    zero: float = 0.0


_NAMED = {
    name: Unit(quantity, size, _ZEROS.get(name, 0.0))
    for quantity, units in _UNITS
    for names, size in units.items()
    for name in names.split()
}


@cache
def unit(name: str) -> Unit | None:
    """The unit of that name, a prefix in front or not; case counts. None for an unknown one."""
    if name in _NAMED:
        return _NAMED[name]
    for prefix, power in _PREFIXES.items():
        rest = name.removeprefix(prefix)
        if rest != name and rest in _CARRIES:
            found = _NAMED[rest]
            dimension = {"2": 2, "3": 3}.get(rest[-1], 1)
            return Unit(found.quantity, found.size * 10.0 ** (power * dimension))
    for prefix, factor in _BINARY.items():
        rest = name.removeprefix(prefix)
        if rest != name and rest in ("bit", "byte"):
            return Unit("information", _NAMED[rest].size * factor)
    return None


def _both(source: str, target: str) -> tuple[Unit, Unit]:
    before, after = unit(source), unit(target)
    if before is None or after is None or before.quantity != after.quantity:
        raise refuse(ErrorCode.NA)
    return before, after


def _factor(source: str, target: str) -> Scalar:
    before, after = _both(source, target)
    return before.size / after.size


def _shift(source: str, target: str) -> Scalar:
    before, after = _both(source, target)
    return (before.zero - after.zero) / after.size


def convert(context: Context, number: Block, source: Block, target: Block) -> Block:
    """CONVERT(number, from, to); #N/A for units that are unknown or measure different things."""
    if not all(given(block) for block in (number, source, target)):
        return context.error(ErrorCode.NA)
    number, source, target = aligned(context, without_booleans(context, number), source, target)
    value, codes = context.numbers(number)
    factor, unknown = context.numbers(valuewise(_factor, text)(context, source, target))
    shift, _ = context.numbers(valuewise(_shift, text)(context, source, target))
    return context.result(_moved(value, factor, shift), first_code(codes, unknown))


def _moved(value: Tensor, factor: Tensor, shift: Tensor) -> Tensor:
    return torch.where(shift == 0.0, value * factor, value * factor + shift)


FUNCTIONS: tuple[Record, ...] = (
    function(
        "CONVERT", "VVV", convert, category="engineering", shape=Shape.SMOOTH, elementwise=True
    ),
)
